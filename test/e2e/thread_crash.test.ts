// The server with one thread after the other brought down under load, in every way in which a thread can end: what was
// answered 202 is there once, the others go on, and the thread comes back. Threads of the server as it is, with a hand
// on their channels.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { RejectionsResponse } from "../../src/core/account_responses.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse } from "../../src/core/responses.ts";
import { THREADS, type ThreadName } from "../../src/core/telemetry.ts";
import { untilTrue } from "../support/condition.ts";
import { DEATHS, isOrdered, orderDeath } from "../support/dying_on_demand.ts";
import { eventually } from "../support/eventually.ts";
import { closingGap, compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { AUTHORIZATION, read, TailClient } from "../support/read_api.ts";
import { configText, SERVER_KEY, type TestServer, withStoppedServer } from "../support/server.ts";

const PROGRAM = join(import.meta.dir, "../support/dying_server.ts");
/** How a thread dies by itself. Each way once in a test. */
const ENDING_WAYS = DEATHS.filter((death) => death !== "hang");
/**
 * The compactor is asked for something only now and then, and some seconds later than else once a merge came to
 * nothing.
 */
const RESTART_MS_MAX = 60_000;

const ON_DEMAND = THREADS.flatMap((thread) => [thread, `dying_${thread}_on_demand.ts`]);
const POISONED = ["writer", "poisoned_writer.ts"];

function withDyingServer(
  threads: readonly string[],
  tables: string,
  work: (server: TestServer) => Promise<void>,
): Promise<void> {
  return withStoppedServer(configText({ tables }), async (server) => {
    server.program = [process.execPath, PROGRAM, ...threads];
    await server.startAs();
    await work(server);
  });
}

async function statusOf(server: TestServer, path: string): Promise<number> {
  const answer = await fetch(`${server.url}${path}`, { headers: AUTHORIZATION });
  await answer.text();
  return answer.status;
}

/** All records, by the server itself. */
async function recordsOf(server: TestServer): Promise<ShownRecord[]> {
  const answer = await fetch(`${server.url}/api/v1/export`, { headers: AUTHORIZATION });
  const lines = (await answer.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ShownRecord);
}

async function restartsOf(server: TestServer, thread: ThreadName): Promise<number | undefined> {
  return (await server.metrics()).get(`simplelogs_thread_restarts_total{thread="${thread}"}`);
}

function deathsLogged(server: TestServer, thread: ThreadName): number {
  return server.logLines.filter(({ level, message }) => {
    return level === "ERROR" && message.startsWith(`the ${thread} thread`) && message.endsWith("starting another");
  }).length;
}

/** Somebody who reads all the time; each status is kept. */
class Questions {
  readonly statuses = new Set<number>();
  readonly #running: Promise<void>;
  #isStopping = false;

  constructor(server: TestServer) {
    this.#running = (async () => {
      while (!this.#isStopping) {
        this.statuses.add(await statusOf(server, "/api/v1/entries?limit=5&q=entry"));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })();
  }

  async stop(): Promise<number[]> {
    this.#isStopping = true;
    await this.#running;
    return [...this.statuses].sort((a, b) => a - b);
  }
}

/** Brings a thread down in each way while entries come and are read. */
async function endAgainAndAgain(server: TestServer, thread: ThreadName, pauseMs: number) {
  const random = seededRandom(runSeed(`${thread} ends`));
  const load = new Load(server, { random, clients: 4, entriesMax: 20, sendsTimings: true, pauseMs });
  const questions = new Questions(server);
  load.start();
  for (const [index, way] of ENDING_WAYS.entries()) {
    orderDeath(server.dataFile, thread, way);
    const isBack = async () => (await restartsOf(server, thread)) === index + 1;
    await eventually(`the ${thread} was started again after ${way}`, isBack, RESTART_MS_MAX);
    const accepted = load.accepted.size;
    await eventually("entries are accepted", async () => load.accepted.size > accepted + 200);
    await eventually("it is ready", async () => (await statusOf(server, "/readyz")) === 200);
    await eventually("questions are answered", async () => (await statusOf(server, "/api/v1/entries?limit=1")) === 200);
  }
  await load.stop();
  const asked = await questions.stop();
  expect(compare(load, await recordsOf(server))).toEqual(NOTHING_WRONG);
  expect(load.accepted).toEqual(load.sent);
  expect(closingGap(await server.metrics())).toBe(0);
  await untilTrue("each death is logged", () => deathsLogged(server, thread) >= ENDING_WAYS.length);
  expect(deathsLogged(server, thread)).toBe(ENDING_WAYS.length);
  for (const other of THREADS.filter((name) => name !== thread)) expect(await restartsOf(server, other)).toBe(0);
  return { sent: [...load.statuses.keys()].sort((a, b) => a - b), asked };
}

