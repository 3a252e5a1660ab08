// Timings by touchpoint, and over time. Equal names of two projects are two touchpoints: where the scope is all
// projects, one is scanned after the other, and each has blocks of its own. Only so many touchpoints are held and
// listed, the most frequent ones. Where a touchpoint that came late turns out to be one of these, a second scan computes
// the totals of those that are listed, so that they are exact.

import type { TimeSpan } from "../../core/compare.ts";
import {
  CATEGORIES_LISTED_MAX,
  NAMES_HELD_MAX,
  SERIES_BUCKETS_MAX,
  TOUCHPOINTS_LISTED_MAX,
} from "../../core/limits.ts";
import type { QueryRefusal, TimingsSort } from "../../core/queries.ts";
import type {
  CategoryTimings,
  SeriesBucket,
  SeriesResponse,
  TimingsResponse,
  TouchpointTimings,
} from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { compareTexts } from "../../core/text_order.ts";
import { ambiguousName, cutTouchpoint, TOUCHPOINT_LENGTH_MAX } from "../../core/touchpoint.ts";
import { comparedRange, comparedScope } from "../scan/compared_range.ts";
import { Coverage, type ScanContext, scopeProjects } from "../scan/records.ts";
import { isRefusal, type Scope } from "../scan/scope.ts";
import { alignedBuckets, askedSpan, type Buckets, bucketOf, bucketsOf } from "../scan/time_buckets.ts";
import { durationRows } from "./duration_rows.ts";
import { type FrequentBounds, FrequentTexts, mostFrequent, type WantedTexts } from "./frequent_texts.ts";
import type { RunningTimingStart } from "./running.ts";
import type { TablesSource } from "./tables.ts";
import { comparedFigures, TotalsByRange, timingsOrder } from "./timing_changes.ts";
import {
  addTimings,
  categoryFigures,
  type TimingPart,
  type TimingSink,
  TimingTotals,
  TOTALS_BYTES,
} from "./timing_totals.ts";

export interface TimingsRequest {
  /** Whether figures of categories are wanted as well. */
  readonly byCategory?: boolean | undefined;
  /** Undefined: by name. */
  readonly sort?: TimingsSort | undefined;
  /** The most touchpoints listed. Undefined: as many as there can be. */
  readonly limit?: number | undefined;
  /** A range whose figures are listed beside those of the scope. */
  readonly compared?: TimeSpan | undefined;
  /** The starts of the scope that wait for their end. */
  readonly running: readonly RunningTimingStart[];
  readonly tables: Pick<TablesSource, "registered" | "ambiguousPairs">;
}

/** The figures of each touchpoint in the scope. */
export function* timingsResponse(context: ScanContext, scope: Scope, request: TimingsRequest): Steps<TimingsResponse> {
  const { byCategory, sort = "name", limit = TOUCHPOINTS_LISTED_MAX, compared, running } = request;
  const coverage = new Coverage();
  const touchpoints: TouchpointTimings[] = [];
  const categories: CategoryTimings[] = [];
  const registering: string[] = [];
  let more = 0;
  const previous = compared === undefined ? undefined : yield* comparedRange(context, scope, compared);
  for (const project of yield* scopeProjects(context, scope, running.map(projectOf))) {
    const own = { ...scope, project };
    // Where nothing of a project is kept, its touchpoints are not new.
    const isKept = compared === undefined || (yield* comparedRange(context, own, compared)).kept !== "none";
    const one = yield* projectTimings(context, own, { ...request, isKept }, coverage);
    if (one.isRegistering) registering.push(project);
    touchpoints.push(...one.touchpoints);
    categories.push(...one.categories);
    more += one.more + cutRarest(touchpoints, TOUCHPOINTS_LISTED_MAX, timingsOf);
    cutRarest(categories, CATEGORIES_LISTED_MAX, ({ count }) => count);
  }
  // Equal names stay in the order of projects.
  touchpoints.sort(byProject).sort(timingsOrder(sort));
  categories.sort(byProject).sort((a, b) => compareTexts(a.category, b.category));
  return {
    more: more + Math.max(0, touchpoints.length - limit),
    touchpoints: touchpoints.slice(0, limit),
    ...(byCategory === true ? { categories } : {}),
    registering,
    ...(previous === undefined ? {} : { previous }),
    ...coverage.warnings(),
  };
}

