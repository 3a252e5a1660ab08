// The executable is killed again and again on one data file, while clients send, send again, and pair.

import { describe, expect, test } from "bun:test";
import { type Durability, tortureByKill } from "../../scripts/src/torture/kill.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, withServer } from "../support/server.ts";

/** ROUNDS= makes it more; scripts/torture does 200 of each. */
const ROUNDS = Number(process.env["ROUNDS"] ?? 8);
const TEST_MS_MAX = 60_000 + ROUNDS * 30_000;

function killedAgainAndAgain(durability: Durability) {
  return async () => {
    const random = seededRandom(runSeed(`kill -9 under ${durability}`));
    const { broken, rounds, batches } = await tortureByKill(durability, ROUNDS, random);
    expect({ broken, rounds }).toEqual({ broken: [], rounds: ROUNDS });
    expect(batches).toBeGreaterThan(10 * ROUNDS);
  };
}

describe("after kill -9", () => {
  test(
    "under sync, every batch answered 202 is stored once, also when retried, and starts still pair with their ends",
    killedAgainAndAgain("sync"),
    TEST_MS_MAX,
  );

  test("under write, the same holds", killedAgainAndAgain("write"), TEST_MS_MAX);

  test(
    "under memory, no batch is stored twice or in part, and each client loses only its latest batches",
    killedAgainAndAgain("memory"),
    TEST_MS_MAX,
  );
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
