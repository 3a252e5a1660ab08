// Shipping against the real engine, with faults between: whatever happens, count = distinct ids = sent.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { RECORD_COLUMNS, RECORDS } from "../../src/clickhouse/schema.ts";
import { BATCH_RECORDS_MAX, backoffMs, StateNotSaved } from "../../src/clickhouse/shipper.ts";
import type { ShippingState } from "../../src/commit/shipping_state.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { untilTrue } from "../support/condition.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { ClickHouseServer, type Fault } from "./server.ts";
import { all, DATABASE, isInsert, NODE, ShippingNode, stored, TODAY } from "./shipping_node.ts";

let server: ClickHouseServer;

beforeAll(async () => {
  server = await ClickHouseServer.start();
}, 120_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await server.ask(`CREATE DATABASE ${DATABASE}`);
});
afterEach(() => server.comeBack());

describe("a node ships", () => {
  test("every value as it is", async () => {
    const node = new ShippingNode(server);
    const texts = ["", "plain", "é🎉\u0000\t\n'\\", "x".repeat(50), "ü".repeat(200), "y".repeat(70_000)];
    node.source.add(texts.length, (id) => ({
      message: texts[id - 1],
      touchpoint: id % 2 === 0 ? texts[id - 1] || undefined : undefined,
      key: id % 2 === 1 ? texts[id - 1] || undefined : undefined,
      metadata: { text: texts[id - 1] ?? null, nested: { list: [1, null, "a"], none: null }, "": false, big: 1e300 },
      time: TODAY + id / 3,
      receivedAt: TODAY + 0.125,
    }));
    node.source.add(1, () => ({
      kind: "completed",
      level: undefined,
      message: undefined,
      metadata: undefined,
      keyType: "client",
      source: "client",
      startTime: TODAY + 0.5,
      endTime: TODAY + 12.25,
      duration: 11.75,
    }));
    node.start();
    await node.shipAll();
    await node.kill();
    const text = await server.ask(`SELECT * FROM ${DATABASE}.${RECORDS} ORDER BY id`, "JSONEachRow");
    const rows = text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map((row) => row["message"])).toEqual([...texts, ""]);
    expect(rows[2]).toMatchObject({
      project: "shop",
      node: NODE,
      time: TODAY + 1,
      received_at: TODAY + 0.125,
      kind: "log",
      level: "info",
      source: "server",
      key_type: "",
      api_key: "default",
      key: texts[2],
      has_message: true,
      start_time: null,
      has_metadata: true,
      metadata: {
        text: JSON.stringify(texts[2]),
        nested: '{"list":[1,null,"a"],"none":null}',
        "": "false",
        big: "1e+300",
      },
      expires: new Date(TODAY + 31 * DAY_MS).toISOString().slice(0, 10),
    });
    expect(rows[6]).toMatchObject({
      kind: "completed",
      level: "",
      key_type: "client",
      source: "client",
      has_message: false,
      has_metadata: false,
      metadata: {},
      start_time: TODAY + 0.5,
      end_time: TODAY + 12.25,
      duration: 11.75,
    });
    expect(Object.keys(rows[0] ?? {})).toEqual(RECORD_COLUMNS.map(({ name }) => name));
  });

  test("more records than a batch holds, over many days", async () => {
    const node = new ShippingNode(server);
    node.source.add(2 * BATCH_RECORDS_MAX + 10, (id) => ({
      time: TODAY - (id % 25) * DAY_MS,
      message: "m",
      metadata: undefined,
    }));
    const shipper = node.start();
    await node.shipAll();
    expect(await stored(server)).toEqual(all(2 * BATCH_RECORDS_MAX + 10));
    expect(shipper.figures()).toMatchObject({ batches: 3, backlogRecords: 0, lagMs: 0, problem: undefined });
    await node.kill();
  });

  test("a few records once they have waited for two seconds, and says how far behind it is", async () => {
    const node = new ShippingNode(server);
    const shipper = node.start();
    await untilTrue("the tables are made", () => node.time.waits.length === 0 && server.seen.length > 0);
    node.time.nowMs = 1_000;
    node.source.add(10, () => ({ receivedAt: 1_000 }));
    shipper.advance();
    await untilTrue("it waits for others", () => node.time.waits.length === 1);
    expect(node.time.waits).toEqual([2_000]);
    expect(shipper.figures()).toMatchObject({ backlogRecords: 10, batches: 0 });
    node.time.pass(1_999);
    expect(shipper.figures().lagMs).toBe(1_999);
    node.time.pass(1);
    await untilTrue("it is shipped", () => node.saved.shippedBelow === 11);
    expect(shipper.figures()).toMatchObject({ backlogRecords: 0, lagMs: 0, batches: 1, records: 10 });
    await node.kill();
  });

  test("a batch's bounds before the batch", async () => {
    const node = new ShippingNode(server);
    node.source.add(10);
    const atInsert: ShippingState[] = [];
    server.onRequest = (request) => {
      if (isInsert(request)) atInsert.push(node.saved);
    };
    node.start();
    await node.shipAll();
    await node.kill();
    server.onRequest = () => undefined;
    const token = expect.stringMatching(/^file-1-3-1-11-[0-9a-f-]{36}$/) as string;
    expect(atInsert).toEqual([{ file: "file-1", shippedBelow: 1, batch: { from: 1, to: 11, node: NODE, token } }]);
    const inserts = server.seen.filter(isInsert).slice(-1);
    expect(inserts[0]?.search.get("insert_deduplication_token")).toBe(atInsert[0]?.batch?.token ?? "");
    expect(node.saved).toEqual({ file: "file-1", shippedBelow: 11, batch: undefined });
  });
});

