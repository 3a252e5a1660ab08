// Shipping where something is wrong that nobody planned: another server answers, tables are dropped and altered, limits
// are reached, clocks are set, two processes ship as one node. Whatever happens, no record is lost and none comes twice.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import { RECORD_COLUMNS, RECORDS } from "../../src/clickhouse/schema.ts";
import { makeTables } from "../../src/clickhouse/tables.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { untilTrue } from "../support/condition.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { ClickHouseServer, type SeenRequest, type ServerException } from "./server.ts";
import { all, DATABASE, isInsert, NODE, ShippingNode, stored, TODAY } from "./shipping_node.ts";

let server: ClickHouseServer;
let nodes: ShippingNode[] = [];

beforeAll(async () => {
  server = await ClickHouseServer.start();
}, 120_000);
afterAll(() => server.stop());
beforeEach(async () => {
  await server.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await server.ask(`CREATE DATABASE ${DATABASE}`);
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.kill()));
  nodes = [];
  server.comeBack();
});

function newNode(number?: number): ShippingNode {
  const node = new ShippingNode(server, number);
  nodes.push(node);
  return node;
}

const forgetTokens = () =>
  server.ask(`ALTER TABLE ${DATABASE}.${RECORDS} MODIFY SETTING non_replicated_deduplication_window = 0`);
const asksForIds = ({ body }: SeenRequest) => body.includes("groupArray(id)") && !body.includes("LIMIT 1");

describe("an outcome that is uncertain for longer than tokens are remembered", () => {
  test.each(["other_server", "nothing", "answer_cut", "answer_lost", "unavailable"] as const)(
    "is reconciled although the question for the ids meets %s",
    async (fault) => {
      const node = newNode();
      node.source.add(400, (id) => ({ time: TODAY - (id % 3) * DAY_MS }));
      server.fail("answer_lost", 1, isInsert);
      // A question to which nothing came is asked once more at once.
      const isAnswered = fault === "answer_cut" || fault === "unavailable";
      server.fail(fault, isAnswered ? 2 : 4, asksForIds);
      const shipper = node.start();
      await node.until("the answer was lost", () => node.said.length > 0);
      await forgetTokens();
      await node.shipAll();
      expect(await stored(server)).toEqual(all(400));
      expect(shipper.figures().failures).toBe(3);
    },
  );

  test("is reconciled wherever it was lost, and whatever was lost after it", async () => {
    const random = seededRandom(runSeed("lost outcomes"));
    const node = newNode();
    node.source.add(1);
    node.start();
    await node.shipAll();
    await forgetTokens();
    for (let round = 0; round < 12; round++) {
      const faults = ["answer_lost", "request_cut", "answer_hangs", "unavailable_after", "other_server"] as const;
      for (let count = integer(random, 3); count >= 0; count--) server.fail(pick(random, faults), 1, isInsert);
      if (random() < 0.5) server.fail(pick(random, ["answer_cut", "nothing", "other_server"]), 1, asksForIds);
      if (random() < 0.4) {
        await node.kill();
        node.start();
      }
      node.source.add(1 + integer(random, 300), (id) => ({ time: TODAY - (id % 4) * DAY_MS }));
      await node.shipAll();
      server.comeBack();
    }
    expect(await stored(server)).toEqual(all(node.source.records.length));
  }, 120_000);
});

describe("an exception of the server", () => {
  const CODES = { TOO_MANY_PARTS: 252, NOT_ENOUGH_SPACE: 243, MEMORY: 241, TIMEOUT: 159, READONLY: 164, PASSWORD: 516 };
  for (const [name, code] of Object.entries(CODES)) {
    for (const isStored of [false, true]) {
      test(`${name}, ${isStored ? "although" : "before"} the batch is stored, loses and doubles nothing`, async () => {
        const node = newNode();
        node.source.add(301, (id) => ({ time: TODAY - (id % 3) * DAY_MS }));
        const exception: ServerException = { code, isStored };
        server.fail(exception, isStored ? 1 : 4, isInsert);
        const shipper = node.start();
        await node.until("it failed", () => node.said.length > 0);
        expect(shipper.figures()).toMatchObject({ problem: expect.stringContaining(`Code: ${code}.`) as string });
        if (isStored) await forgetTokens();
        await node.shipAll();
        expect(await stored(server)).toEqual(all(301));
        expect(shipper.figures()).toMatchObject({ problem: undefined, backlogRecords: 0 });
        expect(node.said.at(-1)).toBe("info: records are shipped again");
      });
    }
  }

  test("that lasts is said once, and that all is well again only once it is", async () => {
    const node = newNode();
    node.source.add(10);
    server.fail({ code: 164 }, 5, isInsert);
    const shipper = node.start();
    await node.until("it failed five times", () => shipper.figures().failures === 5);
    expect(node.said).toEqual([expect.stringContaining("Code: 164.") as string]);
    await node.shipAll();
    expect(node.said.at(-1)).toBe("info: records are shipped again");
    expect(node.said).toHaveLength(2);
  });
});

