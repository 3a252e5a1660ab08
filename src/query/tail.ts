// Live tails: matching records in the order of ids, as they are committed. Tails share the work: a new block is opened once for all of
// them, and a search that several have is evaluated once. Nothing is kept for a slow reader beside the id where it stands: what it
// has not taken lies on disk. One that has fallen far behind is moved forward, and told how many it missed.

import type { BlockView } from "../block/block_view.ts";
import { BlockDamagedError } from "../block/decode.ts";
import { OpenBlock } from "../block/open_block.ts";
import type { ReadRefusal, TailEvent, TailRequest } from "../core/reading.ts";
import { type StoredRecord, showRecord } from "../core/record.ts";
import type { Steps } from "./scan.ts";
import { matchRows } from "./search/evaluate.ts";
import type { Expression } from "./search/expression.ts";
import { parseSearch } from "./search/parse.ts";
import type { QueryBlock, QuerySource } from "./source.ts";

/** Records in one batch; bounds what is held for a client. */
const BATCH_RECORDS_MAX = 500;
/** Characters of the messages of a batch past which it ends. */
const BATCH_LENGTH_MAX = 1024 * 1024;
/** Ids that one batch looks at: a tail whose search matches nothing passes over them in one step. */
const WINDOW_IDS = 10_000;
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
  readonly view: BlockView;
  readonly ids: Float64Array;
  readonly times: Float64Array;
  readonly matched: Uint8Array;
}

interface Found {
  readonly id: number;
  readonly row: number;
  readonly view: BlockView;
  readonly project: string;
}

export interface TailHubOptions {
  readonly source: QuerySource;
  /** Records older than this are expired; Unix ms. */
  readonly expiredBefore: (project: string) => number;
  /** Tests make these small. */
  readonly behindMax?: number;
  readonly behindKept?: number;
}

export class TailHub {
  readonly #source: QuerySource;
  readonly #expiredBefore: (project: string) => number;
  readonly #behindMax: number;
  readonly #behindKept: number;
  readonly #tails = new Map<number, Tail>();

  constructor({ source, expiredBefore, behindMax, behindKept }: TailHubOptions) {
    this.#source = source;
    this.#expiredBefore = expiredBefore;
    this.#behindMax = behindMax ?? BEHIND_MAX;
    this.#behindKept = behindKept ?? BEHIND_KEPT;
  }

  get size(): number {
    return this.#tails.size;
  }

  /** Opens a tail under a number of the caller's. */
  open(number: number, { project, q, after }: TailRequest): ReadRefusal | undefined {
    const parsed = parseSearch(q);
    if (!parsed.ok) return { code: "bad_query", ...parsed.problem };
    const head = this.#source.nextRecordId();
    // An id that was never given away is of another data file: there is nothing to go on from.
    const nextId = after === undefined || after >= head ? head : after + 1;
    this.#tails.set(number, { project, q, search: parsed.search, nextId });
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
   * The next events of these tails; one without any is left out, and may still be behind. A step for each block. It holds a snapshot
   * from begin to end, so `source` is this hub's own.
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
      const found = yield* this.#find(tails, head);
      for (const [number, tail] of tails) {
        const batch = takeBatch(tail, found.get(tail) ?? [], windowEnd(tail, head));
        if (batch.length > 0) events.set(number, [...(events.get(number) ?? []), ...batch]);
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

  *#find(tails: readonly [number, Tail][], head: number): Steps<Map<Tail, Found[]>> {
    const found = new Map<Tail, Found[]>();
    const from = tails.reduce((least, [, tail]) => Math.min(least, tail.nextId), head);
    const to = tails.reduce((most, [, tail]) => Math.max(most, windowEnd(tail, head)), from);
    for (const block of this.#source.listIds(from, to)) {
      const evaluated = new Map<string, Evaluated | undefined>();
      for (const [, tail] of tails) {
        const matches = this.#matches(tail, block, windowEnd(tail, head), evaluated);
        if (matches.length > 0) found.set(tail, (found.get(tail) ?? []).concat(matches));
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

  /** Undefined for a damaged block: `doctor` and the export name it. */
  #evaluate(
    search: Expression,
    block: QueryBlock,
    others: ReadonlyMap<string, Evaluated | undefined>,
  ): Evaluated | undefined {
    const pieces = this.#source.open(block.id);
    if (pieces === undefined) return undefined;
    const [other] = others.values();
    try {
      const view = other?.view ?? new OpenBlock(pieces, block.records);
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

/** The first of what was found, as events; the tail goes on behind them, or behind the window when that was all. */
function takeBatch(tail: Tail, found: Found[], end: number): TailEvent[] {
  found.sort((a, b) => a.id - b.id);
  const batch = found.slice(0, BATCH_RECORDS_MAX);
  const byView = new Map<BlockView, Found[]>();
  for (const one of batch) {
    const others = byView.get(one.view);
    if (others === undefined) byView.set(one.view, [one]);
    else others.push(one);
  }
  const events: TailEvent[] = [];
  for (const [view, all] of byView) {
    const rows = all.map(({ row }) => row).sort((a, b) => a - b);
    const project = all[0]?.project ?? "";
    for (const record of readable(view, rows)) {
      events.push({ kind: "record", id: record.id, record: showRecord(project, record) });
    }
  }
  events.sort((a, b) => a.id - b.id);
  let length = 0;
  const cut = events.findIndex((event) => {
    length += event.kind === "record" ? (event.record.message?.length ?? 0) : 0;
    return length > BATCH_LENGTH_MAX;
  });
  const isCut = cut !== -1 && cut < events.length - 1;
  const taken = isCut ? events.slice(0, cut + 1) : events;
  const last = isCut ? taken.at(-1) : batch.length < found.length ? batch.at(-1) : undefined;
  tail.nextId = last === undefined ? end : last.id + 1;
  return taken;
}

/** The records of these rows; none where a column of theirs is damaged. */
function readable(view: BlockView, rows: readonly number[]): StoredRecord[] {
  try {
    return view.records(rows);
  } catch (error) {
    if (error instanceof BlockDamagedError) return [];
    throw error;
  }
}
