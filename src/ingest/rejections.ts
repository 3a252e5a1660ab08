// The dropped entries that are kept for people to look at. All are counted; of a flood of equal faults a few are kept a
// group, because writing down each would make refusing dearer than storing.

import type { Rejection } from "../commit/group_write.ts";
import type { DropReason } from "../core/drop.ts";
import { jsonBeginning } from "../core/json.ts";
import { maskKeysInJson } from "../core/secrets.ts";

/** Kept of each project and reason in one group. */
const KEPT_MAX = 20;
/** Characters of an entry's JSON that are kept. */
const ENTRY_LENGTH_MAX = 4_096;

/** Whose entry it was. */
export type RejectedBatch = Pick<Rejection, "project" | "apiKey" | "receivedAt">;

export class Rejections {
  #kept: Rejection[] = [];
  readonly #counts = new Map<string, number>();

  /** `entry` is the parsed entry, or text that is kept as it is. */
  add({ project, apiKey, receivedAt }: RejectedBatch, reason: DropReason, entry: unknown): void {
    const name = `${reason} ${project}`;
    const count = this.#counts.get(name) ?? 0;
    if (count >= KEPT_MAX) return;
    this.#counts.set(name, count + 1);
    this.#kept.push({ project, apiKey, receivedAt, reason, entry: shorten(entry) });
  }

  /** What was added since the last call. */
  take(): Rejection[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#counts.clear();
    return kept;
  }
}

function shorten(entry: unknown): string {
  const text = typeof entry === "string" ? entry : jsonBeginning(entry, ENTRY_LENGTH_MAX);
  const kept = text.length <= ENTRY_LENGTH_MAX ? text : `${text.slice(0, ENTRY_LENGTH_MAX)}…`;
  // Shown to people.
  return maskKeysInJson(kept.toWellFormed());
}
