// What is stored twice, what is not, what is dropped, and that every entry is accounted for: over the wire, and across
// a restart.

import { beforeAll, describe, expect, test } from "bun:test";
import { withinOneMonth } from "../support/calendar.ts";
import { eventually } from "../support/eventually.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const AT = Date.now() - 60_000;
const DAY_MS = 86_400_000;

async function messages(server: TestServer): Promise<(string | undefined)[]> {
  return (await server.export()).map((record) => record.message);
}

interface Sum {
  readonly received: number;
  readonly accountedFor: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** The two sides of the sum that always closes, and the drops that are not zero. */
async function sumOf(server: TestServer): Promise<Sum> {
  const figures = await server.metrics();
  const figure = (name: string): number => {
    const value = figures.get(`simplelogs_entries_${name}`);
    if (value === undefined) throw new Error(`/metrics lacks ${name}`);
    return value;
  };
  const dropped: Record<string, number> = {};
  for (const [name, value] of figures) {
    const reason = /^simplelogs_entries_dropped_total\{reason="(\w+)"\}$/.exec(name)?.[1];
    if (reason !== undefined && value > 0) dropped[reason] = value;
  }
  const droppedCount = Object.values(dropped).reduce((sum, value) => sum + value, 0);
  const accountedFor = figure("stored_total") + figure("queued") + figure("open") + droppedCount;
  return { received: figure("received_total"), accountedFor, dropped };
}

describe("a project over its monthly limit of entries", () => {
  beforeAll(withinOneMonth, 120_000);

  const limited = (overage: string) =>
    configText({ tables: `[projects.default]\nmonthly_entries = 3\noverage = "${overage}"` });

  test("that drops entries answers 202 and stores no more, also after a restart", () =>
    withServer(limited("drop"), async (server) => {
      await server.send([1, 2].map((n) => ({ message: `${n}` })));
      await server.send([3, 4].map((n) => ({ message: `${n}` })));
      await server.kill();
      await server.start();
      await server.send([{ message: "5" }]);
      expect(await messages(server)).toEqual(["1", "2", "3"]);
      expect((await sumOf(server)).dropped).toEqual({ quota: 2 });
    }));

  test("that continues stores all entries", () =>
    withServer(limited("continue"), async (server) => {
      await server.send([1, 2, 3, 4, 5].map((n) => ({ message: `${n}` })));
      expect(await messages(server)).toEqual(["1", "2", "3", "4", "5"]);
      expect((await sumOf(server)).dropped).toEqual({});
    }));
});

describe("every entry is accounted for", () => {
  const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);
  const mixed = [
    { message: "good", timestamp: AT },
    { message: "good", timestamp: AT },
    { key: "pair", startTime: AT },
    { key: "pair", endTime: AT + 5 },
    { key: "open", startTime: AT },
    { key: "waits", endTime: AT },
    { key: "whole", startTime: AT, duration: 3 },
    { key: "alone", startTime: AT, standalone: true },
    {},
    { message: "invalid", timestamp: -1 },
    { message: "invalid", startTime: 8.65e15 },
    { metadata: deep(101) },
    { touchpoint: "negative", duration: -1 },
    { touchpoint: "negative", startTime: AT, endTime: AT - 1 },
    { message: "old", timestamp: AT - 31 * DAY_MS },
    { message: "future", timestamp: AT + 2 * DAY_MS },
  ];
  const dropped = { empty: 1, invalid_time: 2, too_deep: 1, negative_duration: 2, too_old: 1, in_future: 1 };

  test.each(["sync", "write", "memory"])(
    "in mixed batches that are sent twice, under durability %s, also after a restart",
    (durability) =>
      withServer(configText({ tables: `[storage]\ndurability = "${durability}"` }), async (server) => {
        for (let sent = 0; sent < 2; sent++) {
          const batch = { key: SERVER_KEY, source: "server", entries: mixed };
          expect((await server.post(batch, { "idempotency-key": "mixed" })).status).toBe(202);
        }
        // Of the repetition every entry is a duplicate, before every other reason.
        const whole = { received: 32, accountedFor: 32, dropped: { ...dropped, duplicate: 16 } };
        await eventually(
          "all is committed",
          async () => (await server.metrics()).get("simplelogs_entries_received_total") === 32,
        );
        await eventually(
          "nothing is queued",
          async () => (await server.metrics()).get("simplelogs_entries_queued") === 0,
        );
        expect(await sumOf(server)).toEqual(whole);
        const statuses = (await server.export()).map((record) => record.status ?? record.kind);
        expect(statuses.toSorted()).toEqual(["completed", "completed", "log", "log", "started"]);
        expect(await server.stop()).toBe(0);
        await server.start();
        expect(await sumOf(server)).toEqual(whole);
      }),
  );

  test("when batches are refused: their entries are not counted", () =>
    withServer(configText(), async (server) => {
      const entries = [{ message: "x" }];
      const answers = [
        await server.post("{"),
        await server.post({ entries }),
        await server.post({ key: SERVER_KEY, source: "client", entries }),
        await server.post({ key: CLIENT_KEY, source: "client", entries }),
        await server.post({ key: SERVER_KEY, source: "server", entries: [] }),
      ];
      expect(answers.map((answer) => answer.status)).toEqual([400, 401, 401, 403, 422]);
      expect(await sumOf(server)).toEqual({ received: 0, accountedFor: 0, dropped: {} });
    }));
});
