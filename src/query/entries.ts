// The newest records of a scope, a page at a time. Blocks are visited from the one with the newest record on, and the walk stops
// as soon as no other can hold a record that belongs on the page. A block that was merged away meanwhile is looked for
// again: records that are met twice are kept once.

import type { EntriesAnswer } from "../core/answers.ts";
import { type ShownRecord, showRecord } from "../core/record.ts";
import { formatCursor, isBehind, type Place } from "./cursor.ts";
import { NewestRows } from "./newest_rows.ts";
import { isMatch, type OpenedBlock } from "./opened.ts";
import { Coverage, candidates, type ScanContext, type Steps, visitBlock } from "./scan.ts";
import type { Scope } from "./scope.ts";
import type { QueryBlock } from "./source.ts";
import { textLengthOf } from "./text_length.ts";

/** Characters of a page's texts, about: what a client and the threads on the way can hold. */
const PAGE_LENGTH_MAX = 32 * 1024 * 1024;

export interface EntriesQuestion {
  /** Records at most; fewer where they are very long. */
  readonly limit: number;
  /** The page begins behind it. */
  readonly after: Place;
}

export function* findEntries(context: ScanContext, scope: Scope, question: EntriesQuestion): Steps<EntriesAnswer> {
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
      if (visitBlock(context, scope, block, coverage, (opened) => page.add(opened))) visited.add(block.id);
      else blocks = remaining(context, scope, question.after, visited);
    } finally {
      context.source.end();
    }
    context.onProgress?.(visited.size, visited.size + blocks.length);
    yield undefined;
  }
  if (stoppedAt === undefined) return { ...page.answer(), ...coverage.notes() };
  coverage.stoppedEarly = `the time limit was reached; records up to ${new Date(stoppedAt).toISOString()} were not searched yet: go on with nextCursor`;
  return { ...page.answerAbove(stoppedAt), ...coverage.notes() };
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
  #found: Found[] = [];

  constructor({ limit, after }: EntriesQuestion) {
    this.#limit = limit;
    this.#after = after;
  }

  /** Whether the block may hold a record that belongs on the page. */
  wants(block: QueryBlock): boolean {
    const last = this.#last();
    return last === undefined || block.timeMax >= last.time;
  }

  add(opened: OpenedBlock): void {
    const matches = opened.matches();
    if (matches === "none") return;
    const view = opened.view();
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
    const fresh = newest.rows().filter((row) => !known.has(ids[row] as number));
    if (fresh.length === 0) return;
    const { project } = opened.block;
    for (const stored of view.records(fresh)) {
      this.#found.push({ time: stored.time, id: stored.id, record: showRecord(project, stored) });
    }
    this.#found = this.#found.sort(newestFirst).slice(0, this.#limit + 1);
    this.#shorten();
  }

  /** A page of long records has fewer of them: the rest comes with the next one. */
  #shorten(): void {
    let length = 0;
    const end = this.#found.findIndex(({ record }) => {
      length += textLengthOf(record);
      return length > PAGE_LENGTH_MAX;
    });
    if (end === -1 || end >= this.#limit) return;
    this.#limit = Math.max(1, end);
    this.#found = this.#found.slice(0, this.#limit + 1);
  }

  answer(): EntriesAnswer {
    const shown = this.#found.slice(0, this.#limit);
    const last = shown.at(-1);
    const isMore = this.#found.length > this.#limit && last !== undefined;
    return { entries: shown.map(({ record }) => record), nextCursor: isMore ? formatCursor(last) : null };
  }

  /** Only what is newer than `time`: older records may lie in blocks that were not looked at. */
  answerAbove(time: number): EntriesAnswer {
    this.#found = this.#found.filter((found) => found.time > time);
    const answer = this.answer();
    if (answer.nextCursor !== null) return answer;
    const next = time < this.#after.time ? { time, id: Number.POSITIVE_INFINITY } : this.#after;
    return { ...answer, nextCursor: formatCursor(next) };
  }

  /** The record that a better one would push out, once the page is full. */
  #last(): Found | undefined {
    return this.#found.length > this.#limit ? this.#found[this.#limit] : undefined;
  }
}
