// The newest records of a scope, a page at a time. Blocks are visited from the one with the newest record on, and the walk stops
// as soon as no other can hold a record that belongs on the page. A block that was merged away meanwhile is looked for
// again: records that are met twice are kept once.

import { type ShownRecord, showRecord } from "../../core/record.ts";
import type { EntriesResponse } from "../../core/responses.ts";
import { PAGE_LENGTH_MAX } from "../scan/limits.ts";
import { Coverage, candidates, type ScanContext, type Steps, TimeOverError, visitBlock } from "../scan/scan.ts";
import { isMatch, type ScannedBlock } from "../scan/scanned_block.ts";
import type { Scope } from "../scan/scope.ts";
import type { QueryBlock } from "../scan/source.ts";
import { textLengthOf } from "../scan/text_length.ts";
import { formatCursor, isBehind, type Place } from "./cursor.ts";
import { NewestRows } from "./newest_rows.ts";

/** Records of a block that are made first, to see how long they are. */
const FIRST_RECORDS = 16;
/** What a record holds beside its texts, about. */
const RECORD_BYTES = 500;

export interface EntriesQuestion {
  /** Records at most; fewer where they are very long. */
  readonly limit: number;
  /** The page begins behind it. */
  readonly after: Place;
}

export function* findEntries(context: ScanContext, scope: Scope, question: EntriesQuestion): Steps<EntriesResponse> {
  const page = new Page(question);
  const coverage = new Coverage();
  let blocks = remaining(context, scope, question.after, new Set());
  const visited = new Set<number>();
  let stoppedAt: number | undefined;
  for (let next = blocks.shift(); next !== undefined && page.wants(next); next = blocks.shift()) {
    if (context.clock() >= context.deadline) {
      stoppedAt = next.timeMax;
      break;
    }
    const block = next;
    context.source.begin();
    try {
      const isThere = yield* visitBlock(context, scope, block, coverage, (opened) => page.add(opened));
      if (isThere) visited.add(block.id);
      else blocks = remaining(context, scope, question.after, visited);
    } catch (error) {
      if (!(error instanceof TimeOverError)) throw error;
      stoppedAt = block.timeMax;
      break;
    } finally {
      context.source.end();
    }
    context.memory.setCollected(page.bytes);
    context.onProgress?.(visited.size, visited.size + blocks.length);
    yield undefined;
  }
  if (stoppedAt === undefined) return { ...page.answer(), ...coverage.gaps() };
  coverage.stoppedEarly = `the time limit was reached; records up to ${new Date(stoppedAt).toISOString()} were not searched yet: go on with nextCursor`;
  return { ...page.answerAbove(stoppedAt), ...coverage.gaps() };
}

/** The blocks that may have a place on the page and were not visited, newest first. */
function remaining(context: ScanContext, scope: Scope, after: Place, visited: ReadonlySet<number>): QueryBlock[] {
  return candidates(context, scope)
    .filter((block) => !visited.has(block.id) && block.timeMin <= after.time)
    .sort((a, b) => b.timeMax - a.timeMax || b.idMax - a.idMax);
}

interface Found {
  readonly time: number;
  readonly id: number;
  readonly record: ShownRecord;
}

function newestFirst(a: Place, b: Place): number {
  return b.time - a.time || b.id - a.id;
}

/** The best records so far: one more than the limit, to know whether there is another page. */
class Page {
  readonly #after: Place;
  #limit: number;
  #found: readonly Found[] = [];
  #length = 0;

  constructor({ limit, after }: EntriesQuestion) {
    this.#limit = limit;
    this.#after = after;
  }

  /** Whether the block may hold a record that belongs on the page. */
  wants(block: QueryBlock): boolean {
    const last = this.#last();
    return last === undefined || block.timeMax >= last.time;
  }

  /** Memory of what was found, about. */
  get bytes(): number {
    return 2 * this.#length + RECORD_BYTES * this.#found.length;
  }

  *add(opened: ScannedBlock): Steps<void> {
    const matches = yield* opened.matches();
    if (matches === "none") return;
    const view = yield* opened.view();
    const ids = view.id();
    const times = view.time();
    const last = this.#last();
    const newest = new NewestRows(this.#limit + 1, times, ids);
    for (let row = 0; row < view.count; row++) {
      if (!isMatch(matches, row)) continue;
      const time = times[row] as number;
      const id = ids[row] as number;
      if (!isBehind(time, id, this.#after)) continue;
      if (last !== undefined && !isBehind(last.time, last.id, { time, id })) continue;
      newest.add(row);
    }
    const known = new Set(this.#found.map(({ id }) => id));
    const rows = newest.rows().filter((row) => !known.has(ids[row] as number));
    const placeOf = (row: number): Place => ({ time: times[row] as number, id: ids[row] as number });
    rows.sort((a, b) => newestFirst(placeOf(a), placeOf(b)));
    // The newest first, some at a time: nobody knows how long a record is before it is made. A block that turns out to be damaged is
    // left out as a whole.
    let found: Shortened = { limit: this.#limit, found: this.#found, length: this.#length };
    const { project } = opened.block;
    for (let next = 0, step = FIRST_RECORDS; next < rows.length; next += step, step *= 2) {
      yield undefined;
      const end = lastOf(found);
      if (end !== undefined && newestFirst(end, placeOf(rows[next] as number)) < 0) break;
      const portion = rows.slice(next, next + step).sort((a, b) => a - b);
      const records = view.records(portion).map((stored) => ({
        time: stored.time,
        id: stored.id,
        record: showRecord(project, stored),
      }));
      found = shortened([...found.found, ...records], found.limit);
    }
    ({ limit: this.#limit, found: this.#found, length: this.#length } = found);
  }

  answer(): EntriesResponse {
    const shown = this.#found.slice(0, this.#limit);
    const last = shown.at(-1);
    const isMore = this.#found.length > this.#limit && last !== undefined;
    return { entries: shown.map(({ record }) => record), nextCursor: isMore ? formatCursor(last) : null };
  }

  /** Only what is newer than `time`: older records may lie in blocks that were not looked at. */
  answerAbove(time: number): EntriesResponse {
    this.#found = this.#found.filter((found) => found.time > time);
    const answer = this.answer();
    if (answer.nextCursor !== null) return answer;
    const next = time < this.#after.time ? { time, id: Number.POSITIVE_INFINITY } : this.#after;
    return { ...answer, nextCursor: formatCursor(next) };
  }

  /** The record that a better one would push out, once the page is full. */
  #last(): Found | undefined {
    return lastOf({ limit: this.#limit, found: this.#found });
  }
}

/** The best records, one more than the limit; a limit that is less where they are long; and the characters of their texts. */
interface Shortened {
  readonly limit: number;
  readonly found: readonly Found[];
  readonly length: number;
}

/** A page of long records has fewer of them: the rest comes with the next one. */
function shortened(all: Found[], limit: number): Shortened {
  const found = all.sort(newestFirst).slice(0, limit + 1);
  let length = 0;
  for (const [index, { record }] of found.entries()) {
    length += textLengthOf(record);
    if (length <= PAGE_LENGTH_MAX || index >= limit) continue;
    const less = Math.max(1, index);
    return { limit: less, found: found.slice(0, less + 1), length };
  }
  return { limit, found, length };
}

function lastOf({ limit, found }: Pick<Shortened, "limit" | "found">): Found | undefined {
  return found.length > limit ? found[limit] : undefined;
}
