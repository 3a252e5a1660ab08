// The compiled server erases on both sides: what is shipped, what is being shipped, what waits, and what other nodes
// have shipped; with ClickHouse away, and killed at each step.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import type { EraseReport } from "../../src/core/account_responses.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse } from "../../src/core/responses.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { ADMIN_TOKEN, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { ClickHouseServer, type SeenRequest } from "./server.ts";

const TEST_MS_MAX = 240_000;
const DATABASE = "logs";
const NODE = 3;
const FIRST_ID = NODE * 2 ** 40;

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start();
}, 120_000);
afterAll(() => engine.stop());
beforeEach(async () => {
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
});
afterEach(() => {
  engine.comeBack();
  engine.onRequest = () => undefined;
});

function configOf(): string {
  return configText({
    tables: `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\nnode = ${NODE}\n`,
  });
}

const isInsert = ({ search }: SeenRequest) => search.get("query")?.startsWith(`INSERT INTO \`${RECORDS}\``) === true;
const isMutation = ({ body }: SeenRequest) => body.toString("latin1", 0, 12) === "ALTER TABLE ";

let sent = 0;

/** Sends records of a user. No two requests are the same: after a restart such a one is taken for a repeated one. */
async function send(server: TestServer, user: string, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, at) => ({
    message: `order ${at} placed`,
    metadata: { user, list: [user], n: sent++ },
  }));
  const answer = await server.post({ key: SERVER_KEY, source: "server", entries });
  expect(answer.status).toBe(202);
}

async function erase(server: TestServer, body: object): Promise<{ status: number; text: string; erased: EraseReport }> {
  const answer = await fetch(`${server.url}/api/v1/erase`, {
    method: "POST",
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ project: "default", ...body }),
  });
  const text = await answer.text();
  return { status: answer.status, text, erased: (JSON.parse(text) as { erased: EraseReport }).erased };
}

async function countIn(where = "1"): Promise<number> {
  return Number(await engine.ask(`SELECT count() FROM ${DATABASE}.${RECORDS} WHERE ${where}`).catch(() => "0"));
}

async function untilShipped(count: number): Promise<void> {
  const giveUpAt = Date.now() + 120_000;
  for (let found = await countIn(); found !== count; found = await countIn()) {
    if (Date.now() > giveUpAt) throw new Error(`${found} of ${count} are in ClickHouse`);
    await Bun.sleep(50);
  }
}

