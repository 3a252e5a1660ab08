// Tests with a server whose threads end after a second without work, where it takes half a minute and more else: they
// come and go, and nobody notices. For each runtime that the server can run on.

import { expect, test } from "bun:test";
import type { EntriesResponse } from "../../src/core/responses.ts";
import { THREADS } from "../../src/core/telemetry.ts";
import { eventually } from "./eventually.ts";
import { read, TailClient } from "./read_api.ts";
import { configText, type TestServer, withStoppedServer } from "./server.ts";

type Program = readonly [string, ...string[]];

function withIdleServer(program: Program, work: (server: TestServer) => Promise<void>): Promise<void> {
  return withStoppedServer(configText({}), async (server) => {
    server.program = [...program, "idle", "1"];
    await server.startAs();
    await work(server);
    const metrics = await server.metrics();
    for (const thread of THREADS) expect(metrics.get(`simplelogs_thread_restarts_total{thread="${thread}"}`)).toBe(0);
    expect(server.logLines.filter(({ level }) => level === "WARN" || level === "ERROR")).toEqual([]);
    expect(await server.stop()).toBe(0);
  });
}

/** Whether there is a thread for merging and one for queries. */
async function runningOf(server: TestServer): Promise<(number | undefined)[]> {
  const metrics = await server.metrics();
  return ["writer", "compactor", "reader"].map((name) => metrics.get(`simplelogs_thread_running{thread="${name}"}`));
}

async function untilIdle(server: TestServer): Promise<void> {
  await eventually("only the writer runs", async () => Bun.deepEquals(await runningOf(server), [1, 0, 0]));
}

async function messagesOf(server: TestServer): Promise<(string | undefined)[]> {
  return (await read<EntriesResponse>(server, "entries?limit=1000")).entries.map(({ message }) => message);
}

/** `program` runs dying_server.ts. */
export function testIdleThreads(program: Program): void {
  test("a server that was just started has neither, and answers ten queries that come at once", async () => {
    await withIdleServer(program, async (server) => {
      expect(await runningOf(server)).toEqual([1, 0, 0]);
      const answers = await Promise.all(Array.from({ length: 10 }, () => messagesOf(server)));
      expect(answers).toEqual(answers.map(() => []));
      expect(await runningOf(server)).toEqual([1, 0, 1]);
    });
  }, 180_000);

  test("threads that were idle are ended, and the next queries and merges start them again", async () => {
    await withIdleServer(program, async (server) => {
      const sent: string[] = [];
      for (let round = 0; round < 3; round++) {
        // A block each, since a query has what came before written in full.
        for (let batch = 0; batch < 2; batch++) {
          sent.push(`round ${round} batch ${batch}`);
          await server.send([{ message: sent.at(-1) as string }]);
          expect(await messagesOf(server)).toEqual(sent.toReversed());
        }
        await eventually("all is merged", async () => (await server.metrics()).get("simplelogs_blocks") === 1);
        await untilIdle(server);
        const answers = await Promise.all(Array.from({ length: 10 }, () => messagesOf(server)));
        expect(answers).toEqual(answers.map(() => sent.toReversed()));
      }
    });
  }, 180_000);

  test("a live tail keeps its thread, and lets it go when it is closed", async () => {
    await withIdleServer(program, async (server) => {
      const tail = await TailClient.open(server, "q=entry", 0);
      await server.send([{ message: "entry one" }]);
      await eventually("it is shown", async () => tail.events.length === 1);
      await eventually("the merges are done", async () => (await runningOf(server))[1] === 0);
      // Idle ticks pass meanwhile: the compactor's last ones took one at least.
      expect((await runningOf(server))[2]).toBe(1);
      await server.send([{ message: "entry two" }]);
      await eventually("it is shown", async () => tail.events.length === 2);
      await tail.close();
      await untilIdle(server);
    });
  }, 180_000);
}
