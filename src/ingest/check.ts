// The one place where a body is parsed: the contract's checks 3 to 11, in this order. In: bodies as they came. Out: a batch
// that satisfies BatchSchema with the key it is from, or the first check that fails. Each body is parsed alone, so that none can be
// another's trouble, and nothing has to be proved about where one ends.

import type { CheckedBatch } from "../commit/redo_group.ts";
import type { BatchRefusal, KeyIdentity } from "../core/batch.ts";
import type { Batch } from "../core/entry.ts";
import { assert } from "../core/errors.ts";
import { type GroupMessage, NO_KEY, type RefusedBatch } from "../core/group.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { matchesOrigin } from "../core/origin.ts";
import { LiveKeys } from "../runtime/live_keys.ts";
import { ParseGuard } from "../runtime/parse_guard.ts";
import { explainBatch } from "./explain.ts";
import type { LiveKey } from "./options.ts";
import { RateLimiter } from "./rate.ts";
import type { RequestMemory } from "./retries/recent_requests.ts";
import type { RequestIdentities } from "./retries/request_identity.ts";
import { compileChecks } from "./validation.ts";

/** What the checks depend on; a reload of the configuration changes it. */
export interface CheckRules {
  /** By the index that the main thread gives them; none ever leaves the list. */
  readonly keys: readonly KeyIdentity[];
  readonly live: readonly LiveKey[];
  /** Of one batch. */
  readonly entriesMax: number;
}

/** What a body that passed is found to be. */
export type CheckedBody = Pick<CheckedBatch, "keyIndex" | "key" | "body" | "identity" | "isRepetition">;

/** A body that is to be checked, with what its request says beside it. */
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

/** What is known of requests that came before. */
export interface KnownRequests {
  readonly identities: RequestIdentities;
  readonly requests: RequestMemory;
}

export interface CheckedGroup {
  /** The number of the group's last batch, refused or not. */
  readonly lastBatch: number;
  readonly batches: readonly CheckedBatch[];
  readonly refused: readonly RefusedBatch[];
  /** Of each batch of the group, its entries (0 for a refused one), and the index of its key (NO_KEY for a refused one). */
  readonly entryCounts: readonly number[];
  readonly keyIndexes: readonly number[];
}

type SimpleRefusal = Exclude<BatchRefusal["refused"], "invalid" | "rate">;

function refuse(refused: SimpleRefusal): BatchRefusal {
  return { refused };
}

export class BatchChecks {
  readonly #compiled = compileChecks();
  readonly #rates = new RateLimiter();
  /** Of all bodies that this thread parses. */
  readonly #guard = new ParseGuard();
  #rules: CheckRules = { keys: [], live: [], entriesMax: 0 };
  #live = new LiveKeys<LiveKey>([]);

  constructor(rules: CheckRules) {
    this.setRules(rules);
  }

  setRules(rules: CheckRules): void {
    this.#rules = rules;
    this.#live = new LiveKeys(rules.live.map((key) => [key.sha256, key]));
  }

  /**
   * Checks every batch of a group, in their order: what one is depends on those before it. Those that pass count as having come from now on;
   * where they are not committed, what is known is to be made anew from the file. `now`, Unix ms, is the clock by which requests are
   * remembered: a batch may have come before it was set.
   */
  group(message: GroupMessage, known: KnownRequests, now: number): CheckedGroup {
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
          ? this.parse(unchecked, message.keyIndexes[at] as number, known, now)
          : this.check(unchecked, known, now);
      if ("refused" in checked) {
        refused.push({ at, refusal: checked });
        entryCounts.push(0);
        keyIndexes.push(NO_KEY);
        continue;
      }
      const number = numbers[at] as number;
      const { identity, isRepetition, body } = checked;
      // Its answer, if it had one, was told of before.
      const told = at < admitted ? undefined : number;
      if (isRepetition) known.requests.absorb(identity, told, now, disconnected.has(number));
      else known.requests.admit(identity, told, now, disconnected.has(number));
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

  /** Checks a body; what its key's rate pays for it is given back by `giveBack` where it is not stored after all. */
  check(unchecked: UncheckedBatch, { identities, requests }: KnownRequests, now: number): CheckedBody | BatchRefusal {
    const { text, origin, receivedAt, route, idempotencyKey } = unchecked;
    if (requests.hasSetAside && requests.isSetAside(identities.bodyDigest(text))) return refuse("set_aside");
    const made = this.#guard.refusal(text);
    if (made !== undefined) return { refused: "invalid", issues: [{ path: [], message: made }] };
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return refuse("not_json");
    }
    if (!isJsonObject(value)) return { refused: "invalid", issues: explainBatch(value, this.#compiled.isEntry) };
    const live = this.#authenticate(value, origin);
    if (live === undefined) return { refused: "invalid", issues: explainBatch(value, this.#compiled.isEntry) };
    if ("refused" in live) return live;

    const key = this.#key(live.index);
    const identity = identities.of(key, route, idempotencyKey ?? undefined, text);
    const match = requests.look(identity, now);
    // Its body was checked when it came first.
    if (match === "repetition") {
      return { keyIndex: live.index, key, body: value as unknown as Batch, identity, isRepetition: true };
    }
    const entryCount = countEntries(value["entries"]);
    const retryAfterSeconds = this.#rates.take(live, entryCount, receivedAt);
    if (retryAfterSeconds > 0) return { refused: "rate", retryAfterSeconds, debtMs: this.#rates.debtMs(live) };
    const isValid = this.#compiled.isBatch(value);
    if (isValid && entryCount <= this.#rules.entriesMax && match === "new") {
      return { keyIndex: live.index, key, body: value as Batch, identity, isRepetition: false };
    }
    this.#rates.giveBack(live, entryCount);
    if (!isValid) return { refused: "invalid", issues: explainBatch(value, this.#compiled.isEntry) };
    return refuse(entryCount > this.#rules.entriesMax ? "too_many_entries" : "other_body");
  }

  /** A batch that passed before, in this process: it has been answered, so it is not refused any more. */
  parse(unchecked: UncheckedBatch, keyIndex: number, known: KnownRequests, now: number): CheckedBody {
    const { text, route, idempotencyKey } = unchecked;
    const key = this.#key(keyIndex);
    const identity = known.identities.of(key, route, idempotencyKey ?? undefined, text);
    const isRepetition = known.requests.look(identity, now) === "repetition";
    return { keyIndex, key, body: JSON.parse(text) as Batch, identity, isRepetition };
  }

  /** Returns what the rate was charged for a batch that was refused after all. */
  giveBack({ keyIndex, body, isRepetition }: CheckedBody): void {
    if (isRepetition) return;
    const live = this.#rules.live.find((key) => key.index === keyIndex);
    if (live !== undefined) this.#rates.giveBack(live, countEntries(body.entries));
  }

  #key(index: number): KeyIdentity {
    const key = this.#rules.keys[index];
    assert(key !== undefined, "a batch's key is known");
    return key;
  }

  /** Checks 5 to 8. Undefined when the key is of a wrong type, which the schema refuses. */
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

/** What a request costs of its key's rate; one that the schema will refuse needs a token too, or it would go first. */
function countEntries(entries: unknown): number {
  return Array.isArray(entries) ? Math.max(1, entries.length) : 1;
}
