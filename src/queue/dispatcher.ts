// Batches in, answers out. It keeps every batch until the writer reports its commit, sends groups (at most GROUPS_AHEAD at
// a time, so the writer never waits for this thread), withdraws what waited too long, and finds the batch that brings the
// writer down. Under "memory" a batch is answered when it is queued and kept until it is committed.

import type { Clock } from "../core/clock.ts";
import { assert } from "../core/errors.ts";
import { CLAIM, CLAIM_CELLS, type GroupMessage, type SetAsideMessage } from "../core/group.ts";
import type { ApiKey, BatchIntake, BatchOutcome, Durability, IncomingBatch, PushRefusal } from "../core/intake.ts";
import type { QueueFill } from "../core/telemetry.ts";
import { DrainRate } from "./drain_rate.ts";
import { DrainWaits } from "./drain_waits.ts";
import { GroupMessages, type NumberedBatch } from "./group_messages.ts";
import { BatchRing, type RingLimits, type Sized } from "./ring.ts";

/** Groups on their way to the writer: one being written, one ready behind it. */
const GROUPS_AHEAD = 2;
/** A group's bounds: enough to share one fsync widely, small enough to be written in some milliseconds. */
const GROUP_ENTRIES_MAX = 16_384;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** How long a batch may wait in the ring under `sync` and `write`, in ms. */
export const WAIT_MS_MAX = 10_000;
/** After so many crashes of the writer while it worked on a batch, the batch is set aside. */
const CRASHES_MAX = 2;

/** The dispatcher's way to the writer thread. */
export interface WriterPort {
  send(message: GroupMessage | SetAsideMessage): void;
}

interface PendingBatch extends Sized, NumberedBatch {
  /** Monotonic ms. */
  readonly queuedAt: number;
  number: number;
  crashes: number;
  /** Undefined once it was answered. */
  answer: ((outcome: BatchOutcome) => void) | undefined;
}

interface Group {
  readonly number: number;
  /** Empty once it was withdrawn: it stays until the writer has come upon it, or a stuck writer's channel would grow. */
  batches: readonly PendingBatch[];
  readonly entryCount: number;
  readonly sentAt: number;
  readonly setAside: boolean;
}

export interface DispatcherOptions {
  readonly limits: RingLimits;
  readonly durability: Durability;
  /** Monotonic ms, so that a clock set forward withdraws nothing. */
  readonly clock: Clock;
  readonly port: WriterPort;
  /** The writer's number for a key; it has been told what the number stands for. */
  readonly keyIndex: (key: ApiKey) => number;
}

