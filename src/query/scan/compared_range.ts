// The range that a scope is compared with: its own scope, and how much of it is still kept.

import type { TimeSpan } from "../../core/compare.ts";
import type { PreviousRange } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import type { ScanContext } from "./records.ts";
import type { Scope } from "./scope.ts";

/** The scope of the compared range: the same records at other times. */
export function comparedScope(scope: Scope, { from, to }: TimeSpan): Scope {
  return { ...scope, from, to, shownFrom: (project) => Math.max(from, scope.retainedFrom(project)) };
}

/** The compared range as a response has it, with what is kept of it. */
export function* comparedRange(context: ScanContext, scope: Scope, { from, to }: TimeSpan): Steps<PreviousRange> {
  let oldest = Number.POSITIVE_INFINITY;
  const retained = new Map<string, number>();
  for (const { project, timeMin } of yield* context.records.spans(context, everythingOf(scope))) {
    oldest = Math.min(oldest, timeMin);
    if (!retained.has(project)) retained.set(project, scope.retainedFrom(project));
  }
  const begins = [...retained.values()];
  const isGone = oldest >= to || begins.every((begin) => begin >= to);
  const keptFrom = Math.max(oldest, ...begins);
  const kept = isGone ? "none" : keptFrom > from ? "part" : "whole";
  return { from, to, kept, keptFrom: begins.length === 0 ? null : keptFrom };
}

/** All records of the scope's project, expired ones too. */
function everythingOf(scope: Scope): Scope {
  const from = Number.NEGATIVE_INFINITY;
  return { ...scope, search: { kind: "all" }, from, to: Number.POSITIVE_INFINITY, shownFrom: () => from };
}
