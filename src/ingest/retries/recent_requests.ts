// The requests of the last minutes, so that a request that a client sends again is not stored twice. A request is
// recognised as a whole, never by its entries (contract, "Requests sent again").
//
// In: each checked request, in the order of commits, and which requests were not answered. Out: whether a request is a
// repetition, and changes of the state log, two a group at most. A request with an idempotency key is remembered
// exactly. One without is remembered only while it is unanswered: its client had disconnected when the answer was
// ready, or the process ended within CRASH_MS after the commit, not by a graceful stop.
//
// All times are by the steady clock, which nobody sets. After a failed commit this object is made anew from the file.

import type { StateChange } from "../../commit/group_write.ts";
import type { RequestIdentity } from "../../commit/redo_group.ts";
import type { Source } from "../../core/record.ts";
import { RequestIdentities } from "./request_identity.ts";

/** Requests that were committed so many ms or less before the end of a process count as unanswered (contract). */
export const CRASH_MS = 10_000;
/**
 * Committed requests without an idempotency key whose answers are not reported yet: far more than can wait at a time.
 */
const UNREPORTED_MAX = 131_072;

/** Whether a request came before; "other_body": its idempotency key came before with another body. */
export type RequestMatch = "new" | "repetition" | "other_body";

/** Bounds of what is remembered. */
export interface RequestLimits {
  /** How long a request is remembered, in ms; 0 turns that off. */
  readonly windowMs: number;
  readonly requests: number;
  /** The part of `requests` that client keys can fill, 0 to 1. */
  readonly clientShare: number;
}

/** The kind, in the state log, of changes that matter for the whole window. */
export const REQUESTS_KIND = "requests";
/**
 * The kind of new requests without an idempotency key: they matter for CRASH_MS only, and there are many more of them.
 */
export const RECENT_REQUESTS_KIND = "recent_requests";

/** A change of the state log about requests. */
export interface RequestChange extends StateChange {
  readonly kind: typeof REQUESTS_KIND | typeof RECENT_REQUESTS_KIND;
}

/**
 * What happened to a request. "keyed": it came with an idempotency key. Without one: "plain": it came; "repeated": it
 * was a repetition; "unanswered": its answer was not received. "set_aside": its body brought the writer down twice.
 */
type EventKind = "keyed" | "plain" | "repeated" | "unanswered" | "set_aside";
type RequestEvent = readonly [kind: EventKind, id: string, keyType: Source, body?: string];

/** A change of the state log, decoded. */
interface WrittenChange {
  /** Identifies the run of the process that wrote it. */
  readonly run: string;
  /** The process stopped gracefully: every request before was answered. */
  readonly isStop?: true;
  readonly events: readonly RequestEvent[];
}

interface Remembered {
  /** By the steady clock, Unix ms. */
  at: number;
  readonly keyType: Source;
  /** Digest of the body; undefined without an idempotency key. */
  readonly body: string | undefined;
  /** How many repetitions it still absorbs; only without an idempotency key. */
  unanswered: number;
}

/** The requests that are remembered, in memory and in the state log. */
export class RecentRequests {
  /** Makes the identities of requests. */
  readonly identities: RequestIdentities;
  readonly #limits: RequestLimits;
  readonly #run: string;
  /** By id, oldest first. */
  readonly #byType: Readonly<Record<Source, Map<string, Remembered>>> = { server: new Map(), client: new Map() };
  /** Digests of bodies that were set aside, and when: oldest first. */
  readonly #setAside = new Map<string, number>();
  /** Requests without an idempotency key by the number of their batch, until their answers are reported. */
  readonly #unreported = new Map<number, RequestIdentity>();
  /** Requests that were reported as unanswered after their commit, until the file has that. */
  #unwritten: { readonly identity: RequestIdentity; readonly at: number }[] = [];
  #events: RequestEvent[] = [];
  /** New plain requests, encoded: a line each. */
  #plainLines = "";
  /** When the last event came. */
  #now = Number.NEGATIVE_INFINITY;
  #hasUnwritten = false;
  /** When the last change was taken. */
  #lastChangeAt = Number.NEGATIVE_INFINITY;
  /** Whether a crash within CRASH_MS after the last change would leave requests in it unanswered. */
  #isLastChangeOpen = false;

