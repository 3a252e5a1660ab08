// The records of one search, newest or oldest first, as one long list. Pages load by cursor as the user scrolls. Pages far from
// the view are evicted: they keep their ids, and load again when they come back into view. Records of a live tail are
// added at the top. No record is in the list twice.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ShownRecord } from "../../../core/record.ts";
import type { EntriesResponse, ScanWarnings } from "../../../core/responses.ts";
import { type Outcome, type Problem, STOPPED } from "../../state/query.ts";

export type FetchPage = (
  cursor: string | undefined,
  limit: number,
  signal: AbortSignal,
) => Promise<Outcome<EntriesResponse>>;

/** Records of the first page, which must load fast, and of each further page. */
export const FIRST_RECORDS = 500;
export const PAGE_RECORDS = 2_000;
/** Pages that keep their records. */
export const LOADED_PAGES_MAX = 6;
/** Live records at the top. Above it, the oldest of them and all pages below are dropped. */
export const LIVE_RECORDS_MAX = 5_000;

interface Page {
  readonly cursor: string | undefined;
  /** Index of its first record, without the live ones. */
  readonly at: number;
  readonly ids: Float64Array;
  /** Bounds of the ids, to skip pages that cannot have an id. */
  readonly idMin: number;
  readonly idMax: number;
  /** Undefined while the page is evicted. */
  records: readonly (ShownRecord | undefined)[] | undefined;
  isLoading: boolean;
}

/** The list of one search. A new search makes a new list. */
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

  /** Grows with every change. Reading it subscribes. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  get count(): number {
    return this.#live.length + this.#paged;
  }

  /** Whether the first page has loaded or failed. */
  get isReady(): boolean {
    return this.#cursor !== undefined || this.#problem !== undefined;
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Why the latest page failed. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The notes of the latest page. */
  get notes(): ScanWarnings {
    return this.#notes;
  }

  get hasMore(): boolean {
    return this.#cursor !== null;
  }

  /** Whether older records were dropped because too many live ones arrived. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined for a record of an evicted page, and for one that the server has deleted. */
  recordAt(index: number): ShownRecord | undefined {
    const live = this.#live[index];
    if (live !== undefined) return live;
    const at = index - this.#live.length;
    const page = this.#pageAt(at);
    return page?.records?.[at - page.at];
  }

  /** Whether the record's page is evicted, so that it can load again. */
  isEvicted(index: number): boolean {
    const page = this.#pageAt(index - this.#live.length);
    return page !== undefined && page.records === undefined;
  }

  /** Undefined after the end. */
  idAt(index: number): number | undefined {
    const live = this.#live[index];
    if (live !== undefined) return live.id;
    const at = index - this.#live.length;
    const page = this.#pageAt(at);
    return page?.ids[at - page.at];
  }

  /** The index of a record. -1: it is not in the list. */
  indexOf(id: number): number {
    if (this.#liveIds.has(id)) return this.#live.findIndex((record) => record.id === id);
    for (const { ids, at, idMin, idMax } of this.#pages) {
      const place = id < idMin || id > idMax ? -1 : ids.indexOf(id);
      if (place !== -1) return this.#live.length + at + place;
    }
    return -1;
  }

  /** Loads the next page, unless it is loading or there is none. */
  async loadMore(): Promise<void> {
    const cursor = this.#cursor;
    if (this.#isLoading || cursor === null || this.#work.signal.aborted) return;
    this.#isLoading = true;
    this.#problem = undefined;
    this.#changed();
    const limit = cursor === undefined ? FIRST_RECORDS : PAGE_RECORDS;
    const outcome = await this.#fetch(cursor, limit, this.#work.signal);
    this.#isLoading = false;
    // Live records may have replaced all pages in the meantime.
    if (this.#work.signal.aborted || this.#isCut) return;
    if (outcome.ok) this.#append(cursor, outcome.value);
    else this.#problem = outcome.problem;
    this.#changed();
  }

  /** Adds live records in order of arrival. The last one is at the top. */
  prepend(records: readonly ShownRecord[]): void {
    const fresh = records.filter(({ id }) => this.indexOf(id) === -1);
    if (fresh.length === 0) return;
    for (const { id } of fresh) this.#liveIds.add(id);
    this.#live = [...fresh.toReversed(), ...this.#live];
    if (this.#live.length > LIVE_RECORDS_MAX) this.#cut();
    this.#changed();
  }

  /** Reports the rows in view: evicted pages there load again, and pages far away are evicted. */
  see(first: number, last: number): void {
    const from = Math.max(first - this.#live.length, 0);
    const to = Math.max(last - this.#live.length, 0);
    const inView = this.#pages.filter(({ at, ids }) => at <= to && at + ids.length > from);
    for (const page of inView) if (page.records === undefined && !page.isLoading) void this.#restore(page);
    const middle = (from + to) / 2;
    const loaded = this.#pages.filter(({ records }) => records !== undefined);
    if (loaded.length <= LOADED_PAGES_MAX) return;
    const distance = ({ at, ids }: Page) => Math.abs(at + ids.length / 2 - middle);
    for (const page of loaded.toSorted((a, b) => distance(a) - distance(b)).slice(LOADED_PAGES_MAX))
      page.records = undefined;
  }

  /** The user gives up the page that loads. Another list starts anew. */
  cancel(): void {
    if (!this.#isLoading) return;
    this.#work.abort();
    this.#isLoading = false;
    this.#problem = STOPPED;
    this.#changed();
  }

  /** Aborts all requests. */
  stop(): void {
    this.#work.abort();
  }

  #append(cursor: string | undefined, { entries, nextCursor, stoppedEarly, damagedBlocks }: EntriesResponse): void {
    this.#cursor = nextCursor;
    this.#notes = {
      ...(stoppedEarly === undefined ? {} : { stoppedEarly }),
      ...(damagedBlocks === undefined ? {} : { damagedBlocks }),
    };
    // Pages do not overlap. Only the tail can have added a record before.
    const records = entries.filter(({ id }) => !this.#liveIds.has(id));
    if (records.length === 0) return;
    const ids = Float64Array.from(records, ({ id }) => id);
    const idMin = ids.reduce((least, id) => Math.min(least, id));
    const idMax = ids.reduce((most, id) => Math.max(most, id));
    this.#pages.push({ cursor, at: this.#paged, ids, idMin, idMax, records, isLoading: false });
    this.#paged += records.length;
  }

  /** Loads an evicted page again. Its records are found by id, since others may have been stored between them. */
  async #restore(page: Page): Promise<void> {
    page.isLoading = true;
    const found = new Map<number, ShownRecord>();
    const lastId = page.ids[page.ids.length - 1] ?? 0;
    let { cursor } = page;
    do {
      const outcome = await this.#fetch(cursor, PAGE_RECORDS, this.#work.signal);
      if (!outcome.ok) {
        // It loads again when it comes back into view.
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

  /** A binary search, since there may be hundreds of pages. Usually it is the page of the last call. */
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
