// The compiled server in front of the real engine: killed at each step of shipping, with ClickHouse away, past the
// bound of the backlog, and three of them. Always: count = distinct ids = sent.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { untilTrue } from "../support/condition.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";
import { configText, SERVER_KEY, withServer, withStoppedServer } from "../support/server.ts";
import { all, DATABASE, isInsert, Sender, statusOf, stored, untilStored } from "./sender.ts";
import { ClickHouseServer, type Fault, type SeenRequest } from "./server.ts";

const TEST_MS_MAX = 240_000;

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

function configOf(lines = "", tables = ""): string {
  return configText({ tables: `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\n${lines}\n${tables}` });
}

test(
  "what is accepted is in the cluster a few seconds later, and status and metrics say so",
  async () => {
    await withServer(configOf("node = 7"), async (server) => {
      const sender = new Sender();
      await sender.send(server, 250);
      await untilStored(engine, 250);
      expect(await stored(engine)).toEqual(all(250));
      expect(await engine.ask(`SELECT DISTINCT node, project FROM ${DATABASE}.${RECORDS}`)).toBe("7\tdefault");
      let metrics = new Map<string, number>();
      const isDone = () =>
        metrics.get("simplelogs_shipped_records_total") === 250 &&
        metrics.get("simplelogs_shipping_backlog_records") === 0;
      // A batch counts as shipped a moment before the data file says so.
      while (!isDone()) metrics = await server.metrics();
      expect(metrics.get("simplelogs_shipping_lag_seconds")).toBe(0);
      expect(metrics.get("simplelogs_shipping_backlog_bytes_limit")).toBe(10 * 2 ** 30);
      expect(await statusOf(server)).toMatchObject({ backlogRecords: 0, lagMs: 0, problem: null });
    });
  },
  TEST_MS_MAX,
);

test(
  "shipping gets a share of a busy machine, so it is not at the lowest priority",
  async () => {
    await withServer(configOf(), async (server) => {
      await new Sender().send(server, 10);
      await untilStored(engine, 10);
      expect(threadPriorities(server.pid)).toContain(5);
    });
    await withServer(configText(), async (server) => {
      expect(threadPriorities(server.pid)).not.toContain(5);
    });
  },
  TEST_MS_MAX,
);

