import { describe, expect, test } from "bun:test";
import { type RatedKey, RateLimiter } from "../../../src/ingest/rate_limiter.ts";

const KEY: RatedKey = { index: 0, rate: 5 };
const T0 = 1_700_000_000_000;

describe("a bucket admits", () => {
  test("ten seconds' burst, then its rate", () => {
    const limiter = new RateLimiter();
    expect(limiter.take(KEY, 50, T0)).toBe(0);
    expect(limiter.take(KEY, 1, T0)).toBe(1);
    expect(limiter.take(KEY, 5, T0 + 1000)).toBe(0);
    expect(limiter.take(KEY, 1, T0 + 1199)).toBe(1);
    expect(limiter.take(KEY, 1, T0 + 1200)).toBe(0);
  });

  test("no more than the burst after a long time", () => {
    const limiter = new RateLimiter();
    limiter.take(KEY, 1, T0);
    expect(limiter.take(KEY, 50, T0 + 3_600_000)).toBe(0);
    expect(limiter.take(KEY, 1, T0 + 3_600_000)).toBe(1);
  });

  test("a batch larger than the burst when it is full, and owes the rest", () => {
    const limiter = new RateLimiter();
    expect(limiter.take(KEY, 100, T0)).toBe(0);
    expect(limiter.take(KEY, 1, T0 + 10_000)).toBe(1);
    expect(limiter.take(KEY, 1, T0 + 10_200)).toBe(0);
    expect(limiter.take(KEY, 100, T0 + 10_200)).toBe(10);
  });

  test("everything of a key without a rate", () => {
    const limiter = new RateLimiter();
    for (let index = 0; index < 100; index++) expect(limiter.take({ ...KEY, rate: undefined }, 1e6, T0)).toBe(0);
  });

  test("what was refunded, and not more than the burst", () => {
    const limiter = new RateLimiter();
    limiter.take(KEY, 50, T0);
    limiter.refund(KEY, 50);
    limiter.refund(KEY, 50);
    expect(limiter.take(KEY, 50, T0)).toBe(0);
    expect(limiter.take(KEY, 1, T0)).toBe(1);
  });

  test("each key by its own bucket", () => {
    const limiter = new RateLimiter();
    expect(limiter.take(KEY, 50, T0)).toBe(0);
    expect(limiter.take({ ...KEY, index: 1 }, 50, T0)).toBe(0);
  });

  test("a rate below one entry a second", () => {
    const slow = { ...KEY, rate: 0.05 };
    const limiter = new RateLimiter();
    expect(limiter.take(slow, 1, T0)).toBe(0);
    expect(limiter.take(slow, 1, T0)).toBe(20);
    expect(limiter.take(slow, 1, T0 + 20_000)).toBe(0);
  });
});

describe("a bucket refuses", () => {
  test("the whole batch, and says in how many seconds it fits", () => {
    const limiter = new RateLimiter();
    limiter.take(KEY, 45, T0);
    expect(limiter.take(KEY, 20, T0)).toBe(3);
    expect(limiter.take(KEY, 20, T0 + 3000)).toBe(0);
  });

  test("across a reload: the bucket stays with the name, at the new rate", () => {
    const limiter = new RateLimiter();
    limiter.take(KEY, 50, T0);
    const reloaded = { ...KEY, rate: 2 };
    expect(limiter.take(reloaded, 4, T0)).toBe(2);
    expect(limiter.take(reloaded, 4, T0 + 2000)).toBe(0);
  });

  test("when the clock is set back, without refilling or standing still", () => {
    const limiter = new RateLimiter();
    limiter.take(KEY, 50, T0);
    expect(limiter.take(KEY, 5, T0 - 3_600_000)).toBe(1);
    expect(limiter.take(KEY, 5, T0 - 3_600_000 + 1000)).toBe(0);
  });
});
