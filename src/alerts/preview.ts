// How often a rule would have fired: one query measures it at all evaluations of a range, and the evaluator's own state
// machine goes through them here. Where nothing changes, evaluations are passed over: they would change nothing either.
//
// It works for WORK_MS_MAX at a time, so that requests take turns with it.

import { frequencyOf, isBeyond, remembersValues } from "../core/alert_measure.ts";
import {
  type AlertPreviewResponse,
  FIRINGS_MAX,
  type PreviewOrder,
  type PreviewOutcome,
} from "../core/alert_responses.ts";
import type { AlertRule } from "../core/alert_rule.ts";
import type { Clock } from "../core/clock.ts";
import { DAY_MS } from "../core/limits.ts";
import type { QueryService, RuleSeriesRequest } from "../core/queries.ts";
import type { MeasureResponse, RuleSeriesResponse } from "../core/responses.ts";
import type { Schedule } from "./delivery/outcome.ts";
import { type Continuity, searchOf } from "./rules/observe.ts";
import { RuleEvaluation } from "./rules/rule_evaluation.ts";

const RANGE_MS = 7 * DAY_MS;
const WORK_MS_MAX = 5;

export interface PreviewOptions {
  readonly queries: Pick<QueryService, "query">;
  /** Resolves once everything that was received before is committed or refused. */
  readonly drained: () => Promise<void>;
  /** Unix ms. */
  readonly clock: Clock;
  readonly monotonic: Clock;
  readonly schedule: Schedule;
}

/** Goes through the evaluations of the order's range. */
export async function previewRule(
  rule: AlertRule,
  { from, to }: Pick<PreviewOrder, "from" | "to">,
  options: PreviewOptions,
  signal: AbortSignal,
): Promise<PreviewOutcome> {
  const { queries, drained, clock } = options;
  const now = clock();
  const last = Math.min(to ?? now, now);
  const first = from ?? last - RANGE_MS;
  if (first > last)
    return { ok: false, refusal: { code: "bad_range", message: "from must be before to, and not later than now" } };
  await drained();
  const outcome = await queries.query(requestOf(rule, first, last), signal);
  if (!outcome.ok) return { ok: false, refusal: outcome.refusal };
  const series = JSON.parse(outcome.answer) as RuleSeriesResponse;
  const found = await replay(rule, series, options, signal);
  if (found === undefined) return { ok: false, refusal: { code: "cancelled", message: "The client is gone" } };
  const { firings, fired, unknown } = found;
  return {
    ok: true,
    preview: {
      from: series.from,
      to: series.from + Math.max(0, series.evaluations - 1) * rule.everyMs,
      everyMs: rule.everyMs,
      evaluated: series.evaluations,
      unknown,
      fired,
      firings,
      threshold: rule.bound,
      values: series.points,
      truncated: truncationOf(series, fired),
      notes: notesOf(rule),
    },
  };
}

function requestOf(rule: AlertRule, from: number, to: number): RuleSeriesRequest {
  const { project } = rule;
  return {
    kind: "rule_series",
    scope: { project, q: searchOf(rule), from: undefined, to: undefined },
    rule,
    of: rule.kind === "share" ? searchOf({ project, q: rule.of }) : undefined,
    evaluated: { from, to },
  };
}

type Firing = AlertPreviewResponse["firings"][number];

interface Replayed {
  /** By their begin, FIRINGS_MAX at most. */
  readonly firings: readonly Firing[];
  readonly fired: number;
  readonly unknown: number;
}

/** Undefined: the signal was aborted. */
async function replay(
  rule: AlertRule,
  answer: RuleSeriesResponse,
  { monotonic, schedule }: PreviewOptions,
  signal: AbortSignal,
): Promise<Replayed | undefined> {
  const measured = new MeasuredSeries(rule, answer);
  const replaying = new Replay(rule, answer);
  let startedAt = monotonic();
  for (let index = 0; index < answer.evaluations; ) {
    const hasChanged = measured.moveTo(index);
    if (hasChanged || !replaying.isAtRest) replaying.step(index, measured.answer(replaying.known));
    const next = replaying.isAtRest ? measured.nextChange : index + 1;
    replaying.pass(Math.min(next, answer.evaluations) - index);
    index = next;
    if (monotonic() - startedAt < WORK_MS_MAX) continue;
    await new Promise<void>((wake) => schedule(wake, 0));
    if (signal.aborted) return undefined;
    startedAt = monotonic();
  }
  return replaying.result();
}

/** What is measured of each instance at an evaluation. */
class MeasuredSeries {
  readonly #rule: AlertRule;
  readonly #series: RuleSeriesResponse["series"];
  /** Of each series, the run at hand; −1: none yet. */
  readonly #runs: Int32Array;
  /** The evaluations at which a run begins, rising. */
  readonly #changes: readonly number[];
  readonly #evaluations: number;
  #next = 0;

  constructor(rule: AlertRule, { series, evaluations }: RuleSeriesResponse) {
    this.#rule = rule;
    this.#series = series;
    this.#runs = new Int32Array(series.length).fill(-1);
    this.#evaluations = evaluations;
    this.#changes = [...new Set(series.flatMap(({ runs }) => runs.map(([at]) => at)))].sort((a, b) => a - b);
  }

  /** The next evaluation at which something else is measured, or the number of evaluations. */
  get nextChange(): number {
    return this.#changes[this.#next] ?? this.#evaluations;
  }

