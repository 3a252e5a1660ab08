// What the strip under the header says.

import { describe, expect, test } from "bun:test";
import type { RejectionRow, UsageResponse } from "../../../../src/core/account_responses.ts";
import type { ShownRule } from "../../../../src/core/alert_responses.ts";
import type { RefusalRow } from "../../../../src/core/refusals.ts";
import {
  droppingProjects,
  firingRules,
  firingSince,
  highDiskShare,
  keyText,
  recentRefusals,
  refusalsOf,
  unhidden,
} from "../../../../src/web/state/attention.ts";

const NOW = Date.UTC(2026, 10, 16);
const HOUR_MS = 3_600_000;
type Row = UsageResponse["usage"][number];

const usageRow = (project: string, dropped: Row["dropped"], others: Partial<Row> = {}): Row => ({
  project,
  month: "2026-11",
  received: 9,
  stored: 9,
  admitted: 9,
  dropped,
  limit: null,
  overage: 0,
  overagePolicy: "continue",
  ambiguous: 0,
  bytes: 0,
  ...others,
});
const rejection = (project: string, reason: RejectionRow["reason"], agoMs: number): RejectionRow => ({
  id: 1,
  project,
  apiKey: "keys",
  receivedAt: NOW - agoMs,
  reason,
  hint: "",
  entry: {},
});
const refusal = (others: Partial<RefusalRow> = {}): RefusalRow => ({
  status: 401,
  reason: "key_unknown",
  problem: null,
  hint: "",
  apiKey: null,
  keyType: null,
  masked: "sk_abcd…",
  isRevoked: false,
  project: null,
  protocol: "enqueue",
  origin: null,
  addresses: ["::1"],
  count: 1,
  lastDay: 1,
  first: NOW,
  last: NOW,
  ...others,
});

describe("projects that drop entries", () => {
  const of = (usage: Row[], rejections: RejectionRow[] = [], project = "") =>
    droppingProjects({ usage, storage: [] }, rejections, project, NOW);

  test("are those of the last hour, with the counts of the month of the latest reasons", () => {
    const usage = [
      usageRow("shop", { empty: 3, too_old: 40, in_future: 5 }),
      usageRow("blog", { empty: 7 }),
      usageRow("shop", { empty: 999 }, { month: "2026-10" }),
    ];
    const rejections = [
      rejection("shop", "empty", 0),
      rejection("shop", "too_old", HOUR_MS - 1),
      rejection("shop", "in_future", HOUR_MS),
      rejection("blog", "empty", 2 * HOUR_MS),
    ];
    expect(of(usage, rejections)).toEqual([
      {
        project: "shop",
        reasons: [
          ["too_old", 40],
          ["empty", 3],
        ],
      },
    ]);
    expect(of(usage, rejections, "blog")).toEqual([]);
  });

  test("are not those that lose nothing", () => {
    const usage = [usageRow("shop", { duplicate: 3, ignored: 40 })];
    expect(of(usage, [rejection("shop", "duplicate", 0), rejection("shop", "ignored", 0)])).toEqual([]);
  });

  test("are those past their plan, however long nothing came", () => {
    const dropped = { quota: 5, empty: 2 };
    const past = usageRow("shop", dropped, { limit: 9, overagePolicy: "drop" });
    expect(of([past])).toEqual([{ project: "shop", reasons: [["quota", 5]] }]);
    for (const others of [{ overagePolicy: "continue" as const }, { limit: 10 }, { limit: null }]) {
      expect(of([{ ...past, ...others }])).toEqual([]);
    }
  });
});

describe("refused batches", () => {
  test("are those of the last day, most frequent first, of the project and of no known key", () => {
    const rows = [
      refusal({ lastDay: 0, count: 50 }),
      refusal({ lastDay: 2 }),
      refusal({ lastDay: 9, project: "shop", apiKey: "web" }),
      refusal({ lastDay: 5, project: "blog", apiKey: "blog" }),
    ];
    const days = (project: string) => recentRefusals(rows, project).map(({ lastDay }) => lastDay);
    expect([days(""), days("shop"), days("other")]).toEqual([[9, 5, 2], [9, 2], [2]]);
    expect(refusalsOf(rows, "shop")).toHaveLength(3);
  });

  test("that were hidden stay so for a day; others show", () => {
    const rows = [refusal({ first: NOW - 5 }), refusal({ first: NOW + 1 })];
    expect(unhidden(rows, 0, NOW)).toEqual(rows);
    expect(unhidden(rows, NOW, NOW + 20 * HOUR_MS)).toEqual(rows.slice(1));
    expect(unhidden(rows, NOW, NOW + 24 * HOUR_MS + 1)).toEqual(rows);
  });

  test.each([
    [refusal(), "sk_abcd…"],
    [refusal({ apiKey: "old", isRevoked: true }), "sk_abcd… (old, revoked)"],
    [refusal({ masked: null, apiKey: "web", keyType: "client" }), "web (client)"],
    [refusal({ masked: null, reason: "key_missing" }), "no key"],
    [refusal({ masked: null, reason: "too_large" }), "key not read"],
  ])("name their key", (row, text) => {
    expect(keyText(row)).toBe(text);
  });
});

test("the disk is mentioned from nine tenths of its limit on", () => {
  const shareOf = (bytesOnDisk: number, bytesMax = 100) =>
    highDiskShare({ bytesOnDisk, bytesMax, records: 0, blocks: 0 });
  expect([shareOf(89), shareOf(90), shareOf(120), shareOf(5, 0)]).toEqual([undefined, 0.9, 1.2, 1]);
});

describe("alerts that fire", () => {
  const rule = (name: string, state: ShownRule["state"], project: string | null, ...since: number[]) =>
    ({
      name,
      state,
      project,
      instances: [
        { group: null, state: "pending", since: 1, value: 1, unknown: null },
        ...since.map((at) => ({ group: `${at}`, state, since: at, value: 1, unknown: null })),
      ],
    }) as unknown as ShownRule;
  const RULES = [
    rule("late", "firing", "shop", 30, 20),
    rule("early", "recovering", null, 10),
    rule("calm", "ok", "shop"),
    rule("soon", "pending", "shop"),
    rule("blog", "firing", "blog", 15),
  ];

  test("are those of the project and of all, also while they recover, the oldest first", () => {
    expect(firingRules(RULES, "shop").map(({ name }) => name)).toEqual(["early", "late"]);
    expect(firingRules(RULES, "").map(({ name }) => name)).toEqual(["early", "blog", "late"]);
  });

  test("began when the first of their instances that fire did", () => {
    expect(RULES.slice(0, 2).map(firingSince)).toEqual([20, 10]);
  });
});
