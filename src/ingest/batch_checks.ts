// The only place where a body is parsed: the contract's checks 3 to 11, in this order. In: bodies as they came. Out: a
// batch that satisfies BatchSchema, with its key, or the first check that fails. Each body is parsed alone, so that
// none can change the meaning of another.

import type { CheckedBatch } from "../commit/redo_group.ts";
import type { BatchRefusal, KeyIdentity } from "../core/batch.ts";
import type { Batch } from "../core/entry.ts";
import { assert } from "../core/errors.ts";
import { type GroupMessage, NO_KEY, type RefusedBatch } from "../core/group.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { matchesOrigin } from "../core/origin.ts";
import { LiveKeys } from "../runtime/live_keys.ts";
import { ParseGuard } from "../runtime/parse_guard.ts";
import { BatchSchemaCheck } from "./batch_schema.ts";
import { RateLimiter } from "./rate_limiter.ts";
import type { RecentRequests } from "./retries/recent_requests.ts";
import type { CheckRules, LiveKey } from "./rules.ts";

/** What the checks find of a body that passes. */
export type CheckedBody = Pick<CheckedBatch, "keyIndex" | "key" | "body" | "identity" | "isRepetition">;

/** A body to check, with the other data of its request. */
export interface UncheckedBatch {
  readonly text: string;
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
  readonly refused: readonly RefusedBatch[];
  /** Of each batch of the group: its number of entries, 0 for a refused one. */
  readonly entryCounts: readonly number[];
  /** Of each batch of the group: the index of its key, NO_KEY for a refused one. */
  readonly keyIndexes: readonly number[];
}

type SimpleRefusal = Exclude<BatchRefusal["refused"], "invalid" | "rate">;

function refuse(refused: SimpleRefusal): BatchRefusal {
  return { refused };
}

/** Checks bodies by the rules in force, and holds the rates of the keys. */
export class BatchChecks {
  readonly #schema = new BatchSchemaCheck();
  readonly #rates = new RateLimiter();
  /** One for all bodies that this thread parses. */
  readonly #guard = new ParseGuard();
  #rules: CheckRules = { keys: [], live: [], entriesMax: 0 };
  #live = new LiveKeys<LiveKey>([]);

  constructor(rules: CheckRules) {
    this.setRules(rules);
  }

  /** Replaces the rules, after a reload; the rates go on. */
  setRules(rules: CheckRules): void {
    this.#rules = rules;
    this.#live = new LiveKeys(rules.live.map((key) => [key.sha256, key]));
  }

  /**
   * Checks every batch of a group, in order: whether one is a repetition depends on those before it. Batches that pass
   * are added to `requests`; where they are not committed, `requests` must be made anew from the file. `now` is by the
   * steady clock, Unix ms.
   */
  checkGroup(message: GroupMessage, requests: RecentRequests, now: number): CheckedGroup {
    const { numbers, texts, receivedAt, bytes, senders, origins, routes, idempotencyKeys, admitted } = message;
    const batches: CheckedBatch[] = [];
    const refused: RefusedBatch[] = [];
    const entryCounts: number[] = [];
    const keyIndexes: number[] = [];
    const disconnected = new Set(message.disconnected);
    for (let at = 0; at < numbers.length; at++) {
      const unchecked: UncheckedBatch = {
        text: texts[at] as string,
        origin: origins[at] as string | null,
        receivedAt: receivedAt[at] as number,
        route: routes[at] as string,
        idempotencyKey: idempotencyKeys[at] as string | null,
      };
      const checked =
        at < admitted
          ? this.parseAdmitted(unchecked, message.keyIndexes[at] as number, requests, now)
          : this.check(unchecked, requests, now);
      if ("refused" in checked) {
        refused.push({ at, refusal: checked });
        entryCounts.push(0);
        keyIndexes.push(NO_KEY);
        continue;
      }
      const number = numbers[at] as number;
      const { identity, isRepetition, body } = checked;
      // The answer to an admitted batch was reported before.
      const reportedLater = at < admitted ? undefined : number;
      if (isRepetition) requests.absorb(identity, reportedLater, now, disconnected.has(number));
      else requests.admit(identity, reportedLater, now, disconnected.has(number));
      entryCounts.push(body.entries.length);
      keyIndexes.push(checked.keyIndex);
      batches.push({
        ...checked,
        number,
        text: unchecked.text,
        receivedAt: unchecked.receivedAt,
        bytes: bytes[at] as number,
        sender: senders[at] as string,
        mayHoldLoneSurrogates: unchecked.text.includes("\\u"),
      });
    }
    return { lastBatch: numbers.at(-1) as number, batches, refused, entryCounts, keyIndexes };
  }

  /**
   * Checks one body. Its key's rate is charged; `refund` gives that back where the batch is not stored after all. `now`
   * as in checkGroup.
   */
  check(unchecked: UncheckedBatch, requests: RecentRequests, now: number): CheckedBody | BatchRefusal {
    const { text, origin, receivedAt, route, idempotencyKey } = unchecked;
    if (requests.hasSetAside && requests.isSetAside(requests.identities.bodyDigest(text))) return refuse("set_aside");
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
    // The body of a repetition was checked when it came first.
    if (match === "repetition") {
      return { keyIndex: live.index, key, body: value as unknown as Batch, identity, isRepetition: true };
    }
    const entryCount = countEntries(value["entries"]);
    const retryAfterSeconds = this.#rates.take(live, entryCount, receivedAt);
    if (retryAfterSeconds > 0) return { refused: "rate", retryAfterSeconds, debtMs: this.#rates.debtMs(live) };
    const isValid = this.#schema.isBatch(value);
    if (isValid && entryCount <= this.#rules.entriesMax && match === "new") {
      return { keyIndex: live.index, key, body: value as Batch, identity, isRepetition: false };
    }
    this.#rates.refund(live, entryCount);
    if (!isValid) return { refused: "invalid", issues: this.#schema.explain(value) };
    return refuse(entryCount > this.#rules.entriesMax ? "too_many_entries" : "other_body");
  }

  /** Parses an admitted batch: it passed the checks in this process and was answered, so it is not refused any more. */
  parseAdmitted(unchecked: UncheckedBatch, keyIndex: number, requests: RecentRequests, now: number): CheckedBody {
    const { text, route, idempotencyKey } = unchecked;
    const key = this.#key(keyIndex);
    const identity = requests.identities.of(key, route, idempotencyKey ?? undefined, text);
    const isRepetition = requests.match(identity, now) === "repetition";
    return { keyIndex, key, body: JSON.parse(text) as Batch, identity, isRepetition };
  }

  /** Gives back what the key's rate was charged for a batch that was not stored after all. */
  refund({ keyIndex, body, isRepetition }: CheckedBody): void {
    if (isRepetition) return;
    const live = this.#rules.live.find((key) => key.index === keyIndex);
    if (live !== undefined) this.#rates.refund(live, countEntries(body.entries));
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
