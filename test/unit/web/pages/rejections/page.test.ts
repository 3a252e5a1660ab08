// The reasons of dropped entries, and the title of an entry.

import { expect, test } from "bun:test";
import type { RejectionRow } from "../../../../../src/core/account_responses.ts";
import type { DropReason } from "../../../../../src/core/drop.ts";
import { entryTitle, parseReason, reasonCounts } from "../../../../../src/web/pages/rejections/page.tsx";

function row(reason: DropReason, id: number): RejectionRow {
  return { id, reason, project: "shop", apiKey: "web", receivedAt: 1, hint: "", entry: {} };
}

test("reasons are counted, most frequent first, the chosen one also where there is none", () => {
  const rows = [row("quota", 1), row("empty", 2), row("quota", 3)];
  expect(reasonCounts(rows, "too_deep")).toEqual([
    { reason: "quota", count: 2 },
    { reason: "empty", count: 1 },
    { reason: "too_deep", count: 0 },
  ]);
  expect(reasonCounts([], "")).toEqual([]);
});

test("a reason in an address is one that there is", () => {
  expect([parseReason("quota"), parseReason(""), parseReason("constructor")]).toEqual(["quota", undefined, undefined]);
});

test("an entry is named by its message, else its touchpoint, else its key, else by all of it", () => {
  expect(entryTitle({ touchpoint: "api", message: "Order placed" })).toBe("Order placed");
  expect(entryTitle({ message: "", key: "k" })).toBe("k");
  expect(entryTitle({ message: { a: 1 }, touchpoint: 7 })).toBe('{"message":{"a":1},"touchpoint":7}');
  expect([entryTitle('{"mess'), entryTitle([{}, {}]), entryTitle([{}]), entryTitle(null)]).toEqual([
    '{"mess',
    "2 entries",
    "1 entry",
    "null",
  ]);
});