test("a batch that takes more memory than the user may have is cut until it fits", async () => {
  const node = newNode();
  node.source.add(20_000, (id) => ({ message: `${id} ${"x".repeat(900)}`, metadata: { id } }));
  node.start();
  server.profile = "max_memory_usage = 40000000, max_untracked_memory = 0";
  await node.shipAll();
  expect(node.said[0]).toContain("Code: 241.");
  expect(await stored(server)).toEqual(all(20_000));
});

describe("tables", () => {
  test("that are dropped while it ships are made again, and what comes then is stored", async () => {
    const node = newNode();
    node.source.add(50);
    node.start();
    await node.shipAll();
    await server.ask(`DROP TABLE ${DATABASE}.${RECORDS}`);
    node.source.add(60);
    await node.shipAll();
    expect(await stored(server)).toEqual(all(60));
    await server.ask(`DROP DATABASE ${DATABASE}`);
    node.source.add(70);
    await node.until("it says so", () => node.said.at(-1)?.includes(`CREATE DATABASE ${DATABASE}`) === true);
    await server.ask(`CREATE DATABASE ${DATABASE}`);
    await node.shipAll();
    expect(await stored(server)).toEqual(all(70));
  });

  test("that are dropped while a batch is uncertain get it whole", async () => {
    const node = newNode();
    node.source.add(50);
    server.fail("answer_lost", 1, isInsert);
    node.start();
    await node.until("the answer was lost", () => node.said.length > 0);
    await server.ask(`DROP TABLE ${DATABASE}.${RECORDS}`);
    await node.shipAll();
    expect(await stored(server)).toEqual(all(50));
  });

  test("with a column of another type get nothing, until it is as it was", async () => {
    const node = newNode();
    node.source.add(5);
    node.start();
    await node.shipAll();
    await server.ask(`ALTER TABLE ${DATABASE}.${RECORDS} MODIFY COLUMN duration Nullable(Float32)`);
    node.source.add(5);
    await node.until("it is refused", () => node.said.length > 0);
    expect(node.said[0]).toContain("'duration'");
    expect(await stored(server)).toEqual(all(5));
    await server.ask(`ALTER TABLE ${DATABASE}.${RECORDS} MODIFY COLUMN duration Nullable(Float64)`);
    await node.shipAll();
    expect(await stored(server)).toEqual(all(10));
  });

  test("with columns and indexes of somebody else get every record", async () => {
    const node = newNode();
    node.source.add(5);
    node.start();
    await node.shipAll();
    const alter = `ALTER TABLE ${DATABASE}.${RECORDS}`;
    await server.ask(`${alter} ADD COLUMN shop String MATERIALIZED metadata['shop'], ADD COLUMN note String FIRST`);
    await server.ask(`${alter} ADD INDEX message_words message TYPE tokenbf_v1(4096, 2, 0) GRANULARITY 1`);
    node.source.add(5);
    await node.shipAll();
    expect(await stored(server)).toEqual(all(10));
  });

  test("have exactly the types in which rows are written", async () => {
    const node = newNode();
    node.start();
    const sql = `SELECT name, type FROM system.columns WHERE database = '${DATABASE}' AND table = '${RECORDS}' ORDER BY position`;
    let columns = "";
    while (columns === "") columns = await server.ask(sql, "JSONCompactEachRow");
    expect(columns.split("\n").map((line) => JSON.parse(line) as unknown)).toEqual(
      RECORD_COLUMNS.map(({ name, type }) => [name, type]),
    );
  });
});

test("a batch is one block of each day, whatever the user's profile says", async () => {
  const node = newNode();
  node.source.add(3_000, (id) => ({ time: TODAY - (id % 2) * DAY_MS }));
  server.profile = "max_insert_block_size = 100, min_insert_block_size_rows = 100, min_insert_block_size_bytes = 1000";
  node.start();
  await server.ask(`SYSTEM STOP MERGES`);
  try {
    await node.shipAll();
    const parts = await server.ask(
      `SELECT count() FROM system.parts WHERE database = '${DATABASE}' AND table = '${RECORDS}'`,
    );
    expect(parts).toBe("2");
  } finally {
    await server.ask(`SYSTEM START MERGES`);
  }
});

test("a user who may only read is refused, and is told why", async () => {
  for (const profile of ["readonly = 1", "readonly = 2"]) {
    const node = newNode(NODE + (profile.endsWith("1") ? 1 : 2));
    server.profile = profile;
    node.source.add(5);
    const shipper = node.start();
    await node.until("it is refused", () => node.said.length > 0);
    expect(shipper.figures().problem).toContain("readonly");
    server.profile = "";
    await node.shipAll();
  }
  expect(await stored(server)).toEqual(all(10));
});

