// Requests that may come again: which ones came before, so that a request that a client sends again is not stored twice. A request is
// recognised as a whole, never by its entries (contract, "Requests sent again").
//
// In: each checked request, in the order of its commit, and which ones were not answered. Out: whether it is a repetition, and parts of the
// journal, two a group at most. A request with an idempotency key is remembered exactly. One without is remembered only while it is unanswered: its client
// had gone when the answer was ready, or the process ended, not by a graceful stop, within CRASH_MS after the commit.
//
// All times are by the steady clock, which nobody sets. A commit that fails is undone by making this object anew from the file.

import type { StateChange } from "../../commit/group_write.ts";
import type { RequestIdentity } from "../../commit/redo_group.ts";
import type { Source } from "../../core/record.ts";

/** How long before the end of a process a committed request may be unanswered, in ms (contract). */
export const CRASH_MS = 10_000;
/** Committed requests without a key whose answer the main thread may still tell of; far more than can wait at a time. */
const RECENT_MAX = 131_072;

/** What is known of a request that comes. */
export type RequestMatch = "new" | "repetition" | "other_body";

export interface RequestLimits {
  /** 0 turns the memory off. */
  readonly windowMs: number;
  readonly requests: number;
  /** The part of `requests` that client keys can fill. */
  readonly clientShare: number;
}

/**
 * Kinds of journal parts. What is remembered for the window; and requests without an idempotency key, which matter for CRASH_MS only, and of
 * which there are many more.
 */
export const REQUESTS_KIND = "requests";
export const RECENT_REQUESTS_KIND = "recent_requests";

/** What the state log gets to hear of requests. */
export interface RequestChange extends StateChange {
  readonly kind: typeof REQUESTS_KIND | typeof RECENT_REQUESTS_KIND;
}

/**
 * What happened to a request, as the journal has it: with an idempotency key it is kept; without one it is plain, or was a repetition, or
 * turned out to be unanswered.
 */
type EventKind = "kept" | "plain" | "repeated" | "unanswered" | "set_aside";
type RequestEvent = readonly [kind: EventKind, id: string, keyType: Source, body?: string];

interface WrittenPart {
  /** Names the process that wrote it. */
  readonly run: string;
  /** The process stopped with grace: whatever came before was answered. */
  readonly isStop?: true;
  readonly events: readonly RequestEvent[];
}

interface Remembered {
  at: number;
  readonly keyType: Source;
  /** Undefined without an idempotency key. */
  readonly body: string | undefined;
  /** How many repetitions are still to be absorbed; without an idempotency key. */
  unanswered: number;
}

export class RequestMemory {
  readonly #limits: RequestLimits;
  readonly #run: string;
  /** By id, oldest first. */
  readonly #byType: Readonly<Record<Source, Map<string, Remembered>>> = { server: new Map(), client: new Map() };
  readonly #setAside = new Map<string, number>();
  /** Ids of requests without an idempotency key by the number of their batch, until their answers are told of. */
  readonly #recent = new Map<number, RequestIdentity>();
  /** Requests that were committed before it was told that they are unanswered, which the file has yet to hear. */
  #unwritten: { readonly identity: RequestIdentity; readonly at: number }[] = [];
  #events: RequestEvent[] = [];
  /** Plain requests as the journal has them, a line each. */
  #recentLines = "";
  /** What the clock said when the last event came, Unix ms. */
  #now = Number.NEGATIVE_INFINITY;
  #hasNews = false;
  /** When the last part was taken, Unix ms, and whether a crash would leave requests in it unanswered. */
  #lastPartAt = Number.NEGATIVE_INFINITY;
  #isLastPartOpen = false;

  /** `run` names this process. */
  constructor(limits: RequestLimits, run: string) {
    this.#limits = limits;
    this.#run = run;
  }

  /** Whether anything is remembered at all. */
  get isOn(): boolean {
    return this.#limits.windowMs > 0;
  }

  /** Whether some body was set aside: then each is looked up before it is parsed. */
  get hasSetAside(): boolean {
    return this.#setAside.size > 0;
  }

  /** Whether a body with this digest brought the writer down. */
  isSetAside(bodyDigest: string): boolean {
    return this.#setAside.has(bodyDigest);
  }

