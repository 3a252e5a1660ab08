import { describe, expect, test } from "bun:test";
import {
  type Continuity,
  observe,
  requestOf,
  samplesRequestOf,
  searchOf,
  shownSearch,
} from "../../../../src/alerts/rules/observe.ts";
import type { MeasureResponse, RunningResponse } from "../../../../src/core/responses.ts";
import { parseSearch } from "../../../../src/search/parser.ts";
import { ruleOf } from "../../../support/alert_rules.ts";

const T = Date.UTC(2026, 5, 1);
const RUNNING_FOR_LONG: Continuity = { startedAt: 0, jump: undefined };
const measured = (members: Partial<MeasureResponse> = {}): MeasureResponse => ({
  count: 0,
  of: 0,
  timings: 0,
  percentile: null,
  ...members,
});

describe("the query of a rule", () => {
  test("leaves out the server's own records unless a project is named", () => {
    expect(searchOf({ project: undefined, q: "" })).toBe("-project:simplelogs");
    expect(searchOf({ project: undefined, q: "a OR b" })).toBe("(a OR b) -project:simplelogs");
    expect(searchOf({ project: "simplelogs", q: "a OR b" })).toBe("a OR b");
  });

  test("parses whatever the rule's search and the group's value are", () => {
    const values = ["plain", 'a "quoted" \\ one', "", "x) OR (y", "日本"];
    for (const q of ["", "level:error", "a OR b", '"a) (b"', "-(x OR y)", "key:a"]) {
      for (const groupBy of ["touchpoint", "metadata.a.b", "metadata.odd name"]) {
        for (const value of values) {
          for (const kind of ["count", "share", "percentile"] as const) {
            const rule = ruleOf({ q, kind, groupBy, of: "kind:log OR kind:timing" });
            const samples = samplesRequestOf(rule, T, value, 3);
            if (samples?.kind !== "entries") throw new Error("there is a request");
            expect([samples.scope.q, parseSearch(samples.scope.q).ok]).toEqual([samples.scope.q, true]);
            expect(parseSearch(shownSearch(rule, value)).ok).toBe(true);
          }
          const running = requestOf(ruleOf({ q, kind: "running", groupBy }), T, []);
          expect(running.kind === "running" && parseSearch(running.scope.q).ok).toBe(true);
        }
      }
    }
  });
});

describe("what is observed", () => {
  test("of a share or a percentile is unknown with fewer records than `min`", () => {
    const share = ruleOf({ kind: "share", min: 20 });
    const [few] = observe(share, measured({ count: 19, of: 19 }), T, [], RUNNING_FOR_LONG);
    expect(few?.observation).toEqual({
      isKnown: false,
      reason: "19 records to take a share of, at least 20 are needed",
    });
    expect(observe(share, measured({ count: 5, of: 20 }), T, [], RUNNING_FOR_LONG)[0]?.observation).toEqual({
      isKnown: true,
      value: 0.25,
    });
    expect(observe({ ...share, min: 0 }, measured(), T, [], RUNNING_FOR_LONG)[0]?.observation.isKnown).toBe(false);
    const percentile = ruleOf({ kind: "percentile", min: 10 });
    const nine = measured({ count: 50, of: 50, timings: 9, percentile: 800 });
    expect(observe(percentile, nine, T, [], RUNNING_FOR_LONG)[0]?.observation.isKnown).toBe(false);
    expect(observe(percentile, { ...nine, timings: 10 }, T, [], RUNNING_FOR_LONG)[0]?.observation).toEqual({
      isKnown: true,
      value: 800,
    });
  });

  test("of too many values is of the worst, of equals of those with the most records, and then by name", () => {
    const groups = Array.from({ length: 30 }, (_, index) => ({
      value: `v${String(index).padStart(2, "0")}`,
      count: index % 3,
      of: index % 3 === 1 ? 2 : 10,
      timings: 0,
      percentile: null,
    }));
    const valuesOf = (answer: MeasureResponse, known: readonly string[] = []) =>
      observe(ruleOf({ kind: "share", bound: 0, groupBy: "key" }), answer, T, known, RUNNING_FOR_LONG).map(
        ({ value }) => value,
      );
    const halves = groups.filter(({ count }) => count === 1).map(({ value }) => value);
    const fifths = groups.filter(({ count }) => count === 2).map(({ value }) => value);
    for (const order of [groups, groups.toReversed()]) {
      expect(valuesOf({ ...measured(), groups: order })).toEqual([...halves, ...fifths]);
      expect(valuesOf({ ...measured(), groups: order }, ["v02"]).slice(0, 2)).toEqual(["v02", "v01"]);
    }
    const equals = Array.from({ length: 30 }, (_, count) => ({
      ...measured({ count, of: count }),
      value: `v${count}`,
    }));
    expect(valuesOf({ ...measured(), groups: equals })).toEqual(
      equals
        .slice(10)
        .map(({ value }) => value)
        .toReversed(),
    );
  });

  test("of open timings is how many there are, by the values of a field", () => {
    const start = (touchpoint: string | undefined, region: unknown) => ({
      project: "shop",
      apiKey: "shop",
      source: "server" as const,
      ...(touchpoint === undefined ? {} : { touchpoint }),
      startTime: T,
      receivedAt: T,
      metadata: { region },
    });
    const running = [start("a", 7), start("a", "eu"), start("b", 7), start(undefined, { x: 1 })];
    const answer: RunningResponse = { running, count: 4 };
    const rule = ruleOf({ kind: "running", bound: 0 });
    expect(observe(rule, answer, T, [], RUNNING_FOR_LONG)).toEqual([
      { value: null, observation: { isKnown: true, value: 4 } },
    ]);
    const by = (groupBy: string) =>
      observe({ ...rule, groupBy }, answer, T, ["gone"], RUNNING_FOR_LONG).map(({ value, observation }) => [
        value,
        observation.isKnown && observation.value,
      ]);
    expect(by("touchpoint")).toEqual([
      ["gone", 0],
      ["a", 2],
      ["b", 1],
    ]);
    expect(by("metadata.region").slice(0, 2)).toEqual([
      ["gone", 0],
      ["7", 2],
    ]);
  });

  test("is unknown while the window reaches over a jump that is longer than a tenth of it", () => {
    const rule = ruleOf({ windowMs: 60_000 });
    const isKnown = (at: number, ms: number) =>
      observe(rule, measured(), T, [], { startedAt: 0, jump: { at, ms } })[0]?.observation.isKnown;
    expect([isKnown(T - 59_999, 7_000), isKnown(T - 59_999, -7_000)]).toEqual([false, false]);
    expect([isKnown(T - 60_000, 7_000), isKnown(T - 1_000, 6_000)]).toEqual([true, true]);
  });

  test("of a count that is too low, but not of one that is too high, waits until the server has run for a window", () => {
    const isKnown = (side: "above" | "below", count: number, startedAt: number) =>
      observe(ruleOf({ side, bound: 5 }), measured({ count }), T, [], { startedAt, jump: undefined })[0]?.observation
        .isKnown;
    expect(isKnown("below", 4, T - 59_999)).toBe(false);
    expect(isKnown("below", 5, T - 59_999)).toBe(true);
    expect(isKnown("below", 4, T - 60_000)).toBe(true);
    expect(isKnown("above", 4, T)).toBe(true);
  });
});