  /** `run` identifies this run of the process; `seed` is two u32 that nobody else knows. */
  constructor(limits: RequestLimits, run: string, seed: readonly [number, number]) {
    this.#limits = limits;
    this.#run = run;
    this.identities = new RequestIdentities(seed);
  }

  /** Whether anything is remembered at all. */
  get isOn(): boolean {
    return this.#limits.windowMs > 0;
  }

  /** Whether some body was set aside: then each body is looked up before it is parsed. */
  get hasSetAside(): boolean {
    return this.#setAside.size > 0;
  }

  /** Whether a body with this digest brought the writer down. */
  isSetAside(bodyDigest: string): boolean {
    return this.#setAside.has(bodyDigest);
  }

  /** Whether a request came before. `now` is by the steady clock, Unix ms, here and below. */
  match(identity: RequestIdentity, now: number): RequestMatch {
    const found = this.#byType[identity.keyType].get(identity.id);
    if (found === undefined || found.at <= now - this.#limits.windowMs) return "new";
    if (identity.body !== undefined) return found.body === identity.body ? "repetition" : "other_body";
    return found.unanswered > 0 ? "repetition" : "new";
  }

  /**
   * Adds a new request. `number` is its batch's, for `answered`; undefined where that is not reported any more.
   * `isDisconnected`: its client has left without an answer.
   */
  admit(identity: RequestIdentity, number: number | undefined, now: number, isDisconnected: boolean): void {
    if (!this.isOn) return;
    this.#now = now;
    const { id, body, keyType } = identity;
    if (body !== undefined) {
      this.#remember(identity, now);
      this.#events.push(["keyed", id, keyType, body]);
      return;
    }
    this.#plainLines += lineOf("plain", id, keyType);
    this.#awaitReport(identity, number, now, isDisconnected);
  }

  /** Adds a repetition; the parameters are those of `admit`. */
  absorb(identity: RequestIdentity, number: number | undefined, now: number, isDisconnected: boolean): void {
    this.#now = now;
    if (identity.body !== undefined) return;
    const found = this.#byType[identity.keyType].get(identity.id);
    if (found !== undefined) this.#credit(identity.id, found, -1);
    this.#events.push(["repeated", identity.id, identity.keyType]);
    this.#awaitReport(identity, number, now, isDisconnected);
  }

  /** The batches up to a number were answered; the answers of those in `disconnected` reached nobody. */
  answered(upTo: number, disconnected: readonly number[], now: number): void {
    this.#now = now;
    for (const number of disconnected) {
      const identity = this.#unreported.get(number);
      if (identity === undefined) continue;
      this.#unreported.delete(number);
      this.#addUnansweredAfterCommit(identity, now);
    }
    // In rising order, but for batches that were sent again.
    for (const number of this.#unreported.keys()) {
      if (number > upTo) break;
      this.#unreported.delete(number);
    }
  }

  /** What was taken is on disk. */
  committed(): void {
    this.#unwritten = [];
  }

  /**
   * Takes over from the object before, after `restore` and before any request: committed requests whose answers are not
   * reported yet, and reports that were not written. (No answer is reported of requests whose commit failed.)
   */
  takeOver(before: RecentRequests): void {
    for (const [number, identity] of before.#unreported) this.#unreported.set(number, identity);
    for (const { identity, at } of before.#unwritten) this.#addUnansweredAfterCommit(identity, at);
  }

  /** A body brought the writer down twice and was set aside. */
  setAside(bodyDigest: string, now: number): void {
    if (!this.isOn) return;
    this.#now = Math.max(this.#now, now);
    this.#addSetAside(bodyDigest, now);
    this.#events.push(["set_aside", bodyDigest, "server"]);
  }

  /** The changes to write, in this order; each has the time of its events. Empty where there is nothing to write. */
  takeChanges(now: number): RequestChange[] {
    const hasEvents = this.#events.length > 0 || this.#plainLines !== "";
    const receivedAt = hasEvents ? Math.max(this.#now, this.#lastChangeAt) : now;
    // Shows that the process has lived on, so that the requests in the last change count as answered.
    const closesLastChange = this.#isLastChangeOpen && receivedAt >= this.#lastChangeAt + CRASH_MS;
    if (!hasEvents && !closesLastChange) return [];
    this.#hasUnwritten = false;
    this.#isLastChangeOpen = hasEvents;
    this.#lastChangeAt = receivedAt;
    return this.#encode(receivedAt, closesLastChange ? {} : undefined);
  }

  /**
   * Whether there is something to write although no group comes: an unanswered request, or, once, that the process has
   * lived on.
   */
  hasChanges(now: number): boolean {
    return this.#hasUnwritten || (this.#isLastChangeOpen && now >= this.#lastChangeAt + CRASH_MS);
  }

  /** The last changes, for a graceful stop: each request was answered, or its client is known to have disconnected. */
  takeStop(now: number): RequestChange[] {
    return this.isOn ? this.#encode(now, { isStop: true }) : [];
  }

  /** Encodes the events since the last call; with `mark`, a change of REQUESTS_KIND even where there are none. */
  #encode(receivedAt: number, mark?: Pick<WrittenChange, "isStop">): RequestChange[] {
    const events = this.#events;
    const plainLines = this.#plainLines;
    this.#events = [];
    this.#plainLines = "";
    const changes: RequestChange[] = [];
    if (plainLines !== "") {
      changes.push({ kind: RECENT_REQUESTS_KIND, receivedAt, data: Buffer.from(this.#run + plainLines, "latin1") });
    }
    if (events.length > 0 || mark !== undefined) {
      const data = encode({ run: this.#run, ...mark, events });
      changes.push({ kind: REQUESTS_KIND, receivedAt, data });
    }
    return changes;
  }

  /** Reads back the changes of both kinds, in their order; before any request. */
  restore(changes: readonly Omit<RequestChange, "kind">[], now: number): void {
    if (!this.isOn) return;
    this.#now = now;
    const read = changes.map(({ receivedAt, data }) => ({ receivedAt, ...decode(data) }));
    const lastStop = read.findLastIndex(({ isStop }) => isStop === true);
    /** When each run wrote last. */
    const endOf = new Map<string, number>();
    for (const { run, receivedAt } of read) endOf.set(run, Math.max(receivedAt, endOf.get(run) ?? receivedAt));
    /** Requests that may be unanswered, by id. */
    const open = new Map<string, { identity: RequestIdentity; at: number; count: number }>();
    for (const [index, { run, receivedAt, events }] of read.entries()) {
      const at = Math.min(receivedAt, now);
      const isLate = index > lastStop && run !== this.#run && receivedAt > (endOf.get(run) ?? 0) - CRASH_MS;
      for (const [kind, id, keyType, body] of events) {
        const identity: RequestIdentity = { id, keyType, body };
        if (kind === "set_aside") this.#addSetAside(id, at);
        else if (kind === "keyed") this.#remember(identity, at);
        else if (kind === "unanswered") {
          this.#add(identity, at);
          const entry = open.get(id);
          if (entry !== undefined) entry.count--;
        } else {
          const found = this.#byType[keyType].get(id);
          if (kind === "repeated" && found !== undefined) this.#credit(id, found, -1);
          if (!isLate) continue;
          const entry = open.get(id);
          if (entry === undefined) open.set(id, { identity, at, count: 1 });
          else entry.count++;
        }
      }
    }
    for (const { identity, at, count } of open.values()) {
      for (let left = count; left > 0; left--) this.#unanswered(identity, at);
    }
    this.#expire(now);
  }

  /**
   * Changes of REQUESTS_KIND received before the returned instant are not needed any more; of the other kind, before
   * now - CRASH_MS.
   */
  neededSince(now: number): number {
    this.#expire(now);
    const oldest = Object.values(this.#byType).map((map) => map.values().next().value?.at);
    const [setAsideAt] = this.#setAside.values();
    return Math.min(now - CRASH_MS, ...oldest.filter((at) => at !== undefined), setAsideAt ?? now);
  }

  #awaitReport(identity: RequestIdentity, number: number | undefined, now: number, isDisconnected: boolean): void {
    if (isDisconnected) this.#unanswered(identity, now);
    else if (number !== undefined) {
      this.#unreported.set(number, identity);
      if (this.#unreported.size > UNREPORTED_MAX)
        this.#unreported.delete(this.#unreported.keys().next().value as number);
    }
  }

  #addUnansweredAfterCommit(identity: RequestIdentity, at: number): void {
    this.#unwritten.push({ identity, at });
    this.#unanswered(identity, at);
  }

  #unanswered(identity: RequestIdentity, now: number): void {
    this.#add(identity, now);
    this.#events.push(["unanswered", identity.id, identity.keyType]);
    this.#hasUnwritten = true;
  }

  #add(identity: RequestIdentity, at: number): void {
    const found = this.#byType[identity.keyType].get(identity.id);
    this.#remember(identity, at, (found?.unanswered ?? 0) + 1);
  }

  #credit(id: string, remembered: Remembered, by: 1 | -1): void {
    remembered.unanswered = Math.max(0, remembered.unanswered + by);
    if (remembered.unanswered === 0) this.#byType[remembered.keyType].delete(id);
  }

  #remember({ id, body, keyType }: RequestIdentity, at: number, unanswered = 0): void {
    const map = this.#byType[keyType];
    map.delete(id);
    map.set(id, { at, keyType, body, unanswered });
    this.#expire(at);
    const { requests, clientShare } = this.#limits;
    const { server, client } = this.#byType;
    if (client.size > Math.floor(requests * clientShare)) dropOldest(client);
    if (server.size + client.size > requests) dropOldest(server.size > 0 ? server : client);
  }

  #addSetAside(digest: string, at: number): void {
    this.#setAside.set(digest, at);
    if (this.#setAside.size > this.#limits.requests) dropOldest(this.#setAside);
  }

  /** Few come at a time, so few expire. */
  #expire(now: number): void {
    const before = now - this.#limits.windowMs;
    for (const map of Object.values(this.#byType)) {
      for (const [id, { at }] of map) {
        if (at > before) break;
        map.delete(id);
      }
    }
    for (const [digest, at] of this.#setAside) {
      if (at > before) break;
      this.#setAside.delete(digest);
    }
  }
}

function dropOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

const KIND_LETTERS: Readonly<Record<EventKind, string>> = {
  keyed: "k",
  plain: "p",
  repeated: "r",
  unanswered: "u",
  set_aside: "s",
};
const KINDS_BY_LETTER = new Map(Object.entries(KIND_LETTERS).map(([kind, letter]) => [letter, kind as EventKind]));

/**
 * Lines of Latin-1: the run, with "!" before it at a stop; then an event each: letter of its kind, "c" or "s" for the
 * key type, the id, and after a space the body's digest.
 */
function encode({ run, isStop, events }: WrittenChange): Uint8Array {
  let text = `${isStop === true ? "!" : ""}${run}`;
  for (const [kind, id, keyType, body] of events) text += lineOf(kind, id, keyType, body);
  return Buffer.from(text, "latin1");
}

function lineOf(kind: EventKind, id: string, keyType: Source, body?: string): string {
  return `\n${KIND_LETTERS[kind]}${keyType === "client" ? "c" : "s"}${id}${body === undefined ? "" : ` ${body}`}`;
}

function decode(data: Uint8Array): WrittenChange {
  const [head = "", ...lines] = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    .toString("latin1")
    .split("\n");
  const events = lines.flatMap((line): RequestEvent[] => {
    const kind = KINDS_BY_LETTER.get(line[0] ?? "");
    const [id = "", body] = line.slice(2).split(" ");
    return kind === undefined ? [] : [[kind, id, line[1] === "c" ? "client" : "server", body] as RequestEvent];
  });
  return { run: head.replace(/^!/, ""), ...(head.startsWith("!") ? { isStop: true } : {}), events };
}
