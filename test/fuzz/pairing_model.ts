// Pairing as the contract's text says it: lists, filters and sorts, slow and obvious. Written from the text, and knows
// nothing of the real one's indexes.

import type { EndEntry, StartEntry } from "../../src/commit/pending_timing.ts";
import type { Source } from "../../src/core/entry.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { CompleteEntry, NewRecord, TimingEntry } from "../../src/ingest/entries/normalise.ts";
import type { PairingLimits, Sender } from "../../src/ingest/pairing/pairing.ts";

interface Held<E> {
  readonly entry: E;
  readonly project: string;
  readonly keyType: Source;
  /** Undefined: nobody knows any more. */
  sender: number | undefined;
  readonly arrival: number;
  deadline: number;
}

export type Outcome =
  | { readonly project: string; readonly record: NewRecord; readonly entries: number }
  | { readonly project: string; readonly absorbed: StartEntry }
  /** The next outcome is a pair that was a guess. */
  | { readonly project: string; readonly keyType: Source; readonly ambiguous: string };

export class PairingModel {
  readonly outcomes: Outcome[] = [];
  readonly #limits: PairingLimits;
  #starts: Held<StartEntry>[] = [];
  #ends: Held<EndEntry>[] = [];
  #completes: Held<CompleteEntry>[] = [];
  /** Of server keys, that have absorbed a client's start. */
  readonly #marked = new Set<Held<CompleteEntry>>();
  #arrivals = 0;

  constructor(limits: PairingLimits) {
    this.#limits = limits;
  }

  get openEntries(): number {
    return this.#ends.length + this.#starts.filter((start) => !start.entry.standalone).length;
  }

