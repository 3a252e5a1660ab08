// What a data file lacks because a cluster has it, as its text says it.

import { expect, test } from "bun:test";
import { readRemovedRecords, withRemoved, writeRemovedRecords } from "../../../src/commit/removed_records.ts";

test("what was removed is read as it was written, and only grows", () => {
  const removed = { below: 7, receivedUpTo: 1_780_000_000_000.5 };
  expect(readRemovedRecords(writeRemovedRecords(removed))).toEqual(removed);
  expect(withRemoved(removed, { below: 3, receivedUpTo: 9e12 })).toEqual({ below: 7, receivedUpTo: 9e12 });
});

test("without a text nothing was removed", () => {
  expect([undefined, null].map(readRemovedRecords)).toEqual([
    { below: 1, receivedUpTo: 0 },
    { below: 1, receivedUpTo: 0 },
  ]);
});

test("of a damaged text everything that is in the cluster may be removed", () => {
  const all = { below: Number.MAX_SAFE_INTEGER, receivedUpTo: Number.MAX_SAFE_INTEGER };
  for (const text of [
    "",
    "{",
    "null",
    "7",
    "[]",
    '{"below":1}',
    '{"below":"1","receivedUpTo":2}',
    5,
    new Uint8Array(2),
  ]) {
    expect({ text, removed: readRemovedRecords(text) }).toEqual({ text, removed: all });
  }
});
