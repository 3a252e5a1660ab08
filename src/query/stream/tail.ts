// Live tails: matching records in the order of ids, as they are committed. Tails share the work: a new block is opened once for all of
// them, and a search that several have is evaluated once. Nothing is kept for a slow reader beside the id where it stands: what it
// has not taken lies on disk. One that has fallen far behind is moved forward, and told how many it missed.

import { BlockDamagedError } from "../../block/codec/damage.ts";
import { OpenBlock } from "../../block/open_block.ts";
import type { QueryRefusal, TailEvent, TailRequest } from "../../core/queries.ts";
import { type Expression, shareEqualTerms } from "../../search/expression.ts";
import { parseSearch } from "../../search/parser.ts";
import { matchRows } from "../match/evaluate.ts";
import type { Steps } from "../scan/scan.ts";
import type { QueryBlock, QuerySource } from "../scan/source.ts";
import { type Found, takeBatch } from "./tail_batch.ts";

/** Ids that one batch looks at: a tail whose search matches nothing passes over them in one step. */
const WINDOW_IDS = 10_000;
/** Matches that a collection holds, and records that it gives, of all its tails together: past it, others wait for the next one. */
const MATCHES_MAX = 100_000;
const RECORDS_MAX = 20_000;
/** Characters of the texts of these records. */
const LENGTH_MAX = 16 * 1024 * 1024;
/** Inflated bytes of the blocks that a collection looks at, beyond its first one: what is found keeps them. */
const WINDOW_BYTES = 32 * 1024 * 1024;
/** Records of all projects that may lie between a tail and the newest before it is moved forward. */
const BEHIND_MAX = 100_000;
/** Of these, so many are still shown after the move. */
const BEHIND_KEPT = 1_000;

interface Tail {
  readonly project: string | undefined;
  readonly q: string;
  readonly search: Expression;
  nextId: number;
}

/** A block and which of its records match a search. */
interface Evaluated {
  readonly view: OpenBlock;
  readonly ids: Float64Array;
  readonly times: Float64Array;
  readonly matched: Uint8Array;
}

export interface TailHubOptions {
  readonly source: QuerySource;
  /** Records older than this are expired; Unix ms. */
  readonly expiredBefore: (project: string) => number;
  /** Tests make these small. */
  readonly behindMax?: number;
  readonly behindKept?: number;
  readonly windowBytes?: number;
}

export class TailHub {
  readonly #source: QuerySource;
  readonly #expiredBefore: (project: string) => number;
  readonly #behindMax: number;
  readonly #behindKept: number;
  readonly #windowBytes: number;
  readonly #tails = new Map<number, Tail>();

  constructor({ source, expiredBefore, behindMax, behindKept, windowBytes }: TailHubOptions) {
    this.#source = source;
    this.#expiredBefore = expiredBefore;
    this.#behindMax = behindMax ?? BEHIND_MAX;
    this.#behindKept = behindKept ?? BEHIND_KEPT;
    this.#windowBytes = windowBytes ?? WINDOW_BYTES;
  }

  get size(): number {
    return this.#tails.size;
  }

  /**
   * Opens a tail under a number of the caller's. `head` is the id that the next record gets: while a collection holds its snapshot,
   * `source` still gives an older one, and a tail that goes on from there would repeat what its reader has seen elsewhere.
   */
  open(
    number: number,
    { project, q, timeZone, after }: TailRequest,
    head = this.#source.nextRecordId(),
  ): QueryRefusal | undefined {
    const parsed = parseSearch(q, timeZone);
    if (!parsed.ok) return { code: "bad_query", ...parsed.problem };
    // An id that was never given away is of another data file: there is nothing to go on from.
    const nextId = after === undefined || after >= head ? head : after + 1;
    this.#tails.set(number, { project, q, search: shareEqualTerms(parsed.search), nextId });
    return undefined;
  }

