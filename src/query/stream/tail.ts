// Live tails: the matching records in the order of ids, as they are committed. Tails share the work: a new block is
// opened once for all, and a search that several tails have is evaluated once. For a slow reader only its position, an
// id, is held in memory: its records are read from disk when it asks for them. A tail that has fallen far behind is
// moved forward, and gets the number of records missed.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import { OpenBlock } from "../../block/open_block.ts";
import { TAIL_LAG_AFTER_MOVE, TAIL_LAG_MAX } from "../../core/limits.ts";
import type { QueryRefusal, TailEvent, TailRequest } from "../../core/queries.ts";
import { type StoredRecord, showRecord } from "../../core/record.ts";
import type { Steps } from "../../core/steps.ts";
import { type Expression, shareEqualTerms } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";
import { matchRows } from "../match/evaluate.ts";
import { placeOfId } from "../scan/ids.ts";
import { textLengthOf } from "../scan/query_memory.ts";
import type { QueryBlock, QuerySource } from "../scan/source.ts";

/** Ids that one collection covers for a tail: one whose search matches nothing passes over them in one step. */
const WINDOW_IDS = 10_000;
/** Matches of one collection, of all its tails together: past them, the other tails wait for the next collection. */
const MATCHES_MAX = 100_000;
/** Records that one collection returns, of all its tails together. */
const RECORDS_MAX = 20_000;
/** Characters of the texts of these records. */
const LENGTH_MAX = 16 * 1024 * 1024;
/** Inflated bytes of the blocks that one collection reads after its first: its matches keep them in memory. */
const WINDOW_BYTES = 32 * 1024 * 1024;

/** Records in one batch of a tail. */
const BATCH_RECORDS_MAX = 500;
/** Characters of the texts of a batch; it ends with the record that exceeds them. */
const BATCH_LENGTH_MAX = 1024 * 1024;
/** Records of a batch that are decoded first, to learn how long they are. */
const FIRST_RECORDS = 4;

interface Tail {
  readonly project: string | undefined;
  readonly visible: readonly string[] | undefined;
  readonly q: string;
  readonly search: Expression;
  nextId: number;
}

/** A block and the mask of its records that match a search. */
interface EvaluatedBlock {
  readonly block: OpenBlock;
  readonly ids: Float64Array;
  readonly times: Float64Array;
  readonly matched: Uint8Array;
}

/** A record that matches a tail's search, in its block. */
interface Match {
  readonly id: number;
  readonly row: number;
  readonly block: OpenBlock;
  readonly project: string;
}

export interface TailHubOptions {
  /** Of this hub alone: a collection holds a snapshot from its begin to its end. */
  readonly source: QuerySource;
  /** Records older than this have expired; Unix ms. */
  readonly expiredBefore: (project: string) => number;
  /** The defaults suit everyone but tests. */
  readonly lagMax?: number;
  readonly lagAfterMove?: number;
  readonly windowBytes?: number;
}

/** All tails of a reader thread, by numbers that the caller chooses. */
export class TailHub {
  readonly #source: QuerySource;
  readonly #expiredBefore: (project: string) => number;
  readonly #lagMax: number;
  readonly #lagAfterMove: number;
  readonly #windowBytes: number;
  readonly #tails = new Map<number, Tail>();

  constructor({ source, expiredBefore, lagMax, lagAfterMove, windowBytes }: TailHubOptions) {
    this.#source = source;
    this.#expiredBefore = expiredBefore;
    this.#lagMax = lagMax ?? TAIL_LAG_MAX;
    this.#lagAfterMove = lagAfterMove ?? TAIL_LAG_AFTER_MOVE;
    this.#windowBytes = windowBytes ?? WINDOW_BYTES;
  }

  get size(): number {
    return this.#tails.size;
  }

  /**
   * Opens a tail; returns why its search is refused, or undefined.
   * @param head the id that the next record gets. During a collection, `source` still gives that of an older snapshot:
   * a tail that began there would repeat records.
   */
  open(
    number: number,
    { project, visible, q, timeZone, after }: TailRequest,
    head = this.#source.nextRecordId(),
  ): QueryRefusal | undefined {
    const parsed = parseSearch(q, timeZone);
    if (!parsed.ok) return { code: "bad_query", ...parsed.problem };
    // An id that was never assigned is of another data file: begin with the next record.
    const isOwn = after !== undefined && after < head && placeOfId(after).node === placeOfId(head).node;
    const nextId = isOwn ? after + 1 : head;
    this.#tails.set(number, { project, visible, q, search: shareEqualTerms(parsed.search), nextId });
    return undefined;
  }

