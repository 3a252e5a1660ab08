// [[alerts]] tables: the rules that they become, and what is refused or warned about.

import { describe, expect, test } from "bun:test";
import { parseSettings } from "../../../src/config/load.ts";
import { problemsOf, SERVER_KEY, settingsOf } from "../../support/configuration.ts";

const KEYS = `[[keys]]\nname = "shop"\nproject = "shop"\nserver = "${SERVER_KEY}"\n`;
/** The line of [[alerts]]; its settings follow from the next one on, the name first. */
const FIRST = KEYS.split("\n").length;

const table = (settings: string) => `${KEYS}[[alerts]]\nname = "a"\n${settings}`;

function warningsOf(text: string): string[] {
  const result = parseSettings(text, "simplelogs.toml", {});
  return result.ok ? result.warnings.map(({ line, message }) => `${line}: ${message}`) : ["refused"];
}

describe("an [[alerts]] table", () => {
  test("becomes a rule with its defaults", () => {
    expect(settingsOf(table("above = 3")).alerts).toEqual([
      {
        name: "a",
        project: undefined,
        q: "",
        kind: "count",
        of: "kind:log",
        percentile: 95,
        windowMs: 300_000,
        everyMs: 30_000,
        side: "above",
        bound: 3,
        resolveBound: undefined,
        forMs: 0,
        keepMs: 0,
        groupBy: undefined,
        min: 0,
        repeatMs: undefined,
        notify: [],
        severity: "warning",
        note: undefined,
        line: FIRST,
      },
    ]);
  });

  const kinds: readonly (readonly [settings: string, members: object])[] = [
    ['kind = "share"\nabove = 0.05', { min: 20, side: "above", bound: 0.05 }],
    ['kind = "percentile"\nabove = "1.5s"\nresolve_below = "900ms"', { min: 10, bound: 1_500, resolveBound: 900 }],
    ['kind = "percentile"\nbelow = 20\np = 99.9\nmin = 0', { min: 0, side: "below", bound: 20, percentile: 99.9 }],
    ['kind = "silence"', { side: "below", bound: 1 }],
    ['kind = "running"\nwindow = "10m"', { side: "above", bound: 0, windowMs: 600_000 }],
    ['kind = "running"\nabove = 5\nresolve_below = 2', { bound: 5, resolveBound: 2 }],
    ["below = 5\nresolve_above = 7", { side: "below", bound: 5, resolveBound: 7 }],
    ['above = 1\nfor = "2m"\nkeep = "5m"\nrepeat = "4h"', { forMs: 120_000, keepMs: 300_000, repeatMs: 14_400_000 }],
    ['above = 1\nproject = "simplelogs"', { project: "simplelogs" }],
    ['above = 1\ngroup_by = "metadata.region"', { groupBy: "metadata.region" }],
  ];
  test.each(kinds)("%s", (settings, members) => {
    expect(settingsOf(table(settings)).alerts).toMatchObject([members]);
  });

  test("of starts that are closed before they are old enough is warned about", () => {
    expect(warningsOf(table('kind = "running"\nwindow = "1h"'))).toEqual([
      `${FIRST + 3}: alerts.window = "1h": a start is closed as unfinished after timings.timeout (1 h): only starts that were sent late are found`,
    ]);
    expect(warningsOf(table('kind = "running"\nwindow = "59m"'))).toEqual([]);
  });

  const refused: readonly (readonly [settings: string, line: number, says: string])[] = [
    ['above = 1\nq = "level:eror"', 3, 'alerts.q = "level:eror": at character 7: '],
    ['above = 1\nq = "a (b"', 3, 'alerts.q = "a (b": at character 3: '],
    ['kind = "share"\nabove = 0.1\nof = "kind:lgo"', 4, 'alerts.of = "kind:lgo": at character 6: '],
    ['above = 1\nproject = "shp"', 3, 'alerts.project = "shp": no key sends to this project; did you mean "shop"?'],
    ['above = 1\nnotify = ["chat"]', 3, 'alerts.notify: no [[destinations]] table is named "chat" (there are none)'],
    ["", 0, 'alerts: a rule of kind "count" needs above or below'],
    ['kind = "percentile"', 0, 'alerts: a rule of kind "percentile" needs above or below'],
    ["above = 1\nbelow = 2", 3, "alerts.below = 2: expected either above or below"],
    ["above = 5\nresolve_below = 6", 3, "alerts.resolve_below = 6: expected at most above (5)"],
    ["below = 5\nresolve_above = 4", 3, "alerts.resolve_above = 4: expected at least below (5)"],
    ["above = 5\nresolve_above = 6", 3, "alerts.resolve_above = 6: belongs to below: take resolve_below"],
    ["below = 5\nresolve_below = 6", 3, "alerts.resolve_below = 6: belongs to above: take resolve_above"],
    ["above = 5\nresolve_below = 0", 3, "alerts.resolve_below = 0: no value is below 0: it would never resolve"],
    ["below = 0", 2, "alerts.below = 0: no value is below 0: it would never fire"],
    ["above = -1", 2, "alerts.above = -1: every value is above it"],
    ['above = "5s"', 2, 'alerts.above = "5s": a duration belongs to a percentile'],
    [
      'kind = "percentile"\nabove = "5 parsecs"',
      3,
      'alerts.above = "5 parsecs": expected a number, or of a percentile',
    ],
    ['kind = "share"\nabove = 5', 3, "alerts.above = 5: expected a share from 0 to 1: 5 % is 0.05"],
    ['kind = "share"\nabove = 1', 3, "alerts.above = 1: no share is above 1"],
    ['kind = "silence"\nabove = 1', 3, "alerts.above = 1: silence has no bounds"],
    ['above = 1\nof = "kind:log"', 3, 'alerts.of = "kind:log": expected with kind = "share" only'],
    ["above = 1\np = 99", 3, 'alerts.p = 99: expected with kind = "percentile" only'],
    ["above = 1\nmin = 5", 3, 'alerts.min = 5: expected with kind = "share" or "percentile" only'],
    ['above = 1\nwindow = "10s"', 3, 'alerts.window = "10s": expected at least every (30 s)'],
    ['above = 1\nevery = "500ms"', 3, 'alerts.every = "500ms": expected a duration from 1s to 1h'],
    ['above = 1\ngroup_by = "touchpont"', 3, 'alerts.group_by = "touchpont": expected one of touchpoint'],
    ['above = 1\ngroup_by = "message"', 3, 'alerts.group_by = "message": expected one of touchpoint'],
    ['kind = "counts"\nabove = 1', 2, 'alerts.kind = "counts": expected "count" or "share"'],
    [
      'kind = "running"\ngroup_by = "level"',
      3,
      'alerts.group_by = "level": a timing that is open has none of this yet',
    ],
    ['kind = "running"\ngroup_by = "status"', 3, 'alerts.group_by = "status": a timing that is open has none of this'],
    ["abov = 1\nabove = 1", 2, 'alerts.abov: unknown name; did you mean "above"'],
  ];
  test.each(refused)("%s is refused, with its place", (settings, line, says) => {
    const [problem, ...others] = problemsOf(table(settings));
    expect(problem).toStartWith(`${FIRST + line}: ${says}`);
    expect(others).toEqual([]);
  });

  test("with the name of another one is refused", () => {
    const text = `${table("above = 1\n")}${table("above = 1").slice(KEYS.length)}`;
    expect(problemsOf(text)).toEqual([
      `${FIRST + 4}: alerts.name = "a": the rule in line ${FIRST + 1} has this name too`,
    ]);
  });
});