describe("under load", () => {
  test("the writer dies again and again, and waiting requests are answered and stored once", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      const statuses = await endAgainAndAgain(server, "writer", 1);
      expect(statuses).toEqual({ sent: [202], asked: [200] });
      expect(await server.stop()).toBe(0);
    });
  }, 300_000);

  test("the compactor dies again and again, and requests succeed and blocks are merged", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      const statuses = await endAgainAndAgain(server, "compactor", 8);
      expect(statuses).toEqual({ sent: [202], asked: [200] });
      await eventually("the blocks are merged", async () => {
        return ((await server.metrics()).get("simplelogs_blocks") ?? Number.NaN) < 10;
      });
    });
  }, 300_000);

  test("the reader dies again and again, entries are stored, and queries get an answer or 503", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      const { sent, asked } = await endAgainAndAgain(server, "reader", 1);
      expect(sent).toEqual([202]);
      expect([[200], [200, 503]]).toContainEqual(asked);
    });
  }, 300_000);
});

describe("a live tail", () => {
  test("ends with the reader, and misses nothing when resumed after its last record", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      const random = seededRandom(runSeed("tail"));
      const load = new Load(server, { random, clients: 2, entriesMax: 5, pauseMs: 2 });
      const seen: string[] = [];
      let after = 0;
      load.start();
      for (let round = 0; round < 3; round++) {
        const tail = await TailClient.open(server, "q=entry", after);
        const before = load.accepted.size;
        await eventually("it has shown some", async () => tail.events.length > 20 && load.accepted.size > before + 50);
        orderDeath(server.dataFile, "reader", "throw");
        await eventually(
          "the reader was started again",
          async () => (await restartsOf(server, "reader")) === round + 1,
        );
        await tail.close();
        seen.push(...tail.events.map(({ data }) => String(data["message"])));
        after = tail.events.at(-1)?.id ?? 0;
        await eventually("another tail can be opened", async () => (await statusOf(server, "/api/v1/entries")) === 200);
      }
      await load.stop();
      const tail = await TailClient.open(server, "q=entry", after);
      await untilTrue("it has shown the rest", () => seen.length + tail.events.length >= load.accepted.size);
      await tail.close();
      seen.push(...tail.events.map(({ data }) => String(data["message"])));
      expect(seen.sort()).toEqual([...load.accepted].sort());
    });
  }, 300_000);
});

