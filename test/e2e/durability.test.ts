// The executable is killed again and again on one data file, while clients send, send again, and pair.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { closingGap, compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import { configText, withServer } from "../support/server.ts";

/** ROUNDS= makes it more. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 12);
const TEST_MS_MAX = 60_000 + ROUNDS * 5_000;

function killedAgainAndAgain(durability: "sync" | "write", rounds: number) {
  return async () => {
    const random = seededRandom(runSeed(`kill -9 under ${durability}`));
    await withServer(configText({ tables: `[storage]\ndurability = "${durability}"` }), async (server) => {
      const load = new Load(server, { random, clients: 6, entriesMax: 20, sendsTimings: true });
      load.start();
      for (let round = 0; round < rounds; round++) {
        const { size } = load.accepted;
        const target = size + 50 + integer(random, 400);
        await untilTrue(`round ${round}: more batches are accepted`, () => load.accepted.size > target, 20_000);
        await server.kill();
        await server.start();
        const accepted = new Set(load.accepted);
        const { lost, twice, isInOrder } = compare(load, await server.export());
        // What was accepted after the export began may rightly be absent.
        const lostBefore = lost.filter((message) => accepted.has(message));
        expect({ round, lostBefore, twice, isInOrder }).toEqual({ round, lostBefore: [], twice: [], isInOrder: true });
      }
      await load.stop();
      expect(load.count(0)).toBeGreaterThan(rounds / 2);
      expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      expect(load.accepted).toEqual(load.sent);
      expect(load.ended.size).toBeGreaterThan(rounds);
      const metrics = await server.metrics();
      expect(closingGap(metrics)).toBe(0);
      expect(metrics.get("simplelogs_entries_stored_total")).toBe(load.sent.size + 2 * load.ended.size);
    });
  };
}

describe("after kill -9", () => {
  test(
    "under sync, every batch answered 202 is there once, retried ones too, and starts still find their ends",
    killedAgainAndAgain("sync", ROUNDS),
    TEST_MS_MAX,
  );

  test("under write as well", killedAgainAndAgain("write", Math.ceil(ROUNDS / 3)), TEST_MS_MAX);

  test("under memory, nothing is there twice, and what is lost is the end of it", async () => {
    await withServer(configText({ tables: '[storage]\ndurability = "memory"' }), async (server) => {
      for (let round = 0; round < 3; round++) {
        const accepted: string[] = [];
        for (let batch = 0; batch < 300; batch++) {
          const message = `round ${round} batch ${batch}`;
          await server.send([{ message, timestamp: Date.now() }]);
          accepted.push(message);
        }
        await server.kill();
        await server.start();
        const messages = (await server.export()).map((record) => record.message);
        const ofRound = messages.filter((message) => message?.startsWith(`round ${round} `));
        expect(ofRound).toEqual(accepted.slice(0, ofRound.length));
      }
    });
  });
});

describe("a start that was answered 202 before kill -9", () => {
  test("pairs with an end that comes afterwards, and is no duplicate of its own retry", async () => {
    await withServer(configText(), async (server) => {
      const startTime = Date.now();
      const start = [{ key: "req-1", touchpoint: "db/query", startTime, metadata: { a: 1, b: 1 } }];
      const end = [{ key: "req-1", endTime: startTime + 42, metadata: { b: 2 } }];
      await server.send(start);
      await server.kill();
      await server.start();
      expect((await server.metrics()).get("simplelogs_entries_open")).toBe(1);
      await server.send(start);
      await server.kill();
      await server.start();
      await server.send(end);
      const [record, ...others] = await server.export();
      expect(others).toEqual([]);
      const { kind, status, duration, metadata, touchpoint } = record ?? {};
      expect({ kind, status, duration, metadata, touchpoint }).toEqual({
        kind: "timing",
        status: "completed",
        duration: 42,
        metadata: { a: 1, b: 2 },
        touchpoint: "db/query",
      });
      const metrics = await server.metrics();
      const figure = (name: string) => metrics.get(`simplelogs_entries_${name}`);
      expect([figure("received_total"), figure("stored_total"), figure("open")]).toEqual([3, 2, 0]);
      expect(figure('dropped_total{reason="duplicate"}')).toBe(1);
    });
  });
});
