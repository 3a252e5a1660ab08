import { describe, expect, test } from "bun:test";
import { levelOf, timeOf, timeOfNanoseconds } from "../../../src/decode/values.ts";

describe("a level is", () => {
  test.each<[string, unknown[]]>([
    [
      "debug",
      ["trace", "DEBUG", "Verbose", "silly", "FINEST", "fine", "CONFIG", "D", "dbg", "TRC", "debug5", "TRACE8"],
    ],
    ["debug", ["DEBUG-4", "DEBUG3", 7, "7", 10, 20, "20", 15, 29, 100, 199, " debug "]],
    ["info", ["info", "INFO", "Information", "informational", "notice", "NOTE", "Log", "http", "success", "I", "inf"]],
    ["info", ["INFO+2", "INFO4", "DEFAULT", 5, 6, "6", 30, 35, 39, 200, 250, "\u001b[32minfo\u001b[39m"]],
    ["warn", ["warn", "WARNING", "Warn", "w", "WRN", "WARN+1", 4, "4", 40, "40", 49, 300]],
    ["error", ["error", "ERR", "E", "fatal", "CRITICAL", "crit", "alert", "emerg", "emergency", "panic", "DPANIC"]],
    ["error", ["SEVERE", "failure", "Fault", "ftl", "ERROR+8", 0, 1, 2, 3, "3", 50, 60, "60", 70, 400, 500, 550, 600]],
  ])("%s of %p", (level, values) => {
    expect(values.filter((value) => levelOf(value) !== level)).toEqual([]);
  });

  test("nothing else", () => {
    const others = [
      8,
      9,
      -1,
      30.5,
      601,
      1e4,
      Number.POSITIVE_INFINITY,
      "8",
      "-1",
      "30.5",
      "1e1",
      "0x1",
      "",
      " ",
      "high",
    ];
    const names = ["constructor", "__proto__", "toString", "unknown", "level", "info2x", "w4", `info${" ".repeat(40)}`];
    const types = [null, undefined, true, false, [], ["info"], {}, { level: "info" }];
    expect([...others, ...names, ...types].filter((value) => levelOf(value) !== undefined)).toEqual([]);
  });
});

describe("a time is", () => {
  const AT = 1_795_974_588_123;

  test.each<[string, unknown[]]>([
    ["whole or broken seconds, by magnitude", [1_795_974_588.123, "1795974588.123"]],
    ["milliseconds", [AT, String(AT), " 1795974588123 ", "1795974588123.0"]],
    ["microseconds", [AT * 1_000, "1795974588123000"]],
    ["nanoseconds", [AT * 1e6, "1795974588123000000", "1795974588123000000.0"]],
    ["ISO 8601 in UTC", ["2026-11-29T17:49:48.123Z", "2026-11-29T17:49:48.123", "2026-11-29 17:49:48.123Z"]],
    ["ISO 8601 in lower case", ["2026-11-29t17:49:48.123z"]],
    ["ISO 8601 with an offset", ["2026-11-29T18:49:48.123+01:00", "2026-11-29T10:49:48.123-0700"]],
    ["ISO 8601 with a short offset", ["2026-11-29T18:49:48.123+01", "2026-11-29 23:19:48.123 +05:30"]],
    ["ISO 8601 with more digits", ["2026-11-29T17:49:48.123000Z", "2026-11-29T17:49:48.123000000+00:00"]],
    ["asctime of Python", ["2026-11-29 17:49:48,123"]],
    [
      "with the name of UTC, as Ruby and Go write",
      ["2026-11-29 17:49:48.123 UTC", "2026-11-29 17:49:48.123 +0000 UTC"],
    ],
    ["with slashes, as Go and nginx write", ["2026/11/29 17:49:48.123"]],
  ])("%s", (_name, values) => {
    expect(values.map(timeOf)).toEqual(values.map(() => AT));
  });

  test("of whole seconds and minutes", () => {
    expect(timeOf(1_795_974_588)).toBe(AT - 123);
    expect(timeOf("2026-11-29T17:49:48Z")).toBe(AT - 123);
    expect(timeOf("2026-11-29 17:49")).toBe(AT - 48_123);
  });

  test("as exact as a double holds it", () => {
    const exact = Number("1795974588123.456789");
    expect(timeOf("1795974588123456789")).toBe(exact);
    expect(timeOf("1795974588.123456789")).toBe(exact);
    expect(timeOf("1795974588123456.789")).toBe(exact);
    expect(timeOf("2026-11-29T17:49:48.123456789Z")).toBe(exact);
    expect(timeOf(1_795_974_588.123456)).toBe(1_795_974_588_123.456);
    expect(timeOfNanoseconds("1795974588123456789")).toBe(exact);
  });

  test("in each unit from March 1973 on", () => {
    expect([1e8, 1e11, 1e14, 1e17].map(timeOf)).toEqual([1e11, 1e11, 1e11, 1e11]);
    expect(timeOf(99_999_999_999)).toBe(99_999_999_999_000);
    expect(timeOf("100000000")).toBe(1e11);
    expect(timeOf("1969-07-20T20:17:40Z")).toBe(-14_182_940_000);
  });

  test("nothing else", () => {
    const numbers = [0, 5, 12.5, 20_261_129, 99_999_999, -1_795_974_588, 9e21, 1e300, Number.POSITIVE_INFINITY];
    const texts = ["", "0", "12.5", "-1795974588", "1e12", "2026-11-29", "2026", "17:49:48", "yesterday", "29.11.2026"];
    const impossible = [
      "2026-02-30T00:00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-11-29T25:00:00Z",
      "2026-11-29T17:49:48+25:00",
    ];
    const long = ["1".repeat(65), `2026-11-29T17:49:48.${"1".repeat(60)}Z`, "9".repeat(40)];
    const types = [null, undefined, true, [], [1_795_974_588], {}, new Date(0)];
    const others: unknown[] = [...numbers, ...texts, ...impossible, ...long, ...types];
    expect(others.filter((value) => timeOf(value) !== undefined)).toEqual([]);
  });

  test("of nanoseconds only their digits", () => {
    expect(timeOfNanoseconds("1")).toBe(1e-6);
    expect(timeOfNanoseconds("0")).toBe(0);
    const others = ["", "-1", "1.5", "1e9", " 1", "9".repeat(22), "a", "9".repeat(40)];
    expect(others.filter((digits) => timeOfNanoseconds(digits) !== undefined)).toEqual([]);
    expect(timeOfNanoseconds("9".repeat(21))).toBe(1e15);
  });
});
