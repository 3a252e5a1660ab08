import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/core/entry.ts";
import { normalise } from "../../../src/ingest/entries/normalise.ts";
import { BlockBuilder } from "../../../src/ingest/ingester.ts";
import { readingAt } from "../../support/clock_reading.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";
import { batchContext } from "./entries/batch_context.ts";
import { gapOf, IngesterState, NOW } from "./ingester_state.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

describe("an entry is stored", () => {
  test("with ids in order of arrival over batches and groups, and its touchpoint is listed once", () => {
    const state = new IngesterState();
    state.send({ entries: [{ message: "one", touchpoint: "a" }] }, { entries: [{ message: "two", touchpoint: "b" }] });
    state.send({ entries: [{ message: "three", touchpoint: "a" }] });
    expect(state.records.map(({ id, message }) => [id, message])).toEqual([
      [1, "one"],
      [2, "two"],
      [3, "three"],
    ]);
    expect(state.touchpoints.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("as one record for a start and an end over groups and a restart, counting two", () => {
    const state = new IngesterState();
    state.send({ entries: [{ key: "k", startTime: NOW - 10 }] });
    expect(state.ingester.counts()).toMatchObject({ received: 1, stored: 0, open: 1 });
    state.restart(NOW);
    expect(state.ingester.counts()).toMatchObject({ received: 1, stored: 0, open: 1 });
    state.send({ entries: [{ key: "k", endTime: NOW }] });
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 2, open: 0 });
    expect(state.records.map(({ id, kind, duration }) => [id, kind, duration])).toEqual([[1, "completed", 10]]);
  });

  test("as unfinished or orphaned when its time is up, and not before", () => {
    const state = new IngesterState({}, { timeoutMs: 1_000, orphanGraceMs: 100 });
    state.send({
      entries: [
        { key: "start", startTime: NOW },
        { key: "end", endTime: NOW },
      ],
    });
    expect([NOW, NOW + 100, NOW + 101, NOW + 1_000, NOW + 1_001].map((now) => state.expire(now))).toEqual([
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(state.records.map(({ kind, key }) => [kind, key])).toEqual([
      ["orphaned", "end"],
      ["unfinished", "start"],
    ]);
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 2, open: 0 });
  });
});

describe("the keys of the configuration", () => {
  test("are written with their last use, also if they were never used, and are known after a restart", () => {
    const state = new IngesterState();
    expect([state.takeKeyActivity(NOW), state.takeKeyActivity(NOW)]).toEqual([true, false]);
    const never = { name: "web shop", firstSeen: NOW, lastUsed: undefined };
    expect([...state.keys.values()]).toEqual([
      { ...never, type: "server" },
      { ...never, type: "client" },
    ]);
    state.send({ entries: [{ message: "a" }], receivedAt: NOW + 70_000 });
    state.send({ entries: [{ message: "b" }], receivedAt: NOW + 80_000 });
    state.send({ entries: [{}], key: 1, receivedAt: NOW + 90_000 });
    const used = [
      { ...never, type: "server", lastUsed: NOW + 70_000 },
      { ...never, type: "client", lastUsed: NOW + 90_000 },
    ];
    expect([...state.keys.values()]).toEqual(used as never);
    state.restart();
    expect(state.takeKeyActivity(NOW + 100_000)).toBe(false);
    expect([...state.keys.values()]).toEqual(used as never);
  });
});

describe("an entry is dropped", () => {
  test("for the first reason that applies, in the contract's order", () => {
    const state = new IngesterState({ monthlyEntries: 1, overage: "drop" });
    const late = NOW - 31 * DAY_MS;
    const early = NOW + 25 * HOUR_MS;
    state.send({ entries: [{ message: "a", timestamp: NOW }] });
    const entries: [string, Entry][] = [
      ["empty", { key: "", touchpoint: "" }],
      ["invalid_time", { message: "a", timestamp: -1, metadata: nested(101), startTime: NOW, duration: -1 }],
      ["too_deep", { timestamp: late, metadata: nested(101), duration: -1 }],
      ["negative_duration", { timestamp: late, duration: -1 }],
      ["too_old", { message: "a", timestamp: late }],
      ["in_future", { message: "a", timestamp: early }],
      ["quota", { message: "b", timestamp: NOW }],
    ];
    state.send({ entries: entries.map(([, entry]) => entry) });
    expect(state.reasons).toEqual(entries.map(([reason]) => reason));
    expect(state.rejections[6]).toEqual({
      project: "shop",
      apiKey: "web shop",
      receivedAt: NOW,
      reason: "quota",
      entry: `{"message":"b","timestamp":${NOW}}`,
    });
    expect(state.ingester.counts()).toMatchObject({ received: 8, stored: 1, open: 0 });
    expect(gapOf(state.ingester.counts())).toBe(0);
  });

  test("as a duplicate where its request is a repetition, before every other reason, without a cost to the quota", () => {
    const state = new IngesterState({ monthlyEntries: 2, overage: "drop" });
    const batch = { entries: [{ message: "a" }, {}, { message: "b" }] };
    state.send(batch);
    state.send({ ...batch, isRepetition: true });
    expect(state.ingester.counts()).toMatchObject({ received: 6, stored: 2, dropped: { duplicate: 3, empty: 1 } });
    expect(state.counter("admitted")).toEqual({ "2026-11": 2 });
    expect(gapOf(state.ingester.counts())).toBe(0);
  });

  test("but not as a duplicate where equal entries come in different requests", () => {
    const state = new IngesterState();
    for (let sent = 0; sent < 3; sent++)
      state.send({
        entries: [
          { message: "a", timestamp: NOW },
          { message: "a", timestamp: NOW },
        ],
      });
    expect(state.ingester.counts()).toMatchObject({ received: 6, stored: 6 });
  });

  test("past the quota of the UTC month of receipt, pending starts included, and not in the next month", () => {
    const state = new IngesterState({ monthlyEntries: 3, overage: "drop" });
    const midnight = Date.UTC(2026, 11, 1);
    const start: Entry = { key: "k", startTime: midnight - 2 };
    state.send({ entries: [start, { message: "a" }], receivedAt: midnight - 2 });
    state.send({ entries: [{ message: "b" }, { message: "c" }], receivedAt: midnight - 1 });
    state.restart(midnight);
    state.send({ entries: [{ message: "d" }], receivedAt: midnight - 1 });
    state.send({ entries: [{ message: "e" }, { key: "k", endTime: midnight }], receivedAt: midnight });
    expect(state.counter("admitted")).toEqual({ "2026-11": 3, "2026-12": 2 });
    expect(state.counter("dropped.quota")).toEqual({ "2026-11": 2 });
    expect(state.counter("received")).toEqual({ "2026-11": 5, "2026-12": 2 });
    expect(gapOf(state.ingester.counts())).toBe(0);
  });

  test("past the quota only where the project's overage is drop", () => {
    const state = new IngesterState({ monthlyEntries: 1, overage: "continue" });
    state.send({ entries: [{ message: "a" }, { message: "b" }] });
    expect([state.counter("admitted"), state.reasons]).toEqual([{ "2026-11": 2 }, []]);
    const project = state.rules.defaultProject;
    state.ingester.setRules({ ...state.rules, projects: { shop: { ...project, overage: "drop" } } }, NOW);
    state.send({ entries: [{ message: "c" }] });
    expect(state.reasons).toEqual(["quota"]);
  });

  test("with its whole batch when that is set aside, and the batch is stored without its API key", () => {
    const state = new IngesterState();
    const text =
      '{"key":"sk_0123456789abcdef","source":"server","entries":[{"message":"x"},{"key":"req-1"}],"also":["\\u0073k\\u005f0123456789abcdef"]}';
    const message = {
      group: 1,
      lastBatch: 7,
      keyIndex: 0,
      receivedAt: NOW,
      entryCount: 2,
      bytes: text.length,
      body: text,
    };
    const write = state.ingester.setAside({ kind: "set_aside", ...message }, readingAt(NOW));
    expect([write.lastBatch, write.bytesReceived]).toEqual([7, text.length]);
    state.commit(write);
    const body = text.replace("sk_0123456789abcdef", "sk_…").replace("\\u0073k\\u005f0123456789abcdef", "sk_…");
    expect(state.setAside).toEqual([{ project: "shop", apiKey: "web shop", receivedAt: NOW, entryCount: 2, body }]);
    expect(state.rejections.map(({ reason, entry }) => [reason, entry])).toEqual([["internal", body]]);
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 0, open: 0, dropped: { internal: 2 } });
  });
});

