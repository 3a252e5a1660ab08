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
  /** "" for none. */
  readonly touchpoint: string;
  /** Unix ms. */
  readonly startTime: number;
}

/** The starts that match, in no particular order. */
export function* matchingStarts(starts: Iterable<OpenStart>, scope: Scope): Steps<RunningTimingStart[]> {
  const running: RunningTimingStart[] = [];
  for (const portion of matchingPortions(starts, scope)) {
    for (const { start } of portion) {
      const touchpoint = copyOf(cutTouchpoint(start.touchpoint ?? ""));
      running.push({ touchpoint, startTime: start.startTime });
    }
    yield undefined;
  }
  return running;
}

/**
 * The starts that match, longest running first: at most `limit`, fewer where they are very long. `count` is the number
 * of all.
 */
export function* runningResponse(starts: Iterable<OpenStart>, scope: Scope, limit: number): Steps<RunningResponse> {
  let running: RunningTiming[] = [];
  let count = 0;
  for (const portion of matchingPortions(starts, scope)) {
    count += portion.length;
    running = longestRunning([...running, ...portion.map(shownTiming)], limit);
    yield undefined;
  }
  return { running, count };
}

function longestRunning(running: RunningTiming[], limit: number): RunningTiming[] {
  running.sort((a, b) => a.startTime - b.startTime);
  let length = 0;
  const end = running.findIndex((timing, index) => {
    length += textLengthOf(timing);
    return index === limit || (index > 0 && length > PAGE_LENGTH_MAX);
  });
  return end === -1 ? running : running.slice(0, end);
}

/** Timings that began before `from` still run, so only `to` bounds them. */
function* matchingPortions(starts: Iterable<OpenStart>, scope: Scope): Generator<OpenStart[]> {
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
    all.forEach(({ start }, index) => appendRecord(columns, index + 1, { ...start, kind: "started" }));
    const block = openBlock(new BlockEncoder().packed(columns).chunks, columns.count);
    const matches = matchRows(scope.search, block, project);
    return all.filter((_, index) => matches[index] === 1);
  });
}

function shownTiming({ project, start }: OpenStart): RunningTiming {
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
