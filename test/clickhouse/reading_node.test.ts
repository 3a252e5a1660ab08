// The compiled server, read over HTTP while it receives and ships: at every moment each record is there once, whether it
// is in the data file or in ClickHouse.

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse, HistogramResponse, ValuesResponse } from "../../src/core/responses.ts";
import { untilTrue } from "../support/condition.ts";
import { TailClient } from "../support/read_api.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { ClickHouseServer } from "./server.ts";

const TEST_MS_MAX = 240_000;
const DATABASE = "logs";
const FIRST_ID = 3 * 2 ** 40;

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start();
}, 120_000);
afterAll(() => engine.stop());
beforeEach(async () => {
  engine.comeBack();
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
});

function configOf(): string {
  const tables = `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\nnode = 3\n`;
  return configText({ tables });
}

async function read(server: TestServer, path: string): Promise<Response> {
  return await fetch(`${server.url}${path}`, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
}

async function answerOf<T>(server: TestServer, path: string): Promise<T> {
  const response = await read(server, path);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** Every record, a page at a time. */
async function allEntries(server: TestServer, q = ""): Promise<ShownRecord[]> {
  const records: ShownRecord[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const more: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const path = `/api/v1/entries?limit=70&q=${encodeURIComponent(q)}${more}`;
    const page: EntriesResponse = await answerOf<EntriesResponse>(server, path);
    records.push(...page.entries);
    cursor = page.nextCursor;
  }
  return records;
}

async function send(server: TestServer, from: number, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, at) => ({
    message: `Order ${from + at} placed`,
    level: (from + at) % 10 === 0 ? "error" : "info",
    touchpoint: `api/${(from + at) % 3}`,
    metadata: { n: from + at, list: [from + at] },
    ...((from + at) % 5 === 0 ? { duration: from + at } : {}),
  }));
  const answer = await server.post({ key: SERVER_KEY, source: "server", entries });
  expect(answer.status).toBe(202);
}

async function untilShipped(count: number): Promise<void> {
  const asked = () => engine.ask(`SELECT count() FROM ${DATABASE}.${RECORDS}`).catch(() => "0");
  for (let stored = await asked(); Number(stored) < count; stored = await asked()) await Bun.sleep(100);
}

test(
  "every query finds each record once, before, while and after it is shipped",
  async () => {
    await withServer(configOf(), async (server) => {
      let sent = 0;
      const check = async () => {
        const ids = (await allEntries(server)).map(({ id }) => id);
        expect({ sent, ids: new Set(ids).size, count: ids.length }).toEqual({ sent, ids: sent, count: sent });
        expect(Math.min(...ids)).toBe(FIRST_ID + 1);
        const { buckets } = await answerOf<HistogramResponse>(server, "/api/v1/histogram");
        const sum = buckets.reduce(
          (all, { debug, info, warn, error, timing }) => all + debug + info + warn + error + timing,
          0,
        );
        expect(sum).toBe(sent);
        const values = await answerOf<ValuesResponse>(server, "/api/v1/fields/touchpoint/values");
        expect(values.values.reduce((all, { count }) => all + count, 0)).toBe(sent);
      };
      for (let round = 0; round < 12; round++) {
        await send(server, sent, 50);
        sent += 50;
        await check();
        await Bun.sleep(300);
      }
      await untilShipped(sent);
      await check();
      const found = await allEntries(server, 'level:error metadata.list:100 pattern:"Order <num> placed"');
      expect(found.map(({ message }) => message)).toEqual(["Order 100 placed"]);
      const exported = await (await read(server, "/api/v1/export?format=ndjson")).text();
      const lines = exported
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as ShownRecord);
      expect(lines.map(({ id }) => id)).toEqual(Array.from({ length: sent }, (_, at) => FIRST_ID + 1 + at));
    });
  },
  TEST_MS_MAX,
);

test(
  "while ClickHouse is away queries are refused with the reason, and entries are accepted",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, 0, 10);
      await untilShipped(10);
      expect((await allEntries(server)).length).toBe(10);
      engine.leave();
      await send(server, 10, 10);
      const refused = await read(server, "/api/v1/entries");
      expect(refused.status).toBe(503);
      expect(await refused.text()).toContain("cannot read from ClickHouse");
      engine.comeBack();
      expect((await allEntries(server)).length).toBe(20);
    });
  },
  TEST_MS_MAX,
);

