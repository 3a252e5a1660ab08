import { describe, expect, test } from "bun:test";
import { parseInstant } from "../../../src/cli/instant.ts";
import { OperatingError } from "../../../src/core/errors.ts";

const NOW = Date.UTC(2026, 10, 23, 12);

describe("an instant is read", () => {
  test.each([
    ["0", 0],
    ["1718900000000", 1_718_900_000_000],
    ["1718900000000.5", 1_718_900_000_000.5],
    ["-5", -5],
    ["2026-11-23", Date.UTC(2026, 10, 23)],
    ["2026-11-23T10:30Z", Date.UTC(2026, 10, 23, 10, 30)],
    ["2026-11-23T10:30:15.250Z", Date.UTC(2026, 10, 23, 10, 30, 15, 250)],
    ["2026-11-23T10:30:00+02:00", Date.UTC(2026, 10, 23, 8, 30)],
    ["2026-11-23T10:30", new Date(2026, 10, 23, 10, 30).getTime()],
    ["30s", NOW - 30_000],
    ["15m", NOW - 900_000],
    ["24h", NOW - 86_400_000],
    ["7d", NOW - 7 * 86_400_000],
  ])("%s", (text, expected) => {
    expect(parseInstant(text, "--from", NOW)).toBe(expected);
  });
});

describe("an instant is refused", () => {
  test.each([
    "",
    " ",
    "yesterday",
    "1e3",
    "15w",
    "m",
    "-15m",
    "1.5h",
    "2026-13-01",
    "2026-11-23 10:30",
    "2026-11-23x",
    "2026-11-23T25:00Z",
    "Infinity",
    "8640000000000001",
    "99999999999999d",
    "0x10",
  ])("%p", (text) => {
    expect(() => parseInstant(text, "--from", NOW)).toThrow(
      new OperatingError(
        "usage",
        `--from: expected Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), or a time before now ("15m", "24h", "7d"), got ${JSON.stringify(text)}`,
      ),
    );
  });
});
