// The executable is asked to stop, or held still, while clients send.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, withServer } from "../support/server.ts";

const STOP_MS_MAX = 10_000;
/**
 * How long the process is held still: longer than a commit, shorter than the wait after which batches are withdrawn.
 */
const HELD_MS = 3_000;

describe("SIGTERM while clients send", () => {
  for (const durability of ["sync", "write", "memory"]) {
    test(`ends the server with exit code 0 within 10 s, and every batch answered 202 is stored (${durability})`, async () => {
      const random = seededRandom(runSeed(`SIGTERM under ${durability}`));
      const config = configText({ tables: `[storage]\ndurability = "${durability}"` });
      await withServer(config, async (server) => {
        const load = new Load(server, { random, clients: 6, entriesMax: 50 });
        load.start();
        await untilTrue("batches are accepted", () => load.accepted.size > 2_000);
        const startedAt = performance.now();
        expect(await server.stop()).toBe(0);
        expect(performance.now() - startedAt).toBeLessThan(STOP_MS_MAX);
        await untilTrue("clients find nobody any more", () => load.count(0) > 0);
        await load.stop(true);
        expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
        expect([...load.statuses.keys()].sort((a, b) => a - b)).toEqual([0, 202]);
      });
    });
  }

  test("leaves a data file without faults, in which retried batches are stored once", async () => {
    const random = seededRandom(runSeed("SIGTERM and on"));
    await withServer(configText(), async (server) => {
      const load = new Load(server, { random, clients: 4, entriesMax: 20, sendsTimings: true });
      load.start();
      for (let round = 0; round < 3; round++) {
        const target = load.accepted.size + 500;
        await untilTrue("batches are accepted", () => load.accepted.size > target);
        expect(await server.stop()).toBe(0);
        await server.start();
      }
      await load.stop();
      expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      expect(load.accepted).toEqual(load.sent);
    });
  });
});

describe("SIGSTOP for three seconds under load, then SIGCONT", () => {
  test("loses nothing, stores nothing twice, and refuses nothing", async () => {
    const random = seededRandom(runSeed("SIGSTOP"));
    await withServer(configText(), async (server) => {
      const load = new Load(server, { random, clients: 6, entriesMax: 20, sendsTimings: true });
      load.start();
      await untilTrue("batches are accepted", () => load.accepted.size > 500);
      server.signal("SIGSTOP");
      try {
        const heldAt = performance.now();
        await untilTrue("it was held long enough", () => performance.now() - heldAt > HELD_MS);
      } finally {
        server.signal("SIGCONT");
      }
      const target = load.accepted.size + 500;
      await untilTrue("batches are accepted again", () => load.accepted.size > target);
      await load.stop();
      expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      expect([...load.statuses.keys()]).toEqual([202]);
      const ready = await fetch(`${server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([200, { status: "ready" }]);
    });
  });
});
