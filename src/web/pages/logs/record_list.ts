// The records of one search, newest first, as one long list of which only what is looked at is held: pages come by cursor as somebody
// scrolls, pages far away give up their records and keep their ids, and are asked for again when they come back into sight. New
// records of a live tail stand on top. No record is in the list twice.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ShownRecord } from "../../../core/record.ts";
import type { EntriesResponse, ScanWarnings } from "../../../core/responses.ts";
import type { Outcome, Problem } from "../../state/query.ts";

export type FetchPage = (
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
) => Promise<Outcome<EntriesResponse>>;

/** Records of the first page, which has to come soon, and of each further one. */
export const FIRST_RECORDS = 500;
export const PAGE_RECORDS = 2_000;
/** Pages whose records are held. */
export const PAGES_HELD_MAX = 6;
/** Live records on top; past it the oldest go, and everything below them. */
export const LIVE_RECORDS_MAX = 5_000;

interface Page {
  readonly cursor: string | undefined;
  /** Index of its first record below the live ones. */
  readonly at: number;
  readonly ids: Float64Array;
  /** Whether an id can be among them is told without a look at each. */
  readonly idMin: number;
  readonly idMax: number;
  /** Undefined while they are given up. */
  records: readonly (ShownRecord | undefined)[] | undefined;
  isLoading: boolean;
}

export class RecordList {
  readonly #fetch: FetchPage;
  readonly #version: Signal<number> = signal(0);
  readonly #work = new AbortController();
  readonly #pages: Page[] = [];
  #live: ShownRecord[] = [];
  #liveIds = new Set<number>();
  #recentPage: Page | undefined;
  #paged = 0;
  #cursor: string | undefined | null = undefined;
  #isLoading = false;
  #problem: Problem | undefined;
  #notes: ScanWarnings = {};
  #isCut = false;

  constructor(ask: FetchPage) {
    this.#fetch = ask;
  }

