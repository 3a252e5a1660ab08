// Retry-After in all its forms, and the pauses.

import { describe, expect, test } from "bun:test";
import { parseRetryAfter, RETRY_DELAYS_MS, retryDelay } from "../../../../src/alerts/delivery/retries.ts";
import { notification } from "../../../support/notifications.ts";

const NOW = Date.UTC(2026, 10, 30, 9);

describe("Retry-After", () => {
  test.each([
    ["120", 120_000],
    [" 7 ", 7_000],
    ["0", 0],
    ["3601", 3_600_000],
    ["9".repeat(400), 3_600_000],
    ["Mon, 30 Nov 2026 09:01:00 GMT", 60_000],
    ["Monday, 30-Nov-26 09:01:00 GMT", 60_000],
    ["Mon Nov 30 09:01:00 2026", 60_000],
    ["Mon, 30 Nov 2026 08:00:00 GMT", 0],
    ["Mon, 30 Nov 2099 09:00:00 GMT", 3_600_000],
  ])("of %s is taken", (text, ms) => {
    expect(parseRetryAfter(text, NOW)).toBe(ms);
  });

  test.each(["", "soon", "-5", "1.5", "1e3", "0x10", "NaN", "Infinity", "12 s", "\u0661", "Mon"])(
    "of %s says nothing",
    (text) => {
      expect(parseRetryAfter(text, NOW)).toBeUndefined();
    },
  );

  test("that is absent says nothing", () => {
    expect(parseRetryAfter(undefined, NOW)).toBeUndefined();
  });
});

describe("the pause", () => {
  test("is the longer of its own and what was asked for", () => {
    expect(retryDelay(notification(), 1, 2_000)).toBe(5_000);
    expect(retryDelay(notification(), 1, 7_000)).toBe(7_000);
    expect(retryDelay(notification(), 5, 7_000)).toBe(1_800_000);
    expect(retryDelay(notification(), 1, 1e12)).toBe(3_600_000);
  });

  test("is the last one after the fifth, but for what is resolved", () => {
    const after = RETRY_DELAYS_MS.length + 1;
    for (const state of ["firing", "repeat", "test"] as const)
      expect(retryDelay(notification({ state }), after)).toBeUndefined();
    const resolved = notification({ state: "resolved" });
    expect(retryDelay(resolved, after)).toBe(1_800_000);
    expect(retryDelay(resolved, 1_000)).toBeUndefined();
    const summary = { id: "s", state: "summary" as const, replaced: 2, at: 0 };
    expect(retryDelay({ ...summary, notifications: [notification(), resolved] }, after)).toBe(1_800_000);
    expect(retryDelay({ ...summary, notifications: [notification()] }, after)).toBeUndefined();
  });
});