  /** The id after which the tail goes on. */
  positionOf(number: number): number {
    return (this.#tails.get(number)?.nextId ?? 1) - 1;
  }

  close(number: number): void {
    this.#tails.delete(number);
  }

  /** Those of the tails that have not read all that is committed. */
  behind(numbers: Iterable<number>): number[] {
    const head = this.#source.nextRecordId();
    return [...numbers].filter((number) => (this.#tails.get(number)?.nextId ?? head) < head);
  }

  /**
   * The next events of these tails. A tail without events is left out, and may still be behind. When there are too many
   * for memory, the last of the tails stay where they are.
   */
  *collect(numbers: readonly number[]): Steps<Map<number, TailEvent[]>> {
    const events = new Map<number, TailEvent[]>();
    this.#source.begin();
    try {
      const head = this.#source.nextRecordId();
      const tails: [number, Tail][] = [];
      for (const number of numbers) {
        const tail = this.#tails.get(number);
        if (tail !== undefined && tail.nextId < head) tails.push([number, tail]);
      }
      for (const [number, tail] of tails) {
        if (head - tail.nextId <= this.#lagMax) continue;
        const gap = yield* this.#moveForward(tail, head - this.#lagAfterMove);
        if (gap !== undefined) events.set(number, [gap]);
      }
      const end = this.#windowEnd(tails, head);
      const within = tails.filter(([, tail]) => tail.nextId < end);
      const matchesOf = yield* this.#findMatches(within, end);
      let records = 0;
      let length = 0;
      for (const [number, tail] of within) {
        const matches = matchesOf.get(tail);
        if (matches === undefined || records > RECORDS_MAX || length > LENGTH_MAX) break;
        const batch = takeBatch(matches.sort((a, b) => a.id - b.id));
        tail.nextId = batch.nextId ?? windowEndOf(tail, end);
        if (batch.events.length === 0) continue;
        events.set(number, [...(events.get(number) ?? []), ...batch.events]);
        records += batch.events.length;
        length += batch.length;
        yield undefined;
      }
    } finally {
      this.#source.end();
    }
    return events;
  }

  /** Moves a tail to an id, and counts the matching records that it misses. */
  *#moveForward(tail: Tail, to: number): Steps<TailEvent | undefined> {
    let missed = 0;
    for (const block of this.#source.listIds(tail.nextId, to)) {
      missed += this.#matchesIn(tail, block, to, new Map()).length;
      yield undefined;
    }
    tail.nextId = to;
    return missed === 0 ? undefined : { kind: "gap", id: to - 1, missed };
  }

  /** The id before which a collection ends: an earlier one where the blocks are large. */
  #windowEnd(tails: readonly [number, Tail][], head: number): number {
    const from = tails.reduce((least, [, tail]) => Math.min(least, tail.nextId), head);
    const isRead = ({ idMin, idMax }: QueryBlock) =>
      tails.some(([, tail]) => idMax >= tail.nextId && idMin < windowEndOf(tail, head));
    let bytes = 0;
    for (const block of this.#source.listIds(from, head)) {
      if (!isRead(block)) continue;
      bytes += block.rawBytes;
      if (bytes > this.#windowBytes && block.idMin > from) return block.idMin;
    }
    return head;
  }

  /** The matches in the tails' windows. Past MATCHES_MAX the last of the tails are left out. */
  *#findMatches(tails: readonly [number, Tail][], head: number): Steps<Map<Tail, Match[]>> {
    const found = new Map<Tail, Match[]>(tails.map(([, tail]) => [tail, []]));
    let total = 0;
    const from = tails.reduce((least, [, tail]) => Math.min(least, tail.nextId), head);
    const to = tails.reduce((most, [, tail]) => Math.max(most, windowEndOf(tail, head)), from);
    for (const block of this.#source.listIds(from, to)) {
      const evaluated = new Map<string, EvaluatedBlock | undefined>();
      let isFull = false;
      for (const [tail, before] of found) {
        if (isFull) {
          total -= before.length;
          found.delete(tail);
          continue;
        }
        const matches = this.#matchesIn(tail, block, windowEndOf(tail, head), evaluated);
        if (matches.length === 0) continue;
        found.set(tail, before.concat(matches));
        total += matches.length;
        isFull = total > MATCHES_MAX;
      }
      yield undefined;
    }
    return found;
  }

  /**
   * The matches of a block from the tail's position up to, not including, `to`.
   * @param evaluated what was evaluated of the block so far, by search
   */
  #matchesIn(
    tail: Tail,
    queryBlock: QueryBlock,
    to: number,
    evaluated: Map<string, EvaluatedBlock | undefined>,
  ): Match[] {
    const { project } = queryBlock;
    if (tail.project !== undefined && tail.project !== project) return [];
    if (tail.visible !== undefined && !tail.visible.includes(project)) return [];
    if (queryBlock.idMax < tail.nextId || queryBlock.idMin >= to) return [];
    if (!evaluated.has(tail.q)) evaluated.set(tail.q, this.#evaluate(tail.search, queryBlock, evaluated));
    const known = evaluated.get(tail.q);
    if (known === undefined) return [];
    const { block, ids, times, matched } = known;
    const expiredBefore = this.#expiredBefore(project);
    const matches: Match[] = [];
    for (let row = 0; row < block.count; row++) {
      const id = ids[row] as number;
      if (matched[row] === 0 || id < tail.nextId || id >= to || (times[row] as number) < expiredBefore) continue;
      matches.push({ id, row, block, project });
    }
    return matches;
  }

  /** Undefined for a block that is gone or damaged: `doctor` and the export name damaged blocks. */
  #evaluate(
    search: Expression,
    queryBlock: QueryBlock,
    others: ReadonlyMap<string, EvaluatedBlock | undefined>,
  ): EvaluatedBlock | undefined {
    const [other] = others.values();
    try {
      const block = other?.block ?? this.#open(queryBlock);
      if (block === undefined) return undefined;
      const matched = matchRows(search, block, queryBlock.project);
      return { block, ids: block.id(), times: block.time(), matched };
    } catch (error) {
      if (error instanceof BlockDamagedError) return undefined;
      throw error;
    }
  }

  #open({ id, records, idOffset }: QueryBlock): OpenBlock | undefined {
    const chunks = this.#source.open(id);
    return chunks === undefined ? undefined : new OpenBlock(chunks, records, idOffset);
  }
}