test(
  "a tail that goes on gets from ClickHouse what the data file does not have any more, once and in order",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, 0, 60);
      await untilShipped(60);
      await server.stop();
      // As keep_local leaves it: some of what is shipped is gone, and some is not.
      const file = new Database(server.dataFile);
      for (const table of ["blocks", "pieces"]) file.run(`DELETE FROM ${table}`);
      file.close();
      await server.start();
      await send(server, 60, 20);
      const ids = (from: number) => Array.from({ length: 80 - from }, (_, at) => FIRST_ID + from + at + 1);
      const resumed = async (query: string, after: number, count: number) => {
        const tail = await TailClient.open(server, query, after);
        try {
          await untilTrue("the tail has all", () => tail.events.length >= count);
          await send(server, 1_000, 1);
          await untilTrue("the tail has what comes then", () => tail.events.length > count);
          return tail.events;
        } finally {
          await tail.close();
        }
      };
      const all = await resumed("", FIRST_ID + 25, 55);
      expect(all.map(({ event }) => event)).not.toContain("gap");
      expect(all.slice(0, 55).map(({ id }) => id)).toEqual(ids(25));
      const errors = await resumed("q=level:error+metadata.list:*", FIRST_ID, 8);
      expect(errors.slice(0, 8).map(({ data }) => data["message"])).toEqual(
        [0, 10, 20, 30, 40, 50, 60, 70].map((number) => `Order ${number} placed`),
      );
      // While it is away, a tail that needs it ends, and its client comes back; one that does not goes on.
      engine.leave();
      const ended = await TailClient.open(server, "", FIRST_ID + 25);
      await untilTrue("the tail has ended", () => ended.isOver);
      expect(ended.events).toEqual([]);
      const local = await TailClient.open(server, "", FIRST_ID + 70);
      await untilTrue("the tail has all", () => local.events.length >= 10);
      await local.close();
    });
  },
  TEST_MS_MAX,
);

test(
  "while ClickHouse is away every read of records says so with 503 and why, and what is the node's own is answered",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, 0, 10);
      await untilShipped(10);
      engine.leave();
      const range = "from=1h&to=2100-01-01";
      const reads = [
        ..."entries histogram timings timings/series fields fields/level/values patterns breakdown".split(" "),
        `entries?q=id:${FIRST_ID + 1}`,
        `trace?key=req-1&around=${Date.now()}`,
        `timings?compare=previous&${range}`,
        `timings/series?${range}&by=touchpoint`,
        ..."export export?format=csv&csv=spreadsheet".split(" "),
      ];
      for (const path of reads) {
        const answer = await read(server, `/api/v1/${path}`);
        const { message } = (await answer.json()) as { message: string };
        expect({ path, status: answer.status }).toEqual({ path, status: 503 });
        expect(message).toMatch(/^cannot read from ClickHouse: cannot reach http:/);
      }
      for (const path of ["touchpoints", "usage", "status", "rejections", "keys", "views", "timings/running"]) {
        expect({ path, status: (await read(server, `/api/v1/${path}`)).status }).toEqual({ path, status: 200 });
      }
      engine.comeBack();
      for (const path of reads) {
        const answer = await read(server, `/api/v1/${path}`);
        await answer.arrayBuffer();
        expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      }
    });
  },
  TEST_MS_MAX,
);

test(
  "nothing for ClickHouse goes through a proxy of the environment: neither records nor queries, of the server or a command",
  async () => {
    await withServer(configOf(), async (server) => {
      await server.kill();
      const nowhere = "http://127.0.0.1:1";
      const proxies = { HTTP_PROXY: nowhere, http_proxy: nowhere, HTTPS_PROXY: nowhere, https_proxy: nowhere };
      server.environment = proxies;
      await server.start();
      await send(server, 0, 10);
      await untilShipped(10);
      expect(await allEntries(server)).toHaveLength(10);
      const environment = { ...process.env, ...proxies } as Record<string, string>;
      const { exitCode, stdout } = await run(EXECUTABLE, ["export"], { cwd: server.folder, environment });
      expect([exitCode, stdout.trim().split("\n").length]).toEqual([0, 10]);
    });
  },
  TEST_MS_MAX,
);
