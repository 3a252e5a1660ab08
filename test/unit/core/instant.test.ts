import { describe, expect, test } from "bun:test";
import { INSTANT_PATTERN, INTERVAL_PATTERN, parseInstant, parseInterval } from "../../../src/core/instant.ts";

const NOW = Date.UTC(2026, 10, 23, 12);

describe("an interval is read", () => {
  test.each([
    ["1", 1],
    ["60000", 60_000],
    ["30s", 30_000],
    ["5m", 300_000],
    ["01h", 3_600_000],
    ["1d", 86_400_000],
    ["100000000d", 8.64e15],
  ])("%s", (text, expected) => {
    expect(parseInterval(text)).toBe(expected);
    expect(new RegExp(INTERVAL_PATTERN).test(text)).toBe(true);
  });
});

describe("an interval is refused", () => {
  test.each(["", "0", "0s", "-5m", "1.5h", "5 m", "5w", "m", "1e3", "100000001d", "9".repeat(400)])("%p", (text) => {
    expect(parseInterval(text)).toBeUndefined();
  });
});

describe("an instant", () => {
  test.each(["-5", "0.5", "24h", "2026-11-23", "2026-11-23T10:30:15.250+02:00"])(
    "%s has the pattern's form",
    (text) => {
      expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(true);
      expect(parseInstant(text, NOW)).toBeNumber();
    },
  );

  test.each(["", "soon", "1e3", "15w", "2026-11-23 10:30", "\n5"])("%p has neither form nor value", (text) => {
    expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(false);
    expect(parseInstant(text, NOW)).toBeUndefined();
  });

  test.each([
    "2026-13-01",
    "2026-02-30",
    "2025-02-29T10:00Z",
    "2026-04-31T23:00:00+02:00",
    "99999999999999d",
    "8640000000000001",
  ])("%s has the form, and there is none", (text) => {
    expect(new RegExp(INSTANT_PATTERN).test(text)).toBe(true);
    expect(parseInstant(text, NOW)).toBeUndefined();
  });
});
