// The starts that wait for their end, as a question sees them: matched by the same evaluator as records, over a small block that is made
// of them on the spot.

import { appendRecord } from "../block/append.ts";
import { emptyColumns } from "../block/columns.ts";
import { BlockEncoder } from "../block/encode.ts";
import { openBlock } from "../block/open_block.ts";
import type { RunningTiming } from "../core/answers.ts";
import type { StoredRecord } from "../core/record.ts";
import { cutTouchpoint } from "../core/touchpoint.ts";
import type { Scope } from "./scope.ts";
import { matchRows } from "./search/evaluate.ts";

/** A start that waits, as the worker left it in the data file: a record that has no id and no end yet. */
export interface WaitingStart {
  readonly project: string;
  readonly start: Omit<StoredRecord, "id" | "kind"> & { readonly startTime: number };
}

/** The starts that match, longest running first. What began before `from` runs still, so only `to` bounds them. */
export function matchRunning(starts: readonly WaitingStart[], scope: Scope): RunningTiming[] {
  const projects = new Map<string, WaitingStart[]>();
  for (const start of starts) {
    if (scope.project !== undefined && start.project !== scope.project) continue;
    if (start.start.startTime >= scope.to) continue;
    const others = projects.get(start.project) ?? [];
    others.push(start);
    projects.set(start.project, others);
  }
  const running: RunningTiming[] = [];
  for (const [project, all] of projects) {
    const columns = emptyColumns();
    all.forEach(({ start }, index) => appendRecord(columns, index + 1, { ...start, kind: "started" }));
    const view = openBlock(new BlockEncoder().packed(columns).pieces, columns.count);
    const matches = matchRows(scope.search, view, project);
    all.forEach((start, index) => {
      if (matches[index] === 1) running.push(shown(start));
    });
  }
  return running.sort((a, b) => a.startTime - b.startTime);
}

function shown({ project, start }: WaitingStart): RunningTiming {
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