function projectOf({ project }: RunningTimingStart): string {
  return project;
}

function byProject(a: { readonly project: string }, b: { readonly project: string }): number {
  return compareTexts(a.project, b.project);
}

function timingsOf({ count, running, unfinished }: TouchpointTimings): number {
  return count + running + unfinished;
}

/** Leaves the `max` rows with the highest counts. Returns how many are gone. */
function cutRarest<T>(rows: T[], max: number, countOf: (row: T) => number): number {
  const gone = rows.length - max;
  if (gone <= 0) return 0;
  rows.sort((a, b) => countOf(b) - countOf(a));
  rows.length = max;
  return gone;
}

interface ProjectTimings {
  readonly touchpoints: readonly TouchpointTimings[];
  readonly categories: readonly CategoryTimings[];
  /** How many more touchpoints there are. */
  readonly more: number;
  /** Whether any touchpoint of the project is registered. */
  readonly isRegistering: boolean;
}

function* projectTimings(
  context: ScanContext,
  scope: Scope & { readonly project: string },
  { byCategory, compared, running, tables, isKept }: TimingsRequest & { readonly isKept: boolean },
  coverage: Coverage,
): Steps<ProjectTimings> {
  const { project } = scope;
  const ranges = compared === undefined ? 1 : 2;
  const scan = function* (held: HeldTouchpoints<TotalsByRange>): Steps<void> {
    const sinkOf = (totals: TimingSink["totals"]): TimingSink => ({
      isByTouchpoint: true,
      count: (touchpoint, timings) => held.count(touchpoint, timings),
      totals,
      get bytes() {
        return held.names.bytes + held.names.size * ranges * TOTALS_BYTES;
      },
    });
    for (const start of running) {
      const number = start.project === project ? held.count(start.touchpoint, 1) : -1;
      if (number !== -1) held.at(number).now.running++;
    }
    const part = (own: Scope, totals: TimingSink["totals"]): TimingPart => {
      return { scope: own, sink: sinkOf(totals), buckets: undefined };
    };
    const parts = [part(scope, (number) => held.at(number).now)];
    if (compared !== undefined) {
      parts.push(part(comparedScope(scope, compared), (number) => held.at(number).before as TimingTotals));
    }
    yield* addTimings(context, parts, coverage);
  };
  const bounds = { listedMax: TOUCHPOINTS_LISTED_MAX, heldMax: NAMES_HELD_MAX };
  const create = () => new TotalsByRange(compared !== undefined);
  const { listed, more } = yield* mostFrequentTouchpoints(bounds, create, scan);
  const registered = new Set(tables.registered(project));
  const ambiguous = tables.ambiguousPairs(project, scope.from, scope.to);
  const touchpoints = listed.map(([touchpoint, totals]) => ({
    project,
    touchpoint,
    registered: registered.has(touchpoint),
    ambiguous: ambiguous.get(ambiguousName(touchpoint)) ?? 0,
    ...comparedFigures([totals], isKept),
  }));
  const figuresOf = (members: readonly TotalsByRange[]) => ({ project, ...comparedFigures(members, isKept) });
  const categories = byCategory === true ? categoryFigures(listed, figuresOf) : [];
  return { touchpoints, categories, more, isRegistering: registered.size > 0 };
}

export interface SeriesRequest {
  /** Undefined: chosen by the span. */
  readonly intervalMs: number | undefined;
  /** One series for each touchpoint instead of one for all. */
  readonly byTouchpoint: boolean;
  /** Whether each bucket's timings are also counted by their durations. */
  readonly byDuration?: boolean | undefined;
  /** A range that has series of its own, beside those of the scope. */
  readonly compared?: TimeSpan | undefined;
  /** The starts of the scope that wait for their end; each counts in the bucket in which it began. */
  readonly running: readonly RunningTimingStart[];
  /** Unix ms. */
  readonly now: number;
}

