// The compiled server in front of the real engine where something lasts: ClickHouse is away for an hour by the clock, the
// disk is full of what waits, another process has the same number. And killed at each step of a start.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { setClock } from "../../scripts/src/torture/clock.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { BALLAST_BYTES, DISK_BYTES, dataOn, untilReadiness } from "../support/full_disk.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import {
  ADMIN_TOKEN,
  configText,
  SERVER_KEY,
  type TestServer,
  withServer,
  withStoppedServer,
} from "../support/server.ts";
import { withSmallDisk } from "../support/small_disk.ts";
import { all, DATABASE, isInsert, Sender, statusOf, stored, untilStored } from "./sender.ts";
import { ClickHouseServer, type SeenRequest } from "./server.ts";

const TEST_MS_MAX = 300_000;
const LIBRARY = process.env["SIMPLELOGS_TEST_FAKETIME"] ?? "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const MINUTE_S = 60;

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start();
}, 120_000);
afterAll(() => engine.stop());
beforeEach(emptyDatabase);
afterEach(() => {
  engine.comeBack();
  engine.onRequest = () => undefined;
});

async function emptyDatabase(): Promise<void> {
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
}

const tablesOf = (lines = "", tables = "") =>
  `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\n${lines}\n${tables}`;
const configOf = (lines = "", tables = "") => configText({ tables: tablesOf(lines, tables) });

async function shownMessages({ url }: TestServer): Promise<number> {
  const answer = await fetch(`${url}/api/v1/entries?limit=1000&from=7d`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  expect(answer.status).toBe(200);
  const { entries } = (await answer.json()) as { entries: readonly unknown[] };
  return entries.length;
}

test(
  "ClickHouse that is away for an hour gets every record once, in that hour's figures the lag is an hour",
  async () => {
    await withStoppedServer(configOf('keep_local = "1ms"'), async (server) => {
      setClock(server, LIBRARY, 0);
      await server.start();
      const sender = new Sender();
      await sender.send(server, 50);
      await untilStored(engine, 50);
      engine.leave();
      for (let minute = 0; minute <= 60; minute += 5) {
        setClock(server, LIBRARY, minute * MINUTE_S);
        await sender.send(server, 20);
        if (minute === 0) await eventually("it fails", async () => (await statusOf(server)).problem !== null);
        // Once in the middle of it the process is killed, too.
        if (minute === 30) {
          await server.kill();
          await server.start();
        }
      }
      await eventually("it says so", async () => {
        const { lagMs, problem, backlogRecords } = await statusOf(server);
        return lagMs >= 3_590_000 && problem?.includes("cannot reach") === true && backlogRecords === 13 * 20;
      });
      const metrics = await server.metrics();
      expect(metrics.get("simplelogs_shipping_backlog_records")).toBe(260);
      expect(metrics.get("simplelogs_shipping_lag_seconds")).toBeGreaterThanOrEqual(3_590);
      expect(metrics.get("simplelogs_shipping_failures_total")).toBeGreaterThan(0);
      // The log says once in each life why nothing is shipped.
      const warnings = server.logLines.filter(({ message }) => message.startsWith("records are not shipped"));
      expect(warnings).toHaveLength(2);
      engine.comeBack();
      await untilStored(engine, sender.sent);
      expect(await stored(engine)).toEqual(all(sender.sent));
      await eventually("all is well", async () => (await statusOf(server)).lagMs === 0);
      // The engine's clock is an hour behind: what was sent is within every retention all the same.
      await eventually("all are shown", async () => (await shownMessages(server)) === sender.sent);
    });
  },
  TEST_MS_MAX,
);

test(
  "records that expire while ClickHouse is away are hidden at once, shipped all the same, and then removed",
  async () => {
    const retention = '[projects.default]\nretention = "25h"';
    await withStoppedServer(configOf('keep_local = "1h"', retention), async (server) => {
      setClock(server, LIBRARY, 0);
      await server.start();
      engine.leave();
      const sender = new Sender();
      await sender.send(server, 30);
      await eventually("they are stored", async () => (await server.export("--data", server.dataFile)).length === 30);
      // Two days, so that new records are in another block. A longer jump is suspected, and nothing expires by it.
      for (const hours of [23, 46]) {
        await server.stop();
        setClock(server, LIBRARY, hours * 60 * MINUTE_S);
        await server.start();
      }
      await sender.send(server, 10);
      await eventually("the old ones are hidden", async () => {
        const records = await server.metrics();
        return records.get("simplelogs_shipping_backlog_records") === 40;
      });
      // Longer than retention looks for what has expired: none of it is deleted.
      await Bun.sleep(11_000);
      expect((await server.metrics()).get("simplelogs_records")).toBe(40);
      engine.comeBack();
      await untilStored(engine, 40);
      expect(await stored(engine)).toEqual(all(40));
      await eventually("only what has not expired is shown", async () => (await shownMessages(server)) === 10);
      // After a restart nobody reads what was shipped: it is removed.
      await server.stop();
      await server.start();
      await eventually("the expired ones are removed", async () => {
        return (await server.metrics()).get("simplelogs_records") === 10;
      });
    });
  },
  TEST_MS_MAX,
);

test(
  "a disk that is full of what waits is shipped once ClickHouse is back, and has room again",
  async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      const random = seededRandom(runSeed("full of what waits"));
      const settings = dataOn(disk);
      const tables = tablesOf('keep_local = "1ms"\nbacklog_max = "1GiB"');
      await withStoppedServer(configText({ settings, tables }), async (server) => {
        engine.leave();
        await server.start();
        let [sent, refused] = [0, 0];
        const noise = () => Buffer.from(Array.from({ length: 60_000 }, () => integer(random, 255))).toString("base64");
        while (refused < 20) {
          const entries = [{ message: noise(), metadata: { n: sent } }];
          const { status } = await server.post(
            { key: SERVER_KEY, source: "server", entries },
            { "Idempotency-Key": `${sent}` },
          );
          if (status === 202) [sent, refused] = [sent + 1, 0];
          else {
            refused++;
            await Bun.sleep(100);
          }
        }
        await untilReadiness(server, 503);
        engine.comeBack();
        await untilStored(engine, sent);
        expect(await stored(engine)).toEqual(all(sent));
        await eventually("it knows", async () => (await statusOf(server)).backlogRecords === 0);
        // What was shipped stays for five minutes; after a restart nobody reads it.
        await server.stop();
        await server.start();
        await untilReadiness(server, 200);
        const sender = Object.assign(new Sender(), { sent });
        await sender.send(server, 1);
        await untilStored(engine, sent + 1);
        expect(await stored(engine)).toEqual(all(sent + 1));
      });
    });
  },
  TEST_MS_MAX,
);