  /** What a request is, before it is admitted. `now` in Unix ms. */
  look(identity: RequestIdentity, now: number): RequestMatch {
    const found = this.#byType[identity.keyType].get(identity.id);
    if (found === undefined || found.at <= now - this.#limits.windowMs) return "new";
    if (identity.body !== undefined) return found.body === identity.body ? "repetition" : "other_body";
    return found.unanswered > 0 ? "repetition" : "new";
  }

  /** A new request is staged. `number` is its batch's, undefined where another process took it; `isGone`: its client is. */
  admit(identity: RequestIdentity, number: number | undefined, now: number, isGone: boolean): void {
    if (!this.isOn) return;
    this.#now = now;
    const { id, body, keyType } = identity;
    if (body !== undefined) {
      this.#remember(identity, now);
      this.#events.push(["kept", id, keyType, body]);
      return;
    }
    this.#recentLines += lineOf("plain", id, keyType);
    this.#follow(identity, number, now, isGone);
  }

  /** A repetition is staged. */
  absorb(identity: RequestIdentity, number: number | undefined, now: number, isGone: boolean): void {
    this.#now = now;
    if (identity.body !== undefined) return;
    const found = this.#byType[identity.keyType].get(identity.id);
    if (found !== undefined) this.#credit(identity.id, found, -1);
    this.#events.push(["repeated", identity.id, identity.keyType]);
    this.#follow(identity, number, now, isGone);
  }

  /** The answers up to this batch are told of: those of the batches in `gone` found nobody. `now` in Unix ms. */
  answered(upTo: number, gone: readonly number[], now: number): void {
    this.#now = now;
    for (const number of gone) {
      const identity = this.#recent.get(number);
      if (identity === undefined) continue;
      this.#recent.delete(number);
      this.#toldUnanswered(identity, now);
    }
    // Rising, but for batches that had to be sent again.
    for (const number of this.#recent.keys()) {
      if (number > upTo) break;
      this.#recent.delete(number);
    }
  }

  /** What was staged is on disk. */
  committed(): void {
    this.#unwritten = [];
  }

  /**
   * What the memory before was told of committed requests, and could not write, and those that it may still be told of; after `restore`,
   * before any request. Those whose commit failed are told of by nobody.
   */
  takeOver(before: RequestMemory): void {
    for (const [number, identity] of before.#recent) this.#recent.set(number, identity);
    for (const { identity, at } of before.#unwritten) this.#toldUnanswered(identity, at);
  }

  /** A body brought the writer down twice. */
  setAside(bodyDigest: string, now: number): void {
    if (!this.isOn) return;
    this.#now = Math.max(this.#now, now);
    this.#addSetAside(bodyDigest, now);
    this.#events.push(["set_aside", bodyDigest, "server"]);
  }

  /**
   * What must be written, in this order, for the file to know as much; none when that is nothing. `now` in Unix ms. A part has the time of
   * its events.
   */
  takeParts(now: number): RequestChange[] {
    const hasEvents = this.#events.length > 0 || this.#recentLines !== "";
    const receivedAt = hasEvents ? Math.max(this.#now, this.#lastPartAt) : now;
    const isSignOfLife = this.#isLastPartOpen && receivedAt >= this.#lastPartAt + CRASH_MS;
    if (!hasEvents && !isSignOfLife) return [];
    this.#hasNews = false;
    this.#isLastPartOpen = hasEvents;
    this.#lastPartAt = receivedAt;
    return this.#parts(receivedAt, isSignOfLife ? {} : undefined);
  }

  /**
   * Whether the file has yet to hear of something although nothing arrives: of an unanswered request; or, once, that this process goes on,
   * so that what it committed last counts as answered.
   */
  hasNews(now: number): boolean {
    return this.#hasNews || (this.#isLastPartOpen && now >= this.#lastPartAt + CRASH_MS);
  }

  /** The last parts of a process that stops with grace: each request was answered, or its client is known to have gone. */
  stopParts(now: number): RequestChange[] {
    return this.isOn ? this.#parts(now, { isStop: true }) : [];
  }

  /** The events so far; with `mark`, a part of the first kind even where it has none. */
  #parts(receivedAt: number, mark?: Pick<WrittenPart, "isStop">): RequestChange[] {
    const events = this.#events;
    const recentLines = this.#recentLines;
    this.#events = [];
    this.#recentLines = "";
    const parts: RequestChange[] = [];
    if (recentLines !== "") {
      parts.push({ kind: RECENT_REQUESTS_KIND, receivedAt, data: Buffer.from(this.#run + recentLines, "latin1") });
    }
    if (events.length > 0 || mark !== undefined) {
      const data = encode({ run: this.#run, ...mark, events });
      parts.push({ kind: REQUESTS_KIND, receivedAt, data });
    }
    return parts;
  }

  /** Takes up the journal's parts of both kinds, in their order, before any request. */
  restore(parts: readonly Omit<RequestChange, "kind">[], now: number): void {
    if (!this.isOn) return;
    this.#now = now;
    const read = parts.map(({ receivedAt, data }) => ({ receivedAt, ...decode(data) }));
    const lastStop = read.findLastIndex(({ isStop }) => isStop === true);
    /** When each process wrote last. */
    const endOf = new Map<string, number>();
    for (const { run, receivedAt } of read) endOf.set(run, Math.max(receivedAt, endOf.get(run) ?? receivedAt));
    /** Those that nobody was heard of to have been answered. */
    const open = new Map<string, { identity: RequestIdentity; at: number; count: number }>();
    for (const [index, { run, receivedAt, events }] of read.entries()) {
      const at = Math.min(receivedAt, now);
      const isLate = index > lastStop && run !== this.#run && receivedAt > (endOf.get(run) ?? 0) - CRASH_MS;
      for (const [kind, id, keyType, body] of events) {
        const identity: RequestIdentity = { id, keyType, body };
        if (kind === "set_aside") this.#addSetAside(id, at);
        else if (kind === "kept") this.#remember(identity, at);
        else if (kind === "unanswered") {
          this.#add(identity, at);
          const waiting = open.get(id);
          if (waiting !== undefined) waiting.count--;
        } else {
          const found = this.#byType[keyType].get(id);
          if (kind === "repeated" && found !== undefined) this.#credit(id, found, -1);
          if (!isLate) continue;
          const waiting = open.get(id);
          if (waiting === undefined) open.set(id, { identity, at, count: 1 });
          else waiting.count++;
        }
      }
    }
    for (const { identity, at, count } of open.values()) {
      for (let left = count; left > 0; left--) this.#unanswered(identity, at);
    }
    this.#expire(now);
  }

  /** Parts of the first kind that were received before this instant are not needed any more; Unix ms. Of the other: CRASH_MS before now. */
  neededSince(now: number): number {
    this.#expire(now);
    const oldest = Object.values(this.#byType).map((map) => map.values().next().value?.at);
    const [setAsideAt] = this.#setAside.values();
    return Math.min(now - CRASH_MS, ...oldest.filter((at) => at !== undefined), setAsideAt ?? now);
  }

  #follow(identity: RequestIdentity, number: number | undefined, now: number, isGone: boolean): void {
    if (isGone) this.#unanswered(identity, now);
    else if (number !== undefined) {
      this.#recent.set(number, identity);
      if (this.#recent.size > RECENT_MAX) this.#recent.delete(this.#recent.keys().next().value as number);
    }
  }

  #toldUnanswered(identity: RequestIdentity, at: number): void {
    this.#unwritten.push({ identity, at });
    this.#unanswered(identity, at);
  }

  #unanswered(identity: RequestIdentity, now: number): void {
    this.#add(identity, now);
    this.#events.push(["unanswered", identity.id, identity.keyType]);
    this.#hasNews = true;
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

  /** A few at a time come, so a few leave. */
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
  kept: "k",
  plain: "p",
  repeated: "r",
  unanswered: "u",
  set_aside: "s",
};
const KINDS_BY_LETTER = new Map(Object.entries(KIND_LETTERS).map(([kind, letter]) => [letter, kind as EventKind]));

/** Lines: the run (with "!" before it at a stop), then an event each: its kind, "c" for client keys, the id, and the body's digest. */
function encode({ run, isStop, events }: WrittenPart): Uint8Array {
  let text = `${isStop === true ? "!" : ""}${run}`;
  for (const [kind, id, keyType, body] of events) text += lineOf(kind, id, keyType, body);
  return Buffer.from(text, "latin1");
}

function lineOf(kind: EventKind, id: string, keyType: Source, body?: string): string {
  return `\n${KIND_LETTERS[kind]}${keyType === "client" ? "c" : "s"}${id}${body === undefined ? "" : ` ${body}`}`;
}

function decode(data: Uint8Array): WrittenPart {
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
