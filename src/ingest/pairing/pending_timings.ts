// The starts and ends that wait, within their limits: who is oldest, whose time is up, and what the file must hear of.
// In: normalised starts and ends. Invariant: what waits is at most the limits, client keys' part at most their share, and
// `takeChanges` gives exactly what lies between two calls.
//
// The sender is kept as a keyed hash: a start is taken by an end of its own sender first, also after a restart.
// Client keys make room by their own oldest alone, so browsers never push out what servers wait for.

import type { PendingRow } from "../../commit/group_write.ts";
import { readWaitingRow, writeWaitingRow } from "../../commit/pending_timing.ts";
import { type Source } from "../../core/entry.ts";
import { assert } from "../../core/errors.ts";
import { SOURCES } from "../../core/record.ts";
import { estimateBytes, textBytes } from "../metadata.ts";
import type { EndEntry, StartEntry } from "../normalise.ts";
import { type Hashed, NO_PART } from "./chunked_items.ts";
import { Deadlines } from "./deadlines.ts";

/** What an item takes beside its texts: its objects, and its places in the indexes. */
const ITEM_BYTES = 512;

/** A receipt by the steady clock is written down only where it differs from the wall clock's by this, in ms. */
const ARRIVAL_MS_OFF_MAX = 1_000;

/** A start or an end that waits for its other half. */
export interface WaitingItem extends Hashed {
  readonly project: string;
  readonly keyType: Source;
  readonly entry: StartEntry | EndEntry;
  /** When it was received by the steady clock, Unix ms. */
  readonly arrivedAt: number;
  /** By the same: it waits as long as it is not later than this. */
  readonly deadline: number;
  readonly bytes: number;
  heapPlace: number;
  older: WaitingItem | undefined;
  newer: WaitingItem | undefined;
}

export interface WaitingLimits {
  /** Items, and bytes of them, that wait at most: starts and ends, of both key types. */
  readonly openMax: number;
  readonly openBytesMax: number;
  /** The part of both that client keys can take, 0 to 1. */
  readonly clientShare: number;
}

/** What one key type has waiting, oldest first. */
interface Line {
  oldest: WaitingItem | undefined;
  newest: WaitingItem | undefined;
  count: number;
  bytes: number;
}

function emptyLine(): Line {
  return { oldest: undefined, newest: undefined, count: 0, bytes: 0 };
}

