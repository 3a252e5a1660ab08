// A start and its end become one record, in either order of arrival. In: starts, ends and complete timings in order of
// arrival, each after dedupe and quota. Out, to the sink: records, and how many received entries each settles.
// Invariant: every entry offered is either counted to the sink exactly once, or among `openEntries`.
//
// Among several candidates: the very startTime, then an equal touchpoint (absent equals absent), then the same sender, then
// the earliest startTime, then the first to arrive. A start that comes last chooses among ends in the same way; an end alone
// has no startTime, so there the first to arrive is taken. A standalone start is stored at once in every case, also when its
// end or its complete timing is there already: the order of arrival does not change what is stored.
//
// What a client key sent never closes, absorbs or takes away what a server key sent, in no order of arrival. A server's end closes
// a client's start by key, but any server's start goes before: so where such an end came first, it waits its whole time for a
// start of a server, and takes a client's only then.
//
// A commit that fails is undone by making this object anew from the file. Measured on one core, an entry: complete
// timings 0.3 µs, with a key 0.6 µs; starts and ends that pair within a group 0.3 to 0.5 µs, that are written to the file
// 0.8 to 2.2 µs; 1.1 to 1.9 µs where 50,000 wait under one name and do not fit. Of these, the keyed hashes of a key and a
// touchpoint take 45 ns.

import type { PendingRow, StateChange } from "../../commit/group_write.ts";
import { type Source } from "../../core/entry.ts";
import { SOURCES } from "../../core/record.ts";
import type { CompleteEntry, EndEntry, NewRecord, StartEntry, TimingEntry } from "../normalise.ts";
import { NO_PART, type Pick } from "./chunked_items.ts";
import { betterOf, type Found, foundComplete, foundEnd } from "./found.ts";
import { type Seeker, WaitingIndex } from "./match_keys.ts";
import { TextHasher } from "./name_hashes.ts";
import { loneRecord, pairRecord } from "./pair_record.ts";
import { readItem, type WaitingItem, type WaitingLimits, WaitingRoom, waitingBytes } from "./pending_timings.ts";
import { COMPLETES_MAX, CompleteMemory } from "./recently_completed.ts";
import { type CompletesChange, joinChanges, splitChanges } from "./recently_completed_chunks.ts";
import type { SortedItems } from "./sorted_items.ts";

export interface PairingLimits extends WaitingLimits {
  /** How long after its receipt a start waits for its end, in ms. */
  readonly timeoutMs: number;
  /** How long after its receipt an end waits for its start, and a complete timing absorbs it, in ms. */
  readonly orphanGraceMs: number;
}

/** Who sent an entry. */
export interface Sender {
  readonly project: string;
  readonly keyType: Source;
  /** As `senderHash` makes it. */
  readonly sender: number;
}

/** Takes what pairing has settled. */
export interface PairingSink {
  /** A record to store. `entries` is how many received entries are stored by it: 2 for a pair, else 1. */
  store(project: string, record: NewRecord, entries: number): void;
  /** A start that its complete timing has told of already: stored, without a record of its own. */
  absorb(project: string, start: StartEntry): void;
  /** The pair that is stored next was made by touchpoint, and more than one start would have done. */
  ambiguous(project: string, keyType: Source, touchpoint: string): void;
}

/** What the file must hear of: rows of what waits, and a journal part of the complete timings remembered. */
export interface PairingChanges {
  readonly added: readonly PendingRow[];
  readonly removed: readonly number[];
  readonly completes: Omit<StateChange, "kind"> | undefined;
}

export class PairingMemory {
  readonly #limits: PairingLimits;
  readonly #sink: PairingSink;
  readonly #room: WaitingRoom;
  readonly #starts = new WaitingIndex<WaitingItem>();
  readonly #ends = new WaitingIndex<WaitingItem>();
  readonly #completes: Readonly<Record<Source, CompleteMemory>>;
  readonly #hasher: TextHasher;
  #nextId = 1;
  /** When the entry at hand arrived, by the steady clock. */
  #arrivedAt = 0;
  /** As `restore` has it. */
  #deadlinesFrom = Number.NEGATIVE_INFINITY;