/** The nice value of each thread of a process. */
function threadPriorities(pid: number): number[] {
  const folder = `/proc/${pid}/task`;
  // After the name, in parentheses, come the fields from the third on; the 19th is the nice value. Source: proc(5).
  return readdirSync(folder).map((thread) => {
    const stat = readFileSync(`${folder}/${thread}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

describe("a node that is killed", () => {
  /** By name: whether the process ends as this request comes, and what becomes of the request. */
  const STEPS: Readonly<Record<string, { matches: (request: SeenRequest) => boolean; fault: Fault | undefined }>> = {
    "as the tables are made": {
      matches: ({ body }) => body.toString().startsWith("CREATE TABLE"),
      fault: undefined,
    },
    "as it asks whose number it has": { matches: ({ body }) => body.includes("LIMIT 1"), fault: undefined },
    "before its batch is stored": { matches: isInsert, fault: "request_lost" },
    "after its batch is stored, before it knows": { matches: isInsert, fault: "answer_hangs" },
    "as its batch is stored": { matches: isInsert, fault: undefined },
  };
  for (const [step, { matches, fault }] of Object.entries(STEPS)) {
    test(
      `${step} ships every record once`,
      async () => {
        await withServer(configOf(), async (server) => {
          const sender = new Sender();
          let isKilled: Promise<void> | undefined;
          engine.onRequest = (request) => {
            if (isKilled !== undefined || !matches(request)) return;
            if (fault !== undefined) engine.fail(fault);
            isKilled =
              fault === "answer_hangs"
                ? untilStored(engine, sender.sent).then(() => server.kill())
                : new Promise((resolve) => setTimeout(resolve, 0)).then(() => server.kill());
          };
          await server.kill();
          // Its first life may have made the tables.
          await emptyDatabase();
          // It may be killed before it says that it listens.
          await server.start().catch((error: unknown) => {
            if (isKilled === undefined) throw error;
          });
          // It may be killed before it is answered.
          await Promise.race([sender.send(server, 300), untilTrue("it is killed", () => isKilled !== undefined)]);
          await untilTrue("it is killed", () => isKilled !== undefined);
          await isKilled;
          await server.start();
          while (sender.sent === 0) await new Promise((resolve) => setTimeout(resolve, 20));
          await sender.send(server, 200);
          await untilStored(engine, 500);
          expect(await stored(engine)).toEqual(all(500));
        });
      },
      TEST_MS_MAX,
    );
  }

  const FAULTS: readonly Fault[] = [
    "answer_lost",
    "answer_cut",
    "request_lost",
    "request_cut",
    "unavailable",
    "unavailable_after",
    "other_server",
    "nothing",
    "redirect",
  ];

  test(
    "again and again under load, with faults between, ships every record once",
    async () => {
      const random = seededRandom(runSeed("kills of a node"));
      await withServer(configOf(), async (server) => {
        const sender = new Sender();
        const stopping = new AbortController();
        const sending = (async () => {
          while (!stopping.signal.aborted) await sender.send(server, 1 + integer(random, 400));
        })();
        for (let round = 0; round < 6; round++) {
          for (let count = integer(random, 3); count > 0; count--) {
            engine.fail(pick(random, FAULTS), 1, random() < 0.7 ? isInsert : () => true);
          }
          await new Promise((resolve) => setTimeout(resolve, 500 + integer(random, 3_000)));
          await server.kill();
          await server.start();
        }
        // On a slow machine many are left: with a pause after each, the last life would take minutes for them.
        engine.comeBack();
        stopping.abort();
        await sending;
        await untilStored(engine, sender.sent);
        expect(await stored(engine)).toEqual(all(sender.sent));
      });
    },
    TEST_MS_MAX,
  );
});

test(
  "ClickHouse that is not there at the start keeps nothing from being accepted, and gets all of it later",
  async () => {
    engine.leave();
    await withServer(configOf(), async (server) => {
      const sender = new Sender();
      await sender.send(server, 100);
      let status = await statusOf(server);
      while (status.problem === null) status = await statusOf(server);
      expect(status.problem).toContain("cannot reach");
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      engine.comeBack();
      await untilStored(engine, 100);
      expect(await stored(engine)).toEqual(all(100));
    });
  },
  TEST_MS_MAX,
);

test(
  "past backlog_max requests are answered 503, until enough is shipped; nothing that waits is deleted",
  async () => {
    engine.leave();
    const random = seededRandom(runSeed("noise"));
    await withServer(
      configOf('backlog_max = "1MiB"\nkeep_local = "1ms"', '[storage]\nmax_size = "1MiB"'),
      async (server) => {
        const noise = () =>
          Array.from({ length: 60_000 }, () => String.fromCharCode(33 + integer(random, 90))).join("");
        let [sent, status] = [0, 202];
        let answer: Response | undefined;
        for (; status === 202 && sent < 300; ) {
          answer = await server.post({
            key: SERVER_KEY,
            source: "server",
            entries: [{ message: noise(), metadata: { n: sent } }],
          });
          status = answer.status;
          if (status === 202) sent++;
        }
        expect(status).toBe(503);
        expect(answer?.headers.get("retry-after")).toMatch(/^\d+$/);
        expect(sent).toBeGreaterThan(10);
        const ready = await fetch(`${server.url}/readyz`);
        expect(ready.status).toBe(503);
        expect(await ready.text()).toContain("clickhouse.backlog_max");
        engine.comeBack();
        await untilStored(engine, sent);
        expect(await stored(engine)).toEqual(all(sent));
        const sender = new Sender();
        sender.sent = sent;
        await sender.send(server, 1);
        await untilStored(engine, sent + 1);
        expect(await stored(engine)).toEqual(all(sent + 1));
      },
    );
  },
  TEST_MS_MAX,
);

test(
  "three nodes in front of one engine, one of them killed under load, store every record once",
  async () => {
    const nodes = [1, 2, 3].map((node) => configOf(`node = ${node}`));
    await withStoppedServer(nodes[0], (first) =>
      withStoppedServer(nodes[1], (second) =>
        withStoppedServer(nodes[2], async (third) => {
          const servers = [first, second, third];
          await Promise.all(servers.map((server) => server.start()));
          const senders = servers.map((_, index) => Object.assign(new Sender(), { sent: index * 1_000_000 }));
          const stopping = new AbortController();
          const sending = servers.map(async (server, index) => {
            while (!stopping.signal.aborted) await senders[index]?.send(server, 50);
          });
          for (let round = 0; round < 3; round++) {
            await new Promise((resolve) => setTimeout(resolve, 2_000));
            await second.kill();
            await second.start();
          }
          stopping.abort();
          await Promise.all(sending);
          const total = senders.reduce((sum, { sent }, index) => sum + sent - index * 1_000_000, 0);
          await untilStored(engine, total);
          expect(await stored(engine)).toEqual(all(total));
        }),
      ),
    );
  },
  TEST_MS_MAX,
);

test(
  "a node with the number of another one ships nothing, and says why",
  async () => {
    await withServer(configOf("node = 2"), async (server) => {
      await new Sender().send(server, 20);
      await untilStored(engine, 20);
    });
    await withServer(configOf("node = 2"), async (server) => {
      await new Sender().send(server, 50);
      let status = await statusOf(server);
      while (status.problem === null) status = await statusOf(server);
      expect(status.problem).toContain("clickhouse.node");
      expect(await stored(engine)).toEqual(all(20));
    });
  },
  TEST_MS_MAX,
);
