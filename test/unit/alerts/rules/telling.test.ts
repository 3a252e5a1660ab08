// What is told of a change, and where its links lead.

import { expect, test } from "bun:test";
import { notificationOf } from "../../../../src/alerts/rules/telling.ts";
import { ruleOf } from "../../../support/alert_rules.ts";

const T = Date.UTC(2026, 5, 1);

test("a link is whole and short enough for every service: a search that is too long is left out, not cut", () => {
  for (const [q, group, isWhole] of [
    ["level:error", "a", true],
    ["x".repeat(1_990), "a", false],
    ["level:error", "日".repeat(300), false],
  ] as const) {
    const rule = ruleOf({ q, groupBy: "key", project: "shop" });
    const change = { rule, group, telling: "firing", value: 1, firingFrom: T, t: T } as const;
    const { url } = notificationOf(change, [], { url: "https://logs.example.com" });
    const link = new URL(url);
    expect([url.length <= 2_000, link.searchParams.has("q"), link.searchParams.get("to")]).toEqual([
      true,
      isWhole,
      String(T),
    ]);
  }
});
