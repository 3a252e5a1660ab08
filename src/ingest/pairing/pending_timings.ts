// The starts and ends that are pending, in memory and in the file: which is oldest, which expires next, and which rows
// the file must get or lose. In: normalised starts and ends. Invariants: pending timings stay within the limits, and
// those of client keys within their share; `takeChanges` returns exactly what changed since the call before.
//
// The sender is stored as a keyed hash: a start pairs with an end of its own sender first, also after a restart. For
// room, timings of client keys push out only the oldest of client keys, so browsers never push out what servers wait
// for.

import type { PendingRow } from "../../commit/group_write.ts";
import { type EndEntry, isOpenTiming, type StartEntry, writePendingTiming } from "../../commit/pending_timing.ts";
import { SOURCES } from "../../core/record.ts";
import { estimateBytes, textBytes } from "../entries/metadata.ts";
import { type Indexed, NO_HASH } from "./match_index.ts";

/** Bytes of a pending timing beside its texts: its objects, and its places in the indexes. */
const TIMING_BYTES = 512;

/** A start or an end that waits for its other half. `at` is its startTime or endTime. */
export interface PendingTiming extends Indexed, Expiring {
  readonly entry: StartEntry | EndEntry;
  /** When it was received by the steady clock, Unix ms. */
  readonly arrivedAt: number;
  /** What it counts against the limits: see `pendingBytes`. */
  readonly bytes: number;
  /** Links of the list of its key type, in order of arrival. */
  older: PendingTiming | undefined;
  newer: PendingTiming | undefined;
}

/** Bounds of pending timings. */
export interface PendingLimits {
  /** Timings that may be pending: starts and ends, of both key types. */
  readonly openMax: number;
  /** Their bytes, as `pendingBytes` estimates them. */
  readonly openBytesMax: number;
  /** The part of both that client keys can take, 0 to 1. */
  readonly clientShare: number;
}

/** The pending timings of one key type: a linked list in order of arrival. */
interface ArrivalList {
  oldest: PendingTiming | undefined;
  newest: PendingTiming | undefined;
  count: number;
  bytes: number;
}

function emptyList(): ArrivalList {
  return { oldest: undefined, newest: undefined, count: 0, bytes: 0 };
}

/** The pending timings of all projects. */
export class PendingTimings {
  readonly #limits: PendingLimits;
  readonly #clientMax: number;
  readonly #clientBytesMax: number;
  readonly #lists = { server: emptyList(), client: emptyList() };
  readonly #deadlines = new DeadlineHeap<PendingTiming>();
  #open = 0;
  #added = new Map<number, PendingTiming>();
  #removed: number[] = [];

  constructor(limits: PendingLimits) {
    this.#limits = limits;
    this.#clientMax = Math.floor(limits.openMax * limits.clientShare);
    this.#clientBytesMax = limits.openBytesMax * limits.clientShare;
  }

  /** Timings that are not stored in any form: all but standalone starts. */
  get openEntries(): number {
    return this.#open;
  }

  /** The timing whose deadline is next; undefined where none is pending. */
  next(): PendingTiming | undefined {
    return this.#deadlines.next();
  }

  /** All timings, of each key type the oldest first. The one that was yielded last may be removed. */
  *all(): Generator<PendingTiming> {
    for (const type of SOURCES) {
      for (let item = this.#lists[type].oldest; item !== undefined; ) {
        const { newer } = item;
        yield item;
        item = newer;
      }
    }
  }

  /** Adds a timing; `isStored`: the file has its row already. */
  add(item: PendingTiming, isStored: boolean): void {
    const list = this.#lists[item.keyType];
    item.older = list.newest;
    if (list.newest === undefined) list.oldest = item;
    else list.newest.newer = item;
    list.newest = item;
    list.count++;
    list.bytes += item.bytes;
    if (isOpenTiming(item.entry)) this.#open++;
    this.#deadlines.add(item);
    if (!isStored) this.#added.set(item.id, item);
  }