  /** `seed` is two u32 that nobody else knows; `completesMax` bounds what is remembered of each key type. */
  constructor(limits: PairingLimits, seed: readonly [number, number], sink: PairingSink, completesMax = COMPLETES_MAX) {
    this.#limits = limits;
    this.#sink = sink;
    this.#room = new WaitingRoom(limits);
    this.#hasher = new TextHasher(seed);
    this.#completes = {
      server: new CompleteMemory("server", limits.orphanGraceMs, seed, completesMax),
      client: new CompleteMemory("client", limits.orphanGraceMs, seed, completesMax),
    };
  }

  /** Entries received and neither stored nor dropped: ends, and starts that are not standalone. */
  get openEntries(): number {
    return this.#room.openEntries;
  }

  /** A keyed hash of who sent a batch: name and type of the API key, address and User-Agent. */
  senderHash(apiKey: string, keyType: Source, sender: string): number {
    return this.#hasher.hash(JSON.stringify([apiKey, keyType, sender]));
  }

  /**
   * Settles an entry or lets it wait; what has expired before its receipt is settled first. `arrivedAt` is its receipt by the
   * steady clock, Unix ms.
   */
  offer(entry: TimingEntry, from: Sender, arrivedAt = entry.receivedAt): void {
    this.#arrivedAt = arrivedAt;
    this.expire(arrivedAt);
    const seeker = this.#seekerOf(entry, from);
    const isNameless = entry.touchpoint === undefined && entry.key === undefined;
    if (entry.kind === "start") this.#start(entry, seeker, isNameless);
    else if (entry.kind === "end") this.#end(entry, seeker, isNameless);
    else this.#complete(entry, seeker, isNameless);
  }

  /** Settles what has waited past its deadline, earliest deadline first. `now` is Unix ms. */
  expire(now: number): void {
    for (let item = this.#room.next(); item !== undefined && item.deadline < now; item = this.#room.next()) {
      this.#giveUp(item);
    }
  }

  /** The earliest deadline in Unix ms: `expire` has work once it is past. Infinity when nothing waits. */
  nextDeadline(): number {
    return this.#room.next()?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** What changed since the last call, net: for the transaction that stores what the sink was given. */
  takeChanges(): PairingChanges {
    const { server, client } = this.#completes;
    const data = joinChanges({ server: server.takeChanges(), client: client.takeChanges() });
    const receivedAt = Math.max(server.latestReceiptAt, client.latestReceiptAt);
    return { ...this.#room.takeChanges(), completes: data && { receivedAt, data } };
  }

  /**
   * Takes up what the changes so far have left in the file, rows and parts in their order; before any entry.
   * `deadlinesFrom` is the start of the process + orphanGraceMs: what was received before that start does not expire earlier. Both
   * it and `now` are by the steady clock, Unix ms; what an older version received may be later than `now`.
   */
  restore(
    rows: readonly PendingRow[],
    completes: readonly CompletesChange[],
    deadlinesFrom: number,
    now = Number.POSITIVE_INFINITY,
  ): void {
    this.#deadlinesFrom = deadlinesFrom;
    for (const { id, item } of rows) {
      const { entry, bytes, arrivedAt, ...from } = readItem(item);
      this.#arrivedAt = Math.min(arrivedAt, now);
      this.#add(this.#itemOf(id, entry, this.#seekerOf(entry, from), bytes), true);
      this.#nextId = Math.max(this.#nextId, id + 1);
    }
    const parts = completes.map(({ kind, data }) => ({ kind, changes: splitChanges(data) }));
    for (const type of SOURCES) {
      const memory = this.#completes[type];
      const own = parts.map(({ kind, changes }) => ({ kind, data: changes[type] }));
      memory.load(
        own.filter(({ data }) => data.length > 0),
        now,
      );
      this.#nextId = Math.max(this.#nextId, memory.lastId + 1);
    }
  }

  /** Lets go of what waits under these ids, without settling it: it was erased from the file. */
  forget(ids: ReadonlySet<number>): void {
    for (const item of this.#room.items()) if (ids.has(item.id)) this.#take(item);
  }

  /** Journal parts of complete timings whose `receivedAt` is before this instant are not needed any more. */
  completesNeededSince(now: number): number {
    const { server, client } = this.#completes;
    return Math.min(server.neededSince(now), client.neededSince(now));
  }

  #start(start: StartEntry, seeker: Seeker, isNameless: boolean): void {
    const { project } = seeker;
    if (start.standalone) this.#sink.store(project, loneRecord(start, "started"), 1);
    if (isNameless) {
      if (!start.standalone) this.#sink.store(project, loneRecord(start, "unfinished"), 1);
      return;
    }
    const found = this.#findForStart(start, seeker);
    if (found === undefined) {
      this.#wait(start, seeker);
    } else if (found.item !== undefined) {
      this.#take(found.item);
      this.#sink.store(project, pairRecord(start, found.item.entry as EndEntry), start.standalone ? 1 : 2);
    } else {
      found.memory.absorb(found.match.place, seeker.keyType);
      if (!start.standalone) this.#sink.absorb(project, start);
    }
  }

  #end(end: EndEntry, seeker: Seeker, isNameless: boolean): void {
    if (isNameless) {
      this.#sink.store(seeker.project, loneRecord(end, "orphaned"), 1);
      return;
    }
    const { endTime } = end;
    const fitting: Pick<WaitingItem> = (starts) => earliestUpTo(starts, endTime);
    const byKey = this.#startByKey(seeker, (type) => this.#starts.byKey(seeker, type, fitting));
    if (byKey !== undefined) {
      this.#close(byKey, end, false);
      return;
    }
    const candidates = this.#starts.byTouchpoint(seeker);
    const found = candidates?.pick(seeker.sender, fitting);
    if (found === undefined) this.#wait(end, seeker);
    else this.#close(found, end, candidates?.all.hasTwoUpTo(endTime) === true);
  }

  #complete(complete: CompleteEntry, seeker: Seeker, isNameless: boolean): void {
    if (isNameless) {
      this.#sink.store(seeker.project, complete, 1);
      return;
    }
    const { startTime, endTime } = complete;
    const veryStart: Pick<WaitingItem> = (starts) => (startTime <= endTime ? starts.at(startTime) : undefined);
    const fitting: Pick<WaitingItem> = (starts) => earliestUpTo(starts, endTime);
    const byKey = this.#startByKey(
      seeker,
      (type) => this.#starts.byKey(seeker, type, veryStart) ?? this.#starts.byKey(seeker, type, fitting),
    );
    if (byKey !== undefined) {
      this.#close(byKey, complete, false);
      return;
    }
    const candidates = this.#starts.byTouchpoint(seeker);
    const found = candidates?.pick(seeker.sender, veryStart);
    if (found !== undefined) {
      this.#close(found, complete, candidates?.all.hasTwoAt(startTime) === true);
      return;
    }
    this.#sink.store(seeker.project, complete, 1);
    this.#completes[seeker.keyType].add(this.#nextId++, seeker, complete, this.#arrivedAt);
  }

  /** A start of the seeker's own type of key; for a server's, else one of a client key. */
  #startByKey(seeker: Seeker, find: (keyType: Source) => WaitingItem | undefined): WaitingItem | undefined {
    if (seeker.entry.key === undefined) return undefined;
    return find(seeker.keyType) ?? (seeker.keyType === "server" ? find("client") : undefined);
  }

  #findForStart(start: StartEntry, seeker: Seeker): Found | undefined {
    const { startTime } = start;
    const arrivedAt = this.#arrivedAt;
    const fitting: Pick<WaitingItem> = (ends) => ends.firstFrom(startTime);
    const { keyType } = seeker;
    const memory = this.#completes[keyType];
    let byKey = betterOf(
      foundEnd(this.#ends.byKey(seeker, keyType, fitting), seeker),
      foundComplete(memory.byKey(seeker, startTime, arrivedAt), memory),
    );
    if (keyType === "client") {
      const { server } = this.#completes;
      byKey = betterOf(byKey, foundComplete(server.byKey(seeker, startTime, arrivedAt), server));
    }
    if (byKey !== undefined) return byKey;
    return betterOf(
      foundEnd(this.#ends.byTouchpoint(seeker)?.pick(seeker.sender, fitting), seeker),
      foundComplete(memory.byTouchpoint(seeker, startTime, arrivedAt), memory),
    );
  }

  /** Makes one record of a waiting start and what closes it. */
  #close(item: WaitingItem, end: EndEntry | CompleteEntry, isAmbiguous: boolean): void {
    this.#take(item);
    const start = item.entry as StartEntry;
    if (isAmbiguous) this.#sink.ambiguous(item.project, item.keyType, start.touchpoint as string);
    this.#sink.store(item.project, pairRecord(start, end), start.standalone ? 1 : 2);
  }

  #wait(entry: StartEntry | EndEntry, from: Seeker): void {
    const item = this.#itemOf(this.#nextId++, entry, from);
    this.#add(item, false);
    for (let excess = this.#room.excess(item); excess !== undefined; excess = this.#room.excess(item))
      this.#giveUp(excess);
  }

  /** Stores what has not found its other half; a standalone start is stored already. */
  #giveUp(item: WaitingItem): void {
    this.#take(item);
    const { entry, project, keyType } = item;
    if (entry.kind === "end") {
      const fitting: Pick<WaitingItem> = (starts) => earliestUpTo(starts, entry.endTime);
      const start = keyType === "server" ? this.#starts.byKey(item, "client", fitting) : undefined;
      if (start === undefined) this.#sink.store(project, loneRecord(entry, "orphaned"), 1);
      else this.#close(start, entry, false);
    } else if (!entry.standalone) this.#sink.store(project, loneRecord(entry, "unfinished"), 1);
  }

  #seekerOf(entry: Seeker["entry"], { project, keyType, sender }: Sender): Seeker {
    const { touchpoint, key } = entry;
    return {
      project,
      keyType,
      sender,
      touchpointHash: touchpoint === undefined ? NO_PART : this.#hasher.hash(touchpoint),
      keyHash: key === undefined ? NO_PART : this.#hasher.hash(key),
      entry,
    };
  }

  #itemOf(id: number, entry: StartEntry | EndEntry, from: Seeker, bytes = waitingBytes(entry)): WaitingItem {
    const waitMs = entry.kind === "end" ? this.#limits.orphanGraceMs : this.#limits.timeoutMs;
    // Also what the last process was sent and this one has to take up anew.
    const wasReceivedBefore = this.#arrivedAt < this.#deadlinesFrom - this.#limits.orphanGraceMs;
    const ownDeadline = this.#arrivedAt + waitMs;
    return {
      id,
      project: from.project,
      keyType: from.keyType,
      sender: from.sender,
      touchpointHash: from.touchpointHash,
      keyHash: from.keyHash,
      entry,
      at: entry.kind === "end" ? entry.endTime : entry.startTime,
      arrivedAt: this.#arrivedAt,
      deadline: wasReceivedBefore ? Math.max(ownDeadline, this.#deadlinesFrom) : ownDeadline,
      bytes,
      heapPlace: -1,
      older: undefined,
      newer: undefined,
    };
  }

  #add(item: WaitingItem, isKnown: boolean): void {
    this.#room.add(item, isKnown);
    this.#indexOf(item).add(item);
  }

  #take(item: WaitingItem): void {
    this.#room.remove(item);
    this.#indexOf(item).remove(item);
  }

  #indexOf(item: WaitingItem): WaitingIndex<WaitingItem> {
    return item.entry.kind === "end" ? this.#ends : this.#starts;
  }
}

function earliestUpTo(starts: SortedItems<WaitingItem>, endTime: number): WaitingItem | undefined {
  const earliest = starts.earliest();
  return earliest !== undefined && earliest.at <= endTime ? earliest : undefined;
}