describe("several addresses", () => {
  test("of which one hangs, refuses or is another server: the next one gets the batch", async () => {
    const wrong = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<html>hello</html>") });
    const hanging = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: () => new Promise(() => {}) });
    const denying = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () =>
        new Response("Code: 516. DB::Exception: logs: Authentication failed", {
          status: 403,
          headers: { "X-ClickHouse-Exception-Code": "516" },
        }),
    });
    try {
      for (const [index, first] of [wrong, denying, hanging].entries()) {
        const node = newNode(index + 1);
        node.requestMsMax = 300;
        node.urls = [`http://127.0.0.1:${first.port}`, server.url];
        node.source.add(10);
        node.start();
        await node.shipAll();
      }
      expect(await stored(server)).toEqual(all(30));
    } finally {
      await Promise.all([wrong.stop(true), hanging.stop(true), denying.stop(true)]);
    }
  });
});

describe("the machine's clock", () => {
  test("that is set back by a day while records are gathered delays none", async () => {
    const node = newNode();
    const shipper = node.start();
    await untilTrue("it has started", () => server.seen.length > 0 && node.time.waits.length === 0);
    node.source.add(5);
    shipper.advance();
    await untilTrue("it gathers", () => node.time.waits.length === 1);
    node.wallOffsetMs = -DAY_MS;
    const from = node.time.nowMs;
    await node.shipAll();
    expect(node.time.nowMs - from).toBeLessThan(10_000);
  });

  test("of the server may have any zone: a day of expiry begins with UTC, and none is past what it can say", async () => {
    const node = newNode();
    node.retentionMs = 200 * 365 * DAY_MS;
    node.source.add(3);
    node.start();
    await node.shipAll();
    const ttl = await server.ask(
      `SELECT toUnixTimestamp(max(delete_ttl_info_max)) FROM system.parts WHERE database = '${DATABASE}' AND active AND rows > 0`,
    );
    expect(Number(ttl)).toBe(49_710 * 86_400);
    await server.ask(`OPTIMIZE TABLE ${DATABASE}.${RECORDS} FINAL`);
    expect(await stored(server)).toEqual(all(3));
    expect(await server.ask(`SHOW CREATE TABLE ${DATABASE}.${RECORDS}`)).toContain(
      "TTL toDateTime(expires, \\'UTC\\')",
    );
  });
});

describe("figures", () => {
  test("right after a restart say what waits and for how long, though the server is away", async () => {
    const node = newNode();
    node.source.add(5);
    node.start();
    await node.shipAll();
    await node.kill();
    server.leave();
    node.source.add(7, () => ({ receivedAt: 1_000 }));
    node.time.pass(3_600_000);
    const shipper = node.start();
    const first = shipper.figures();
    expect(first).toMatchObject({ backlogRecords: 7, lagMs: node.time.nowMs - 1_000, shippedBelow: 6 });
    await node.until("it says that it cannot", () => shipper.figures().problem !== undefined);
    expect(shipper.figures().lagMs).toBeGreaterThan(3_600_000 - 1_000);
    server.comeBack();
    await node.shipAll();
    expect(shipper.figures()).toMatchObject({ backlogRecords: 0, lagMs: 0, problem: undefined, records: 7 });
  });
});

