import { describe, expect, test } from "bun:test";
import type { DropReason } from "../../../../src/core/drop.ts";
import { adviceFor } from "../../../../src/query/responses/advice.ts";

/** 2024-07-03T12:00:00Z. */
const RECEIVED = Date.UTC(2024, 6, 3, 12);

function hint(reason: DropReason, entry: unknown, retentionMs = 30 * 86_400_000): string {
  return adviceFor(reason, entry, RECEIVED, { retentionMs });
}

describe("advice on a time", () => {
  test("asks whether seconds, microseconds or nanoseconds were sent", () => {
    expect([
      hint("too_old", { timestamp: 1718900000 }),
      hint("too_old", { startTime: 1718900000.5 }),
      hint("in_future", { endTime: 1718900000000000 }),
      hint("invalid_time", { message: "a", timestamp: 1718900000000000000 }),
      hint("invalid_time", { startTime: 1718900000000, endTime: 1.7189e18 }),
    ]).toEqual([
      "1718900000 is 1970-01-20: did you send seconds? Times are milliseconds.",
      "1718900000.5 is 1970-01-20: did you send seconds? Times are milliseconds.",
      "1718900000000000 is +056439-10-09: did you send microseconds? Times are milliseconds.",
      "1718900000000000000 is past the last date there is: did you send nanoseconds? Times are milliseconds.",
      "1718900000000000000 is past the last date there is: did you send nanoseconds? Times are milliseconds.",
    ]);
  });

  test("does not blame the batch for an entry that was stored in part", () => {
    const kept = `{"message":"${"x".repeat(50)}…`;
    expect([hint("too_old", kept), hint("in_future", kept)]).toEqual([
      "Its time, or its batch's timestamp, is older than the 30 days that the project keeps.",
      "Its time, or its batch's timestamp, is over 1 day ahead: check the sender's clock.",
    ]);
  });

  test("says how old an entry is and how long the project keeps them", () => {
    expect([
      hint("too_old", { timestamp: RECEIVED - 40 * 86_400_000 }),
      hint("too_old", { timestamp: RECEIVED - 7_300_000, message: "a" }, 3_600_000),
      hint("too_old", { message: "a" }),
    ]).toEqual([
      "1716552000000 is 2024-05-24, 40 days before it was received; the project keeps 30 days. Raise its retention to store older entries.",
      "1720000700000 is 2024-07-03, 2 hours before it was received; the project keeps 1 hour. Raise its retention to store older entries.",
      "Its batch's timestamp is older than the 30 days that the project keeps.",
    ]);
  });

  test("says how far ahead an entry is", () => {
    expect([
      hint("in_future", { timestamp: RECEIVED + 3 * 86_400_000 + 5 }),
      hint("in_future", { startTime: RECEIVED + 90_000_000, message: "a" }),
      hint("in_future", {}),
    ]).toEqual([
      "1720267200005 is 2024-07-06T12:00:00.005Z, 3 days after it was received: check the sender's clock.",
      "1720098000000 is 2024-07-04T13:00:00.000Z, 1 day after it was received: check the sender's clock.",
      "Its batch's timestamp is over 1 day ahead: check the sender's clock.",
    ]);
  });

  test("names the invalid time", () => {
    expect([
      hint("invalid_time", { timestamp: -5 }),
      hint("invalid_time", { startTime: 1, endTime: 8.64e15 + 2 }),
      hint("invalid_time", { startTime: 5, endTime: 6, duration: 1e300 }),
      hint("invalid_time", { endTime: 5, duration: 6 }),
      hint("invalid_time", { message: "a" }),
    ]).toEqual([
      "timestamp is -5. Times are Unix milliseconds from 0 to 8640000000000000.",
      "endTime is 8640000000000002. Times are Unix milliseconds from 0 to 8640000000000000.",
      "duration is 1e+300. A duration is at most 8640000000000000 ms.",
      "With its duration of 6 ms the start or the end lies outside of 0 to 8640000000000000 Unix milliseconds.",
      "One of its times, or its batch's timestamp, is outside of 0 to 8640000000000000. Times are Unix milliseconds.",
    ]);
  });

  test("finds the times in the text of an entry that was cut off", () => {
    expect(hint("too_old", '{"message":"long","timestamp":1718900000,"metadata":{"a":"xxx…')).toBe(
      "1718900000 is 1970-01-20: did you send seconds? Times are milliseconds.",
    );
  });
});

describe("advice on a duration", () => {
  test("names what makes it negative", () => {
    expect([
      hint("negative_duration", { startTime: RECEIVED, endTime: RECEIVED - 250 }),
      hint("negative_duration", { startTime: 5, duration: -3 }),
      hint("negative_duration", "…"),
    ]).toEqual([
      "endTime 1720007999750 is 250 ms before startTime 1720008000000. Take both from one clock, or send a duration measured by a monotonic one.",
      "duration is -3: a duration cannot be negative.",
      "It ends before it starts. Take both times from one clock, or send a duration measured by a monotonic one.",
    ]);
  });
});

describe("advice on a record of another protocol", () => {
  const problem = 'Line 2 is not JSON: "{"';

  test("says what its decoder found wrong, also where the record was cut off", () => {
    const whole = { problem, record: "{" };
    const cut = `${JSON.stringify(whole).slice(0, -3)}…`;
    expect([hint("invalid", whole), hint("too_deep", whole)]).toEqual(
      [1, 2].map(() => `${problem}. The other records of its request were taken.`),
    );
    expect(hint("invalid", cut)).toContain("Line 2 is not JSON");
  });

  test("is not made of a member that an entry happens to have", () => {
    expect(hint("empty", { problem })).toStartWith("The entry says nothing");
  });
});

describe("advice on other reasons", () => {
  test("says what helps", () => {
    expect([
      hint("empty", {}),
      hint("too_deep", { metadata: {} }),
      hint("duplicate", { message: "a" }),
      hint("quota", { message: "a" }),
      hint("internal", [{ message: "a" }]),
    ]).toEqual([
      expect.stringContaining("at least one of message, touchpoint, key, level, metadata, or a time"),
      expect.stringContaining("deeper than 100 levels. Flatten it"),
      expect.stringContaining("normal when a request is retried"),
      expect.stringContaining('Raise it in the configuration, or set overage = "continue"'),
      expect.stringContaining("so the server dropped the whole batch"),
    ]);
  });

  test("is a sentence whatever the entry is", () => {
    for (const entry of [null, undefined, 5, "text", [], { timestamp: "x" }, { timestamp: Number.NaN }]) {
      for (const reason of ["invalid_time", "negative_duration", "too_old", "in_future"] as const) {
        expect(hint(reason, entry)).toMatch(/^[A-Za-z0-9][^]+\.$/);
      }
    }
  });
});
