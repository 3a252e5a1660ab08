// Where the unused bytes of SQLite's pages are, by the file format that SQLite documents and keeps (sqlite.org/fileformat2.html).
// In: pages as they lie in the file. Out: ranges that hold nothing, so they can be made zero without changing what the file says.

/** From `from` up to, not including, `to`, in bytes of one page. */
export interface Unused {
  readonly from: number;
  readonly to: number;
}

/** A chain of overflow pages, and how many bytes of its last one are in use. */
export interface Overflow {
  readonly firstPage: number;
  readonly pageCount: number;
  readonly lastPageUsed: number;
}

/** The layout of all pages of a file. Sizes in bytes. */
export interface FileLayout {
  readonly pageBytes: number;
  /** Of a page without what extensions reserve at its end. */
  readonly usableBytes: number;
}

/** What a pointer map says of a page. */
export const PAGE_KIND = { root: 1, free: 2, overflowFirst: 3, overflowNext: 4, tree: 5 } as const;

/** Bytes of a pointer map's entry: the kind, and the parent's number. */
const MAP_ENTRY_BYTES = 5;
/** The byte of the file that holds SQLite's locks: its page is never used. */
const LOCK_BYTE = 0x4000_0000;

const LEAF_TABLE = 0x0d;
const LEAF_INDEX = 0x0a;
const INTERIOR_TABLE = 0x05;
const INTERIOR_INDEX = 0x02;

/** Pages that one pointer map describes: those that follow it. */
export function pagesPerMap({ usableBytes }: FileLayout): number {
  return Math.floor(usableBytes / MAP_ENTRY_BYTES);
}

/** The number of the page that holds SQLite's locks. */
export function lockPage({ pageBytes }: FileLayout): number {
  return LOCK_BYTE / pageBytes + 1;
}

/** The pointer map that describes a page, 3 or later; the page itself when it is a map. */
export function mapPageOf(page: number, layout: FileLayout): number {
  const span = pagesPerMap(layout) + 1;
  const map = Math.floor((page - 2) / span) * span + 2;
  return map === lockPage(layout) ? map + 1 : map;
}

/** What a pointer map says of a page after it. */
export function kindInMap(map: Uint8Array, mapPage: number, page: number): number {
  return map[MAP_ENTRY_BYTES * (page - mapPage - 1)] ?? 0;
}

/** A page of a tree: what is unused in it, and the overflow of its cells. Undefined where it is no such page. */
export function readTreePage(
  bytes: Uint8Array,
  layout: FileLayout,
): { readonly unused: readonly Unused[]; readonly overflows: readonly Overflow[] } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kind = view.getUint8(0);
  const isInterior = kind === INTERIOR_TABLE || kind === INTERIOR_INDEX;
  if (!isInterior && kind !== LEAF_TABLE && kind !== LEAF_INDEX) return undefined;
  const pointersFrom = isInterior ? 12 : 8;
  const cellCount = view.getUint16(3);
  const contentFrom = view.getUint16(5) || 65_536;
  const pointersTo = pointersFrom + 2 * cellCount;
  if (pointersTo > contentFrom || contentFrom > layout.usableBytes) return undefined;
  const unused = [{ from: pointersTo, to: contentFrom }];
  // Free blocks: the number of the next one and the size, then nothing.
  for (let at = view.getUint16(1), before = 0; at !== 0; at = view.getUint16(at)) {
    if (at < contentFrom || at <= before || at + 4 > layout.usableBytes) return undefined;
    const size = view.getUint16(at + 2);
    if (size < 4 || at + size > layout.usableBytes) return undefined;
    unused.push({ from: at + 4, to: at + size });
    before = at;
  }
  const overflows: Overflow[] = [];
  // A cell of a table's inner page holds a key and a child alone.
  const carrierCount = kind === INTERIOR_TABLE ? 0 : cellCount;
  for (let index = 0; index < carrierCount; index++) {
    const cell = view.getUint16(pointersFrom + 2 * index);
    if (cell < contentFrom || cell >= layout.usableBytes) return undefined;
    const overflow = overflowOf(view, cell, kind, layout);
    if (overflow !== undefined) overflows.push(overflow);
  }
  return { unused: unused.filter(({ from, to }) => from < to), overflows };
}

function overflowOf(view: DataView, cell: number, kind: number, { usableBytes }: FileLayout): Overflow | undefined {
  let at = kind === INTERIOR_INDEX ? cell + 4 : cell;
  const payload = varint(view, at);
  at += payload.length;
  if (kind === LEAF_TABLE) at += varint(view, at).length;
  const localMax = kind === LEAF_TABLE ? usableBytes - 35 : Math.floor(((usableBytes - 12) * 64) / 255) - 23;
  if (payload.value <= localMax) return undefined;
  const localMin = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const fitting = localMin + ((payload.value - localMin) % (usableBytes - 4));
  const local = fitting <= localMax ? fitting : localMin;
  const pageCount = Math.ceil((payload.value - local) / (usableBytes - 4));
  return {
    firstPage: view.getUint32(at + local),
    pageCount,
    lastPageUsed: 4 + (payload.value - local) - (pageCount - 1) * (usableBytes - 4),
  };
}

/** SQLite's numbers of one to nine bytes, the first the most significant. */
function varint(view: DataView, at: number): { readonly value: number; readonly length: number } {
  let value = 0;
  for (let length = 1; length <= 8; length++) {
    const byte = view.getUint8(at + length - 1);
    value = value * 128 + (byte & 127);
    if (byte < 128) return { value, length };
  }
  return { value: value * 256 + view.getUint8(at + 8), length: 9 };
}