describe("a thread that hangs", () => {
  test("does not stop ingestion if it is the reader", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      await server.send([{ message: "before" }]);
      expect((await read<EntriesResponse>(server, "entries")).entries.length).toBe(1);
      orderDeath(server.dataFile, "reader", "hang");
      await untilTrue("it hangs", () => !isOrdered(server.dataFile, "reader"));
      const asked = statusOf(server, "/api/v1/entries").catch(() => 0);
      await server.send([{ message: "after" }]);
      expect(await statusOf(server, "/readyz")).toBe(200);
      expect(await server.stop()).toBe(0);
      expect(await asked).not.toBe(200);
    });
  }, 300_000);

  test("does not stop ingestion or queries if it is the compactor", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      orderDeath(server.dataFile, "compactor", "hang");
      let sent = 0;
      await eventually("it was started, and hangs", async () => {
        // Apart from one another, so that each is a block and there is something to merge.
        await server.send([{ message: `message ${sent++}` }]);
        return !isOrdered(server.dataFile, "compactor");
      });
      for (let batch = 0; batch < 50; batch++) await server.send([{ message: `message ${sent++}` }]);
      expect((await read<EntriesResponse>(server, "entries?limit=1000")).entries.length).toBe(sent);
      expect(await statusOf(server, "/readyz")).toBe(200);
      expect(await server.stop()).toBe(0);
    });
  }, 300_000);

  test("makes /readyz fail and waiting requests get 503 if it is the writer, while queries still work", async () => {
    await withDyingServer(ON_DEMAND, "", async (server) => {
      await server.send([{ message: "before" }]);
      orderDeath(server.dataFile, "writer", "hang");
      await eventually("it is not ready", async () => (await statusOf(server, "/readyz")) === 503);
      const body = { key: SERVER_KEY, source: "server", entries: [{ message: "after" }] };
      const answers = await Promise.all([server.post(body), server.post(body)]);
      expect(answers.map(({ status }) => status)).toEqual([503, 503]);
      const entries = await read<EntriesResponse>(server, "entries");
      expect(entries.entries.map(({ message }) => message)).toEqual(["before"]);
    });
  }, 300_000);
});

describe.each(["sync", "write", "memory"])("a batch that crashes the writer, under %s", (durability) => {
  const tables = `[storage]\ndurability = "${durability}"`;
  const poison = (name: string) => ({
    key: SERVER_KEY,
    source: "server",
    entries: [{ message: `${name} poison-always` }, { message: name }],
  });
  const internal = 'simplelogs_entries_dropped_total{reason="internal"}';
  const settled = (server: TestServer, count: number) =>
    eventually(`${count} entries are set aside`, async () => (await server.metrics()).get(internal) === count);

  test("is set aside and shown among the rejections, and others are stored, also after restarts and kill -9", async () => {
    await withDyingServer(POISONED, tables, async (server) => {
      const random = seededRandom(runSeed(`poison under ${durability}`));
      const load = new Load(server, { random, clients: 3, entriesMax: 5, sendsTimings: true, pauseMs: 5 });
      load.start();
      for (let batch = 1; batch <= 3; batch++) {
        const answer = await server.post(poison(`batch ${batch}`));
        expect(answer.status).toBe(durability === "memory" ? 202 : 500);
        await settled(server, 2 * batch);
      }
      await load.stop();
      await eventually("nothing waits", async () => (await server.metrics()).get("simplelogs_entries_queued") === 0);
      expect(compare(load, await recordsOf(server))).toEqual(NOTHING_WRONG);
      expect(load.accepted).toEqual(load.sent);
      const crashes = (await restartsOf(server, "writer")) as number;
      await untilTrue("each crash is logged", () => deathsLogged(server, "writer") === crashes);

      // Killed between its first crash and its second one, it was not answered, so nobody counts it.
      const killed = { key: SERVER_KEY, source: "server", entries: [{ message: "killed poison-then-hang" }] };
      const unanswered = server.post(killed).catch(() => undefined);
      await untilTrue("it has crashed once", () => deathsLogged(server, "writer") > crashes);
      await server.kill();
      await unanswered;
      await server.startAs();
      const figures = await server.metrics();
      expect([figures.get(internal), closingGap(figures)]).toEqual([6, 0]);
      expect(compare(load, await recordsOf(server))).toEqual(NOTHING_WRONG);

      await server.post(poison("sent again"));
      await settled(server, 8);
      expect(await server.stop()).toBe(0);
      await server.startAs();
      const { rejections } = await read<RejectionsResponse>(server, "rejections");
      expect(rejections.map(({ reason, apiKey }) => [reason, apiKey])).toEqual(
        Array.from({ length: 4 }, () => ["internal", "test"]),
      );
      const shown = ["sent again", "batch 3", "batch 2", "batch 1"];
      expect(rejections.map(({ entry }, index) => JSON.stringify(entry).includes(`${shown[index]} poison`))).toEqual(
        new Array(4).fill(true),
      );
      expect(closingGap(await server.metrics())).toBe(0);
    });
  }, 300_000);
});
