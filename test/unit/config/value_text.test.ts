import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatSize, parseDuration, parseSize } from "../../../src/config/value_text.ts";
import { runSeed } from "../../support/random.ts";

describe("parseSize reads", () => {
  test.each([
    ["512B", 512],
    ["64KB", 64_000],
    ["64KiB", 65_536],
    ["5MiB", 5_242_880],
    ["5 MiB", 5_242_880],
    ["20GiB", 21_474_836_480],
    ["2TB", 2_000_000_000_000],
    ["1048576", 1_048_576],
    ["0B", 0],
  ])("%s as %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});

describe("parseSize refuses", () => {
  test.each([
    "",
    "MiB",
    "5M",
    "5mib",
    "-5MiB",
    "5.5MiB",
    "5  MiB",
    "5MiB ",
    "1e3B",
    "0x10B",
    "9999999TiB",
    "5constructor",
  ])("%j", (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe("parseDuration reads", () => {
  test.each([
    ["250ms", 250],
    ["60s", 60_000],
    ["90m", 5_400_000],
    ["12h", 43_200_000],
    ["30d", 2_592_000_000],
    ["0s", 0],
  ])("%s as %d ms", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });
});

describe("parseDuration refuses", () => {
  test.each(["", "60", "s", "1.5h", "-1h", "1h30m", "1w", "1M", "1D", "9007199254740993ms", "99999999999999d"])(
    "%j",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});

describe("for any number", () => {
  const seed = runSeed("units");

  test("a formatted size reads back", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
      { seed },
    );
  });

  test("a duration is its number times its unit", () => {
    const unit = fc.constantFrom(
      { name: "ms", milliseconds: 1 },
      { name: "s", milliseconds: 1000 },
      { name: "m", milliseconds: 60_000 },
      { name: "h", milliseconds: 3_600_000 },
      { name: "d", milliseconds: 86_400_000 },
    );
    fc.assert(
      fc.property(fc.nat(100_000_000), unit, (amount, { name, milliseconds }) => {
        expect(parseDuration(`${amount}${name}`)).toBe(amount * milliseconds);
      }),
      { seed },
    );
  });

  test("any text is a whole number or nothing, and never throws", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parsed of [parseSize(text), parseDuration(text)]) {
          expect(parsed === undefined || Number.isSafeInteger(parsed)).toBe(true);
        }
      }),
      { seed },
    );
  });
});