/** The users of all records that a query finds. */
async function usersOf(server: TestServer): Promise<string[]> {
  const answer = await fetch(`${server.url}/api/v1/entries?limit=1000`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  if (answer.status !== 200) throw new Error(await answer.text());
  const { entries } = (await answer.json()) as EntriesResponse;
  return entries.map(({ metadata }) => String(metadata?.["user"])).toSorted();
}

const times = (user: string, count: number) => Array.from({ length: count }, () => user);

/** Everything that the data file has, whether it is shipped or not. */
async function localUsers(server: TestServer): Promise<string[]> {
  const records: ShownRecord[] = await server.export("--data", server.dataFile);
  return records.map(({ metadata }) => String(metadata?.["user"])).toSorted();
}

/** As another node would have shipped it. */
async function shipOfNode(node: number, user: string, project = "default"): Promise<void> {
  const columns =
    "project, time, node, id, received_at, kind, level, source, has_message, message, has_metadata, metadata, expires";
  const now = Date.now();
  const values = `'${project}', ${now}, ${node}, 1, ${now}, 'log', 'info', 'server', true, 'order 1 placed', true, map('user', '"${user}"', 'list', '["${user}"]'), '2100-01-01'`;
  await engine.ask(`INSERT INTO ${DATABASE}.${RECORDS} (${columns}) VALUES (${values})`);
}

describe("erasing reaches", () => {
  for (const [kind, q] of [
    ["that SQL decides", "metadata.user:u_1"],
    ["that it does not", "metadata.list:u_1"],
  ] as const) {
    test(
      `what is shipped, on its way, waiting and of another node, by a search ${kind}`,
      async () => {
        await withServer(configOf(), async (server) => {
          await send(server, "u_1", 10);
          await send(server, "u_2", 5);
          await untilShipped(15);
          await shipOfNode(9, "u_1");
          await shipOfNode(10, "u_2");
          const onItsWay = Promise.withResolvers<void>();
          const goOn = Promise.withResolvers<void>();
          engine.onRequest = async (request) => {
            if (!isInsert(request)) return;
            onItsWay.resolve();
            await goOn.promise;
          };
          await send(server, "u_1", 4);
          await send(server, "u_2", 3);
          await onItsWay.promise;
          await send(server, "u_1", 6);
          await send(server, "u_2", 2);
          const erasing = erase(server, { q });
          await Bun.sleep(200);
          goOn.resolve();
          const { status, erased } = await erasing;
          expect({ status, erased }).toMatchObject({ status: 200, erased: { records: 20, shipped: 15 } });
          expect(await usersOf(server)).toEqual(times("u_2", 11));
          expect(await localUsers(server)).toEqual(times("u_2", 10));
          await untilShipped(11);
          expect(await countIn("metadata['user'] = '\"u_1\"'")).toBe(0);
          await server.kill();
          await server.start();
          expect(await usersOf(server)).toEqual(times("u_2", 11));
          expect((await erase(server, { q })).erased).toMatchObject({ records: 0, shipped: 0 });
          await send(server, "u_1", 1);
          await untilShipped(12);
        });
      },
      TEST_MS_MAX,
    );
  }

  test(
    "a record by the id that is shown, and a project that another node alone has",
    async () => {
      await withServer(configOf(), async (server) => {
        await send(server, "u_1", 3);
        await untilShipped(3);
        expect((await erase(server, { q: `id:${FIRST_ID + 2}` })).erased).toMatchObject({ records: 1, shipped: 1 });
        expect((await erase(server, { q: "id:1" })).erased).toMatchObject({ records: 0, shipped: 0 });
        expect(await localUsers(server)).toEqual(times("u_1", 2));
        expect(await countIn()).toBe(2);
        await shipOfNode(9, "u_9", "theirs");
        expect((await erase(server, { project: "theirs" })).erased).toMatchObject({ records: 0, shipped: 1 });
        expect((await erase(server, { project: "theirs" })).status).toBe(404);
        expect((await erase(server, { q: 'level:"' })).status).toBe(400);
        expect(await countIn()).toBe(2);
      });
    },
    TEST_MS_MAX,
  );
});

test(
  "while ClickHouse is away nothing is erased, and the answer says so",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, "u_1", 5);
      await untilShipped(5);
      engine.leave();
      const away = await erase(server, {});
      expect(away.status).toBe(503);
      expect(away.text).toContain("Nothing was erased");
      expect(await localUsers(server)).toEqual(times("u_1", 5));
      engine.comeBack();
      expect(await countIn()).toBe(5);
      // What came meanwhile is shipped as ever.
      await send(server, "u_2", 2);
      await untilShipped(7);
      expect((await erase(server, {})).erased).toMatchObject({ records: 7, shipped: 7 });
      expect(await countIn()).toBe(0);
    });
  },
  TEST_MS_MAX,
);

test(
  "a mutation whose answer is lost is not said to be done, and the same again is",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, "u_1", 5);
      await untilShipped(5);
      engine.fail("answer_lost", 1, isMutation);
      const lost = await erase(server, {});
      expect(lost.status).toBe(503);
      expect(lost.text).toContain("at most in part, and not in the data file: erase again");
      expect(await localUsers(server)).toEqual(times("u_1", 5));
      expect((await erase(server, {})).erased).toMatchObject({ records: 5, shipped: 0 });
      await send(server, "u_2", 2);
      await untilShipped(2);
      expect(await usersOf(server)).toEqual(times("u_2", 2));
    });
  },
  TEST_MS_MAX,
);

