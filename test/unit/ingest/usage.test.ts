import { describe, expect, test } from "bun:test";
import { monthOf } from "../../../src/core/instant.ts";
import { Rejections, Usage } from "../../../src/ingest/usage.ts";

const BATCH = { project: "shop", apiKey: "web shop", receivedAt: 5 };

describe("usage", () => {
  test("is counted by the UTC month of receipt", () => {
    const instants = [Date.UTC(2026, 11, 1) - 1, Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1) - 0.5, 0];
    expect(instants.map(monthOf)).toEqual(["2026-11", "2026-12", "2026-12", "1970-01"]);
  });

  test("changes no total before its commit, but at once what a quota bounds", () => {
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

  test("totals are over all projects and months, including those from the file", () => {
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

describe("a rejection", () => {
  test("has its project and key, the reason, and the entry as JSON", () => {
    const rejections = new Rejections();
    rejections.add(BATCH, "empty", { key: "" });
    expect(rejections.take()).toEqual([{ ...BATCH, reason: "empty", entry: '{"key":""}' }]);
    expect(rejections.take()).toEqual([]);
  });

  test("has no API key, wherever the entry has one", () => {
    const rejections = new Rejections();
    rejections.add(BATCH, "empty", { key: "sk_0123456789abcdef", ck_0123456789abcdef: ["Bearer sk_0123456789abcdef"] });
    rejections.add(BATCH, "empty", { long: `${"x".repeat(4_070)} sk_0123456789abcdef` });
    const kept = rejections.take().map(({ entry }) => entry);
    expect(kept[0]).toBe('{"key":"sk_…","ck_…":["Bearer sk_…"]}');
    expect(kept[1]).toContain(" sk_…");
  });

  test("is one of twenty for each project and reason between two calls", () => {
    const rejections = new Rejections();
    for (let count = 0; count < 30; count++) {
      rejections.add(BATCH, "empty", { count });
      rejections.add(BATCH, "quota", { count });
      rejections.add({ ...BATCH, project: "other" }, "empty", { count });
    }
    expect(rejections.take().length).toBe(60);
    rejections.add(BATCH, "empty", {});
    expect(rejections.take().length).toBe(1);
  });

  test("is shortened when it is long, and stays well-formed text", () => {
    const rejections = new Rejections();
    rejections.add(BATCH, "quota", { message: "x".repeat(10_000) });
    rejections.add(BATCH, "internal", `${"x".repeat(4_095)}😀 and more`);
    const [long, cut] = rejections.take().map((rejection) => rejection.entry);
    expect([long?.length, long?.endsWith("x…")]).toEqual([4_097, true]);
    expect([cut?.isWellFormed(), cut?.slice(4_090)]).toEqual([true, "xxxxx\uFFFD…"]);
  });

  test("has the beginning of an entry that nests deeper than JSON.stringify can go", () => {
    const rejections = new Rejections();
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    rejections.add(BATCH, "too_deep", { message: "m", metadata: { deep } });
    const beginning = '{"message":"m","metadata":{"deep":';
    expect(rejections.take()).toEqual([
      { ...BATCH, reason: "too_deep", entry: `${beginning}${"[".repeat(4_096 - beginning.length)}…` },
    ]);
  });
});