describe("a group that is not committed", () => {
  test("changes no counter, and leaves no trace in the state that the next ingester reads", () => {
    const state = new IngesterState();
    state.send({ entries: [{ key: "a", startTime: NOW }], timestamp: NOW });
    const before = state.ingester.counts();
    const batch = { entries: [{ key: "a", endTime: NOW + 1 }, { message: "m", touchpoint: "t" }, {}], timestamp: NOW };
    state.stage(batch);
    state.restart(NOW);
    expect(state.ingester.counts()).toEqual(before);
    state.send(batch);
    expect(state.ingester.counts()).toMatchObject({
      received: 4,
      stored: 3,
      open: 0,
      dropped: { empty: 1, duplicate: 0 },
    });
    expect(state.records.map(({ id, kind }) => [id, kind])).toEqual([
      [1, "completed"],
      [2, "log"],
    ]);
  });
});

describe("received = stored + open + dropped", () => {
  test("holds after every commit, restart and failed commit, for random entries", () => {
    const seed = runSeed("the sum of the ingester");
    const random = seededRandom(seed);
    const below = (count: number) => integer(random, count - 1);
    const state = new IngesterState(
      { monthlyEntries: 400, overage: "drop" },
      { openMax: 12, timeoutMs: 500, orphanGraceMs: 90 },
    );
    let now = NOW;
    const entry = (): Entry => {
      const name = {
        ...(below(4) > 0 ? { key: pick(random, ["a", "b", "c"]) } : {}),
        ...(below(2) > 0 ? { touchpoint: "t" } : {}),
      };
      const time = now - below(40);
      const kind = below(6);
      if (kind === 0) return { ...name, message: "m" };
      if (kind === 1) return { ...name, endTime: time };
      if (kind === 2) return { ...name, startTime: time - 5, endTime: time };
      if (kind === 3) return {};
      return { ...name, startTime: time, ...(below(3) === 0 ? { standalone: true } : {}) };
    };
    for (let step = 0; step < 600; step++) {
      now += below(60);
      const entries = Array.from({ length: 1 + below(4) }, entry);
      const batch = {
        entries,
        receivedAt: now,
        key: pick(random, [0, 1] as const),
        ...(below(3) === 0 ? { timestamp: now } : {}),
      };
      const chance = below(10);
      if (chance === 0) {
        state.stage(batch);
        state.restart(NOW);
      } else if (chance === 1) state.restart(now);
      else if (chance === 2) state.expire(now);
      else state.send(batch, ...(chance === 3 ? [batch] : []));
      expect([seed, step, gapOf(state.ingester.counts())]).toEqual([seed, step, 0]);
    }
    state.expire(now + DAY_MS);
    expect([state.ingester.counts().open, gapOf(state.ingester.counts())]).toEqual([0, 0]);
    // Each record is one entry, a pair two and an absorbed start none: stored is between once and twice the records.
    const { stored } = state.ingester.counts();
    expect([stored >= state.records.length, stored <= 2 * state.records.length]).toEqual([true, true]);
  });
});

describe("the block builder", () => {
  test("gives ids in the order of arrival, and makes a block for each project and UTC day", () => {
    const builder = new BlockBuilder(41);
    const midnight = 19_894 * DAY_MS;
    const sent: [string, number][] = [
      ["a", midnight],
      ["b", midnight],
      ["a", midnight - 0.5],
      ["a", midnight + DAY_MS - 1],
    ];
    for (const [project, timestamp] of sent) {
      const log = normalise({ message: project, timestamp }, batchContext({ receivedAt: midnight }));
      if (typeof log === "string" || log.kind !== "log") throw new Error("expected a log");
      builder.add(project, log);
    }
    expect(builder.blocks.map(({ project, day, columns }) => [project, day, Array.from(columns.id)])).toEqual([
      ["a", 19_894, [41, 44]],
      ["b", 19_894, [42]],
      ["a", 19_893, [43]],
    ]);
    expect(builder.nextId).toBe(45);
  });
});