export class Dispatcher implements BatchIntake {
  readonly #options: DispatcherOptions;
  readonly #ring: BatchRing<PendingBatch>;
  readonly #drainRate = new DrainRate();
  readonly #drainWaits = new DrainWaits();
  readonly #claims = new Int32Array(new SharedArrayBuffer(CLAIM_CELLS * Int32Array.BYTES_PER_ELEMENT));
  readonly #messages: GroupMessages;
  /** On their way to the writer, oldest first. */
  #groups: Group[] = [];
  /** Taken from the ring before and to be sent again, before anything newer. */
  #again: PendingBatch[] = [];
  #nextGroup = 1;
  #nextBatch = 1;
  #lastDoneAt = 0;
  #isWriterUp = false;
  #isRefusing = false;
  #isRefusingAll = false;
  #isFlushScheduled = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#ring = new BatchRing(options.limits);
    this.#messages = new GroupMessages(options.keyIndex);
  }

  /** Shared with the writer, which claims a group before it begins it. */
  get claims(): Int32Array {
    return this.#claims;
  }

  get isEmpty(): boolean {
    return this.#ring.entries === 0;
  }

  get queuedEntries(): number {
    return this.#options.durability === "memory" ? this.#ring.entries : 0;
  }

  fill(): QueueFill {
    const { limits } = this.#options;
    return {
      entries: this.#ring.entries,
      bytes: this.#ring.bytes,
      clientEntries: this.#ring.clientEntries,
      clientBytes: this.#ring.clientBytes,
      entriesMax: limits.entries,
      bytesMax: limits.bytes,
    };
  }

  retryAfterSeconds(): number {
    return this.#drainRate.secondsFor(this.#ring.entries);
  }

  push(batch: IncomingBatch): PushRefusal | Promise<BatchOutcome> {
    const pending: PendingBatch = {
      batch,
      entryCount: batch.entryCount,
      bytes: batch.bytes,
      isClient: batch.apiKey.type === "client",
      queuedAt: this.#options.clock(),
      number: 0,
      crashes: 0,
      answer: undefined,
    };
    if (!this.#ring.couldHold(pending)) return { refused: "too_large" };
    const answersAtOnce = this.#options.durability === "memory";
    const isRefusing = this.#isRefusing && (!answersAtOnce || this.#isRefusingAll);
    if (isRefusing || !this.#ring.push(pending)) {
      return { refused: "full", retryAfterSeconds: this.retryAfterSeconds() };
    }
    pending.number = this.#nextBatch++;
    this.#scheduleFlush();
    if (answersAtOnce) return Promise.resolve("accepted");
    return new Promise((resolve) => {
      pending.answer = resolve;
    });
  }

  /** Resolves once each batch that was taken before is committed, set aside or answered 503. */
  drained(): Promise<void> {
    const drained = this.#drainWaits.wait(this.#nextBatch - 1);
    this.#tellDrained();
    return drained;
  }

  /** The writer is there; it has committed the batches up to `lastBatch`. What it had begun otherwise is sent again. */
  writerStarted(lastBatch: number): void {
    this.#isWriterUp = true;
    const unreported = this.#groups;
    this.#groups = [];
    for (const group of unreported) {
      for (const pending of group.batches) {
        if (pending.number <= lastBatch) this.#finish(pending, group.setAside ? "set_aside" : "accepted");
      }
      this.#sendAgain(group.batches.filter((pending) => pending.number > lastBatch));
    }
    this.#flush();
  }

  /** The writer died. The group that it had begun is counted against each of its batches, once. */
  writerDied(): void {
    this.#isWriterUp = false;
    for (const group of this.#groups) {
      const cell = group.number % CLAIM_CELLS;
      // The next writer may die before it gets the group again, and then the group is not to blame.
      if (Atomics.compareExchange(this.#claims, cell, CLAIM.begun, CLAIM.withdrawn) !== CLAIM.begun) continue;
      for (const pending of group.batches) pending.crashes++;
    }
  }

  committed(groupNumber: number): void {
    const group = this.#takeGroup(groupNumber);
    const now = this.#options.clock();
    this.#drainRate.observe(group.entryCount, now - Math.max(group.sentAt, this.#lastDoneAt));
    this.#lastDoneAt = now;
    for (const pending of group.batches) this.#finish(pending, group.setAside ? "set_aside" : "accepted");
    this.#flush();
  }

  /** The group's commit failed and left no trace, or it was withdrawn. Under "memory" its batches go to the front again. */
  failed(groupNumber: number): void {
    const group = this.#takeGroup(groupNumber);
    if (this.#options.durability === "memory") this.#sendAgain(group.batches);
    else for (const pending of group.batches) this.#finish(pending, "unavailable");
    this.#flush();
  }

  /**
   * While the store cannot be written, what waits and what comes is answered 503 (under "memory": it waits, and what comes does too
   * unless `isForAll`), and nothing is sent.
   */
  setRefusing(isRefusing: boolean, isForAll = false): void {
    this.#isRefusing = isRefusing;
    this.#isRefusingAll = isForAll;
    if (isRefusing && this.#options.durability !== "memory") this.#answerUnavailable(() => true);
    this.#flush();
  }

  /** Answers 503 to what has waited too long, unless the writer has begun it. Called about once a second. */
  withdrawExpired(): void {
    if (this.#options.durability === "memory") return;
    const before = this.#options.clock() - WAIT_MS_MAX;
    const isExpired = (pending: PendingBatch) => pending.queuedAt <= before;
    // Behind a group that goes back none may go ahead. From the last one on, because the writer takes them in their order:
    // before one that it has begun, none is left to withdraw.
    const first = this.#groups.findIndex((group) => group.batches.some(isExpired));
    for (const group of first === -1 ? [] : this.#groups.slice(first).toReversed()) {
      const cell = group.number % CLAIM_CELLS;
      if (Atomics.compareExchange(this.#claims, cell, CLAIM.posted, CLAIM.withdrawn) !== CLAIM.posted) continue;
      this.#sendAgain(group.batches);
      group.batches = [];
    }
    this.#answerUnavailable(isExpired);
    this.#flush();
  }

  /** Answers 503 to those of the waiting batches that are concerned; in the ring, from the oldest to the first that is not. */
  #answerUnavailable(isConcerned: (pending: PendingBatch) => boolean): void {
    // What is to be set aside stays: answered 503, it would come again and bring the writer down again.
    const isWithdrawn = (pending: PendingBatch) => isConcerned(pending) && pending.crashes < CRASHES_MAX;
    const withdrawn = this.#again.filter(isWithdrawn);
    this.#again = this.#again.filter((pending) => !isWithdrawn(pending));
    for (const pending of withdrawn) this.#finish(pending, "unavailable");
    for (let oldest = this.#ring.oldest(); oldest !== undefined && isConcerned(oldest); oldest = this.#ring.oldest()) {
      this.#ring.take();
      this.#finish(oldest, "unavailable");
    }
  }

  /** Batches are committed in the order of their numbers, or "committed up to n" would say too much. */
  #sendAgain(batches: readonly PendingBatch[]): void {
    this.#again.push(...batches);
    this.#again.sort((a, b) => a.number - b.number);
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    this.#tellDrained();
    while (this.#isWriterUp && !this.#isRefusing && this.#groups.length < GROUPS_AHEAD) {
      const batches = this.#takeBatches();
      if (batches.length === 0) return;
      this.#send(batches);
    }
  }

  /** A group's worth of what comes next. What was in a group that brought the writer down goes alone: one is poisonous. */
  #takeBatches(): PendingBatch[] {
    const batches: PendingBatch[] = [];
    let entryCount = 0;
    let bytes = 0;
    for (;;) {
      const next = this.#again[0] ?? this.#ring.oldest();
      if (next === undefined) return batches;
      entryCount += next.entryCount;
      bytes += next.bytes;
      const isTooMuch = entryCount > GROUP_ENTRIES_MAX || bytes > GROUP_BYTES_MAX;
      if (batches.length > 0 && (isTooMuch || next.crashes > 0)) return batches;
      if (this.#again.shift() === undefined) this.#ring.take();
      batches.push(next);
      if (next.crashes > 0) return batches;
    }
  }

  #send(batches: readonly PendingBatch[]): void {
    const last = batches.at(-1);
    assert(last !== undefined, "a group has a batch");
    const number = this.#nextGroup++;
    const setAside = last.crashes >= CRASHES_MAX;
    assert(!setAside || batches.length === 1, "a batch is set aside alone");
    let entryCount = 0;
    for (const pending of batches) entryCount += pending.entryCount;
    this.#groups.push({ number, batches, entryCount, sentAt: this.#options.clock(), setAside });
    Atomics.store(this.#claims, number % CLAIM_CELLS, CLAIM.posted);
    this.#options.port.send(setAside ? this.#messages.setAside(number, last) : this.#messages.group(number, batches));
  }

  #tellDrained(): void {
    if (this.#drainWaits.isEmpty) return;
    const waiting = [...this.#groups.map((group) => group.batches[0]), this.#again[0], this.#ring.oldest()];
    this.#drainWaits.tell(Math.min(...waiting.map((pending) => pending?.number ?? Number.POSITIVE_INFINITY)));
  }

  #takeGroup(groupNumber: number): Group {
    const index = this.#groups.findIndex((group) => group.number === groupNumber);
    const [group] = index === -1 ? [] : this.#groups.splice(index, 1);
    assert(group !== undefined, `group ${groupNumber} is on its way`);
    return group;
  }

  #finish(pending: PendingBatch, outcome: BatchOutcome): void {
    this.#ring.release(pending);
    pending.answer?.(outcome);
    pending.answer = undefined;
  }
}