  /** Removes a timing that was added. */
  remove(item: PendingTiming): void {
    const list = this.#lists[item.keyType];
    if (item.older === undefined) list.oldest = item.newer;
    else item.older.newer = item.newer;
    if (item.newer === undefined) list.newest = item.older;
    else item.newer.older = item.older;
    list.count--;
    list.bytes -= item.bytes;
    if (isOpenTiming(item.entry)) this.#open--;
    this.#deadlines.remove(item);
    if (!this.#added.delete(item.id)) this.#removed.push(item.id);
  }

  /** The timing that must make room since `latest` was added; undefined where all are within the limits. */
  excess(latest: PendingTiming): PendingTiming | undefined {
    const { server, client } = this.#lists;
    const isClient = latest.keyType === "client";
    // It would not fit even alone, so it pushes out no other.
    const isTooLarge = latest.bytes > (isClient ? this.#clientBytesMax : this.#limits.openBytesMax);
    if (isTooLarge && this.#lists[latest.keyType].newest === latest) return latest;
    if (client.count > this.#clientMax || client.bytes > this.#clientBytesMax) return client.oldest;
    const isWithin =
      server.count + client.count <= this.#limits.openMax && server.bytes + client.bytes <= this.#limits.openBytesMax;
    if (isWithin) return undefined;
    // Timings restored under larger limits: servers alone may have too many.
    if (isClient && client.oldest !== undefined) return client.oldest;
    return olderOf(server.oldest, client.oldest);
  }

  /**
   * Rows to add to the file and ids of rows to remove since the last call; a timing that came and went is in neither.
   */
  takeChanges(): { readonly added: PendingRow[]; readonly removed: number[] } {
    const added = Array.from(this.#added.values(), (item) => ({ id: item.id, item: textOf(item) }));
    const removed = this.#removed;
    this.#added = new Map();
    this.#removed = [];
    return { added, removed };
  }
}

/** About how many bytes an entry takes while it is pending, in memory and in the file. */
export function pendingBytes(entry: StartEntry | EndEntry): number {
  const { touchpoint = "", key = "", message = "" } = entry;
  const texts = textBytes(touchpoint) + textBytes(key) + textBytes(message);
  return TIMING_BYTES + texts + (entry.metadata === undefined ? 0 : estimateBytes(entry.metadata));
}

function olderOf(one: PendingTiming | undefined, other: PendingTiming | undefined): PendingTiming | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.id < other.id ? one : other;
}

function textOf({ sender, ...timing }: PendingTiming): string {
  return writePendingTiming({ ...timing, sender: sender === NO_HASH ? undefined : sender });
}

/** Something that expires. */
export interface Expiring {
  readonly id: number;
  /** By the steady clock, Unix ms: it expires once the clock is past this. */
  readonly deadline: number;
  /** Belongs to the heap. */
  heapPlace: number;
}

/**
 * A binary heap by deadline, then by order of arrival. Each item knows its place in the heap, so one that pairs is
 * removed in O(log n).
 */
class DeadlineHeap<T extends Expiring> {
  readonly #heap: T[] = [];

  /** The item with the earliest deadline. */
  next(): T | undefined {
    return this.#heap[0];
  }

  add(item: T): void {
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  /** Removes an item that was added. */
  remove(item: T): void {
    const last = this.#heap.pop() as T;
    if (last === item) return;
    if (isBefore(last, item)) this.#rise(last, item.heapPlace);
    else this.#sink(last, item.heapPlace);
  }

  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = this.#heap[(place - 1) >> 1] as T;
      if (!isBefore(item, parent)) break;
      this.#put(parent, place);
      place = (place - 1) >> 1;
    }
    this.#put(item, place);
  }

  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#heap[2 * place + 1];
      const right = this.#heap[2 * place + 2];
      if (left === undefined) break;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, item)) break;
      const childPlace = child.heapPlace;
      this.#put(child, place);
      place = childPlace;
    }
    this.#put(item, place);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.heapPlace = place;
  }
}

function isBefore(one: Expiring, other: Expiring): boolean {
  return one.deadline === other.deadline ? one.id < other.id : one.deadline < other.deadline;
}
