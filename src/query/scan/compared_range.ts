// The range that a scope is compared with: its own scope, and how much of it is still kept.

import type { TimeSpan } from "../../core/compare.ts";
import type { PreviousRange } from "../../core/responses.ts";
import type { Scope } from "./scope.ts";
import type { QuerySource } from "./source.ts";

/** The scope of the compared range: the same records at other times. */
export function comparedScope(scope: Scope, { from, to }: TimeSpan): Scope {
  return { ...scope, from, to, shownFrom: (project) => Math.max(from, scope.retainedFrom(project)) };
}

/** The compared range as a response has it, with what is kept of it. */
export function comparedRange(source: QuerySource, scope: Scope, { from, to }: TimeSpan): PreviousRange {
  let oldest = Number.POSITIVE_INFINITY;
  const retained = new Map<string, number>();
  for (const { project, records, timeMin } of source.list({ project: scope.project, from: -Infinity, to: Infinity })) {
    // The times of a damaged block are unknown.
    if (records === 0) continue;
    oldest = Math.min(oldest, timeMin);
    if (!retained.has(project)) retained.set(project, scope.retainedFrom(project));
  }
  const begins = [...retained.values()];
  const isGone = oldest >= to || begins.every((begin) => begin >= to);
  const keptFrom = Math.max(oldest, ...begins);
  const kept = isGone ? "none" : keptFrom > from ? "part" : "whole";
  return { from, to, kept, keptFrom: begins.length === 0 ? null : keptFrom };
}
