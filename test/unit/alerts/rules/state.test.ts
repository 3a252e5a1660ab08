import { describe, expect, test } from "bun:test";
import {
  type InstanceState,
  NEVER_SEEN,
  nextState,
  shiftState,
  underChangedRule,
} from "../../../../src/alerts/rules/state.ts";
import type { Observation } from "../../../../src/core/alert_measure.ts";
import type { AlertRule } from "../../../../src/core/alert_rule.ts";
import { ruleOf } from "../../../support/alert_rules.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const T0 = Date.UTC(2026, 5, 1);
const EVERY = 10_000;

const known = (value: number): Observation => ({ isKnown: true, value });
const UNKNOWN: Observation = { isKnown: false, reason: "too few records" };

/** What is told at each evaluation, and the phase after it: "pending", "firing!firing". A null is unknown. */
function run(rule: AlertRule, values: readonly (number | null)[], mutedFrom = 99, mutedTo = 99): string[] {
  let state = NEVER_SEEN;
  return values.map((value, index) => {
    const isMuted = index >= mutedFrom && index < mutedTo;
    const observed = value === null ? UNKNOWN : known(value);
    const step = nextState(state, observed, rule, T0 + index * EVERY, isMuted);
    ({ state } = step);
    return step.telling === undefined ? state.phase : `${state.phase}!${step.telling}`;
  });
}

describe("an instance", () => {
  test("fires beyond its bound, not at it, and resolves when it is not beyond it any more", () => {
    expect(run(ruleOf(), [10, 11, 12, 10])).toEqual(["ok", "firing!firing", "firing", "ok!resolved"]);
    expect(run(ruleOf({ side: "below", bound: 5 }), [5, 4, 5])).toEqual(["ok", "firing!firing", "ok!resolved"]);
  });

  test("fires once the value was beyond the bound for so long, and begins anew when it was not", () => {
    const rule = ruleOf({ forMs: 2 * EVERY });
    expect(run(rule, [11, 11, 10, 11, 11, 11])).toEqual([
      "pending",
      "pending",
      "ok",
      "pending",
      "pending",
      "firing!firing",
    ]);
  });

  test("recovers only across the resolve bound, and has resolved when it was back for so long", () => {
    const rule = ruleOf({ resolveBound: 5, keepMs: EVERY });
    expect(run(rule, [11, 7, 4, 7, 4, 5, 4, 4])).toEqual([
      "firing!firing",
      "firing",
      "recovering",
      "firing",
      "recovering",
      "firing",
      "recovering",
      "ok!resolved",
    ]);
  });

  test("stays as it is while nothing is known", () => {
    const rule = ruleOf({ forMs: EVERY, keepMs: EVERY });
    expect(run(rule, [null, 11, null, 11, null, 1, null, 1])).toEqual([
      "ok",
      "pending",
      "pending",
      "firing!firing",
      "firing",
      "recovering",
      "recovering",
      "ok!resolved",
    ]);
  });

  test("is told again each time that `repeat` has passed, while it fires", () => {
    const rule = ruleOf({ repeatMs: 2 * EVERY, keepMs: 9 * EVERY });
    expect(run(rule, [11, 11, 11, null, null, 11, 1, 1, 11])).toEqual([
      "firing!firing",
      "firing",
      "firing!repeat",
      "firing",
      "firing",
      "firing!repeat",
      "recovering",
      "recovering",
      "firing!repeat",
    ]);
  });

  test("that began to fire while muted is told when the mute ends, or never where it has ended before", () => {
    expect(run(ruleOf(), [11, 11, 11], 0, 2)).toEqual(["firing", "firing", "firing!firing"]);
    expect(run(ruleOf(), [11, 1, 1], 0, 3)).toEqual(["firing", "ok", "ok"]);
  });

  test("that was told is told as resolved though the rule is muted meanwhile", () => {
    expect(run(ruleOf({ repeatMs: EVERY }), [11, 11, 1], 1, 9)).toEqual(["firing!firing", "firing", "ok!resolved"]);
  });

  test("begins anew under a changed rule unless it fires", () => {
    const at = (phase: InstanceState["phase"], firingFrom?: number): InstanceState => ({
      phase,
      heldFrom: T0,
      firingFrom,
      toldAt: firingFrom,
    });
    expect(underChangedRule(at("pending")).phase).toBe("ok");
    expect(underChangedRule(at("firing", T0))).toEqual(at("firing", T0));
    expect(underChangedRule(at("recovering", T0))).toEqual(at("firing", T0));
  });

  test("fires as late as it would have when the clock is set meanwhile", () => {
    const rule = ruleOf({ forMs: 2 * EVERY });
    for (const jump of [3_600_000, -3_600_000]) {
      const first = nextState(NEVER_SEEN, known(11), rule, T0, false).state;
      const shifted = shiftState(first, jump);
      const second = nextState(shifted, known(11), rule, T0 + EVERY + jump, false);
      expect(second.state.phase).toBe("pending");
      expect(nextState(second.state, known(11), rule, T0 + 2 * EVERY + jump, false).telling).toBe("firing");
    }
    // Where nobody saw it being set, it fires later, and not never.
    const before = nextState(NEVER_SEEN, known(11), rule, T0, false).state;
    const after = nextState(before, known(11), rule, T0 - 3_600_000, false);
    expect(nextState(after.state, known(11), rule, T0 - 3_600_000 + 2 * EVERY, false).telling).toBe("firing");
  });
});