  /** Grows with every change: reading it subscribes. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  get count(): number {
    return this.#live.length + this.#paged;
  }

  /** Whether the first page is there, or known not to come. */
  get isReady(): boolean {
    return this.#cursor !== undefined || this.#problem !== undefined;
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Why the latest page did not come. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Of the latest page. */
  get notes(): ScanWarnings {
    return this.#notes;
  }

  get hasMore(): boolean {
    return this.#cursor !== null;
  }

  /** Whether older records were left out because too many live ones came. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined for a record that is given up, or gone from the server meanwhile. */
  recordAt(index: number): ShownRecord | undefined {
    const live = this.#live[index];
    if (live !== undefined) return live;
    const at = index - this.#live.length;
    const page = this.#pageAt(at);
    return page?.records?.[at - page.at];
  }

  /** Whether the record is not held now, and can be had again. */
  isGivenUp(index: number): boolean {
    const page = this.#pageAt(index - this.#live.length);
    return page !== undefined && page.records === undefined;
  }

  /** Undefined behind the end. */
  idAt(index: number): number | undefined {
    const live = this.#live[index];
    if (live !== undefined) return live.id;
    const at = index - this.#live.length;
    const page = this.#pageAt(at);
    return page?.ids[at - page.at];
  }

  /** -1 when it is not in the list. */
  indexOf(id: number): number {
    if (this.#liveIds.has(id)) return this.#live.findIndex((record) => record.id === id);
    for (const { ids, at, idMin, idMax } of this.#pages) {
      const place = id < idMin || id > idMax ? -1 : ids.indexOf(id);
      if (place !== -1) return this.#live.length + at + place;
    }
    return -1;
  }

  /** Asks for the next page, unless it is on its way or there is none. */
  async loadMore(): Promise<void> {
    const cursor = this.#cursor;
    if (this.#isLoading || cursor === null || this.#work.signal.aborted) return;
    this.#isLoading = true;
    this.#problem = undefined;
    this.#changed();
    const limit = cursor === undefined ? FIRST_RECORDS : PAGE_RECORDS;
    const outcome = await this.#fetch(cursor, limit, this.#work.signal);
    this.#isLoading = false;
    // Live records may have pushed everything below them out meanwhile.
    if (this.#work.signal.aborted || this.#isCut) return;
    if (outcome.ok) this.#append(cursor, outcome.value);
    else this.#problem = outcome.problem;
    this.#changed();
  }

  /** New records, in the order in which they came: the last one stands on top. */
  prepend(records: readonly ShownRecord[]): void {
    const fresh = records.filter(({ id }) => this.indexOf(id) === -1);
    if (fresh.length === 0) return;
    for (const { id } of fresh) this.#liveIds.add(id);
    this.#live = [...fresh.toReversed(), ...this.#live];
    if (this.#live.length > LIVE_RECORDS_MAX) this.#cut();
    this.#changed();
  }

  /** Tells what is in sight: missing records there are asked for, and those far away are given up. */
  see(first: number, last: number): void {
    const from = Math.max(first - this.#live.length, 0);
    const to = Math.max(last - this.#live.length, 0);
    const inSight = this.#pages.filter(({ at, ids }) => at <= to && at + ids.length > from);
    for (const page of inSight) if (page.records === undefined && !page.isLoading) void this.#restore(page);
    const middle = (from + to) / 2;
    const held = this.#pages.filter(({ records }) => records !== undefined);
    if (held.length <= PAGES_HELD_MAX) return;
    const distance = ({ at, ids }: Page) => Math.abs(at + ids.length / 2 - middle);
    for (const page of held.toSorted((a, b) => distance(a) - distance(b)).slice(PAGES_HELD_MAX))
      page.records = undefined;
  }

  /** Asks no more. */
  stop(): void {
    this.#work.abort();
  }

  #append(cursor: string | undefined, { entries, nextCursor, stoppedEarly, damagedBlocks }: EntriesResponse): void {
    this.#cursor = nextCursor;
    this.#notes = {
      ...(stoppedEarly === undefined ? {} : { stoppedEarly }),
      ...(damagedBlocks === undefined ? {} : { damagedBlocks }),
    };
    // Pages follow each other by cursor; only the tail can have brought a record before.
    const records = entries.filter(({ id }) => !this.#liveIds.has(id));
    if (records.length === 0) return;
    const ids = Float64Array.from(records, ({ id }) => id);
    const idMin = ids.reduce((least, id) => Math.min(least, id));
    const idMax = ids.reduce((most, id) => Math.max(most, id));
    this.#pages.push({ cursor, at: this.#paged, ids, idMin, idMax, records, isLoading: false });
    this.#paged += records.length;
  }

  /** Asks for a page's records again: by id, since others may have been stored between them meanwhile. */
  async #restore(page: Page): Promise<void> {
    page.isLoading = true;
    const found = new Map<number, ShownRecord>();
    const lastId = page.ids[page.ids.length - 1] ?? 0;
    let { cursor } = page;
    do {
      const outcome = await this.#fetch(cursor, PAGE_RECORDS, this.#work.signal);
      if (!outcome.ok) {
        // It is asked for again when it is looked at again.
        page.isLoading = false;
        return;
      }
      for (const record of outcome.value.entries) found.set(record.id, record);
      cursor = outcome.value.nextCursor ?? undefined;
    } while (!found.has(lastId) && cursor !== undefined && found.size < PAGE_RECORDS * 4);
    page.records = Array.from(page.ids, (id) => found.get(id));
    page.isLoading = false;
    this.#changed();
  }

  #cut(): void {
    this.#live = this.#live.slice(0, LIVE_RECORDS_MAX);
    this.#pages.length = 0;
    this.#recentPage = undefined;
    this.#paged = 0;
    this.#cursor = null;
    this.#isCut = true;
    this.#liveIds = new Set(this.#live.map(({ id }) => id));
  }

  /** By halves, since there may be hundreds; most often it is the one that was asked for before. */
  #pageAt(at: number): Page | undefined {
    const recent = this.#recentPage;
    if (recent !== undefined && at >= recent.at && at < recent.at + recent.ids.length) return recent;
    let low = 0;
    let high = this.#pages.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const page = this.#pages[middle] as Page;
      if (at < page.at) high = middle - 1;
      else if (at >= page.at + page.ids.length) low = middle + 1;
      else {
        this.#recentPage = page;
        return page;
      }
    }
    return undefined;
  }

  #changed(): void {
    this.#version.value++;
  }
}
