// Makes what lies unused in the data file's pages zero. SQLite leaves there what it moved or freed: copies of cells in the gaps of
// trees, and at the ends of blobs what the page held before. None of it can be reached by SQL, so it is done in the file itself.
//
// In: a data file that this process writes. Invariant: what the file says does not change, at no moment and for no reader. A
// step therefore runs only while the whole log is in the file and cut to nothing, the writer's cache holds no page, and nobody else
// writes; it looks each page up anew and changes unused bytes only. A power cut between any two of them harms nothing.
//
// Closing a file drops all locks that the process has on it (POSIX), SQLite's too. So `close` is for when the process has no
// connection to it any more; a server keeps it open as long as it lives.

import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { assert } from "../core/errors.ts";
import type { Database } from "../runtime/driver.ts";
import {
  type FileLayout,
  kindInMap,
  lockPage,
  mapPageOf,
  type Overflow,
  PAGE_KIND,
  readTreePage,
} from "./page_layout.ts";
import { tryCheckpointFully } from "./space.ts";

/** Pages that are looked at before the clock is asked. */
const PAGES_A_LOOK = 64;

interface ScrubbedFile extends FileLayout {
  readonly pageCount: number;
}

export class PageScrubber {
  readonly #database: Database;
  readonly #file: string;
  #handle: number | undefined;
  #nextPage = 3;
  #pageCount = 0;
  #page = new Uint8Array(0);
  #zeros = new Uint8Array(0);
  readonly #pointer = new Uint8Array(4);

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
  }

  /** Begins again with the first page. */
  restart(): void {
    this.#nextPage = 3;
  }

  /** Pages looked at since the beginning. */
  get done(): number {
    return Math.min(this.#nextPage - 1, this.#pageCount);
  }

  /** Pages of the file. */
  get total(): number {
    return this.#pageCount;
  }

  /** Goes on for about so long; answers "blocked" when a reader keeps the log from being emptied: try again later. */
  step(limitMs: number): "done" | "more" | "blocked" {
    if (!tryCheckpointFully(this.#database)) return "blocked";
    this.#database.run("PRAGMA shrink_memory");
    const layout = this.#layout();
    this.#pageCount = layout.pageCount;
    const endAt = performance.now() + limitMs;
    let map = { page: 0, bytes: new Uint8Array(layout.pageBytes) };
    for (let looked = 1; this.#nextPage <= layout.pageCount; looked++) {
      const page = this.#nextPage++;
      const mapPage = mapPageOf(page, layout);
      if (page <= mapPage || page === lockPage(layout)) continue;
      if (map.page !== mapPage) map = { page: mapPage, bytes: this.#read(mapPage, new Uint8Array(layout.pageBytes)) };
      const kind = kindInMap(map.bytes, mapPage, page);
      if (kind === PAGE_KIND.root || kind === PAGE_KIND.tree) this.#scrub(page, layout);
      if (looked % PAGES_A_LOOK === 0 && performance.now() > endAt) return "more";
    }
    fsyncSync(this.#open());
    return "done";
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  #layout(): ScrubbedFile {
    const head = new Uint8Array(100);
    readFully(this.#open(), head, 0);
    const view = new DataView(head.buffer);
    const pageBytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
    assert(pageBytes >= 512 && Number.isInteger(Math.log2(pageBytes)), `${pageBytes} is a page size`);
    assert(view.getUint32(52) !== 0, "the data file keeps pointer maps");
    if (this.#page.length !== pageBytes) {
      this.#page = new Uint8Array(pageBytes);
      this.#zeros = new Uint8Array(pageBytes);
    }
    return { pageBytes, usableBytes: pageBytes - view.getUint8(20), pageCount: view.getUint32(28) };
  }

  #scrub(page: number, layout: ScrubbedFile): void {
    const bytes = this.#read(page, this.#page);
    const found = readTreePage(bytes, layout);
    // Damaged, which a check of the file says; here it is left alone.
    if (found === undefined) return;
    for (const { from, to } of found.unused) this.#zero(page, layout, bytes, from, to);
    for (const overflow of found.overflows) this.#scrubLast(overflow, layout);
  }

  /** What follows the last bytes of a blob on its last page. */
  #scrubLast({ firstPage, pageCount, lastPageUsed }: Overflow, layout: ScrubbedFile): void {
    if (lastPageUsed === layout.usableBytes || pageCount > layout.pageCount) return;
    let page = firstPage;
    for (let count = 1; count < pageCount && page !== 0; count++) page = this.#nextInChain(page, layout);
    // A chain that does not end where it should is damaged.
    if (page === 0 || this.#nextInChain(page, layout) !== 0) return;
    const bytes = this.#read(page, new Uint8Array(layout.pageBytes));
    this.#zero(page, layout, bytes, lastPageUsed, layout.usableBytes);
  }

  #nextInChain(page: number, { pageBytes }: FileLayout): number {
    readFully(this.#open(), this.#pointer, (page - 1) * pageBytes);
    return new DataView(this.#pointer.buffer).getUint32(0);
  }

  #read(page: number, into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    readFully(this.#open(), into, (page - 1) * into.length);
    return into;
  }

  #zero(page: number, { pageBytes }: FileLayout, bytes: Uint8Array, from: number, to: number): void {
    const zeros = this.#zeros.subarray(0, to - from);
    if (Buffer.compare(bytes.subarray(from, to), zeros) === 0) return;
    const position = (page - 1) * pageBytes + from;
    for (let at = 0; at < zeros.length; ) {
      at += writeSync(this.#open(), zeros, at, zeros.length - at, position + at);
    }
  }

  #open(): number {
    this.#handle ??= openSync(this.#file, "r+");
    return this.#handle;
  }
}

function readFully(handle: number, into: Uint8Array, position: number): void {
  for (let at = 0; at < into.length; ) {
    const count = readSync(handle, into, at, into.length - at, position + at);
    if (count === 0) throw new RangeError("the data file ends early");
    at += count;
  }
}