/** The figures of each bucket of time, for all touchpoints together or for each. */
export function* seriesResponse(
  context: ScanContext,
  scope: Scope,
  { intervalMs, byTouchpoint, byDuration, compared, running, now }: SeriesRequest,
): Steps<SeriesResponse | QueryRefusal> {
  const startTimes = running.map(({ startTime }) => startTime);
  const { from, to } = yield* askedSpan(context, scope, now, startTimes);
  const buckets = bucketsOf(from, to, intervalMs);
  if (isRefusal(buckets)) return buckets;
  const earlier = compared === undefined ? undefined : alignedBuckets(buckets, from, compared);
  if (earlier !== undefined && isRefusal(earlier)) return earlier;
  const bounded: Scope = { ...scope, to, shownFrom: (project) => Math.max(from, scope.shownFrom(project)) };
  const coverage = new Coverage();
  const { interval } = buckets;
  const begun = running.filter(({ startTime }) => startTime >= from && startTime < to);
  const bucketsEach = buckets.count + (earlier?.count ?? 0);
  const seriesMax = Math.max(1, Math.min(TOUCHPOINTS_LISTED_MAX, Math.floor(SERIES_BUCKETS_MAX / bucketsEach)));
  const held: HeldSeriesRequest = {
    buckets,
    earlier,
    compared,
    running: begun,
    seriesMax: byTouchpoint ? seriesMax : 0,
  };
  const previous = compared === undefined ? undefined : yield* comparedRange(context, scope, compared);
  const notes = () => ({ ...(previous === undefined ? {} : { previous }), ...coverage.warnings() });
  if (!byTouchpoint) {
    const [[, series] = ["", emptySeries(held, { count: 0 })]] = (yield* heldSeries(context, bounded, held, coverage))
      .listed;
    const shown = byDuration === true ? series.now.figuresByDuration() : { buckets: series.now.figures() };
    return { interval, ...shown, ...previousBuckets(series), ...notes() };
  }
  const found: { readonly timings: number; readonly shown: TouchpointSeries }[] = [];
  let more = 0;
  for (const project of yield* scopeProjects(context, bounded, begun.map(projectOf))) {
    const own = begun.filter((start) => start.project === project);
    const one = yield* heldSeries(context, { ...bounded, project }, { ...held, running: own }, coverage);
    for (const [touchpoint, series] of one.listed) {
      const shown = { project, touchpoint, buckets: series.now.figures(), ...previousBuckets(series) };
      found.push({ timings: series.now.timings + (series.before?.timings ?? 0), shown });
    }
    more += one.more + cutRarest(found, seriesMax, ({ timings }) => timings);
  }
  const touchpoints = found
    .map(({ shown }) => shown)
    .sort((a, b) => compareTexts(a.touchpoint, b.touchpoint) || byProject(a, b));
  return { interval, more, touchpoints, ...notes() };
}

type TouchpointSeries = NonNullable<SeriesResponse["touchpoints"]>[number];

interface HeldSeriesRequest extends Pick<SeriesRequest, "running" | "compared"> {
  readonly buckets: Buckets;
  /** Of the compared range. */
  readonly earlier: Buckets | undefined;
  /** The most touchpoints with a series. 0: all have one together. */
  readonly seriesMax: number;
}

function emptySeries({ buckets, earlier }: HeldSeriesRequest, filled: { count: number }): SeriesByRange {
  return {
    now: new Series(buckets, filled),
    before: earlier === undefined ? undefined : new Series(earlier, filled),
  };
}

/** The series of the most frequent touchpoints of a scope, or one of all. */
function* heldSeries(
  context: ScanContext,
  scope: Scope,
  request: HeldSeriesRequest,
  coverage: Coverage,
): Steps<MostFrequentTouchpoints<SeriesByRange>> {
  const { buckets, earlier, compared, running, seriesMax } = request;
  const filled = { count: 0 };
  const scan = function* (held: HeldTouchpoints<SeriesByRange>): Steps<void> {
    const part = (own: Scope, ownBuckets: Buckets, seriesAt: (number: number) => Series): TimingPart => ({
      scope: own,
      sink: {
        isByTouchpoint: seriesMax > 0,
        count: (touchpoint, timings) => held.count(seriesMax > 0 ? touchpoint : "", timings),
        totals: (number, time) => seriesAt(number).at(bucketOf(ownBuckets, time)),
        get bytes() {
          return held.names.bytes + filled.count * TOTALS_BYTES;
        },
      },
      buckets: ownBuckets,
    });
    const own = part(scope, buckets, (number) => held.at(number).now);
    for (const { touchpoint, startTime } of running) {
      const number = own.sink.count(touchpoint, 1);
      if (number !== -1) own.sink.totals(number, startTime).running++;
    }
    const parts = [own];
    if (compared !== undefined && earlier !== undefined) {
      parts.push(part(comparedScope(scope, compared), earlier, (number) => held.at(number).before as Series));
    }
    yield* addTimings(context, parts, coverage);
  };
  const bounds = { listedMax: Math.max(1, seriesMax), heldMax: Math.max(1, seriesMax) };
  return yield* mostFrequentTouchpoints(bounds, () => emptySeries(request, filled), scan);
}

