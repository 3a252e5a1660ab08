// Starts and ends over the wire: one record for each pair, in either order of arrival, in one batch or many, and when
// the server dies or is stopped between them.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../src/core/record.ts";
import { eventually } from "../support/eventually.ts";
import { CLIENT_KEY, configText, type TestServer, withServer } from "../support/server.ts";

const ORIGIN = "http://localhost:3000";
const AT = Date.now() - 60_000;

const START = { key: "req-1", touchpoint: "db/query", startTime: AT, message: "begun", metadata: { a: 1, b: 1 } };
const END = { key: "req-1", endTime: AT + 42.5, metadata: { b: 2, c: 3 } };

/** START and END as one record: the end's fields, the start's where the end lacks them. */
const PAIR = {
  id: 1,
  project: "default",
  apiKey: "test",
  kind: "timing",
  status: "completed",
  time: AT,
  source: "server",
  keyType: "server",
  touchpoint: "db/query",
  key: "req-1",
  message: "begun",
  startTime: AT,
  endTime: AT + 42.5,
  duration: 42.5,
  metadata: { a: 1, b: 2, c: 3 },
};

type Shown = Omit<ShownRecord, "receivedAt">;

async function exported(server: TestServer): Promise<Shown[]> {
  return (await server.export()).map((record) => {
    const { receivedAt, ...rest } = record;
    expect(receivedAt).toBeGreaterThan(AT);
    return rest;
  });
}

async function openCount(server: TestServer): Promise<number | undefined> {
  return (await server.metrics()).get("simplelogs_entries_open");
}

async function statuses(server: TestServer): Promise<(string | undefined)[]> {
  return (await server.export()).map((record) => record.status);
}

describe("a start and its end become one record", () => {
  const ways: readonly (readonly [way: string, batches: readonly (readonly unknown[])[]])[] = [
    ["in one batch", [[START, END]]],
    ["in one batch, the end first", [[END, START]]],
    ["in two batches", [[START], [END]]],
    ["in two batches, the end first", [[END], [START]]],
  ];
  test.each(ways)("%s", (_, batches) =>
    withServer(configText(), async (server) => {
      for (const batch of batches) await server.send(batch);
      expect(await exported(server)).toEqual([PAIR] as Shown[]);
      expect(await openCount(server)).toBe(0);
      expect((await server.metrics()).get("simplelogs_entries_stored_total")).toBe(2);
    }),
  );

  const ends: readonly (readonly [end: string, end: (server: TestServer) => Promise<unknown>])[] = [
    ["kill -9", (server) => server.kill()],
    ["SIGTERM", (server) => server.stop()],
  ];
  describe.each(ends)("a start and its end, with a restart by %s between them,", (_, endServer) => {
    test.each([
      ["the start before it", START, END],
      ["the end before it", END, START],
    ])("%s", (_, first, second) =>
      withServer(configText(), async (server) => {
        await server.send([first]);
        expect(await openCount(server)).toBe(1);
        await endServer(server);
        await server.start();
        expect(await openCount(server)).toBe(1);
        await server.send([second]);
        expect(await exported(server)).toEqual([PAIR] as Shown[]);
        expect(await openCount(server)).toBe(0);
      }),
    );
  });

  test("by touchpoint alone, oldest start first", () =>
    withServer(configText(), async (server) => {
      const touchpoint = "jobs/import";
      await server.send([1, 2, 3].map((n) => ({ touchpoint, startTime: AT + n, metadata: { n } })));
      await server.send([
        { touchpoint, endTime: AT + 10 },
        { touchpoint, endTime: AT + 20 },
      ]);
      expect(
        (await exported(server)).map(({ startTime, endTime, metadata }) => [startTime, endTime, metadata]),
      ).toEqual([
        [AT + 1, AT + 10, { n: 1 }],
        [AT + 2, AT + 20, { n: 2 }],
      ]);
      expect(await openCount(server)).toBe(1);
    }));

  test("by key between browser and server, but not by touchpoint", () =>
    withServer(configText(), async (server) => {
      const begin = { key: CLIENT_KEY, source: "client" };
      const byKey = { key: "checkout-7", startTime: AT };
      const byTouchpoint = { touchpoint: "shop/checkout", startTime: AT };
      const answer = await server.post({ ...begin, entries: [byKey, byTouchpoint] }, { origin: ORIGIN });
      expect(answer.status).toBe(202);
      await server.send([
        { key: "checkout-7", endTime: AT + 5 },
        { touchpoint: "shop/checkout", endTime: AT + 5 },
      ]);
      expect((await exported(server)).map(({ key, status, duration }) => [key, status, duration])).toEqual([
        ["checkout-7", "completed", 5],
      ]);
      // The browser's start and the server's end wait on.
      expect(await openCount(server)).toBe(2);
    }));
});

describe("a timing that is sent complete", () => {
  test("is stored at once, keeps its own duration, and absorbs a late start", () =>
    withServer(configText(), async (server) => {
      const complete = {
        key: "req-2",
        startTime: AT,
        endTime: AT + 42,
        duration: 41.25,
        metadata: { rowsReturned: 128 },
      };
      await server.send([complete, { duration: 7, touchpoint: "alone", timestamp: AT }]);
      const shown = await exported(server);
      expect(shown.map(({ status, startTime, endTime, duration }) => [status, startTime, endTime, duration])).toEqual([
        ["completed", AT, AT + 42, 41.25],
        ["completed", AT - 7, AT, 7],
      ]);
      await server.send([{ key: "req-2", startTime: AT }]);
      expect(await openCount(server)).toBe(0);
      expect(await exported(server)).toEqual(shown);
    }));
});

describe("a timing without its other half", () => {
  // Long enough that both still wait when they are exported, on any machine.
  const tables = '[timings]\ntimeout = "10s"\norphan_grace = "10s"';

  test("is stored as started if the start is standalone, and its end is stored as completed", () =>
    withServer(configText(), async (server) => {
      await server.send([{ ...START, standalone: true }]);
      expect(await statuses(server)).toEqual(["started"]);
      await server.send([END]);
      expect((await exported(server)).map(({ status, startTime, endTime }) => [status, startTime, endTime])).toEqual([
        ["started", AT, undefined],
        ["completed", AT, AT + 42.5],
      ]);
    }));

  test("is stored as unfinished after the timeout, or as orphaned after the grace", () =>
    withServer(configText({ tables }), async (server) => {
      await server.send([START, { key: "another", endTime: AT }]);
      expect(await exported(server)).toEqual([]);
      await eventually("both are stored", async () => (await openCount(server)) === 0);
      const shown = (await exported(server)).map(({ key, status, duration }) => [key, { status, duration }]);
      expect(Object.fromEntries(shown)).toEqual({
        another: { status: "orphaned", duration: undefined },
        "req-1": { status: "unfinished", duration: undefined },
      });
    }));

  test("is stored at once if no end could ever match it", () =>
    withServer(configText(), async (server) => {
      await server.send([
        { startTime: AT, message: "nameless" },
        { endTime: AT, touchpoint: "", key: "" },
      ]);
      expect(await statuses(server)).toEqual(["unfinished", "orphaned"]);
      expect(await openCount(server)).toBe(0);
    }));

  test("never pairs when it ended before it began", () =>
    withServer(configText(), async (server) => {
      await server.send([
        { key: "k", startTime: AT },
        { key: "k", endTime: AT - 1 },
      ]);
      expect(await exported(server)).toEqual([]);
      expect(await openCount(server)).toBe(2);
    }));
});
