// The only place where a body is parsed: the contract's checks 3 to 11, in this order. In: bodies as they came. Out: a
// batch that satisfies BatchSchema, with its key, or the first check that fails. Each body is parsed alone, so that
// none can change the meaning of another. A body of another protocol than `enqueue` is decoded instead: its key was
// checked before it was read, and its decoder makes nothing but entries of the schema.

import type { CheckedBatch, RefusedEntry } from "../commit/redo_group.ts";
import type { BatchRefusal, BodyContent, DroppedRecord, KeyIdentity, Protocol } from "../core/batch.ts";
import type { Batch, Entry } from "../core/entry.ts";
import { assert } from "../core/errors.ts";
import { type BatchReport, type GroupMessage, NO_KEY, type RefusedBatch } from "../core/group.ts";
import { isJsonObject, type JsonObject, jsonBeginning } from "../core/json.ts";
import { REJECTED_ENTRY_LENGTH_MAX, REJECTIONS_PER_COMMIT_MAX } from "../core/limits.ts";
import { matchesOrigin } from "../core/origin.ts";
import type { DecodedBatch, RefusedRecord } from "../decode/decoded.ts";
import { type DecoderSettings, type Decoders, decodersOf } from "../decode/decoders.ts";
import { LiveKeys } from "../runtime/live_keys.ts";
import { ParseGuard } from "../runtime/parse_guard.ts";
import { BatchSchemaCheck } from "./batch_schema.ts";
import { RateLimiter } from "./rate_limiter.ts";
import type { RecentRequests } from "./retries/recent_requests.ts";
import type { CheckRules, LiveKey } from "./rules.ts";

/** What the checks find of a body that passes. */
export type CheckedBody = Pick<
  CheckedBatch,
  "keyIndex" | "key" | "protocol" | "body" | "refusedRecords" | "dropped" | "identity" | "isRepetition"
> & {
  /** For the response, from the decoder. */
  readonly operations?: string | undefined;
};

/** Protocols whose equal bodies are one request: they carry times in nanoseconds. */
const EXACT_PROTOCOLS: ReadonlySet<Protocol> = new Set(["otlp_logs", "otlp_traces", "loki"]);
/** Protocols whose responses say what was dropped. */
const REPORTED_PROTOCOLS: ReadonlySet<Protocol> = new Set([
  "otlp_logs",
  "otlp_traces",
  "elasticsearch",
  "ingest",
  "sentry",
]);
const NO_QUERY = new URLSearchParams();

/** A body to check, with the other data of its request. */
export interface UncheckedBatch {
  readonly body: BodyContent;
  readonly protocol: Protocol;
  /** Of another protocol than `enqueue`: the index of its key. */
  readonly keyIndex: number;
  /** The Origin header. */
  readonly origin: string | null;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Path and query. */
  readonly route: string;
  readonly idempotencyKey: string | null;
}

/** A group after its checks. */
export interface CheckedGroup {
  /** The number of the group's last batch, refused or not. */
  readonly lastBatch: number;
  readonly batches: readonly CheckedBatch[];
  /** Of the batches that have one; ingestion adds what it drops. */
  readonly reports: readonly BatchReport[];
  readonly refused: readonly RefusedBatch[];
  /** Of each batch of the group: its number of entries, 0 for a refused one. */
  readonly entryCounts: readonly number[];
  /** Of each batch of the group: the index of its key, NO_KEY for a refused one. */
  readonly keyIndexes: readonly number[];
}

type SimpleRefusal = Exclude<BatchRefusal["refused"], "invalid" | "malformed" | "rate">;

function refuse(refused: SimpleRefusal): BatchRefusal {
  return { refused };
}

/** For bodies that passed the guard: it looks at random places, and might refuse one that was answered. */
class OpenGuard extends ParseGuard {
  override refusal(): undefined {
    return undefined;
  }
}

