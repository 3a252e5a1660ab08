import { describe, expect, test } from "bun:test";
import { parseInstant } from "../../../src/cli/instant.ts";
import { OperatingError } from "../../../src/core/errors.ts";
import { localTimeZone, TimeZone } from "../../../src/core/time_zone.ts";

const NOW = Date.UTC(2026, 10, 23, 12);
const HERE = new TimeZone(localTimeZone());

describe("an instant is read", () => {
  test.each([
    ["1718900000000", 1_718_900_000_000],
    ["1718900000000.5", 1_718_900_000_000.5],
    ["2026-11-23T10:30Z", Date.UTC(2026, 10, 23, 10, 30)],
    ["2026-11-23T10:30:00+02:00", Date.UTC(2026, 10, 23, 8, 30)],
    ["2026-11-23T10:30", new Date(2026, 10, 23, 10, 30).getTime()],
    ["2026-11-23 10:30:15.250", new Date(2026, 10, 23, 10, 30, 15, 250).getTime()],
    ["24h", NOW - 86_400_000],
  ])("%s", (text, expected) => {
    expect(parseInstant(text, "--from", NOW)).toBe(expected);
    expect(parseInstant(text, "--to", NOW)).toBe(expected);
  });

  test("a date is its whole day here", () => {
    expect(parseInstant("2026-11-23", "--from", NOW)).toBe(HERE.startOfDay(Date.UTC(2026, 10, 23)));
    expect(parseInstant("2026-11-23", "--to", NOW)).toBe(HERE.startOfDay(Date.UTC(2026, 10, 24)));
  });
});

describe("an instant is refused", () => {
  test.each(["", " ", "yesterday", "1e3", "15w", "-15m", "1.5h", "2026-11-23x", "Infinity", "0x10"])("%p", (text) => {
    expect(() => parseInstant(text, "--from", NOW)).toThrow(
      new OperatingError(
        "usage",
        `--from: expected Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), a time as it is printed ("2026-01-31 12:00:00.123"), a date (its whole day), or a time before now ("15m", "24h", "7d"), got ${JSON.stringify(text)}`,
      ),
    );
  });

  test("with a hint where one can be given", () => {
    expect(() => parseInstant("2026", "--to", NOW)).toThrow(
      /^--to: expected .*, got "2026": that would be in 1970: a year\? write 2026-01-01$/,
    );
  });
});
