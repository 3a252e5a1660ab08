// The starts that wait for their end, as a query sees them: matched by the same evaluator as records, over small blocks that are made
// of them on the spot, some at a time.

import { appendRecord, emptyColumns } from "../../block/columns.ts";
import { BlockEncoder } from "../../block/encode.ts";
import { openBlock } from "../../block/open_block.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { RunningResponse, RunningTiming } from "../../core/responses.ts";
import { copyOf } from "../../core/text_copy.ts";
import { cutTouchpoint } from "../../core/touchpoint.ts";
import { matchRows } from "../match/evaluate.ts";
import { PAGE_LENGTH_MAX } from "../scan/limits.ts";
import type { Steps } from "../scan/scan.ts";
import type { Scope } from "../scan/scope.ts";
import { textLengthOf } from "../scan/text_length.ts";

/** Starts that are matched at once, and the characters of their texts: they are held while they are. */
const PORTION_STARTS = 1_000;
const PORTION_LENGTH = 4 * 1024 * 1024;

/** A start that waits, as the worker left it in the data file: a record that has no id and no end yet. */
export interface OpenStart {
  readonly project: string;
  readonly start: Omit<StoredRecord, "id" | "kind"> & { readonly startTime: number };
}

/** What figures need of a start. */
export interface RunningTimingStart {
  /** "" for none. */
  readonly touchpoint: string;
  readonly startTime: number;
}

/** The starts that match, in no particular order. */
export function* runningStarts(starts: Iterable<OpenStart>, scope: Scope): Steps<RunningTimingStart[]> {
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

/** The starts that match, longest running first: so many, or fewer where they are very long. */
export function* listRunning(starts: Iterable<OpenStart>, scope: Scope, limit: number): Steps<RunningResponse> {
  let running: RunningTiming[] = [];
  let count = 0;
  for (const portion of matchingPortions(starts, scope)) {
    count += portion.length;
    running = longest([...running, ...portion.map(shown)], limit);
    yield undefined;
  }
  return { running, count };
}

function longest(running: RunningTiming[], limit: number): RunningTiming[] {
  running.sort((a, b) => a.startTime - b.startTime);
  let length = 0;
  const end = running.findIndex((timing, index) => {
    length += textLengthOf(timing);
    return index === limit || (index > 0 && length > PAGE_LENGTH_MAX);
  });
  return end === -1 ? running : running.slice(0, end);
}

/** What began before `from` runs still, so only `to` bounds them. */
function* matchingPortions(starts: Iterable<OpenStart>, scope: Scope): Generator<OpenStart[]> {
  let portion: OpenStart[] = [];
  let length = 0;
  for (const one of starts) {
    if (scope.project !== undefined && one.project !== scope.project) continue;
    if (one.start.startTime >= scope.to) continue;
    portion.push(one);
    length += textLengthOf(one.start);
    if (portion.length < PORTION_STARTS && length < PORTION_LENGTH) continue;
    yield matching(portion, scope);
    portion = [];
    length = 0;
  }
  yield matching(portion, scope);
}

function matching(starts: readonly OpenStart[], scope: Scope): OpenStart[] {
  const projects = new Map<string, OpenStart[]>();
  for (const start of starts) {
    const others = projects.get(start.project);
    if (others === undefined) projects.set(start.project, [start]);
    else others.push(start);
  }
  return [...projects].flatMap(([project, all]) => {
    const columns = emptyColumns();
    all.forEach(({ start }, index) => appendRecord(columns, index + 1, { ...start, kind: "started" }));
    const view = openBlock(new BlockEncoder().packed(columns).chunks, columns.count);
    const matches = matchRows(scope.search, view, project);
    return all.filter((_, index) => matches[index] === 1);
  });
}

function shown({ project, start }: OpenStart): RunningTiming {
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
