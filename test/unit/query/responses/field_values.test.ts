import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../../../../src/core/json.ts";
import type { QueryRequest } from "../../../../src/core/queries.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import type { EntriesResponse, FieldsResponse, ValuesResponse } from "../../../../src/core/responses.ts";
import { StatisticsCache } from "../../../../src/query/scan/statistics_cache.ts";
import { EMPTY_TABLES } from "../../../support/empty_tables.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { pick, runSeed, seededRandom } from "../../../support/random.ts";
import { runQuery } from "../../../support/run_query.ts";

const DAY = Date.UTC(2026, 5, 1);
const RULES = {
  projects: {},
  defaultProject: { retentionMs: 3_650 * 86_400_000, monthlyEntries: undefined, overage: "continue" },
} as const;
function valuesOf(source: MemorySource, field: string): ValuesResponse {
  const scope = { project: undefined, q: "", from: undefined, to: undefined };
  const options = { source, tables: EMPTY_TABLES, cache: new StatisticsCache(), rules: RULES, now: DAY, limitMs: 1e9 };
  const outcome = runQuery({ kind: "values", scope, field, limit: 10 }, options);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.answer as ValuesResponse;
}

describe("values of a field", () => {
  test("that are long are counted by their beginning, never cut inside a character", () => {
    const begin = "x".repeat(999);
    const source = new MemorySource();
    const random = seededRandom(1);
    const message = `${begin}🦊 fox`;
    const metadata = { text: message, list: [message] };
    source.write("shop", [{ ...randomRecord(random, DAY, DAY + 1), message, metadata }]);
    const list = `["${"x".repeat(998)}`;
    for (const [field, value] of [
      ["message", `${begin}\ufffd`],
      ["metadata.text", `${begin}\ufffd`],
      ["metadata.list", list],
    ] as const) {
      expect(valuesOf(source, field)).toEqual({ field, values: [{ value, count: 1 }], count: 1, more: false });
    }
  });
});

describe("a field that every record has", () => {
  test.each(["project", "id", "time", "receivedAt"])("%s has its values in merged blocks, too", (field) => {
    const source = new MemorySource();
    const base = randomRecord(seededRandom(1), DAY, DAY + 1);
    source.write("shop", [base, base]);
    const before = valuesOf(source, field);
    expect(before.count).toBe(2);
    source.merge("shop", true);
    expect(valuesOf(source, field)).toEqual(before);
  });
});

