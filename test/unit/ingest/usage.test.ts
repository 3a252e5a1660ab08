import { describe, expect, test } from "bun:test";
import { monthOf } from "../../../src/core/instant.ts";
import { Usage } from "../../../src/ingest/usage.ts";

describe("usage", () => {
  test("is counted by the UTC month of receipt", () => {
    const instants = [Date.UTC(2026, 11, 1) - 1, Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1) - 0.5, 0];
    expect(instants.map(monthOf)).toEqual(["2026-11", "2026-12", "2026-12", "1970-01"]);
  });

  test("changes nothing before its commit, but for what a quota is compared with", () => {
    const usage = new Usage([{ project: "a", month: "2026-11", name: "admitted", value: 5 }]);
    usage.add("a", "2026-11", "admitted", 2);
    usage.add("a", "2026-11", "received", 3);
    usage.add("a", "2026-11", "received", 1);
    usage.add("a", "2026-11", "stored", 0);
    expect([usage.admitted("a", "2026-11"), usage.admitted("a", "2026-12"), usage.totals.received]).toEqual([7, 0, 0]);
    expect(usage.staged()).toEqual([
      { project: "a", month: "2026-11", name: "admitted", value: 7 },
      { project: "a", month: "2026-11", name: "received", value: 4 },
    ]);
    usage.commit();
    expect([usage.staged(), usage.totals.received, usage.totals.stored]).toEqual([[], 4, 0]);
  });

  test("totals are over all projects and months, those of before included", () => {
    const usage = new Usage([
      { project: "a", month: "2026-10", name: "received", value: 10 },
      { project: "b", month: "2026-11", name: "received", value: 5 },
      { project: "b", month: "2026-11", name: "dropped.quota", value: 2 },
      { project: "b", month: "2026-11", name: "dropped.of_a_later_version", value: 9 },
    ]);
    usage.add("b", "2026-11", "dropped.quota", 1);
    usage.add("a", "2026-11", "received", 1);
    usage.commit();
    expect([usage.totals.received, usage.totals.dropped.quota, usage.totals.dropped.empty]).toEqual([16, 3, 0]);
  });
});