describe("every record is stored once", () => {
  const isDone = (fault: Fault) => fault === "answer_lost" || fault === "unavailable_after";
  const faults = [
    "answer_lost",
    "request_lost",
    "request_cut",
    "unavailable",
    "unavailable_after",
    "other_server",
    "nothing",
    "redirect",
  ] as const;
  for (const fault of faults) {
    test(`where an insert meets ${fault}`, async () => {
      const node = new ShippingNode(server);
      node.source.add(500);
      server.fail(fault, 3, isInsert);
      const shipper = node.start();
      await node.shipAll();
      expect(await stored(server)).toEqual(all(500));
      // After a lost answer the ids are found, so nothing is sent again.
      expect(shipper.figures().failures).toBe(isDone(fault) ? 1 : 3);
      expect(node.said.at(-1)).toBe("info: records are shipped again");
      await node.kill();
    });
  }

  test("where an insert is stored and its answer never comes", async () => {
    const node = new ShippingNode(server);
    node.source.add(500);
    server.fail("answer_hangs", 1, isInsert);
    node.start();
    await node.shipAll();
    await node.kill();
    expect(node.said[0]).toContain("did not answer within");
    expect(await stored(server)).toEqual(all(500));
  });

  test("where the server does not know the token any more", async () => {
    const node = new ShippingNode(server);
    node.source.add(500, (id) => ({ time: TODAY - (id % 5) * DAY_MS }));
    server.fail("answer_lost", 1, isInsert);
    node.start();
    await node.until("the answer was lost", () => node.said.length > 0);
    // As if a thousand other batches had come meanwhile: every token is forgotten.
    await server.ask(`ALTER TABLE ${DATABASE}.${RECORDS} MODIFY SETTING non_replicated_deduplication_window = 0`);
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(500));
  });

  test("where only some days of a batch were stored, and the token is forgotten", async () => {
    const node = new ShippingNode(server);
    node.source.add(500, (id) => ({ time: TODAY - (id % 5) * DAY_MS }));
    server.fail("answer_lost", 1, isInsert);
    node.start();
    await node.until("the answer was lost", () => node.said.length > 0);
    await server.ask(`ALTER TABLE ${DATABASE}.${RECORDS} MODIFY SETTING non_replicated_deduplication_window = 0`);
    await server.ask(
      `ALTER TABLE ${DATABASE}.${RECORDS} DELETE WHERE time < ${TODAY - DAY_MS} SETTINGS mutations_sync = 2`,
    );
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(500));
  });

  test("where the process is killed at any step", async () => {
    const seed = runSeed("kills");
    const random = seededRandom(seed);
    const node = new ShippingNode(server);
    for (let life = 0; life < 25; life++) {
      node.source.add(integer(random, 40), (id) => ({ time: TODAY - (id % 4) * DAY_MS }));
      const diesAt = integer(random, 4);
      let saves = 0;
      let isDead = false;
      node.onSave = () => {
        if (saves++ >= diesAt) isDead = true;
        if (isDead) throw new StateNotSaved("the process has ended");
      };
      const faults: readonly Fault[] = ["answer_lost", "request_lost", "answer_cut"];
      if (random() < 0.4) server.fail(pick(random, faults), 1, isInsert);
      const shipper = node.start();
      const requests = server.seen.length;
      const lives = integer(random, 12);
      await untilTrue("it has lived", () => {
        node.time.pass(700);
        shipper.advance();
        return isDead || server.seen.length - requests >= lives || node.saved.shippedBelow === node.source.nextId();
      });
      await node.kill();
      server.comeBack();
    }
    node.onSave = () => undefined;
    node.start();
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(node.source.records.length));
  }, 120_000);

  test("where ClickHouse is away for an hour, and pauses grow to a minute", async () => {
    const node = new ShippingNode(server);
    node.source.add(100);
    const shipper = node.start();
    await node.shipAll();
    server.leave();
    const before = server.seen.length;
    const hourAgo = node.time.nowMs;
    const pauses = new Set<number>();
    while (node.time.nowMs - hourAgo < 3_600_000) {
      node.source.add(5, () => ({ receivedAt: node.time.nowMs }));
      await untilTrue("it waits", () => {
        shipper.advance();
        return node.time.waits.length === 1;
      });
      const [wait = 0] = node.time.waits;
      pauses.add(wait);
      node.time.pass(wait);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    expect(Math.max(...pauses)).toBe(45_000);
    expect(server.seen.length - before).toBeLessThan(200);
    expect(shipper.figures().problem).toContain("cannot reach");
    expect(shipper.figures().lagMs).toBeGreaterThan(3_000_000);
    server.comeBack();
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(node.source.records.length));
  }, 120_000);

  test("where the state cannot be written for a while", async () => {
    const node = new ShippingNode(server);
    node.source.add(50);
    let refused = 0;
    node.onSave = () => {
      if (refused++ < 3) throw new StateNotSaved("the disk is full");
    };
    node.start();
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(50));
    expect(node.said[0]).toContain("the disk is full");
  });
});