  /** The id behind which a tail goes on. */
  positionOf(number: number): number {
    return (this.#tails.get(number)?.nextId ?? 1) - 1;
  }

  close(number: number): void {
    this.#tails.delete(number);
  }

  /** Those of the tails that have not looked at all that is committed. */
  behind(numbers: Iterable<number>): number[] {
    const head = this.#source.nextRecordId();
    return [...numbers].filter((number) => (this.#tails.get(number)?.nextId ?? head) < head);
  }

  /**
   * The next events of these tails; one without any is left out, and may still be behind. When they would be too many for memory,
   * the last of the tails stay where they are. It holds a snapshot from begin to end, so `source` is this hub's own.
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
        if (head - tail.nextId <= this.#behindMax) continue;
        const gap = yield* this.#moveForward(tail, head - this.#behindKept);
        if (gap !== undefined) events.set(number, [gap]);
      }
      const end = this.#endOf(tails, head);
      const within = tails.filter(([, tail]) => tail.nextId < end);
      const found = yield* this.#find(within, end);
      let records = 0;
      let length = 0;
      for (const [number, tail] of within) {
        const matches = found.get(tail);
        if (matches === undefined || records > RECORDS_MAX || length > LENGTH_MAX) break;
        const batch = takeBatch(matches.sort((a, b) => a.id - b.id));
        tail.nextId = batch.nextId ?? windowEnd(tail, end);
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

  /** Counts what is passed over. */
  *#moveForward(tail: Tail, to: number): Steps<TailEvent | undefined> {
    let missed = 0;
    for (const block of this.#source.listIds(tail.nextId, to)) {
      missed += this.#matches(tail, block, to, new Map()).length;
      yield undefined;
    }
    tail.nextId = to;
    return missed === 0 ? undefined : { kind: "gap", id: to - 1, missed };
  }

  /** Up to which id, not included, a collection looks: fewer ids where their blocks are large. */
  #endOf(tails: readonly [number, Tail][], head: number): number {
    const from = tails.reduce((least, [, tail]) => Math.min(least, tail.nextId), head);
    const isLookedAt = ({ idMin, idMax }: QueryBlock) =>
      tails.some(([, tail]) => idMax >= tail.nextId && idMin < windowEnd(tail, head));
    let bytes = 0;
    for (const block of this.#source.listIds(from, head)) {
      if (!isLookedAt(block)) continue;
      bytes += block.rawBytes;
      if (bytes > this.#windowBytes && block.idMin > from) return block.idMin;
    }
    return head;
  }

  /** What is in the windows of the tails, or of the first of them: the others are left out. */
  *#find(tails: readonly [number, Tail][], head: number): Steps<Map<Tail, Found[]>> {
    const found = new Map<Tail, Found[]>(tails.map(([, tail]) => [tail, []]));
    let total = 0;
    const from = tails.reduce((least, [, tail]) => Math.min(least, tail.nextId), head);
    const to = tails.reduce((most, [, tail]) => Math.max(most, windowEnd(tail, head)), from);
    for (const block of this.#source.listIds(from, to)) {
      const evaluated = new Map<string, Evaluated | undefined>();
      let isFull = false;
      for (const [tail, before] of found) {
        if (isFull) {
          total -= before.length;
          found.delete(tail);
          continue;
        }
        const matches = this.#matches(tail, block, windowEnd(tail, head), evaluated);
        if (matches.length === 0) continue;
        found.set(tail, before.concat(matches));
        total += matches.length;
        isFull = total > MATCHES_MAX;
      }
      yield undefined;
    }
    return found;
  }

  /** A block's records that match, from the tail's place up to, not including, `to`. */
  #matches(tail: Tail, block: QueryBlock, to: number, evaluated: Map<string, Evaluated | undefined>): Found[] {
    const { project } = block;
    if (tail.project !== undefined && tail.project !== project) return [];
    if (block.idMax < tail.nextId || block.idMin >= to) return [];
    if (!evaluated.has(tail.q)) evaluated.set(tail.q, this.#evaluate(tail.search, block, evaluated));
    const known = evaluated.get(tail.q);
    if (known === undefined) return [];
    const { view, ids, times, matched } = known;
    const expired = this.#expiredBefore(project);
    const found: Found[] = [];
    for (let row = 0; row < view.count; row++) {
      const id = ids[row] as number;
      if (matched[row] === 0 || id < tail.nextId || id >= to || (times[row] as number) < expired) continue;
      found.push({ id, row, view, project });
    }
    return found;
  }

  #open({ id, records }: QueryBlock): OpenBlock | undefined {
    const pieces = this.#source.open(id);
    return pieces === undefined ? undefined : new OpenBlock(pieces, records);
  }

  /** Undefined for a damaged block: `doctor` and the export name it. */
  #evaluate(
    search: Expression,
    block: QueryBlock,
    others: ReadonlyMap<string, Evaluated | undefined>,
  ): Evaluated | undefined {
    const [other] = others.values();
    try {
      const view = other?.view ?? this.#open(block);
      if (view === undefined) return undefined;
      return { view, ids: view.id(), times: view.time(), matched: matchRows(search, view, block.project) };
    } catch (error) {
      if (error instanceof BlockDamagedError) return undefined;
      throw error;
    }
  }
}

function windowEnd(tail: Tail, head: number): number {
  return Math.min(head, tail.nextId + WINDOW_IDS);
}
