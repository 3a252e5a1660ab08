// What Alertmanager is sent: times that it takes, however the clocks were set, and labels that tell alerts apart.

import { describe, expect, test } from "bun:test";
import { alertOf } from "../../../../src/alerts/delivery/alertmanager.ts";
import { notification, TOLD_AT } from "../../../support/notifications.ts";

const HOUR_MS = 3_600_000;

function labelsOf(changes: Parameters<typeof notification>[0]): unknown {
  return alertOf(notification(changes), TOLD_AT)["labels"];
}

describe("an alert", () => {
  test("that is resolved has ended by now, and has not begun after its end, however the clocks were set", () => {
    for (const sinceMs of [-HOUR_MS, 0, HOUR_MS, 1_000 * HOUR_MS]) {
      for (const toMs of [-HOUR_MS, -1, 0, HOUR_MS, 1_000 * HOUR_MS]) {
        const told = notification({ state: "resolved", since: TOLD_AT + sinceMs, to: TOLD_AT + toMs });
        const { startsAt, endsAt } = alertOf(told, TOLD_AT) as { startsAt: string; endsAt: string };
        const [start, end] = [Date.parse(startsAt), Date.parse(endsAt)];
        expect([sinceMs, toMs, end <= TOLD_AT, start <= end]).toEqual([sinceMs, toMs, true, true]);
      }
    }
  });

  test("that fires has begun by now, and ends five minutes from now", () => {
    for (const sinceMs of [-HOUR_MS, 0, HOUR_MS]) {
      const { startsAt, endsAt } = alertOf(notification({ since: TOLD_AT + sinceMs }), TOLD_AT);
      expect([Date.parse(String(startsAt)) <= TOLD_AT, endsAt]).toEqual([true, "2026-11-30T09:05:00.000Z"]);
    }
  });

  test("has labels of its own for each value of a group", () => {
    const values = [
      "",
      " ",
      "a b",
      "a\nb",
      "a\u2028b",
      "\ud800",
      "\ud801",
      "\ufffd",
      "x".repeat(499),
      `${"x".repeat(498)}y`,
    ];
    const labels = values.map((value) => JSON.stringify(labelsOf({ group: { field: "key", value } })));
    expect(new Set(labels).size).toBe(values.length);
    expect(labelsOf({ group: { field: "key", value: "plain" } })).toMatchObject({ key: "plain" });
  });
});