  offer(entry: TimingEntry, { project, keyType, sender }: Sender): void {
    this.expire(entry.receivedAt);
    const waitMs = entry.kind === "start" ? this.#limits.timeoutMs : this.#limits.orphanGraceMs;
    const held = { project, keyType, sender, arrival: this.#arrivals++, deadline: entry.receivedAt + waitMs };
    if (entry.kind === "start") this.#offerStart({ ...held, entry });
    else if (entry.kind === "end") this.#offerEnd({ ...held, entry });
    else this.#offerComplete({ ...held, entry });
    this.#pushOut(keyType);
  }

  expire(now: number): void {
    const late = [...this.#starts, ...this.#ends].filter((held) => held.deadline < now);
    late.sort((one, other) => one.deadline - other.deadline || one.arrival - other.arrival);
    for (const held of late)
      if (this.#starts.includes(held as never) || this.#ends.includes(held as never)) this.#giveUp(held);
    this.#completes = this.#completes.filter((held) => held.deadline >= now);
  }

  restart(deadlinesFrom: number): void {
    for (const held of [...this.#starts, ...this.#ends]) held.deadline = Math.max(held.deadline, deadlinesFrom);
  }

  /** What waits was written down without its senders. */
  forgetSenders(): void {
    for (const held of [...this.#starts, ...this.#ends]) held.sender = undefined;
  }

  #offerStart(start: Held<StartEntry>): void {
    if (start.entry.standalone) this.#store(start.project, lone(start.entry, "started"), 1);
    if (start.entry.touchpoint === undefined && start.entry.key === undefined) {
      if (!start.entry.standalone) this.#store(start.project, lone(start.entry, "unfinished"), 1);
      return;
    }
    // Nothing of a client key meets a server's start; a client's start takes nothing away from servers: no end, and of
    // a complete one only what it has for clients.
    const others = [...this.#ends, ...this.#completes].filter(
      (other) =>
        other.keyType === start.keyType ||
        (start.keyType === "client" && isComplete(other) && !this.#marked.has(other)),
    );
    const [best] = inOrder(
      firstOf(
        others.filter((other) => closesByKey(start, other)),
        others.filter((other) => closesByTouchpoint(start, other)),
      ),
      (other) => [
        other.entry.startTime === start.entry.startTime,
        other.entry.touchpoint === start.entry.touchpoint,
        other.sender === start.sender,
        // One start, so nothing to choose among starts.
        0,
        other.arrival,
      ],
    );
    if (best === undefined) {
      this.#starts.push(start);
      return;
    }
    this.#ends = this.#ends.filter((end) => end !== best);
    if (best.keyType === start.keyType) this.#completes = this.#completes.filter((complete) => complete !== best);
    else if (isComplete(best)) this.#marked.add(best);
    if (best.entry.kind === "end") this.#pair(start, best.entry);
    else if (!start.entry.standalone) this.outcomes.push({ project: start.project, absorbed: start.entry });
  }

  #offerEnd(end: Held<EndEntry>): void {
    if (end.entry.touchpoint === undefined && end.entry.key === undefined) {
      this.#store(end.project, lone(end.entry, "orphaned"), 1);
    } else if (!this.#close(end)) this.#ends.push(end);
  }

  #offerComplete(complete: Held<CompleteEntry>): void {
    if (this.#close(complete)) return;
    this.#store(complete.project, complete.entry, 1);
    this.#completes.push(complete);
  }

  #close(end: Held<EndEntry | CompleteEntry>): boolean {
    const own = this.#starts.filter((start) => start.keyType === end.keyType);
    const ofClients = this.#starts.filter((start) => start.keyType === "client" && end.keyType === "server");
    const byKey = firstOf(
      own.filter((start) => closesByKey(start, end)),
      ofClients.filter((start) => closesByKey(start, end)),
    );
    const all = firstOf(
      byKey,
      own.filter((start) => closesByTouchpoint(start, end)),
    );
    return this.#closeBest(all, end, byKey.length === 0 && all.length > 1);
  }

  #closeBest(starts: readonly Held<StartEntry>[], end: Held<EndEntry | CompleteEntry>, isAmbiguous: boolean): boolean {
    const [best] = inOrder(starts, (start) => [
      start.entry.startTime === end.entry.startTime,
      start.entry.touchpoint === end.entry.touchpoint,
      start.sender === end.sender,
      start.entry.startTime,
      start.arrival,
    ]);
    if (best === undefined) return false;
    this.#starts = this.#starts.filter((start) => start !== best);
    const { project, keyType, entry } = best;
    if (isAmbiguous) this.outcomes.push({ project, keyType, ambiguous: entry.touchpoint as string });
    this.#pair(best, end.entry);
    return true;
  }

  #pair(start: Held<StartEntry>, end: EndEntry | CompleteEntry): void {
    // What was only derived is no field that was sent.
    const isDerived = end.kind === "completed" && end.derived !== undefined;
    const startTime = isDerived ? start.entry.startTime : (end.startTime ?? start.entry.startTime);
    const endTime =
      end.kind === "completed" && end.derived === "both" ? start.entry.startTime + end.duration : end.endTime;
    const metadata: JsonObject | undefined =
      start.entry.metadata === undefined && end.metadata === undefined
        ? undefined
        : { ...start.entry.metadata, ...end.metadata };
    const record: NewRecord = {
      kind: "completed",
      time: start.entry.time,
      receivedAt: Math.max(start.entry.receivedAt, end.receivedAt),
      source: end.source,
      keyType: start.entry.keyType === "client" ? "client" : end.keyType,
      apiKey: end.apiKey,
      touchpoint: end.touchpoint ?? start.entry.touchpoint,
      key: end.key ?? start.entry.key,
      level: end.level ?? start.entry.level,
      message: end.message ?? start.entry.message,
      startTime,
      endTime,
      duration: end.duration ?? endTime - startTime,
      metadata,
    };
    this.#store(start.project, record, start.entry.standalone ? 1 : 2);
  }

  /**
   * Of limits by number only: clients beyond their share lose their oldest, then the oldest of all, but never a
   * server's for a client's.
   */
  #pushOut(latest: Source): void {
    const waiting = () => [...this.#starts, ...this.#ends].sort((one, other) => one.arrival - other.arrival);
    const clients = () => waiting().filter((held) => held.keyType === "client");
    const clientMax = Math.floor(this.#limits.openMax * this.#limits.clientShare);
    while (clients().length > clientMax) this.#giveUp(clients()[0]);
    while (waiting().length > this.#limits.openMax) this.#giveUp(latest === "client" ? clients()[0] : waiting()[0]);
  }

  #giveUp(held: Held<StartEntry | EndEntry> | undefined): void {
    if (held === undefined) throw new Error("the model has nothing to give up");
    const { entry, project } = held;
    this.#starts = this.#starts.filter((start) => start !== held);
    this.#ends = this.#ends.filter((end) => end !== held);
    if (entry.kind === "end") {
      // No server's start came for it, so a client's may have it.
      const end = { ...held, entry };
      const starts = this.#starts.filter(
        (start) => start.keyType === "client" && held.keyType === "server" && closesByKey(start, end),
      );
      if (!this.#closeBest(starts, end, false)) this.#store(project, lone(entry, "orphaned"), 1);
    } else if (!entry.standalone) this.#store(project, lone(entry, "unfinished"), 1);
  }

  #store(project: string, record: NewRecord, entries: number): void {
    this.outcomes.push({ project, record, entries });
  }
}

type Other = Held<EndEntry | CompleteEntry>;

function isInOrder(start: Held<StartEntry>, other: Other): boolean {
  return start.project === other.project && start.entry.startTime <= other.entry.endTime;
}

/** 1. By key: same project, same key, touchpoints equal or one of them absent. */
function closesByKey(start: Held<StartEntry>, other: Other): boolean {
  const [one, two] = [start.entry, other.entry];
  const areTouchpointsFine =
    one.touchpoint === two.touchpoint || one.touchpoint === undefined || two.touchpoint === undefined;
  return isInOrder(start, other) && one.key !== undefined && one.key === two.key && areTouchpointsFine;
}

/**
 * 2. By touchpoint: same project, key type and touchpoint, not two different keys; a complete one by its very
 * startTime.
 */
function closesByTouchpoint(start: Held<StartEntry>, other: Other): boolean {
  const [one, two] = [start.entry, other.entry];
  const areKeysFine = one.key === two.key || one.key === undefined || two.key === undefined;
  const isVery = two.kind === "end" || two.startTime === one.startTime;
  return (
    isInOrder(start, other) &&
    start.keyType === other.keyType &&
    one.touchpoint !== undefined &&
    one.touchpoint === two.touchpoint &&
    areKeysFine &&
    isVery
  );
}

function isComplete(held: Other): held is Held<CompleteEntry> {
  return held.entry.kind === "completed";
}

function firstOf<T>(first: readonly T[], second: readonly T[]): readonly T[] {
  return first.length > 0 ? first : second;
}

function inOrder<T>(all: readonly T[], rank: (one: T) => [boolean, boolean, boolean, number, number]): T[] {
  return all.toSorted((one, other) => {
    const [veryOne, equalOne, senderOne, timeOne, arrivalOne] = rank(one);
    const [veryOther, equalOther, senderOther, timeOther, arrivalOther] = rank(other);
    return (
      Number(veryOther) - Number(veryOne) ||
      Number(equalOther) - Number(equalOne) ||
      Number(senderOther) - Number(senderOne) ||
      timeOne - timeOther ||
      arrivalOne - arrivalOther
    );
  });
}

function lone(entry: StartEntry | EndEntry, status: "started" | "unfinished" | "orphaned"): NewRecord {
  const { kind: _kind, ...rest } = entry;
  const { standalone: _standalone, ...fields } = { standalone: undefined, ...rest };
  return { ...fields, kind: status };
}
