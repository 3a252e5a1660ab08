// The slowest completed timings of a search. Records come newest first, so they are asked for above a threshold that rises until so
// few are left that all of them came: whatever then is not among them is shorter than these.

import type { ShownRecord } from "../../../core/record.ts";
import type { EntriesAnswer, ScanNotes } from "../../../core/responses.ts";
import type { Outcome } from "../../api/outcome.ts";
import { joinSearches } from "./selection.ts";

export interface SlowestAnswer extends ScanNotes {
  /** Longest first. */
  readonly entries: readonly ShownRecord[];
  /** Whether there is certainly no longer one. */
  readonly isExact: boolean;
}

export interface SlowestQuestion {
  /** "": everything. */
  readonly search: string;
  /** In ms: a guess that at least `wanted` are at least so long; undefined: any. */
  readonly from: number | undefined;
  readonly wanted: number;
}

/** Records that the first question is answered with. */
export const PAGE_RECORDS = 400;
/**
 * Records of each further one. Where durations have nothing to do with age, each round leaves a twentieth, and the third one is
 * the last; where the old ones are the longest, only large answers get on.
 */
const ROUNDS_RECORDS = [PAGE_RECORDS, PAGE_RECORDS, 2_000, 10_000, 10_000, 10_000, 10_000] as const;

export async function findSlowest(
  ask: (q: string, limit: number) => Promise<Outcome<EntriesAnswer>>,
  { search, from, wanted }: SlowestQuestion,
): Promise<Outcome<SlowestAnswer>> {
  const known = new Map<number, ShownRecord>();
  let notes: ScanNotes = {};
  let above = from === undefined ? "" : `duration:>=${from}`;
  let threshold = from ?? Number.NEGATIVE_INFINITY;
  let longest: readonly ShownRecord[] = [];
  for (const limit of ROUNDS_RECORDS) {
    const outcome = await ask(joinSearches(search, `status:completed ${above}`.trim()), limit);
    if (!outcome.ok) return outcome;
    const { entries, nextCursor, ...said } = outcome.value;
    notes = { ...notes, ...said };
    for (const entry of entries) known.set(entry.id, entry);
    longest = [...known.values()].toSorted((a, b) => durationOf(b) - durationOf(a)).slice(0, wanted);
    if (nextCursor === null) {
      return { ok: true, value: { entries: longest, isExact: said.stoppedEarly === undefined, ...notes } };
    }
    const last = longest.at(-1);
    const next = last === undefined ? threshold : durationOf(last);
    // Where many are equally long, only longer ones could still be missing.
    above = next > threshold ? `duration:>=${next}` : `duration:>${next}`;
    threshold = next;
  }
  return { ok: true, value: { entries: longest, isExact: false, ...notes } };
}

function durationOf({ duration = 0 }: ShownRecord): number {
  return duration;
}
