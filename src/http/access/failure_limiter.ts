// Slows down guessing with token buckets: one for each address and one for all. An address that failed too often must
// wait some seconds before its next credential is checked. While too many fail in all, one failure is enough for that.
// An address without failures is always checked, so a distant attacker cannot lock the owner out. Behind a proxy all
// share one address: a sender that succeeded before has its own bucket. Memory is bounded. A clock that jumps back
// refills nothing and extends no wait.

/** A bucket's bounds. */
export interface FailureRates {
  /** Failures that may come at once. */
  readonly burst: number;
  /** Failures a second that are forgiven. */
  readonly perSecond: number;
}

/** Who asks. */
export interface Sender {
  readonly address: string;
  /** What tells it from others with the same address: what it says of itself, hashed. */
  readonly mark: string;
}

interface Bucket {
  tokens: number;
  /** Unix ms up to which it was refilled. */
  refilledAt: number;
}

/** Addresses whose failures are remembered, of 200 bytes each; the one that failed longest ago goes first. */
const ADDRESSES_MAX = 4_096;
/** Senders that were right; the one that was longest ago goes first. */
const KNOWN_MAX = 256;

export class FailureLimiter {
  readonly #each: FailureRates;
  readonly #all: FailureRates;
  readonly #total: Bucket;
  readonly #buckets = new Map<string, Bucket>();
  readonly #known = new Set<string>();

  /** `each` bounds an address, `all` the sum of all. */
  constructor(each: FailureRates, all: FailureRates) {
    this.#each = each;
    this.#all = all;
    this.#total = { tokens: all.burst, refilledAt: 0 };
  }

  /** Whole seconds that this sender has to wait, 0: what it sends may be looked at. */
  waitSeconds(sender: Sender, now: number): number {
    const bucket = this.#buckets.get(this.#bucketName(sender));
    if (bucket === undefined) return 0;
    refill(bucket, this.#each, now);
    refill(this.#total, this.#all, now);
    const needed = this.#total.tokens < 1 ? this.#each.burst : 1;
    return Math.max(0, Math.ceil((needed - bucket.tokens) / this.#each.perSecond));
  }

  /** It was looked at, and wrong. */
  failed(sender: Sender, now: number): void {
    const name = this.#bucketName(sender);
    const bucket = this.#buckets.get(name) ?? { tokens: this.#each.burst, refilledAt: now };
    take(bucket, this.#each, now);
    take(this.#total, this.#all, now);
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= ADDRESSES_MAX) break;
      this.#buckets.delete(oldest);
    }
  }

  /** It was looked at, and right. Its address keeps its failures, which may be another's. */
  succeeded({ mark }: Sender): void {
    this.#known.delete(mark);
    this.#known.add(mark);
    for (const oldest of this.#known) {
      if (this.#known.size <= KNOWN_MAX) break;
      this.#known.delete(oldest);
    }
  }

  #bucketName({ address, mark }: Sender): string {
    return this.#known.has(mark) ? `known ${mark}` : networkOf(address);
  }
}

function refill(bucket: Bucket, { burst, perSecond }: FailureRates, now: number): void {
  const elapsedMs = Math.max(0, now - bucket.refilledAt);
  bucket.tokens = Math.min(burst, bucket.tokens + (elapsedMs * perSecond) / 1_000);
  bucket.refilledAt = now;
}

function take(bucket: Bucket, rates: FailureRates, now: number): void {
  refill(bucket, rates, now);
  bucket.tokens = Math.max(0, bucket.tokens - 1);
}

/** The address, of IPv6 its first 64 bits: what one subscriber has. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail === undefined) return groups.slice(0, 4).join(":");
  const last = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - last.length) }, () => "0");
  return [...groups, ...zeros, ...last].slice(0, 4).join(":");
}
