// Batches of other protocols in the ingester: refused records, reports of what was dropped, and timings that do not
// pair.

import { describe, expect, test } from "bun:test";
import type { RefusedEntry } from "../../../src/commit/redo_group.ts";
import type { DroppedRecord } from "../../../src/core/batch.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { StagedBatch } from "../../../src/ingest/ingester.ts";
import { readingAt } from "../../support/clock_reading.ts";
import { gapOf, IngesterState, NOW } from "./ingester_state.ts";

const KEY = { project: "shop", name: "web shop", type: "server" } as const;
const DAY_MS = 86_400_000;

function batchOf(entries: readonly Entry[], refusedRecords: readonly RefusedEntry[] = []): StagedBatch {
  return {
    key: KEY,
    receivedAt: NOW,
    bytes: 100,
    sender: "s",
    protocol: "otlp_traces",
    body: { key: "", source: "server", entries: [...entries] },
    refusedRecords,
    dropped: refusedRecords.map(({ at, reason }) => ({ at, reason })),
    mayHoldLoneSurrogates: false,
    isRepetition: false,
  };
}

function send(state: IngesterState, batch: StagedBatch): readonly DroppedRecord[] | undefined {
  state.commit(state.ingester.group([batch], 1, readingAt(NOW)));
  return batch.dropped;
}

describe("records that a decoder refused", () => {
  test("count as received and dropped, and are listed with what is wrong", () => {
    const state = new IngesterState();
    const text = '{"problem":"line 2 is not JSON","record":"{"}';
    send(state, batchOf([{ message: "a" }], [{ at: 1, reason: "invalid", text }]));
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 1, dropped: { invalid: 1 } });
    expect(gapOf(state.ingester.counts())).toBe(0);
    expect(state.rejections.map(({ reason, entry }) => [reason, entry])).toEqual([["invalid", text]]);
  });

  test("are only counted where they are ignored", () => {
    const state = new IngesterState();
    send(state, batchOf([], [{ at: 0, reason: "ignored" }]));
    expect(state.ingester.counts()).toMatchObject({ received: 1, stored: 0, dropped: { ignored: 1 } });
    expect(state.rejections).toEqual([]);
  });

  test("cost nothing of the quota", () => {
    const state = new IngesterState({ monthlyEntries: 1, overage: "drop" });
    send(state, batchOf([{ message: "a" }], [{ at: 0, reason: "invalid", text: "{}" }]));
    expect(state.records.map(({ message }) => message)).toEqual(["a"]);
  });

  test("of a repetition are duplicates like its entries", () => {
    const state = new IngesterState();
    const batch = batchOf([{ message: "a" }], [{ at: 0, reason: "invalid", text: "{}" }]);
    send(state, { ...batch, isRepetition: true, dropped: [] });
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 0, dropped: { duplicate: 2, invalid: 0 } });
  });
});

test("the report names each dropped record by its place among all of the body", () => {
  const old = { message: "old", timestamp: NOW - 40 * DAY_MS };
  const entries = [old, { message: "a" }, old, {}, { message: "b" }];
  const refused: RefusedEntry[] = [0, 2, 3, 7].map((at) => ({ at, reason: "invalid" }));
  // Places: refused 0, old 1, refused 2 and 3, a 4, old 5, empty 6, refused 7, b 8.
  expect(send(new IngesterState(), batchOf(entries, refused))).toEqual([
    { at: 0, reason: "invalid" },
    { at: 1, reason: "too_old" },
    { at: 2, reason: "invalid" },
    { at: 3, reason: "invalid" },
    { at: 5, reason: "too_old" },
    { at: 6, reason: "empty" },
    { at: 7, reason: "invalid" },
  ]);
});

describe("a complete timing of another protocol", () => {
  const complete = { touchpoint: "a", key: "k", startTime: NOW - 10, endTime: NOW, duration: 10 };

  test("leaves an open start of the same key open", () => {
    const state = new IngesterState();
    state.send({ entries: [{ touchpoint: "a", key: "k", startTime: NOW - 10 }] });
    send(state, batchOf([complete]));
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 1, open: 1 });
  });

  test("takes in no start that comes after it", () => {
    const state = new IngesterState();
    send(state, batchOf([complete]));
    state.send({ entries: [{ touchpoint: "a", key: "k", startTime: NOW - 10 }] });
    expect(state.ingester.counts()).toMatchObject({ received: 2, stored: 1, open: 1 });
  });

  test("is stored with its own times", () => {
    const state = new IngesterState();
    send(state, batchOf([complete]));
    expect(state.records).toMatchObject([{ kind: "completed", key: "k", startTime: NOW - 10, duration: 10 }]);
  });
});