describe("nothing is shipped", () => {
  test("with the number of another node, or from an older copy of the data file", async () => {
    const node = new ShippingNode(server);
    node.source.add(100);
    node.start();
    await node.shipAll();
    await node.kill();
    const older = new ShippingNode(server);
    older.source.add(200);
    older.saved = { file: "file-1", shippedBelow: 50, batch: undefined };
    const shipper = older.start();
    await older.until("it is refused", () => older.said.length > 0);
    expect(shipper.figures().problem).toContain("another server uses this number");
    await older.kill();
    expect(await stored(server)).toEqual(all(100));
    const other = new ShippingNode(server, NODE + 1);
    other.source.add(200);
    other.start();
    await other.shipAll();
    await other.kill();
    expect(await stored(server)).toEqual(all(300));
  });

  test("into a database that is not there, until it is", async () => {
    await server.ask(`DROP DATABASE ${DATABASE}`);
    const node = new ShippingNode(server);
    node.source.add(20);
    node.start();
    await node.until("it is refused", () => node.said.length > 0);
    expect(node.said[0]).toContain(`make it with CREATE DATABASE ${DATABASE}`);
    await server.ask(`CREATE DATABASE ${DATABASE}`);
    await node.shipAll();
    await node.kill();
    expect(await stored(server)).toEqual(all(20));
  });
});

test("pauses double from one second to a minute, and half of each is by chance", () => {
  expect([1, 2, 3, 4, 6, 7, 50].map((failures) => backoffMs(failures, 1))).toEqual([
    1e3, 2e3, 4e3, 8e3, 32e3, 60e3, 60e3,
  ]);
  expect(backoffMs(7, 0)).toBe(30_000);
  expect(backoffMs(1, 0)).toBe(1_000);
});
