// Small batches under load are durable in the redo log before they are flushed. Queries and exports must include them.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { untilTrue } from "../support/condition.ts";
import { closingGap, compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import { ADMIN_TOKEN, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const BEARER = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } };

/** Many clients of one entry each: groups are small and follow one another at once. */
function loadOf(server: TestServer, what: string): Load {
  return new Load(server, { random: seededRandom(runSeed(what)), clients: 24, entriesMax: 2, sendsTimings: true });
}

async function accepted(load: Load, more: number): Promise<void> {
  const target = load.accepted.size + more;
  await untilTrue(`${more} more batches are accepted`, () => load.accepted.size >= target);
}

/** Messages that the read API finds for a phrase. */
async function found(server: TestServer, phrase: string): Promise<unknown[]> {
  const answer = await fetch(`${server.url}/api/v1/entries?q=${encodeURIComponent(`"${phrase}"`)}`, BEARER);
  const { entries } = (await answer.json()) as { entries: { message: string }[] };
  return entries.map(({ message }) => message);
}

describe("under a load of small batches, through the redo log,", () => {
  test("answered batches are queried, counted and exported at once", async () => {
    await withServer(configText(), async (server) => {
      const load = loadOf(server, "reading under small batches");
      load.start();
      await accepted(load, 200);
      for (let round = 0; round < 20; round++) {
        const before = await server.metrics();
        await server.send([{ message: `probe ${round} here`, timestamp: Date.now() }]);
        const after = await server.metrics();
        expect(await found(server, `probe ${round} here`)).toEqual([`probe ${round} here`]);
        const received = (metrics: ReadonlyMap<string, number>) =>
          metrics.get("simplelogs_entries_received_total") ?? Number.NaN;
        expect(received(after)).toBeGreaterThan(received(before));
        expect([closingGap(before), closingGap(after)]).toEqual([0, 0]);
      }
      const known = new Set(load.accepted);
      const messages = new Set((await server.export()).map(({ message }) => message));
      expect([...known].filter((message) => !messages.has(message))).toEqual([]);
      await load.stop();
      expect(
        compare(
          load,
          (await server.export()).filter(({ message }) => !message?.startsWith("probe ")),
        ),
      ).toEqual(NOTHING_WRONG);
    });
  }, 120_000);

  test("export after kill -9 includes every answered batch without another start of the server", async () => {
    await withServer(configText(), async (server) => {
      const random = seededRandom(runSeed("export after a kill"));
      const load = loadOf(server, "killed under small batches");
      for (let round = 0; round < 4; round++) {
        load.start();
        await accepted(load, 100 + integer(random, 300));
        await server.kill();
        await load.stop(true);
        const exported = await server.export();
        const messages = new Set(exported.map(({ message }) => message));
        expect([...load.accepted].filter((message) => !messages.has(message))).toEqual([]);
        await server.start();
      }
      load.start();
      await load.stop();
      expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      expect(closingGap(await server.metrics())).toBe(0);
    });
  }, 120_000);

  test("no API key is in the data file or its WAL", async () => {
    await withServer(configText(), async (server) => {
      const load = loadOf(server, "keys under small batches");
      load.start();
      await accepted(load, 300);
      await server.kill();
      await load.stop(true);
      for (const suffix of ["", "-wal"]) {
        const file = `${server.dataFile}${suffix}`;
        expect(existsSync(file) && readFileSync(file).includes(SERVER_KEY)).toBe(false);
      }
    });
  });
});
