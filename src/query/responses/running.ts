// Running timings: the open starts, which wait for their end. They are matched by the same evaluator as records: some
// at a time are encoded as a small block.

import { appendRecord, emptyColumns } from "../../block/columns.ts";
import { BlockEncoder } from "../../block/encode.ts";
import { openBlock } from "../../block/open_block.ts";
import { PAGE_LENGTH_MAX } from "../../core/limits.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { RunningResponse, RunningTiming } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { copyOf } from "../../core/text_copy.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { matchRows } from "../match/evaluate.ts";
import { textLengthOf } from "../scan/query_memory.ts";
import type { Scope } from "../scan/scope.ts";
import type { UsualDurations } from "./usual_durations.ts";

/** Starts that are matched, and held, at a time; and the characters of their texts. */
const PORTION_STARTS = 1_000;
const PORTION_LENGTH = 4 * 1024 * 1024;

/** An open start as the data file has it: a record that has no id and no end yet. */
export interface OpenStart {
  readonly project: string;
  readonly start: Omit<StoredRecord, "id" | "kind"> & { readonly startTime: number };
}

/** The members of an open start that figures need. */
export interface RunningTimingStart {
  readonly project: string;
  /** "" for none. */
  readonly touchpoint: string;
  /** Unix ms. */
  readonly startTime: number;
}

/** The starts that match, in no particular order. */
export function* matchingStarts(starts: Iterable<OpenStart>, scope: Scope): Steps<RunningTimingStart[]> {
  const running: RunningTimingStart[] = [];
  for (const portion of matchingPortions(starts, scope)) {
    for (const { project, start } of portion) {
      const touchpoint = copyOf(cutTouchpoint(start.touchpoint ?? ""));
      running.push({ project, touchpoint, startTime: start.startTime });
    }
    yield undefined;
  }
  return running;
}

export interface RunningRequest {
  readonly limit: number;
  /** How long a start may wait, in ms. Undefined: not known. */
  readonly timeoutMs?: number | undefined;
  /** What is usual for the touchpoints. Undefined: not told. */
  readonly usual?: Pick<UsualDurations, "p99"> | undefined;
  /** By how many times the usual p99 they run, and not by how long. Those without a p99 come last. */
  readonly isByP99?: boolean;
  /** Unix ms. */
  readonly now?: number;
}

/**
 * The starts that match, longest running first: at most `limit`, fewer where they are very long. `count` is the number
 * of all.
 */
export function* runningResponse(
  starts: Iterable<OpenStart>,
  scope: Scope,
  { limit, timeoutMs, usual, isByP99 = false, now = 0 }: RunningRequest,
): Steps<RunningResponse> {
  let running: RunningTiming[] = [];
  let count = 0;
  const shown = (start: OpenStart): RunningTiming => ({
    ...shownTiming(start),
    ...(timeoutMs === undefined ? {} : { timeoutAt: start.start.receivedAt + timeoutMs }),
    ...(usual === undefined ? {} : { p99: usual.p99(shownTiming(start)) }),
  });
  const timesP99 = ({ startTime, p99 = null }: RunningTiming) => (p99 === null ? -1 : (now - startTime) / p99);
  const compare = (a: RunningTiming, b: RunningTiming) =>
    (isByP99 ? timesP99(b) - timesP99(a) : 0) || a.startTime - b.startTime;
  for (const portion of matchingPortions(starts, scope)) {
    count += portion.length;
    running = firstRunning([...running, ...portion.map(shown)], limit, compare);
    yield undefined;
  }
  return { running, count };
}

function firstRunning(
  running: RunningTiming[],
  limit: number,
  compare: (a: RunningTiming, b: RunningTiming) => number,
): RunningTiming[] {
  running.sort(compare);
  let length = 0;
  const end = running.findIndex((timing, index) => {
    length += textLengthOf(timing);
    return index === limit || (index > 0 && length > PAGE_LENGTH_MAX);
  });
  return end === -1 ? running : running.slice(0, end);
}

/** The starts that match, some at a time. Timings that began before `from` still run, so only `to` bounds them. */
export function* matchingPortions(starts: Iterable<OpenStart>, scope: Scope): Generator<OpenStart[]> {
  let portion: OpenStart[] = [];
  let length = 0;
  for (const one of starts) {
    if (scope.project !== undefined && one.project !== scope.project) continue;
    if (one.start.startTime >= scope.to) continue;
    portion.push(one);
    length += textLengthOf(one.start);
    if (portion.length < PORTION_STARTS && length < PORTION_LENGTH) continue;
    yield filterBySearch(portion, scope);
    portion = [];
    length = 0;
  }
  yield filterBySearch(portion, scope);
}

function filterBySearch(starts: readonly OpenStart[], scope: Scope): OpenStart[] {
  const projects = new Map<string, OpenStart[]>();
  for (const start of starts) {
    const others = projects.get(start.project);
    if (others === undefined) projects.set(start.project, [start]);
    else others.push(start);
  }
  return [...projects].flatMap(([project, all]) => {
    const columns = emptyColumns();
    for (const { start } of all) appendRecord(columns, 0, { ...start, kind: "started" });
    const block = openBlock(new BlockEncoder().packed(columns).chunks, columns.count);
    const matches = matchRows(scope.search, block, project);
    return all.filter((_, index) => matches[index] === 1);
  });
}

export function shownTiming({ project, start }: OpenStart): RunningTiming {
  const { apiKey, source, keyType, touchpoint, key, message, startTime, receivedAt, metadata } = start;
  return {
    project,
    apiKey,
    source,
    ...(keyType === undefined ? {} : { keyType }),
    ...(touchpoint === undefined ? {} : { touchpoint: cutTouchpoint(touchpoint) }),
    ...(key === undefined ? {} : { key }),
    ...(message === undefined ? {} : { message }),
    startTime,
    receivedAt,
    ...(metadata === undefined ? {} : { metadata }),
  };
}
