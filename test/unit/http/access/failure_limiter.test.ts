// How guessing is slowed down: by address, and in all, without ever locking out whoever has not guessed.

import { describe, expect, test } from "bun:test";
import { FailureLimiter, type Sender } from "../../../../src/http/access/failure_limiter.ts";

const EACH = { burst: 3, perSecond: 1 };
const ALL = { burst: 10, perSecond: 2 };
const from = (address: string, mark = address): Sender => ({ address, mark });

function fail(failures: FailureLimiter, sender: Sender, times: number, now = 0): void {
  for (let count = 0; count < times; count++) failures.failed(sender, now);
}

describe("an address", () => {
  test("waits after a burst of failures, for seconds, and no longer for having asked meanwhile", () => {
    const failures = new FailureLimiter(EACH, ALL);
    const sender = from("192.0.2.1");
    fail(failures, sender, 2);
    expect(failures.waitSeconds(sender, 0)).toBe(0);
    fail(failures, sender, 1);
    for (let asked = 0; asked < 100; asked++) expect(failures.waitSeconds(sender, 0)).toBe(1);
    expect(failures.waitSeconds(sender, 999)).toBe(1);
    expect(failures.waitSeconds(sender, 1_000)).toBe(0);
  });

  test("has its burst again after a while, and no more than that", () => {
    const failures = new FailureLimiter(EACH, ALL);
    const sender = from("192.0.2.1");
    fail(failures, sender, 3);
    fail(failures, sender, 3, 100_000);
    expect(failures.waitSeconds(sender, 100_000)).toBe(1);
  });

  test("that has not failed never waits, however often others fail", () => {
    const failures = new FailureLimiter(EACH, ALL);
    for (let host = 0; host < 10_000; host++) fail(failures, from(`10.0.${host >> 8}.${host & 255}`), 3);
    expect(failures.waitSeconds(from("192.0.2.7"), 0)).toBe(0);
  });

  test("waits after a single failure while too many fail in all", () => {
    const failures = new FailureLimiter(EACH, ALL);
    fail(failures, from("192.0.2.1"), 1);
    expect(failures.waitSeconds(from("192.0.2.1"), 0)).toBe(0);
    for (let host = 0; host < 10; host++) fail(failures, from(`10.0.0.${host}`), 1);
    expect(failures.waitSeconds(from("192.0.2.1"), 0)).toBe(1);
    expect(failures.waitSeconds(from("10.0.0.3"), 0)).toBe(1);
  });

  test.each([
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff::1"],
    ["2001:db8::", "2001:db8:0:0:1::"],
    ["::1", "0:0:0:0:ffff::"],
    ["fe80::1%eth0", "fe80::2"],
  ])("of IPv6 is its first 64 bits: %s and %s are one", (one, other) => {
    const failures = new FailureLimiter(EACH, ALL);
    fail(failures, from(one), 3);
    expect(failures.waitSeconds(from(other), 0)).toBe(1);
    expect(failures.waitSeconds(from("2001:db8:ffff::1"), 0)).toBe(0);
  });
});

describe("a sender that was right before", () => {
  test("does not wait for what others with its address do, and is slowed down by itself", () => {
    const failures = new FailureLimiter(EACH, ALL);
    const [owner, guesser] = [from("192.0.2.1", "owner"), from("192.0.2.1", "guesser")];
    failures.succeeded(owner);
    fail(failures, guesser, 50);
    expect([failures.waitSeconds(owner, 0), failures.waitSeconds(guesser, 0)]).toEqual([0, 3]);
    fail(failures, owner, 3);
    expect(failures.waitSeconds(owner, 0)).toBe(3);
  });

  test("is forgotten after many others", () => {
    const failures = new FailureLimiter(EACH, ALL);
    const owner = from("192.0.2.1", "owner");
    failures.succeeded(owner);
    for (let count = 0; count < 300; count++) failures.succeeded(from("192.0.2.2", `other ${count}`));
    fail(failures, from("192.0.2.1", "guesser"), 3);
    expect(failures.waitSeconds(owner, 0)).toBeGreaterThan(0);
  });
});

describe("a clock", () => {
  test("that is set back blocks nobody for longer", () => {
    const failures = new FailureLimiter(EACH, ALL);
    const sender = from("192.0.2.1");
    fail(failures, sender, 3, 1e12);
    expect(failures.waitSeconds(sender, 0)).toBe(1);
    expect(failures.waitSeconds(sender, 1_000)).toBe(0);
  });
});
