// Rules as texts: their lines in the configuration, the form and back, and sentences.

import { describe, expect, test } from "bun:test";
import type { ShownRule } from "../../../../../src/core/alert_responses.ts";
import { draftOfRule, draftOfSearch, fieldOf, ruleOfDraft } from "../../../../../src/web/pages/alerts/draft.ts";
import { firingMs } from "../../../../../src/web/pages/alerts/preview.tsx";
import {
  conditionText,
  lengthText,
  ruleText,
  ruleToml,
  searchPlace,
} from "../../../../../src/web/pages/alerts/rule_text.ts";

function rule(changes: Partial<ShownRule> = {}): ShownRule {
  return {
    name: "errors",
    project: "shop",
    q: "level:error",
    kind: "count",
    of: "kind:log",
    p: 95,
    min: 0,
    windowMs: 300_000,
    everyMs: 30_000,
    side: "above",
    bound: 10,
    resolveBound: null,
    forMs: 0,
    keepMs: 0,
    groupBy: null,
    repeatMs: null,
    severity: "warning",
    note: null,
    notify: [],
    source: "app",
    line: null,
    problem: null,
    state: "ok",
    unknown: null,
    evaluatedAt: null,
    mutedUntil: null,
    instances: [],
    ...changes,
  };
}

const RULES: readonly ShownRule[] = [
  rule(),
  rule({
    project: null,
    q: "",
    forMs: 90_000,
    keepMs: 3_600_000,
    notify: ["chat", "mail"],
    severity: "critical",
    note: 'say "hi"\n${HOME}',
  }),
  rule({ kind: "share", min: 20, bound: 0.05, resolveBound: 0.02, groupBy: "metadata.region", of: "touchpoint:api/*" }),
  rule({ kind: "percentile", min: 10, p: 99.9, bound: 1_500, resolveBound: 999.5, repeatMs: 14_400_000 }),
  rule({ kind: "silence", side: "below", bound: 1, windowMs: 93_600_000 }),
  rule({ kind: "count", side: "below", bound: 5, resolveBound: 10 }),
  rule({ kind: "running", bound: 0 }),
];

describe("a rule", () => {
  test("goes into the form and comes out as it was written", () => {
    for (const one of RULES) {
      const written = { kind: "count" as const, severity: "warning" as const, ...ruleText(one) };
      expect(ruleOfDraft(draftOfRule(one))).toEqual(written);
    }
  });

  test("is written as the configuration has it", () => {
    expect(RULES[2] && ruleToml(ruleText(RULES[2]))).toBe(`[[alerts]]
name = "errors"
project = "shop"
q = "level:error"
kind = "share"
of = "touchpoint:api/*"
window = "5m"
every = "30s"
above = 0.05
resolve_below = 0.02
group_by = "metadata.region"
min = 20`);
    const second = RULES[1] === undefined ? "" : ruleToml(ruleText(RULES[1]));
    expect(second).toContain('notify = ["chat", "mail"]');
    expect(second).toContain('note = "say \\"hi\\"\\n$${HOME}"');
  });

  test("says when it fires", () => {
    expect(RULES.map(conditionText)).toEqual([
      "above 10 in 5 m",
      "above 10 in 5 m",
      "above 5 % of touchpoint:api/* in 5 m",
      "p99.9 above 1.5 s in 5 m",
      "none in 1 d 2 h",
      "below 5 in 5 m",
      "above 0 running for 5 m",
    ]);
  });

  test("leads to its search, with the group as a term", () => {
    expect(searchPlace(rule(), null)).toEqual({ page: "logs", parameters: { project: "shop", q: "level:error" } });
    expect(searchPlace(rule({ kind: "running", project: null }), null).parameters).toEqual({
      project: "",
      q: "level:error",
      tab: "running",
    });
    expect(searchPlace(rule({ kind: "percentile", groupBy: "metadata.region", q: "a OR b" }), "eu west")).toEqual({
      page: "timings",
      parameters: { project: "shop", q: '(a OR b) (metadata.region:"eu west")' },
    });
  });
});

describe("the form", () => {
  test("is filled from a search, and a kind that there is not is a count", () => {
    const draft = draftOfSearch({ kind: "percentile", q: "touchpoint:api/*", project: "shop" });
    expect(ruleOfDraft({ ...draft, name: " slow " })).toEqual({
      name: "slow",
      project: "shop",
      q: "touchpoint:api/*",
      kind: "percentile",
      window: "5m",
      every: "30s",
      above: "1s",
      severity: "warning",
    });
    expect(draftOfSearch({ kind: "odd" }).kind).toBe("count");
  });

  test("takes shares in percent, and leaves a text that is no number to the server", () => {
    const share = draftOfSearch({ kind: "share" });
    const above = (bound: string) => (ruleOfDraft({ ...share, bound }) as unknown as Record<string, unknown>)["above"];
    expect(["5%", "0.1 %", "0.05", " 7 ", "7x", ""].map(above)).toEqual([0.05, 0.001, 0.05, 7, "7x", undefined]);
  });

  test("leaves out what belongs to another kind", () => {
    const all = { ...draftOfSearch({}), of: "kind:log", p: "95", min: "3", resolve: "1" };
    expect(Object.keys(ruleOfDraft({ ...all, kind: "silence" })).toSorted()).toEqual([
      "every",
      "kind",
      "name",
      "severity",
      "window",
    ]);
  });

  test("knows the field of each problem", () => {
    expect(["above", "below", "resolve_above", "group_by", "q", "odd", undefined].map(fieldOf)).toEqual([
      "bound",
      "bound",
      "resolve",
      "group_by",
      "q",
      undefined,
      undefined,
    ]);
  });
});

test("lengths are written in the largest unit that is whole", () => {
  expect([1, 1_500, 90_000, 3_600_000, 93_600_000, 86_400_000, 0].map(lengthText)).toEqual([
    "1ms",
    "1500ms",
    "90s",
    "1h",
    "26h",
    "1d",
    "0ms",
  ]);
});

test("the time in which any group would have fired counts once", () => {
  const firing = (from: number, to: number | null) => ({ group: null, from, to, peak: 1 });
  expect(firingMs([firing(0, 10), firing(5, 20), firing(6, 8), firing(50, null)], 0, 100)).toBe(70);
  expect(firingMs([], 0, 100)).toBe(0);
});