function previousBuckets({ before }: SeriesByRange): Pick<SeriesResponse, "previousBuckets"> {
  return before === undefined ? {} : { previousBuckets: before.figures() };
}

/** Series of the scope, and of the compared range. */
interface SeriesByRange {
  readonly now: Series;
  readonly before: Series | undefined;
}

/** The totals of one series by bucket. */
class Series {
  readonly #buckets: Buckets;
  readonly #totals = new Map<number, TimingTotals>();
  readonly #filled: { count: number };

  /** @param filled counts the buckets with totals, of all series. */
  constructor(buckets: Buckets, filled: { count: number }) {
    this.#buckets = buckets;
    this.#filled = filled;
  }

  at(bucket: number): TimingTotals {
    let totals = this.#totals.get(bucket);
    if (totals === undefined) {
      totals = new TimingTotals();
      this.#totals.set(bucket, totals);
      this.#filled.count++;
    }
    return totals;
  }

  /** How many timings there are. */
  get timings(): number {
    return this.#totals.values().reduce((sum, { count }) => sum + count, 0);
  }

  /** With each bucket's timings by duration. */
  figuresByDuration(): Pick<SeriesResponse, "buckets" | "durationBounds"> {
    const sketches = Array.from({ length: this.#buckets.count }, (_, bucket) => this.#totals.get(bucket)?.durations);
    const { bounds, counts } = durationRows(sketches);
    const buckets = this.figures().map((figures, bucket) => ({ ...figures, durations: [...(counts[bucket] ?? [])] }));
    return { durationBounds: [...bounds], buckets };
  }

  /** Of every bucket, the empty ones too. */
  figures(): SeriesBucket[] {
    const { start, interval, count } = this.#buckets;
    const empty = new TimingTotals().figures();
    return Array.from({ length: count }, (_, bucket) => ({
      time: start + bucket * interval,
      ...(this.#totals.get(bucket)?.figures() ?? empty),
    }));
  }
}

/** What one scan holds for each touchpoint. */
class HeldTouchpoints<T> {
  readonly names: FrequentTexts;
  readonly #create: () => T;
  readonly #held: T[] = [];

  /** @param wanted the only touchpoints to hold; undefined: the first that come. */
  constructor(heldMax: number, create: () => T, wanted?: WantedTexts) {
    const bounds: FrequentBounds = { textsMax: heldMax, lengthMax: heldMax * (TOUCHPOINT_LENGTH_MAX + 1) };
    this.names = new FrequentTexts(bounds, wanted);
    this.#create = create;
  }

  /** Counts timings of a touchpoint. Returns its number, or −1 if nothing is held for it. */
  count(touchpoint: string, timings: number): number {
    const number = this.names.add(cutTouchpoint(touchpoint), timings);
    if (number === this.#held.length) this.#held.push(this.#create());
    return number;
  }

  at(number: number): T {
    return this.#held[number] as T;
  }

  list(numbers: readonly number[] = []): [touchpoint: string, held: T][] {
    return numbers.map((number) => [this.names.text(number), this.at(number)]);
  }
}

interface MostFrequentTouchpoints<T> {
  readonly listed: readonly (readonly [touchpoint: string, held: T])[];
  /** How many more there are. */
  readonly more: number;
}

/** @param scan counts every timing of the scope; called a second time where the first held the wrong touchpoints. */
function* mostFrequentTouchpoints<T>(
  { listedMax, heldMax }: { readonly listedMax: number; readonly heldMax: number },
  create: () => T,
  scan: (held: HeldTouchpoints<T>) => Steps<void>,
): Steps<MostFrequentTouchpoints<T>> {
  const first = new HeldTouchpoints(heldMax, create);
  yield* scan(first);
  const { numbers, more, wanted } = mostFrequent([first.names], listedMax);
  if (wanted === undefined) return { listed: first.list(numbers[0]), more };
  const second = new HeldTouchpoints(heldMax, create, wanted[0]);
  yield* scan(second);
  return { listed: second.list(mostFrequent([second.names], listedMax).numbers[0]), more };
}