describe("a node that is killed at its start", () => {
  const says = (text: string) => (request: SeenRequest) => request.body.toString("latin1").includes(text);
  const STEPS: Readonly<Record<string, (request: SeenRequest) => boolean>> = {
    "as it asks for the version": says("SELECT version()"),
    "as the table of versions is made": says("CREATE TABLE IF NOT EXISTS simplelogs_schema"),
    "as the table of nodes is made": says("CREATE TABLE IF NOT EXISTS simplelogs_nodes"),
    "as the table of records is made": says("CREATE TABLE IF NOT EXISTS records"),
    "as the version is written": says("INSERT INTO simplelogs_schema"),
    "as it looks for records of others": says("LIMIT 1"),
    "as it claims its number": says("INSERT INTO simplelogs_nodes"),
    "as it looks at the claims before a batch": says("FROM simplelogs_nodes"),
    "as it asks which ids of a batch are stored": says(
      "SELECT groupArray(id) FROM (SELECT id FROM records WHERE node = {node:UInt16} AND id >= {from:UInt64}",
    ),
  };
  for (const [step, matches] of Object.entries(STEPS)) {
    for (const isDone of [false, true]) {
      test(
        `${step}, ${isDone ? "after" : "before"} the server has done it, ships every record once`,
        async () => {
          await withStoppedServer(configOf(), async (server) => {
            let isHit = false;
            let isKilled: Promise<void> | undefined;
            engine.onRequest = (request) => {
              if (isHit || !matches(request)) return;
              isHit = true;
              engine.fail(isDone ? "answer_hangs" : "request_lost");
              // The answer that hangs comes within this time; then nobody hears it.
              isKilled = new Promise((resolve) => setTimeout(resolve, isDone ? 400 : 0)).then(() => server.kill());
            };
            // A batch whose outcome is uncertain, so that each step comes.
            engine.fail("answer_lost", 1, isInsert);
            await server.start().catch(() => undefined);
            const sender = new Sender();
            const sending = sender.send(server, 100);
            await untilTrue("it is hit", () => isHit);
            await isKilled;
            await server.start();
            await sending;
            await sender.send(server, 50);
            await untilStored(engine, 150);
            expect(await stored(engine)).toEqual(all(150));
          });
        },
        TEST_MS_MAX,
      );
    }
  }
});

test(
  "two servers with the same number that start together: one ships, the other refuses and keeps all",
  async () => {
    await withServer(configOf("node = 4"), (first) =>
      withServer(configOf("node = 4"), async (second) => {
        const senders = [new Sender(), Object.assign(new Sender(), { sent: 1_000 })];
        await Promise.all([senders[0]?.send(first, 100), senders[1]?.send(second, 100)]);
        const problems = async () => (await Promise.all([first, second].map(statusOf))).map(({ problem }) => problem);
        await eventually("one of them refuses", async () =>
          (await problems()).some((problem) => problem?.includes("clickhouse.node") === true),
        );
        await untilStored(engine, 100);
        await Bun.sleep(3_000);
        expect(await stored(engine)).toEqual(all(100));
        const refusing = (await problems())[0] === null ? second : first;
        expect(await refusing.export("--data", refusing.dataFile)).toHaveLength(100);
      }),
    );
  },
  TEST_MS_MAX,
);
