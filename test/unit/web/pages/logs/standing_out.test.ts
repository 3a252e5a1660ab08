import { describe, expect, test } from "bun:test";
import type { BreakdownResponse } from "../../../../../src/core/responses.ts";
import { parseSearch } from "../../../../../src/search/parser.ts";
import {
  fieldLabel,
  largestDifference,
  shownFields,
  standingOut,
  valueTerm,
} from "../../../../../src/web/pages/logs/standing_out.ts";

type Counts = Readonly<Record<string, readonly (readonly [value: string, count: number, otherCount: number])[]>>;

function response(found: number, others: number, counts: Counts): BreakdownResponse {
  const fields = Object.entries(counts).map(([field, values]) => ({
    field,
    count: values.reduce((sum, [, count]) => sum + count, 0),
    more: 0,
    values: values.map(([value, count, otherCount]) => ({
      value,
      count,
      share: count / found,
      otherCount,
      otherShare: others === 0 ? 0 : otherCount / others,
    })),
  }));
  return { found, others, more: 0, fields };
}

function named(answer: BreakdownResponse, search: string): string[] {
  return standingOut(answer, shownFields(answer, search)).map(({ field, value }) => `${field.label} ${value.value}`);
}

describe("what stands out", () => {
  test("is the value with the largest difference, but for fields that the search names", () => {
    const answer = response(100, 900, {
      level: [["error", 100, 0]],
      "metadata.region": [["eu-west-1", 100, 540]],
      "metadata.gateway": [
        ["pay-2", 90, 50],
        ["pay-1", 10, 400],
      ],
    });
    expect(named(answer, "level:error")).toEqual(["gateway pay-2", "region eu-west-1"]);
    expect(named(answer, 'level:error metadata."region":eu-west-1')).toEqual(["gateway pay-2"]);
    expect(named(answer, "timeout")).toEqual(["level error", "gateway pay-2", "region eu-west-1"]);
    expect(shownFields(answer, "-level:info").map(({ field }) => field)).toEqual([
      "metadata.region",
      "metadata.gateway",
      "level",
    ]);
  });

  test("is nothing where the difference may be chance, or where there is no rest", () => {
    const chance = response(10, 90, { level: [["error", 10, 0]], "metadata.a": [["x", 10, 50]] });
    expect(named(chance, "level:error")).toEqual([]);
    expect(largestDifference(shownFields(chance, "level:error"))?.value.value).toBe("x");
    expect(named(response(10, 1_000, { "metadata.a": [["x", 6, 500]] }), "q")).toEqual([]);
    expect(named(response(1_000, 1_000, { "metadata.a": [["x", 600, 500]] }), "q")).toEqual(["a x"]);
    expect(named(response(100_000, 100_000, { "metadata.a": [["x", 52_000, 50_000]] }), "q")).toEqual([]);
    expect(named(response(10, 0, { "metadata.a": [["x", 10, 0]] }), "")).toEqual([]);
    expect(named(response(10, 10, { "metadata.a": [["x", 10, 10]] }), "q")).toEqual([]);
  });

  test("is named once where several values have the same records, and without what follows from the others", () => {
    const answer = response(100, 900, {
      kind: [["log", 100, 0]],
      keyType: [["client", 100, 100]],
      source: [["client", 100, 100]],
      apiKey: [["web", 100, 100]],
    });
    expect(named(answer, "timeout")).toEqual(["source client"]);
  });
});

describe("a field", () => {
  test("is called by its own name, unless that is the name of another one", () => {
    expect(
      ["metadata.region", 'metadata."odd name"', "metadata.level", 'metadata.""', "apiKey"].map(fieldLabel),
    ).toEqual(["region", "odd name", "metadata.level", 'metadata.""', "API key"]);
  });
});

describe("the term of a value", () => {
  const of = (field: string, value: string | number | boolean | null) =>
    valueTerm(field, { value, count: 1, share: 1, otherCount: 0, otherShare: 0 });

  test("parses, and names the value, whatever it is", () => {
    for (const value of ["eu-west-1", 'a "b"', "x,y", "*", "", "-1", "a:b", "(a OR b)", -1.5, 1e21, true, null]) {
      const parsed = parseSearch(of("metadata.a", value) ?? "");
      expect(parsed).toMatchObject({
        ok: true,
        search: { kind: "metadata", name: "a", patterns: [{ text: String(value), isPrefix: false }] },
      });
    }
  });

  test("is the beginning of a text that is long or has several lines", () => {
    expect(of("touchpoint", `${"x".repeat(512)}…`)).toBe(`touchpoint:${"x".repeat(511)}*`);
    expect(of("metadata.a", "one\ntwo")).toBe("metadata.a:one*");
    expect(of("metadata.a", "\ntwo")).toBeUndefined();
  });
});