interface Point {
  readonly t: number;
  readonly value: number | null;
  readonly isMuted: boolean;
}

/**
 * What is told at the last point, from the whole series: runs of points are looked for, and no state is carried. The
 * series is cut where the rule was last at rest.
 */
function modelTellings(rule: AlertRule, points: readonly Point[]): string[] {
  const tellings: string[] = [];
  const known = points.flatMap(({ t, value, isMuted }) => (value === null ? [] : [{ t, value, isMuted }]));
  const isBad = (value: number) => (rule.side === "above" ? value > rule.bound : value < rule.bound);
  const isGood = (value: number) => {
    const { resolveBound } = rule;
    if (resolveBound === undefined) return !isBad(value);
    return rule.side === "above" ? value < resolveBound && !isBad(value) : value > resolveBound && !isBad(value);
  };
  for (let index = 0; index < known.length; ) {
    // The first point at which all points of the last `for` were bad.
    const fires = known.findIndex(({ t }, at) => {
      if (at < index) return false;
      let first = at;
      while (first >= index && isBad((known[first] as { value: number }).value)) first--;
      return first < at && t - (known[first + 1] as { t: number }).t >= rule.forMs;
    });
    if (fires === -1) break;
    const resolves = known.findIndex(({ t }, at) => {
      if (at <= fires) return false;
      let first = at;
      while (first > fires && isGood((known[first] as { value: number }).value)) first--;
      return first < at && t - (known[first + 1] as { t: number }).t >= rule.keepMs;
    });
    const end = resolves === -1 ? known.length : resolves;
    let toldAt: number | undefined;
    for (let at = fires; at < end; at++) {
      const { t, value, isMuted } = known[at] as (typeof known)[number];
      if (isMuted || isGood(value)) continue;
      if (toldAt === undefined) tellings.push(`firing ${t}`);
      else if (rule.repeatMs !== undefined && t - toldAt >= rule.repeatMs) tellings.push(`repeat ${t}`);
      else continue;
      toldAt = t;
    }
    if (resolves === -1) break;
    if (toldAt !== undefined) tellings.push(`resolved ${(known[resolves] as { t: number }).t}`);
    index = resolves + 1;
  }
  return tellings;
}

function randomRule(random: Random): AlertRule {
  const side = pick(random, ["above", "below"] as const);
  const bound = 1 + integer(random, 4);
  const away = integer(random, 2);
  return ruleOf({
    side,
    bound,
    resolveBound: random() < 0.5 ? undefined : side === "above" ? bound - away : bound + away,
    forMs: integer(random, 3) * EVERY,
    keepMs: integer(random, 3) * EVERY,
    repeatMs: random() < 0.5 ? undefined : (1 + integer(random, 5)) * EVERY,
  });
}

test("random series are told as a model tells them that looks at the whole series", () => {
  const random = seededRandom(runSeed("alert states"));
  let told = 0;
  for (let round = 0; round < 2_000; round++) {
    const rule = randomRule(random);
    const points: Point[] = [];
    let t = T0;
    let isMuted = false;
    for (let length = 5 + integer(random, 40); length > 0; length--) {
      // Evaluations may be late or left out.
      t += EVERY * (random() < 0.1 ? 1 + integer(random, 4) : 1);
      if (random() < 0.08) isMuted = !isMuted;
      const value = random() < 0.1 ? null : integer(random, 7);
      points.push({ t, value: random() < 0.5 ? value : (points.at(-1)?.value ?? value), isMuted });
    }
    let state = NEVER_SEEN;
    const tellings: string[] = [];
    for (const point of points) {
      const observed = point.value === null ? UNKNOWN : known(point.value);
      const step = nextState(state, observed, rule, point.t, point.isMuted);
      // What a restart reads back.
      state = JSON.parse(JSON.stringify(step.state)) as InstanceState;
      if (step.telling !== undefined) tellings.push(`${step.telling} ${point.t}`);
    }
    told += tellings.length;
    expect({ rule, points, tellings }).toEqual({ rule, points, tellings: modelTellings(rule, points) });
  }
  expect(told).toBeGreaterThan(1_000);
});