describe("a node that is killed while it erases", () => {
  for (const [step, fault] of [
    ["before ClickHouse has erased", "request_lost"],
    ["after ClickHouse has erased, before it knows", "answer_hangs"],
  ] as const) {
    test(
      `${step} does all of it when asked again`,
      async () => {
        await withServer(configOf(), async (server) => {
          await send(server, "u_1", 10);
          await send(server, "u_2", 5);
          await untilShipped(15);
          let killed: Promise<void> | undefined;
          engine.fail(fault, 1, isMutation);
          engine.onRequest = (request) => {
            if (!isMutation(request) || killed !== undefined) return;
            killed = fault === "request_lost" ? server.kill() : untilShipped(5).then(() => server.kill());
          };
          await send(server, "u_1", 3);
          await erase(server, { q: "metadata.user:u_1" }).catch(() => undefined);
          await killed;
          expect(killed).toBeDefined();
          await server.start();
          const { status, erased } = await erase(server, { q: "metadata.user:u_1" });
          expect({ status, records: erased.records }).toEqual({ status: 200, records: 13 });
          await send(server, "u_2", 1);
          await untilShipped(6);
          expect(await usersOf(server)).toEqual(times("u_2", 6));
          expect(await localUsers(server)).toEqual(times("u_2", 6));
        });
      },
      TEST_MS_MAX,
    );
  }

  test(
    "while a batch was on its way does not let it come back",
    async () => {
      await withServer(configOf(), async (server) => {
        await send(server, "u_2", 1);
        await untilShipped(1);
        engine.fail("answer_lost", 1, isInsert);
        await send(server, "u_1", 4);
        await untilShipped(5);
        await server.kill();
        await server.start();
        expect((await erase(server, { q: "metadata.user:u_1" })).erased).toMatchObject({ records: 4, shipped: 4 });
        await send(server, "u_2", 1);
        await untilShipped(2);
        expect(await usersOf(server)).toEqual(times("u_2", 2));
      });
    },
    TEST_MS_MAX,
  );
});

test(
  "again and again under faults and kills: what is said to be erased never comes back, and nothing else is lost",
  async () => {
    const random = seededRandom(runSeed("erasing under faults"));
    await withServer(configOf(), async (server) => {
      let kept = 0;
      let done = 0;
      for (let round = 0; round < 8; round++) {
        engine.comeBack();
        if (random() < 0.5) {
          const fault = pick(random, ["answer_lost", "request_lost", "unavailable"] as const);
          engine.fail(fault, 1 + integer(random, 2), pick(random, [isInsert, isMutation]));
        }
        for (let batch = 0; batch < 3; batch++) {
          await send(server, "u_1", 1 + integer(random, 30));
          const count = 1 + integer(random, 30);
          await send(server, "u_2", count);
          kept += count;
          await Bun.sleep(integer(random, 1_500));
        }
        const q = pick(random, ["metadata.user:u_1", "metadata.list:u_1"]);
        const erasing = erase(server, { q }).catch(() => undefined);
        if (random() < 0.3) {
          await Bun.sleep(integer(random, 300));
          await server.kill();
          await server.start();
        }
        const answer = await erasing;
        if (answer?.status === 200) {
          done++;
          expect(await usersOf(server)).toEqual(times("u_2", kept));
        }
      }
      engine.comeBack();
      expect((await erase(server, { q: "metadata.user:u_1" })).status).toBe(200);
      await untilShipped(kept);
      expect(await countIn("metadata['user'] = '\"u_1\"'")).toBe(0);
      expect(await usersOf(server)).toEqual(times("u_2", kept));
      expect(await localUsers(server)).toEqual(times("u_2", kept));
      console.log(`${done} of 8 erasures were answered 200`);
    });
  },
  TEST_MS_MAX,
);

test(
  "the command shows and erases what both sides have, and is refused without a running server",
  async () => {
    await withServer(configOf(), async (server) => {
      await send(server, "u_1", 4);
      await untilShipped(4);
      await shipOfNode(9, "u_1");
      const command = (...more: string[]) =>
        server.command(
          "erase",
          "--project",
          "default",
          "metadata.user:u_1",
          "--url",
          server.url,
          "--token",
          ADMIN_TOKEN,
          ...more,
        );
      const counted = await command("--dry-run");
      expect(counted.stdout).toBe("Would remove 5 records\n");
      const { exitCode, stdout } = await command("--yes");
      expect({ exitCode, stdout }).toEqual({
        exitCode: 0,
        stdout: "Removed 4 records from 1 block, 5 records in ClickHouse, 0 dropped entries, 0 open entries\n",
      });
      await send(server, "u_1", 1);
      await untilShipped(1);
      await server.kill();
      const refused = await server.command("erase", "--project", "default", "--yes");
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toContain("nothing was removed: ClickHouse has records of this data file too");
      const here = await server.command("erase", "--project", "default", "--dry-run");
      expect(here.stdout).toBe("Would remove 1 record\n");
      const named = await server.command("erase", "--project", "default", "--yes", "--data", server.dataFile);
      expect(named.stdout).toStartWith("Removed 1 record from 1 block");
      expect(await countIn()).toBe(1);
    });
  },
  TEST_MS_MAX,
);
