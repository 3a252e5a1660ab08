import { describe, expect, test } from "bun:test";
import { isTimeZone, localTimeZone, TimeZone } from "../../../src/core/time_zone.ts";

const HOUR = 3_600_000;

function dayOf(zone: string, date: string): [start: string, hours: number] {
  const timeZone = new TimeZone(zone);
  const midnight = Date.parse(date);
  const from = timeZone.startOfDay(midnight);
  return [new Date(from).toISOString(), (timeZone.startOfDay(midnight + 24 * HOUR) - from) / HOUR];
}

describe("a day", () => {
  test.each([
    ["UTC", "2026-11-29", "2026-11-29T00:00:00.000Z", 24],
    ["Asia/Kolkata", "2026-11-29", "2026-11-28T18:30:00.000Z", 24],
    ["Pacific/Chatham", "2026-06-01", "2026-05-31T11:15:00.000Z", 24],
    // Clocks go forward, and back.
    ["Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00.000Z", 23],
    ["Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00.000Z", 25],
    ["America/New_York", "2026-03-08", "2026-03-08T05:00:00.000Z", 23],
    ["Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00.000Z", 24.5],
    // Midnight is skipped; it comes twice; 23:00 comes twice before it.
    ["America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00.000Z", 23],
    ["America/Havana", "2026-11-01", "2026-11-01T04:00:00.000Z", 25],
    ["America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00.000Z", 25],
    ["America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00.000Z", 24],
    // 23:30 to 00:30, and a whole day that was not.
    ["America/Toronto", "1919-03-31", "1919-03-31T04:30:00.000Z", 23.5],
    ["Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00.000Z", 0],
    ["Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00.000Z", 24],
  ])("in %s of %s begins at %s and has %p hours", (zone, date, start, hours) => {
    expect(dayOf(zone, date)).toEqual([start, hours]);
  });

  test("of any zone begins where the one before ends, and has its date at its first instant and none before", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      const timeZone = new TimeZone(zone);
      const dateAt = (instant: number) => new Date(instant + timeZone.offsetMs(instant)).toISOString().slice(0, 10);
      for (const date of ["2026-03-29", "2026-10-25", "2018-11-04", "2000-01-01", "1970-06-15"]) {
        const start = timeZone.startOfDay(Date.parse(date));
        expect([zone, date, dateAt(start)]).toEqual([zone, date, date]);
        expect(dateAt(start - 1) < date).toBe(true);
      }
    }
  });
});

describe("a local time", () => {
  const berlin = new TimeZone("Europe/Berlin");
  const instantOf = (local: string) => new Date(berlin.instantOf(Date.parse(`${local}Z`))).toISOString();

  test("that is skipped is read with the offset before the gap", () => {
    expect(instantOf("2026-03-29T02:30")).toBe("2026-03-29T01:30:00.000Z");
    expect(instantOf("2026-03-29T01:59")).toBe("2026-03-29T00:59:00.000Z");
    expect(instantOf("2026-03-29T03:00")).toBe("2026-03-29T01:00:00.000Z");
  });

  test("that comes twice is the first of the two", () => {
    expect(instantOf("2026-10-25T02:30")).toBe("2026-10-25T00:30:00.000Z");
    expect(instantOf("2026-10-25T03:00")).toBe("2026-10-25T02:00:00.000Z");
  });

  test("is what the engine's own dates say, hour by hour, in the zone of this machine", () => {
    const here = new TimeZone(localTimeZone());
    for (let hour = 0; hour < 366 * 24; hour++) {
      const at = new Date(2026, 0, 1, hour, 30);
      const local = Date.UTC(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes());
      expect(here.instantOf(local)).toBe(
        new Date(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), 30).getTime(),
      );
    }
  });
});

describe("a name", () => {
  test.each(["UTC", "Europe/Berlin", "Asia/Kolkata", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "europe/berlin"])(
    "%s is known",
    (name) => expect(isTimeZone(name)).toBe(true),
  );

  test.each(["", "Nope/Zone", "+05:30", "UTC+1", "../UTC", "Europe/Berlin ", "x".repeat(100), "__proto__"])(
    "%p is not",
    (name) => expect(isTimeZone(name)).toBe(false),
  );
});