/** Checks bodies by the rules in force, and holds the rates of the keys. */
export class BatchChecks {
  readonly #schema = new BatchSchemaCheck();
  readonly #rates = new RateLimiter();
  /** One for all bodies that this thread parses. */
  readonly #guard = new ParseGuard();
  readonly #open = new OpenGuard();
  #rules: CheckRules = { keys: [], live: [], entriesMax: 0 };
  #live = new LiveKeys<LiveKey>([]);
  #liveByIndex: ReadonlyMap<number, LiveKey> = new Map();
  readonly #decoders: Decoders;

  constructor(rules: CheckRules, decoding: DecoderSettings = {}) {
    this.#decoders = decodersOf(decoding);
    this.setRules(rules);
  }

  /** Replaces the rules, after a reload; the rates go on. */
  setRules(rules: CheckRules): void {
    this.#rules = rules;
    this.#live = new LiveKeys(rules.live.map((key) => [key.sha256, key]));
    this.#liveByIndex = new Map(rules.live.map((key) => [key.index, key]));
  }

  /**
   * Checks every batch of a group, in order: whether one is a repetition depends on those before it. Batches that pass
   * are added to `requests`; where they are not committed, `requests` must be made anew from the file. `now` is by the
   * steady clock, Unix ms.
   */
  checkGroup(message: GroupMessage, requests: RecentRequests, now: number): CheckedGroup {
    const { numbers, bodies, protocols, origins, receivedAt, senders, bytes, routes, idempotencyKeys, admitted } =
      message;
    const batches: CheckedBatch[] = [];
    const reports: BatchReport[] = [];
    const refused: RefusedBatch[] = [];
    const entryCounts: number[] = [];
    const keyIndexes: number[] = [];
    const disconnected = new Set(message.disconnected);
    for (let at = 0; at < numbers.length; at++) {
      const unchecked: UncheckedBatch = {
        body: bodies[at] as BodyContent,
        protocol: protocols[at] as Protocol,
        keyIndex: message.keyIndexes[at] as number,
        origin: origins[at] as string | null,
        receivedAt: receivedAt[at] as number,
        route: routes[at] as string,
        idempotencyKey: idempotencyKeys[at] as string | null,
      };
      const checked =
        at < admitted ? this.parseAdmitted(unchecked, requests, now) : this.check(unchecked, requests, now);
      if ("refused" in checked) {
        refused.push({ at, refusal: checked });
        entryCounts.push(0);
        keyIndexes.push(NO_KEY);
        continue;
      }
      const { operations, ...body } = checked;
      const number = numbers[at] as number;
      const { identity, isRepetition, dropped } = body;
      // The answer to an admitted batch was reported before.
      const reportedLater = at < admitted ? undefined : number;
      if (isRepetition) requests.absorb(identity, reportedLater, now, disconnected.has(number));
      else requests.admit(identity, reportedLater, now, disconnected.has(number));
      if (dropped !== undefined && at >= admitted) reports.push({ at, report: { dropped, operations } });
      entryCounts.push(body.body.entries.length + body.refusedRecords.length);
      keyIndexes.push(body.keyIndex);
      const isText = typeof unchecked.body === "string";
      batches.push({
        ...body,
        number,
        text: isText && unchecked.protocol === "enqueue" ? unchecked.body : undefined,
        receivedAt: unchecked.receivedAt,
        bytes: bytes[at] as number,
        sender: senders[at] as string,
        mayHoldLoneSurrogates: hasUnicodeEscape(unchecked.body),
      });
    }
    return { lastBatch: numbers.at(-1) as number, batches, reports, refused, entryCounts, keyIndexes };
  }

