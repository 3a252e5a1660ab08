import { describe, expect, test } from "bun:test";
import {
  DURATION_LENGTH_MAX,
  formatBytes,
  formatCount,
  formatCountOf,
  formatDuration,
  formatInstant,
} from "../../../src/core/format.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

describe("a duration", () => {
  test.each([
    [0, "0 ms"],
    [0.0001, "<0.001 ms"],
    [0.4213, "0.421 ms"],
    [1.2345, "1.23 ms"],
    [42, "42 ms"],
    [42.37, "42.4 ms"],
    [999.4, "999 ms"],
    [999.6, "1 s"],
    [1_240, "1.24 s"],
    [9_996, "10 s"],
    [59_940, "59.9 s"],
    [59_960, "1 m"],
    [200_000, "3 m 20 s"],
    [3_599_600, "1 h"],
    [7_500_000, "2 h 5 m"],
    [86_399_000, "1 d"],
    [90_000_000, "1 d 1 h"],
    [2_592_000_000, "30 d"],
    [86_396_400_000, "999 d 23 h"],
    [86_399_000_000, "1,000 d"],
    [106_660_000_000, "1,234 d"],
    [8.64e15, "100,000,000 d"],
    [1.7e308, ">100,000,000 d"],
    [-1.7e308, "->100,000,000 d"],
    [-1_240, "-1.24 s"],
  ])("of %p ms is %p", (durationMs, shown) => {
    expect(formatDuration(durationMs)).toBe(shown);
  });
});

test("no duration is wider than DURATION_LENGTH_MAX", () => {
  const random = seededRandom(runSeed("duration widths"));
  let widest = 0;
  for (let exponent = -330; exponent <= 308; exponent += 0.01) {
    const durationMs = (random() < 0.5 ? -1 : 1) * 10 ** exponent * (1 + random());
    widest = Math.max(widest, formatDuration(durationMs).length);
  }
  for (const odd of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 8.64e15 - 1, -8.64e15])
    widest = Math.max(widest, formatDuration(odd).length);
  expect(widest).toBe(DURATION_LENGTH_MAX);
});

describe("bytes", () => {
  test.each([
    [0, "0 B"],
    [1_023, "1,023 B"],
    [1_024, "1.0 KiB"],
    [1_288_490_189, "1.2 GiB"],
    [104_806_000, "100 MiB"],
    [1_048_570, "1.0 MiB"],
    [20 * 2 ** 30, "20.0 GiB"],
    [5_000 * 2 ** 50, "5,000 PiB"],
  ])("%p are %p", (bytes, shown) => {
    expect(formatBytes(bytes)).toBe(shown);
  });
});

describe("a count", () => {
  test("has separators, and a word in the right number", () => {
    expect([formatCount(1_234_567), formatCountOf(1, "record"), formatCountOf(0, "record")]).toEqual([
      "1,234,567",
      "1 record",
      "0 records",
    ]);
  });
});

describe("an instant", () => {
  test("is local time with milliseconds, fractions cut off", () => {
    const local = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
    expect(formatInstant(local + 0.9)).toBe("2026-01-02 03:04:05.006");
  });
});