function windowEndOf(tail: Tail, head: number): number {
  return Math.min(head, tail.nextId + WINDOW_IDS);
}

interface TailBatch {
  /** In the order of ids. */
  readonly events: TailEvent[];
  /** Characters of their texts, about. */
  readonly length: number;
  /** The id of the first match that is left; undefined: none is. */
  readonly nextId: number | undefined;
}

/**
 * The first of the matches, as many as a client should hold at once. Few are decoded at a time: their length is unknown
 * before.
 */
function takeBatch(matches: readonly Match[]): TailBatch {
  const events: TailEvent[] = [];
  const count = Math.min(matches.length, BATCH_RECORDS_MAX);
  let length = 0;
  let next = 0;
  for (let step = FIRST_RECORDS; next < count; ) {
    for (const { project, record } of decodeMatches(matches.slice(next, Math.min(next + step, count)))) {
      const shown = showRecord(project, record);
      events.push({ kind: "record", id: record.id, record: shown });
      length += textLengthOf(shown);
      if (length > BATCH_LENGTH_MAX) return { events, length, nextId: record.id + 1 };
    }
    next += step;
    const fitting = Math.floor(((BATCH_LENGTH_MAX - length) * next) / Math.max(1, length)) + 1;
    step = Math.min(2 * step, fitting);
  }
  return { events, length, nextId: matches[count]?.id };
}

interface DecodedMatch {
  readonly project: string;
  readonly record: StoredRecord;
}

/** The records of the matches, in the order of ids. */
function decodeMatches(matches: readonly Match[]): DecodedMatch[] {
  const byBlock = new Map<OpenBlock, Match[]>();
  for (const match of matches) {
    const others = byBlock.get(match.block);
    if (others === undefined) byBlock.set(match.block, [match]);
    else others.push(match);
  }
  const decoded: DecodedMatch[] = [];
  for (const [block, all] of byBlock) {
    const rows = all.map(({ row }) => row).sort((a, b) => a - b);
    const project = all[0]?.project ?? "";
    for (const record of undamagedRecords(block, rows)) decoded.push({ project, record });
  }
  return decoded.sort((a, b) => a.record.id - b.record.id);
}

/** The records of these rows; none where one of their columns is damaged. */
function undamagedRecords(block: OpenBlock, rows: readonly number[]): StoredRecord[] {
  try {
    return block.records(rows);
  } catch (error) {
    if (error instanceof BlockDamagedError) return [];
    throw error;
  }
}
