// The machine's clock is set while the executable runs, or between two starts. libfaketime sets it for that process
// alone.

import { describe, expect, test } from "bun:test";
import { setClock, tortureByClock } from "../../scripts/src/torture/clock.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, SERVER_KEY, type TestServer, withStoppedServer } from "../support/server.ts";

const LIBRARY = process.env["SIMPLELOGS_TEST_FAKETIME"] ?? "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
const DAY_S = 86_400;
const DECADES_S = 73 * 365 * DAY_S;
/** Two clocks that say the same differ by less than this when they are read one after the other. */
const SAME_MS_MAX = 60_000;

/** A server whose clock is right, until it is set. */
function withClock(tables: string, work: (server: TestServer) => Promise<void>): Promise<void> {
  return withStoppedServer(configText({ tables }), async (server) => {
    setClock(server, LIBRARY, 0);
    await server.start();
    await work(server);
  });
}

async function figures(server: TestServer): Promise<Record<string, number | undefined>> {
  const metrics = await server.metrics();
  const entries = (name: string) => metrics.get(`simplelogs_entries_${name}`);
  return { received: entries("received_total"), stored: entries("stored_total"), open: entries("open") };
}

describe("a clock that is set ahead by decades and back again", () => {
  test("deletes no record by age, and the log says so", async () => {
    await withClock("", async (server) => {
      await server.send([{ message: "before" }]);
      setClock(server, LIBRARY, DECADES_S);
      await server.send([{ message: "meanwhile" }]);
      const jumps = () =>
        server.logLines.map(({ message }) => message).filter((text) => text.includes("clock was set"));
      await untilTrue("the jump is told of", () => jumps().length > 0);
      expect(jumps()).toEqual([
        "the machine's clock was set 26645 days ahead, or the machine slept; deletion by age follows by a day an hour",
      ]);
      // Retention looks at every start.
      await server.kill();
      await server.start();
      await server.send([{ message: "started then" }]);
      expect((await server.metrics()).get("simplelogs_records")).toBe(3);
      setClock(server, LIBRARY, 0);
      await server.send([{ message: "after" }]);
      const records = await server.export();
      const aheadMs = records.map((record) => record.receivedAt - Date.now());
      expect(records.map((record) => record.message)).toEqual(["before", "meanwhile", "started then", "after"]);
      // Or the clock was not set at all.
      expect(aheadMs.map((ms) => Math.abs(ms) < SAME_MS_MAX)).toEqual([true, false, false, true]);
    });
  });

  test("neither expires pending timings nor forgets requests that were sent before", async () => {
    await withClock("", async (server) => {
      const now = Date.now();
      const start = [{ key: "req-1", startTime: now, timestamp: now }];
      const log = [{ message: "once", timestamp: now }];
      const send = async (entries: readonly object[], name: string) => {
        const batch = { key: SERVER_KEY, source: "server", entries };
        expect((await server.post(batch, { "idempotency-key": name })).status).toBe(202);
      };
      await send(start, "start");
      await send(log, "log");
      for (const [index, offsetS] of [DECADES_S, 0, -DAY_S * 40, 0].entries()) {
        setClock(server, LIBRARY, offsetS);
        await send(start, "start");
        await send(log, "log");
        expect(await figures(server)).toMatchObject({ received: 4 + 2 * index, stored: 1, open: 1 });
      }
      await server.send([{ key: "req-1", endTime: now + 7 }]);
      expect(await figures(server)).toMatchObject({ stored: 3, open: 0 });
      expect((await server.export()).map(({ message, status, duration }) => [message, status, duration])).toEqual([
        ["once", undefined, undefined],
        [undefined, "completed", 7],
      ]);
    });
  });
});

describe("a server that is killed, and starts with a clock that is three days or decades ahead", () => {
  test("deletes nothing at once, keeps pending timings, and recognises earlier requests", async () => {
    await withClock("", async (server) => {
      const old = Date.now() - 29 * DAY_S * 1_000;
      await server.send([{ message: "old", timestamp: old }]);
      const batch = { key: SERVER_KEY, source: "server", entries: [{ key: "req-1", startTime: Date.now() }] };
      const sendAgain = () => server.post(batch, { "idempotency-key": "start" });
      expect((await sendAgain()).status).toBe(202);
      for (const offsetS of [3 * DAY_S, DECADES_S]) {
        await server.kill();
        setClock(server, LIBRARY, offsetS);
        await server.start();
        expect((await sendAgain()).status).toBe(202);
      }
      expect(await figures(server)).toMatchObject({ received: 4, stored: 1, open: 1 });
      expect((await server.metrics()).get("simplelogs_records")).toBe(1);
      await server.send([{ key: "req-1", endTime: Date.now() + 7 }]);
      expect(await figures(server)).toMatchObject({ stored: 3, open: 0 });
    });
  });
});

describe("a server that starts with a clock earlier than before", () => {
  test("expires pending timings after their timeout, not after decades, and still runs retention", async () => {
    // Long enough that it still waits when it is asked for, on any machine.
    const tables = '[timings]\norphan_grace = "1s"\ntimeout = "12s"\n[projects.default]\nretention = "3s"';
    await withClock(tables, async (server) => {
      await server.stop();
      setClock(server, LIBRARY, DECADES_S);
      await server.start();
      await server.send([{ key: "start", startTime: Date.now() + DECADES_S * 1000 }]);
      await server.kill();
      setClock(server, LIBRARY, 0);
      await server.start();
      expect(await figures(server)).toMatchObject({ received: 1, open: 1 });
      await eventually("its time is up", async () => (await figures(server)).open === 0);
      expect(await figures(server)).toMatchObject({ received: 1, stored: 1 });
      await server.send([{ message: "brief" }]);
      setClock(server, LIBRARY, -60);
      await server.send([{ message: "before it" }]);
      setClock(server, LIBRARY, 0);
      // The first record is of the far future and stays; the other two expire.
      const records = async () => (await server.metrics()).get("simplelogs_records");
      await eventually("retention removes them", async () => (await records()) === 1);
    });
  }, 180_000);
});

describe("a clock that jumps about for a while, under load", () => {
  test("loses nothing, stores nothing twice, and pairs every start with its end", async () => {
    const random = seededRandom(runSeed("clock"));
    const { broken, rounds } = await tortureByClock(LIBRARY, 8, random);
    expect({ broken, rounds }).toEqual({ broken: [], rounds: 8 });
  }, 180_000);
});
