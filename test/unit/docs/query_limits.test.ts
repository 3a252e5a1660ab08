import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TOUCHPOINT_LENGTH_MAX } from "../../../src/core/touchpoint.ts";
import * as limits from "../../../src/query/limits.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../docs/query_limits.md"), "utf8");
const MIB = 1024 * 1024;

/** The bound of the row that begins so. */
function boundOf(beginning: string): string {
  const row = PAGE.split("\n").find((line) => line.startsWith(`| ${beginning}`)) ?? "";
  return row.split("|")[2]?.trim() ?? "";
}

describe("the page on bounds of queries", () => {
  test("says what the code has", () => {
    const number = (value: number) => value.toLocaleString("en");
    expect(boundOf("touchpoints of `timings` and")).toBe(number(limits.TOUCHPOINTS_LISTED_MAX));
    expect(boundOf("touchpoints of `timings/series")).toStartWith(`${number(limits.SERIES_BUCKETS_MAX)} buckets`);
    expect(boundOf("categories")).toBe(number(limits.CATEGORIES_LISTED_MAX));
    expect(boundOf("fields of")).toBe(number(limits.FIELDS_LISTED_MAX));
    expect(boundOf("a touchpoint's name")).toBe(`${TOUCHPOINT_LENGTH_MAX} characters`);
    expect(boundOf("a field's name")).toBe(`${limits.NAME_LENGTH_MAX} characters`);
    expect(boundOf("a value")).toBe(`${number(limits.VALUE_LENGTH_MAX)} characters`);
    for (const what of ["a page of", "a list of"]) {
      expect(boundOf(what)).toBe(`${limits.PAGE_LENGTH_MAX / MIB} Mi characters of text`);
    }
    expect(boundOf("memory of all queries")).toBe(`${limits.QUERIES_BYTES_MAX / MIB} MiB, about`);
    expect(PAGE).toContain(`first ${number(limits.NAMES_KEPT_MAX)} names (${number(limits.VALUES_KEPT_MAX)} values)`);
    expect(limits.HASHES_KEPT_MAX).toBeGreaterThan(1_000_000);
  });
});
