// A token bucket for each key that has a rate: one token an entry, ten seconds' worth at most. A batch is admitted
// whole or not at all. Only a full bucket admits a batch larger than itself, and then owes the rest, so no batch is
// refused for ever. Buckets are found by the key's index, which stands for the pair's name and type, so they survive a
// reload. A clock that is set back refills nothing.

import { assert } from "../core/errors.ts";
import { RATE_BURST_SECONDS } from "../core/limits.ts";

interface Bucket {
  /** Negative while it owes. */
  tokens: number;
  /** Unix ms. */
  refilledAt: number;
}

/** A key with its rate. */
export interface RatedKey {
  readonly index: number;
  /** Entries a second, or undefined for no limit. */
  readonly rate: number | undefined;
}

/** The buckets of all keys. */
export class RateLimiter {
  readonly #buckets = new Map<number, Bucket>();

  /** Takes tokens for a batch. 0 where it is admitted, else whole seconds (1 or more) to wait. `now` in Unix ms. */
  take(apiKey: RatedKey, entryCount: number, now: number): number {
    const { rate } = apiKey;
    if (rate === undefined) return 0;
    assert(rate > 0, "a rate is above 0");
    const burst = rate * RATE_BURST_SECONDS;
    const bucket = this.#bucket(apiKey, burst, now);
    const elapsedMs = Math.max(0, now - bucket.refilledAt);
    bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * rate) / 1000);
    bucket.refilledAt = now;
    const needed = Math.min(entryCount, burst);
    if (bucket.tokens < needed) return Math.max(1, Math.ceil((needed - bucket.tokens) / rate));
    bucket.tokens -= entryCount;
    return 0;
  }

  /** How long not even one entry will be admitted, in ms from the last `take`; 0 where one would be. */
  debtMs({ index, rate }: RatedKey): number {
    const bucket = this.#buckets.get(index);
    return bucket === undefined || rate === undefined ? 0 : Math.max(0, ((1 - bucket.tokens) * 1000) / rate);
  }

  /** Gives back the tokens of a batch that was refused after all. */
  refund(apiKey: RatedKey, entryCount: number): void {
    if (apiKey.rate === undefined) return;
    const bucket = this.#buckets.get(apiKey.index);
    if (bucket !== undefined) bucket.tokens = Math.min(apiKey.rate * RATE_BURST_SECONDS, bucket.tokens + entryCount);
  }

  #bucket({ index }: RatedKey, burst: number, now: number): Bucket {
    let bucket = this.#buckets.get(index);
    if (bucket === undefined) {
      bucket = { tokens: burst, refilledAt: now };
      this.#buckets.set(index, bucket);
    }
    return bucket;
  }
}