export class WaitingRoom {
  readonly #limits: WaitingLimits;
  readonly #clientMax: number;
  readonly #clientBytesMax: number;
  readonly #lines = { server: emptyLine(), client: emptyLine() };
  readonly #deadlines = new Deadlines<WaitingItem>();
  #open = 0;
  #added = new Map<number, WaitingItem>();
  #removed: number[] = [];

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
    this.#clientMax = Math.floor(limits.openMax * limits.clientShare);
    this.#clientBytesMax = limits.openBytesMax * limits.clientShare;
  }

  /** Items that are not stored in any form yet. */
  get openEntries(): number {
    return this.#open;
  }

  /** The item whose deadline is next. */
  next(): WaitingItem | undefined {
    return this.#deadlines.next();
  }

  /** All items, of each key type the oldest first; the one at hand may be taken out. */
  *items(): Generator<WaitingItem> {
    for (const type of SOURCES) {
      for (let item = this.#lines[type].oldest; item !== undefined; ) {
        const { newer } = item;
        yield item;
        item = newer;
      }
    }
  }

  /** Adds an item; `isKnown` if the file has it already. */
  add(item: WaitingItem, isKnown: boolean): void {
    const line = this.#lines[item.keyType];
    item.older = line.newest;
    if (line.newest === undefined) line.oldest = item;
    else line.newest.newer = item;
    line.newest = item;
    line.count++;
    line.bytes += item.bytes;
    if (isOpen(item)) this.#open++;
    this.#deadlines.add(item);
    if (!isKnown) this.#added.set(item.id, item);
  }

  /** Takes out an item that was added. */
  remove(item: WaitingItem): void {
    const line = this.#lines[item.keyType];
    if (item.older === undefined) line.oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) line.newest = item.older;
    else item.newer.older = item.older;
    line.count--;
    line.bytes -= item.bytes;
    if (isOpen(item)) this.#open--;
    this.#deadlines.remove(item);
    if (!this.#added.delete(item.id)) this.#removed.push(item.id);
  }

  /** The item that must go since `latest` came, or undefined when all is within the limits. */
  excess(latest: WaitingItem): WaitingItem | undefined {
    const { server, client } = this.#lines;
    const isClient = latest.keyType === "client";
    // It could not stay even alone, so nobody else goes for it.
    const isTooLarge = latest.bytes > (isClient ? this.#clientBytesMax : this.#limits.openBytesMax);
    if (isTooLarge && this.#lines[latest.keyType].newest === latest) return latest;
    if (client.count > this.#clientMax || client.bytes > this.#clientBytesMax) return client.oldest;
    const isWithin =
      server.count + client.count <= this.#limits.openMax && server.bytes + client.bytes <= this.#limits.openBytesMax;
    if (isWithin) return undefined;
    // Restored under larger limits, servers alone may be too many.
    if (isClient && client.oldest !== undefined) return client.oldest;
    return olderOf(server.oldest, client.oldest);
  }

  /** What came and what went since the last call; what did both is in neither. */
  takeChanges(): { readonly added: PendingRow[]; readonly removed: number[] } {
    const added = Array.from(this.#added.values(), (item) => ({ id: item.id, item: writeItem(item) }));
    const removed = this.#removed;
    this.#added = new Map();
    this.#removed = [];
    return { added, removed };
  }
}

/** About how many bytes an entry takes while it waits, in memory and in the file. */
export function waitingBytes(entry: StartEntry | EndEntry): number {
  const { touchpoint = "", key = "", message = "" } = entry;
  const texts = textBytes(touchpoint) + textBytes(key) + textBytes(message);
  return ITEM_BYTES + texts + (entry.metadata === undefined ? 0 : estimateBytes(entry.metadata));
}

/** Whether the item's entry counts as open: a standalone start is stored already. */
function isOpen(item: WaitingItem): boolean {
  return item.entry.kind === "end" || !item.entry.standalone;
}

function olderOf(one: WaitingItem | undefined, other: WaitingItem | undefined): WaitingItem | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.id < other.id ? one : other;
}

function writeItem({ project, keyType, sender, bytes, entry, arrivedAt }: WaitingItem): string {
  const from = sender === NO_PART ? { project, keyType } : { project, keyType, sender };
  const arrival = Math.abs(arrivedAt - entry.receivedAt) < ARRIVAL_MS_OFF_MAX ? {} : { arrivedAt };
  return writeWaitingRow({ ...from, ...arrival, bytes }, entry);
}

/** What the file keeps of an item. */
export interface WrittenItem {
  readonly project: string;
  readonly keyType: Source;
  /** NO_PART where it is not known: version 0.1 did not write it. */
  readonly sender: number;
  readonly bytes: number;
  readonly arrivedAt: number;
  readonly entry: StartEntry | EndEntry;
}

/** The inverse of what `takeChanges` writes. */
export function readItem(item: string): WrittenItem {
  const row = readWaitingRow(item);
  assert(row !== undefined, "what waits can be read");
  const { project, keyType, sender, bytes, arrivedAt } = row;
  const entry = row.entry as unknown as StartEntry | EndEntry;
  return {
    project,
    keyType: keyType as Source,
    sender: typeof sender === "number" ? sender : NO_PART,
    bytes: typeof bytes === "number" ? bytes : waitingBytes(entry),
    arrivedAt: typeof arrivedAt === "number" ? arrivedAt : entry.receivedAt,
    // Version 0.1 left its type of key out of the entry.
    entry: Object.hasOwn(entry, "keyType")
      ? entry
      : Object.defineProperty(entry, "keyType", { value: keyType, enumerable: true }),
  };
}
