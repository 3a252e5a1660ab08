// When alerts fired, from records of the history and the states that there are.

import { describe, expect, test } from "bun:test";
import type { ShownRule } from "../../../../src/core/alert_responses.ts";
import type { ShownRecord } from "../../../../src/core/record.ts";
import { bandsOf, type Firing, firingsOf, firingText, lengthOf } from "../../../../src/web/state/firings.ts";

const T = 1_718_900_000_000;
const MINUTE_MS = 60_000;

function record(state: string, since: number, time: number, more: Readonly<Record<string, string | number>> = {}) {
  const metadata = { rule: "errors", kind: "count", state, since, project: "shop", value: 12, ...more };
  return {
    id: time - T,
    project: "simplelogs",
    kind: "log",
    time,
    receivedAt: time,
    source: "server",
    metadata,
  } as unknown as ShownRecord;
}

const fired = (at: number, more = {}) => record("firing", T + at, T + at, more);
const resolved = (since: number, at: number, more = {}) => record("resolved", T + since, T + at, more);

function rule(instances: readonly Partial<ShownRule["instances"][number]>[], more: Partial<ShownRule> = {}): ShownRule {
  return {
    name: "errors",
    project: "shop",
    kind: "count",
    state: "firing",
    instances,
    ...more,
  } as unknown as ShownRule;
}

const spans = (firings: readonly Firing[]) =>
  firings.map(({ rule, group, from, to }) => [rule, group, from - T, to === null ? null : to - T]);

describe("firings", () => {
  test("are one for each time that a rule fired, newest first, whatever the order of the records", () => {
    const records = [resolved(0, 50), fired(0), fired(100), resolved(100, 170)];
    const expected = [
      ["errors", null, 100, 170],
      ["errors", null, 0, 50],
    ];
    expect(spans(firingsOf(records, [], ""))).toEqual(expected);
    expect(spans(firingsOf(records.toReversed(), [], ""))).toEqual(expected);
    expect(firingsOf(records, [], "").map(({ value }) => value)).toEqual([12, 12]);
  });

  test("that began before the range are known by their end, and those that end after it have none", () => {
    expect(spans(firingsOf([resolved(-900, 50), fired(60)], [], ""))).toEqual([
      ["errors", null, 60, null],
      ["errors", null, -900, 50],
    ]);
  });

  test("that are under way are there without a record, and once with it", () => {
    const now = rule([{ group: null, state: "recovering", since: T - 500 }]);
    for (const records of [[], [fired(-500)]]) {
      expect(firingsOf(records, [now], "")).toMatchObject([{ from: T - 500, to: null, isNow: true }]);
    }
    expect(firingsOf([], [rule([{ group: null, state: "ok", since: null }])], "")).toEqual([]);
  });

  test("of two groups are two, also at the same time", () => {
    const records = [fired(0, { group: "a" }), fired(0, { group: "b" }), resolved(0, 9, { group: "b" })];
    const found = firingsOf(records, [], "").toSorted((a, b) => (a.group ?? "").localeCompare(b.group ?? ""));
    expect(spans(found)).toEqual([
      ["errors", "a", 0, null],
      ["errors", "b", 0, 9],
    ]);
  });

  test("are those of a project, and of rules over all projects", () => {
    const { project: _, ...everywhere } = fired(1).metadata ?? {};
    const records = [
      fired(0),
      { ...fired(1), metadata: { ...everywhere, rule: "all" } } as ShownRecord,
      fired(2, { project: "blog" }),
    ];
    expect(firingsOf(records, [], "shop").map(({ rule }) => rule)).toEqual(["all", "errors"]);
    expect(firingsOf(records, [], "").length).toBe(3);
    const both = [rule([{ group: null, state: "firing", since: T }], { project: "blog" })];
    expect(firingsOf([], both, "shop")).toEqual([]);
  });

  test("are not made of other records: mutes, and what somebody else sent to that project", () => {
    const odd = [
      { rule: "errors" },
      { rule: 5, since: 1, kind: "count" },
      { rule: "errors", since: "1", kind: "count" },
      { rule: "e", since: 1, kind: "odd" },
    ];
    const records = odd.map((metadata) => ({ ...fired(0), metadata }));
    const { metadata: _, ...bare } = fired(0);
    expect(firingsOf([...records, bare], [], "")).toEqual([]);
  });

  test("say how long they were, unless they ended later than what was asked for", () => {
    const [ended, open] = firingsOf([fired(0), resolved(0, 5 * MINUTE_MS), fired(6 * MINUTE_MS)], [], "").toReversed();
    const now = T + 9 * MINUTE_MS;
    expect([ended, open].map((one) => one && lengthOf(one, now))).toEqual(["5 m", undefined]);
    expect(open && lengthOf({ ...open, isNow: true }, now)).toBe("3 m");
    const second = (time: number) => `T+${time - T}`;
    expect(ended && firingText({ ...ended, group: "a" }, second, now)).toBe("errors (a), T+0, for 5 m");
    expect(open && firingText({ ...open, isNow: true }, second, now)).toBe("errors, T+360000, still firing after 3 m");
    expect(open && firingText(open, second, now)).toBe("errors, T+360000");
  });
});

describe("bands", () => {
  const shares = (records: readonly ShownRecord[]) =>
    bandsOf(firingsOf(records, [], ""), T, T + 1_000).map(({ left, right, firings }) => [left, right, firings.length]);

  test("are cut to the chart, and nothing outside of it is drawn", () => {
    expect(shares([resolved(-500, 100), fired(900), resolved(-9, -1), fired(1_000)])).toEqual([
      [0, 0.1, 1],
      [0.9, 1, 1],
    ]);
  });

  test("are one where they overlap or touch, with everything that fired in it", () => {
    expect(
      shares([resolved(100, 300), resolved(200, 250, { group: "a" }), resolved(302, 400), resolved(500, 600)]),
    ).toEqual([
      [0.1, 0.4, 3],
      [0.5, 0.6, 1],
    ]);
  });
});