  /** Goes on to an evaluation; whether something else is measured there than at the one before. */
  moveTo(index: number): boolean {
    const hasChanged = this.nextChange <= index;
    while (this.nextChange <= index && this.#next < this.#changes.length) this.#next++;
    if (!hasChanged) return false;
    for (const [number, { runs }] of this.#series.entries()) {
      let run = this.#runs[number] as number;
      while ((runs[run + 1]?.[0] ?? Number.POSITIVE_INFINITY) <= index) run++;
      this.#runs[number] = run;
    }
    return true;
  }

  /** The answer that an evaluation would get. @param known the values of instances that are in it in any case */
  answer(known: readonly string[]): MeasureResponse {
    const groups = this.#series.flatMap(({ value, runs }, number) => {
      const [, count = 0, of = 0, timings = 0, percentile = null] = runs[this.#runs[number] as number] ?? [];
      return { value, count, of, timings, percentile };
    });
    if (this.#rule.groupBy === undefined) return groups[0] ?? { count: 0, of: 0, timings: 0, percentile: null };
    const present = groups.flatMap((one) => {
      const { value } = one;
      return value !== null && (frequencyOf(this.#rule, one) > 0 || known.includes(value)) ? [{ ...one, value }] : [];
    });
    return { count: 0, of: 0, timings: 0, percentile: null, groups: present };
  }
}

/** The states, and what fired. */
class Replay {
  readonly #rule: AlertRule;
  readonly #from: number;
  readonly #evaluation: RuleEvaluation;
  readonly #continuity: Continuity;
  readonly #firings: Firing[] = [];
  /** What fires now, by group. */
  readonly #open = new Map<string | null, { -readonly [K in keyof Firing]: Firing[K] }>();
  #fired = 0;
  #unknown = 0;
  #isUnknown = false;
  isAtRest = false;

  constructor(rule: AlertRule, { from, firstReceivedAt }: RuleSeriesResponse) {
    this.#rule = rule;
    this.#from = from;
    this.#evaluation = new RuleEvaluation(rule, []);
    this.#continuity = { startedAt: firstReceivedAt ?? Number.POSITIVE_INFINITY, jump: undefined };
  }

  get known(): string[] {
    return this.#evaluation.values;
  }

  step(index: number, answer: MeasureResponse): void {
    const t = this.#from + index * this.#rule.everyMs;
    const before = this.known.join();
    const step = this.#evaluation.step(answer, t, this.#continuity, false);
    for (const { group, telling, value } of step.changes) {
      if (telling === "firing" && value !== undefined) this.#begin(group, t, value);
      if (telling === "resolved") this.#end(group, t);
    }
    this.#evaluation.apply(step, new Map());
    const instances = [...this.#evaluation.instances];
    for (const [group, { observation }] of instances) {
      const open = this.#open.get(group);
      if (open !== undefined && observation?.isKnown === true) this.#raise(open, observation.value);
    }
    this.#isUnknown = instances.length > 0 && instances.every(([, { observation }]) => observation?.isKnown === false);
    // Before a whole window has passed since the start, the same count can come to mean something else.
    const isArmed = !remembersValues(this.#rule) || t - this.#rule.windowMs >= this.#continuity.startedAt;
    const isMoving = ({ phase }: { readonly phase: string }) => phase === "pending" || phase === "recovering";
    // Where one goes, another may be looked at in its place.
    this.isAtRest = isArmed && this.known.join() === before && !instances.some(([, { state }]) => isMoving(state));
  }

  /** So many evaluations were as the last one. */
  pass(evaluations: number): void {
    if (this.#isUnknown) this.#unknown += evaluations;
  }

  result(): Replayed {
    return { firings: this.#firings, fired: this.#fired, unknown: this.#unknown };
  }

  #begin(group: string | null, from: number, peak: number): void {
    const firing = { group, from, to: null, peak };
    this.#fired++;
    if (this.#firings.length < FIRINGS_MAX) this.#firings.push(firing);
    this.#open.set(group, firing);
  }

  #end(group: string | null, to: number): void {
    const firing = this.#open.get(group);
    if (firing !== undefined) firing.to = to;
    this.#open.delete(group);
  }

  #raise(firing: { peak: number }, value: number): void {
    if (!isBeyond(value, this.#rule)) return;
    firing.peak = this.#rule.side === "above" ? Math.max(firing.peak, value) : Math.min(firing.peak, value);
  }
}

function truncationOf(
  { isCut, hasMoreValues, stoppedEarly, damagedBlocks }: RuleSeriesResponse,
  fired: number,
): string | null {
  const left = [
    ...(stoppedEarly === undefined ? [] : [`records are missing: ${stoppedEarly}`]),
    ...(damagedBlocks === undefined ? [] : [`${damagedBlocks} damaged blocks were left out`]),
    ...(isCut === true ? ["there is too much to look at: the range begins later"] : []),
    ...(hasMoreValues === true ? ["the field has too many values: only the most frequent were looked at"] : []),
    ...(fired > FIRINGS_MAX ? [`only the first ${FIRINGS_MAX} firings are listed`] : []),
  ];
  return left.length === 0 ? null : left.join("; ");
}

/** What the store does not know of these rules. */
function notesOf(rule: AlertRule): readonly string[] {
  if (rule.kind === "running") {
    return [
      "A stored timing counts as open from its start until it was received, also where it was sent as a whole",
      "The search is compared with the stored timing, and not with its start alone",
    ];
  }
  if (!remembersValues(rule)) return [];
  return ["Nobody knows any more when the server was off: silence of that time counts as well"];
}