  /**
   * Checks one body. Its key's rate is charged; `refund` gives that back where the batch is not stored after all. `now`
   * as in checkGroup.
   */
  check(unchecked: UncheckedBatch, requests: RecentRequests, now: number): CheckedBody | BatchRefusal {
    const { body: content, protocol, origin, receivedAt, route, idempotencyKey } = unchecked;
    if (requests.hasSetAside && requests.isSetAside(requests.identities.bodyDigest(content)))
      return refuse("set_aside");
    if (protocol !== "enqueue") return this.#checkDecoded(unchecked, requests, now);
    const text = content as string;
    const guardRefusal = this.#guard.refusal(text);
    if (guardRefusal !== undefined) return { refused: "invalid", issues: [{ path: [], message: guardRefusal }] };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return refuse("not_json");
    }
    if (!isJsonObject(value)) return { refused: "invalid", issues: this.#schema.explain(value) };
    const live = this.#authenticate(value, origin);
    if (live === undefined) return { refused: "invalid", issues: this.#schema.explain(value) };
    if ("refused" in live) return live;

    const key = this.#key(live.index);
    const identity = requests.identities.of(key, route, idempotencyKey ?? undefined, text);
    const match = requests.match(identity, now);
    const checked = { keyIndex: live.index, key, protocol, refusedRecords: [], identity } as const;
    // The body of a repetition was checked when it came first.
    if (match === "repetition") return { ...checked, body: value as unknown as Batch, isRepetition: true };
    const entryCount = countEntries(value["entries"]);
    const retryAfterSeconds = this.#rates.take(live, entryCount, receivedAt);
    if (retryAfterSeconds > 0) return { refused: "rate", retryAfterSeconds, debtMs: this.#rates.debtMs(live) };
    const isValid = this.#schema.isBatch(value);
    if (isValid && entryCount <= this.#rules.entriesMax && match === "new") {
      return { ...checked, body: value as Batch, isRepetition: false };
    }
    this.#rates.refund(live, entryCount);
    if (!isValid) return { refused: "invalid", issues: this.#schema.explain(value) };
    return refuse(entryCount > this.#rules.entriesMax ? "too_many_entries" : "other_body");
  }

  /** As check, of a body whose key was found before it was read. */
  #checkDecoded(unchecked: UncheckedBatch, requests: RecentRequests, now: number): CheckedBody | BatchRefusal {
    const live = this.#liveByIndex.get(unchecked.keyIndex);
    if (live === undefined) return refuse("key_unknown");
    const decoded = this.#decode(unchecked, this.#guard, this.#rules.entriesMax);
    if ("malformed" in decoded) return { refused: "malformed", problem: decoded.malformed };
    const { match, ...checked } = this.#decodedBody(unchecked, decoded, requests, now);
    if (match === "repetition") return checked;
    const entryCount = Math.max(1, decoded.entries.length + decoded.refused.length);
    const retryAfterSeconds = this.#rates.take(live, entryCount, unchecked.receivedAt);
    if (retryAfterSeconds > 0) return { refused: "rate", retryAfterSeconds, debtMs: this.#rates.debtMs(live) };
    if (entryCount <= this.#rules.entriesMax && match === "new") return checked;
    this.#rates.refund(live, entryCount);
    return refuse(entryCount > this.#rules.entriesMax ? "too_many_entries" : "other_body");
  }

  #decode(
    { body, protocol, route, receivedAt }: UncheckedBatch,
    guard: ParseGuard,
    recordsMax = Number.POSITIVE_INFINITY,
  ) {
    assert(protocol !== "enqueue", "a body of enqueue is not decoded");
    const queryAt = route.indexOf("?");
    const query = queryAt === -1 ? NO_QUERY : new URLSearchParams(route.slice(queryAt));
    const path = queryAt === -1 ? route : route.slice(0, queryAt);
    return this.#decoders[protocol](body, { path, query, guard, receivedAt, recordsMax });
  }

  #decodedBody(unchecked: UncheckedBatch, decoded: DecodedBatch, requests: RecentRequests, now: number) {
    const { body, protocol, keyIndex, route, idempotencyKey } = unchecked;
    const key = this.#key(keyIndex);
    const isExact = EXACT_PROTOCOLS.has(protocol);
    const identity = requests.identities.of(key, route, idempotencyKey ?? undefined, body, isExact);
    const match = requests.match(identity, now);
    const isRepetition = match === "repetition";
    return {
      keyIndex,
      key,
      protocol,
      body: { key: "", source: key.type, entries: decoded.entries as Entry[] },
      refusedRecords: decoded.refused.length === 0 ? [] : refusedEntries(decoded.refused),
      dropped: REPORTED_PROTOCOLS.has(protocol) ? (isRepetition ? [] : decoded.refused.map(droppedRecord)) : undefined,
      operations: decoded.operations,
      identity,
      match,
      isRepetition,
    };
  }

  /** Parses an admitted batch: it passed the checks in this process and was answered, so it is not refused any more. */
  parseAdmitted(unchecked: UncheckedBatch, requests: RecentRequests, now: number): CheckedBody {
    const { body: content, protocol, keyIndex, route, idempotencyKey } = unchecked;
    if (protocol !== "enqueue") {
      const decoded = this.#decode(unchecked, this.#open);
      assert("entries" in decoded, "a body that was decoded once is decoded again");
      return this.#decodedBody(unchecked, decoded, requests, now);
    }
    const key = this.#key(keyIndex);
    const identity = requests.identities.of(key, route, idempotencyKey ?? undefined, content);
    const isRepetition = requests.match(identity, now) === "repetition";
    const body = JSON.parse(content as string) as Batch;
    return { keyIndex, key, protocol, body, refusedRecords: [], identity, isRepetition };
  }

  /** Gives back what the key's rate was charged for a batch that was not stored after all. */
  refund({ keyIndex, body, refusedRecords, isRepetition }: CheckedBody): void {
    if (isRepetition) return;
    const live = this.#liveByIndex.get(keyIndex);
    if (live !== undefined) this.#rates.refund(live, Math.max(1, body.entries.length + refusedRecords.length));
  }

  #key(index: number): KeyIdentity {
    const key = this.#rules.keys[index];
    assert(key !== undefined, `key ${index} is in the list`);
    return key;
  }

  /**
   * Checks 5 to 8: the live key, or the first check that fails. Undefined where `key` is no text, which the schema
   * refuses.
   */
  #authenticate({ key, source }: JsonObject, origin: string | null): LiveKey | BatchRefusal | undefined {
    if (key === undefined || key === null || key === "") return refuse("key_missing");
    if (typeof key !== "string") return undefined;
    const live = this.#live.find(key);
    if (live === undefined) return refuse("key_unknown");
    const { type } = this.#key(live.index);
    if ((source === "server" || source === "client") && source !== type) return refuse("key_type_differs");
    if (type === "client" && (origin === null || !matchesOrigin(live.origins, origin))) return refuse("origin_refused");
    return live;
  }
}

/**
 * What a request costs of its key's rate. A batch that the schema will refuse costs one token, or the rate would not
 * bound it.
 */
function countEntries(entries: unknown): number {
  return Array.isArray(entries) ? Math.max(1, entries.length) : 1;
}

/** Whether a body has a \u escape, as JSON inside of other forms has too. */
function hasUnicodeEscape(body: BodyContent): boolean {
  if (typeof body === "string") return body.includes("\\u");
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes("\\u");
}

function droppedRecord({ at, reason, problem }: RefusedRecord): DroppedRecord {
  return { at, reason, problem };
}

/** Refused records as they are written: as many with their texts as a commit lists. */
function refusedEntries(refused: readonly RefusedRecord[]): RefusedEntry[] {
  let listed = 0;
  return refused.map(({ at, reason, problem, record }) => {
    if (reason === "ignored" || listed >= REJECTIONS_PER_COMMIT_MAX) return { at, reason };
    listed++;
    return { at, reason, text: jsonBeginning({ problem, record }, REJECTED_ENTRY_LENGTH_MAX) };
  });
}