describe("a field's name", () => {
  const NAMES = [
    "a",
    "b",
    "a.b",
    "",
    "odd name",
    '"',
    'q"',
    "back\\slash",
    "é",
    "level",
    "a:b",
    "x*",
    "__proto__",
    "late",
  ];
  const SCOPE = { project: undefined, q: "", from: undefined, to: undefined };

  function ask<T>(source: MemorySource, request: QueryRequest): T {
    const options = {
      source,
      tables: EMPTY_TABLES,
      cache: new StatisticsCache(),
      rules: RULES,
      now: DAY,
      limitMs: 1e9,
    };
    const outcome = runQuery(request, options);
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    return outcome.answer as T;
  }

  const countOf = (source: MemorySource, q: string) =>
    ask<EntriesResponse>(source, { kind: "entries", scope: { ...SCOPE, q }, limit: 1_000, cursor: undefined }).entries
      .length;

  function recordWith(metadata: JsonObject, index: number): Omit<StoredRecord, "id"> {
    return { ...randomRecord(seededRandom(1), DAY, DAY + 1), time: DAY + index, metadata };
  }

  test("nested, empty, odd or equal to a built-in one means what it means in a search", () => {
    const source = new MemorySource();
    const metadata: JsonObject = {
      "": 1,
      "odd name": 2,
      '"': 3,
      level: 4,
      user: { name: "ada", "": 5, "x.y": { z: 6 } },
    };
    source.write("shop", [recordWith(metadata, 0)]);
    for (const [field, value] of [
      ['metadata.""', 1],
      ['metadata."odd name"', 2],
      ["metadata.odd name", 2],
      ['metadata."\\""', 3],
      ["metadata.level", 4],
      ["metadata.user.name", "ada"],
      ['metadata."user.name"', "ada"],
      ["metadata.user.", 5],
      ["metadata.user.x.y.z", 6],
      ["metadata.user.x.y", '{"z":6}'],
      ["project", "shop"],
      ["id", 1],
      ["time", DAY],
    ] as const) {
      expect([field, valuesOf(source, field).values]).toEqual([field, [{ value, count: 1 }]]);
    }
    for (const field of ["metadata.user.x", "metadata.name", "metadata.user.nam"]) {
      expect([field, valuesOf(source, field).count]).toEqual([field, 0]);
    }
  });

  test.each(["metadata.", 'metadata."', 'metadata."a', 'metadata."a"b', "metadata", "nope", "__proto__"])(
    "%s is none",
    (field) => {
      const source = new MemorySource();
      source.write("shop", [recordWith({ a: 1 }, 0)]);
      expect(() => valuesOf(source, field)).toThrow(`there is no field "${field}"`);
    },
  );

  test("reaches through lists of objects, and a record counts once for each distinct value", () => {
    const source = new MemorySource();
    source.write("shop", [
      recordWith({ users: [{ name: "ada" }, { name: "bob" }, { name: "ada" }, 5], "users.name": "ada" }, 0),
      recordWith({ users: { name: "ada" } }, 1),
      recordWith({ "users.name": "bob", users: "text" }, 2),
    ]);
    expect(valuesOf(source, "metadata.users.name")).toMatchObject({
      values: [
        { value: "ada", count: 2 },
        { value: "bob", count: 2 },
      ],
      count: 4,
    });
  });

  test("as it is listed finds what it counts, in new blocks and merged ones, with more fields than have columns", () => {
    const random = seededRandom(runSeed("field names"));
    for (let round = 0; round < 8; round++) {
      const source = new MemorySource();
      const value = (depth: number): unknown => {
        if (depth > 0 && random() < 0.4) return object(depth - 1);
        return pick(random, ["x", "y", "1", 1, 1.5, true, null]);
      };
      const object = (depth: number): JsonObject =>
        Object.fromEntries<unknown>(Array.from({ length: 4 }, () => [pick(random, NAMES), value(depth)]));
      const wide = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, index]));
      const records = Array.from({ length: 60 }, (_, index) =>
        recordWith(
          { ...(index === 0 && round % 4 === 0 ? wide : {}), ...object(2), ...(index > 40 ? { late: index % 3 } : {}) },
          index,
        ),
      );
      source.write("shop", records.slice(0, 30));
      source.write("shop", records.slice(30));
      if (round % 2 === 0) source.merge("shop", round % 4 === 0);
      const { fields } = ask<FieldsResponse>(source, { kind: "fields", scope: SCOPE });
      const listed = fields.filter(({ name }) => name.startsWith("metadata.") && !/^metadata\.f\d/.test(name));
      expect(listed.length).toBeGreaterThan(8);
      for (const { name, count } of listed) {
        // A name with dots also means members of others.
        if (!name.includes("a.b")) expect([name, countOf(source, `${name}:*`)]).toEqual([name, count]);
      }
      const nested = ["metadata.a.b", "metadata.b.a", "metadata.a.b.a", 'metadata."a."', 'metadata."a.odd name"'];
      for (const name of [...listed.map((field) => field.name), ...nested]) {
        for (const { value, count } of valuesOf(source, name).values) {
          if (typeof value === "string" && value.startsWith("{")) continue;
          // A text and a number that look alike are one to a search.
          const alike = valuesOf(source, name).values.filter((other) => String(other.value) === String(value));
          const found = countOf(source, `${name}:"${String(value)}"`);
          if (alike.length === 1) expect([name, value, found]).toEqual([name, value, count]);
        }
      }
    }
  }, 180_000);
});