describe("one number", () => {
  test("that is changed while a batch is uncertain: the batch keeps the one it was sent with", async () => {
    for (const fault of ["answer_lost", "request_lost"] as const) {
      const node = newNode();
      const before = (await stored(server).catch(() => ({ count: 0 }))).count;
      node.saved = { ...node.saved, file: fault };
      node.number = before + 1;
      node.source.add(20);
      server.fail(fault, 1, isInsert);
      node.start();
      await node.until("the answer was lost", () => node.said.length > 0);
      await node.kill();
      node.number = before + 2;
      node.source.add(10);
      node.start();
      await node.shipAll();
      const byNode = await server.ask(
        `SELECT node, count() FROM ${DATABASE}.${RECORDS} WHERE node > ${before} GROUP BY node ORDER BY node`,
      );
      expect(byNode).toBe(`${before + 1}\t20\n${before + 2}\t10`);
    }
  });

  test("of two new servers: the one that started last ships, the other says why it does not", async () => {
    const [first, second] = [newNode(), newNode()];
    second.saved = { ...second.saved, file: "file-2" };
    const shipper = first.start();
    await untilClaimed(1);
    second.source.add(30);
    second.start();
    await second.shipAll();
    first.source.add(40);
    await first.until("it is refused", () => first.said.length > 0);
    expect(shipper.figures().problem).toMatch(/another process ships as node 3 since .*clickhouse\.node/);
    // It stays so: the two would take turns otherwise.
    await first.until("it tried again", () => shipper.figures().failures > 3);
    expect(await stored(server)).toEqual(all(30));
    second.source.add(5);
    await second.shipAll();
    expect(await stored(server)).toEqual(all(35));
  });

  test("of a data file and a copy of it that both run: no record is taken for another one", async () => {
    const original = newNode();
    original.source.add(20);
    original.start();
    await original.shipAll();
    const copy = newNode();
    copy.source.add(20);
    copy.saved = original.saved;
    const shipper = copy.start();
    await untilClaimed(2);
    // The same ids, and so the same bounds, of other records.
    original.source.add(10, () => ({ message: "of the original" }));
    copy.source.add(10, () => ({ message: "of the copy" }));
    await copy.shipAll();
    expect(shipper.figures().problem).toBeUndefined();
    await original.until("the original is refused", () => original.said.length > 0);
    expect(original.said[0]).toContain("a copy of this data file");
    expect(await stored(server)).toEqual(all(30));
    expect(original.saved.shippedBelow).toBe(21);
  });

  test("of a process that was killed as it claimed: its claim, however late, does not stop the next one", async () => {
    const claims = ({ body }: SeenRequest) => body.includes("INSERT INTO simplelogs_nodes");
    for (let round = 1; round <= 5; round++) {
      const number = 10 + round;
      const [killed, next] = [newNode(number), newNode(number)];
      next.time.pass(1);
      const late = Promise.withResolvers<void>();
      const isHeld = Promise.withResolvers<void>();
      server.onRequest = async (request) => {
        if (!claims(request)) return;
        server.onRequest = () => undefined;
        isHeld.resolve();
        await late.promise;
      };
      killed.start();
      await isHeld.promise;
      await killed.kill();
      next.source.add(5);
      next.start();
      await next.shipAll();
      late.resolve();
      await untilClaimed(2 * round);
      next.source.add(5);
      await next.shipAll();
      expect(next.said).toEqual([]);
      expect(await stored(server)).toEqual(all(10 * round));
    }
  });

  test("is looked up without reading what nodes with higher ids have", async () => {
    const node = newNode();
    node.source.add(5);
    node.start();
    await node.shipAll();
    const columns = "project, time, node, id, received_at, kind, level, source, api_key, expires";
    const values = `'of another node', ${TODAY}, 99, 1000 + number, ${TODAY}, 'log', 'info', 'server', 'key', today() + 30`;
    await server.ask(`INSERT INTO ${DATABASE}.${RECORDS} (${columns}) SELECT ${values} FROM numbers(100000)`);
    const sql = server.seen.map(({ body }) => body.toString()).find((text) => text.includes("LIMIT 1)"));
    const asked = sql?.replace("{node:UInt16}", `${NODE}`).replace("{below:UInt64}", "6") ?? "";
    const plan = await server.ask(`EXPLAIN indexes = 1 ${asked.replace("FROM records", `FROM ${DATABASE}.records`)}`);
    expect(plan.match(/Granules: \d+\/\d+/g)?.at(-1)).toMatch(/^Granules: 0\//);
  });

  test("is claimed once by a process, however often its tables are looked at", async () => {
    const node = newNode();
    for (let round = 0; round < 3; round++) {
      server.fail({ code: 164 }, 1, isInsert);
      node.source.add(5);
      if (round === 0) node.start();
      await node.shipAll();
    }
    expect(await server.ask(`SELECT count() FROM ${DATABASE}.simplelogs_nodes`)).toBe("1");
    await node.kill();
    node.start();
    node.source.add(5);
    await node.shipAll();
    expect(await server.ask(`SELECT max(number) FROM ${DATABASE}.simplelogs_nodes`)).toBe("2");
  });
});

test("a user without the right to make tables ships into those that somebody else made", async () => {
  const client = new ClickHouseClient({
    urls: [server.directUrl],
    database: DATABASE,
    user: "default",
    password: "",
    cluster: "",
  });
  await makeTables(client, DATABASE, { cluster: "" });
  server.seen.length = 0;
  const node = newNode();
  node.source.add(5);
  node.start();
  await node.shipAll();
  expect(server.seen.filter(({ body }) => /^(?:CREATE|ALTER)/.test(body.toString()))).toEqual([]);
  expect(await stored(server)).toEqual(all(5));
});

/** Waits until so many processes have claimed a number. */
async function untilClaimed(count: number): Promise<void> {
  let found = "";
  const giveUpAt = Date.now() + 60_000;
  while (found !== `${count}`) {
    if (Date.now() > giveUpAt) throw new Error(`${found} of ${count} claims`);
    found = await server.ask(`SELECT count() FROM ${DATABASE}.simplelogs_nodes`).catch(() => "");
  }
}
