import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { z } from "zod";
import { isJsonObject } from "../../../src/core/json.ts";
import { invalidBatch } from "../../../src/http/base/responses.ts";
import { BatchSchemaCheck } from "../../../src/ingest/batch_schema.ts";
import { runSeed } from "../../support/random.ts";

/** The specification's tables in zod 3. `finite` is the contract's one deviation. */
const number = z.number().finite();
const source = z.enum(["server", "client"]);
const model = z.object({
  key: z.string(),
  source,
  timestamp: number.optional(),
  entries: z
    .array(
      z.object({
        touchpoint: z.string().optional(),
        key: z.string().optional(),
        message: z.string().optional(),
        level: z.enum(["info", "warn", "error", "debug"]).optional(),
        timestamp: number.optional(),
        startTime: number.optional(),
        endTime: number.optional(),
        duration: number.optional(),
        metadata: z.record(z.unknown()).optional(),
        source: source.optional(),
        standalone: z.boolean().optional(),
      }),
    )
    .min(1),
});

const schema = new BatchSchemaCheck();

function ours(value: unknown): object | undefined {
  const issues = schema.explain(value);
  return issues.length === 0 ? undefined : JSON.parse(invalidBatch(issues, true).body);
}

function zods(value: unknown): object | undefined {
  const result = model.safeParse(value);
  if (result.success) return undefined;
  const issues = result.error.issues.slice(0, 100);
  const errors = new z.ZodError(issues).flatten();
  return {
    message: "Invalid enqueue payload",
    errors: { fieldErrors: errors.fieldErrors, formErrors: errors.formErrors },
    issues: issues.map(({ path, message }) => ({ path, message })),
  };
}

/** Mostly the right type, often a wrong one, sometimes absent. */
function field(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const wrong = fc.oneof(
    fc.constantFrom(null, true, 0, -1.5, "", "1", "server", "info", "fatal", Number.POSITIVE_INFINITY),
    fc.constantFrom([], {}, [1], { a: 1 }, [{}]),
    fc.string(),
    fc.double({ noNaN: true }),
  );
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

const time = field(fc.double({ noNaN: true, noDefaultInfinity: true }));
const anySource = field(fc.constantFrom("server", "client"));
const text = field(fc.string());
const entry = fc.record(
  {
    touchpoint: text,
    key: text,
    message: text,
    level: field(fc.constantFrom("info", "warn", "error", "debug")),
    timestamp: time,
    startTime: time,
    endTime: time,
    duration: time,
    metadata: field(fc.dictionary(fc.string(), fc.jsonValue())),
    source: anySource,
    standalone: field(fc.boolean()),
    extra: fc.jsonValue(),
  },
  { requiredKeys: [] },
);
const batch = fc.record(
  {
    key: text,
    source: anySource,
    timestamp: time,
    entries: field(fc.array(field(entry), { maxLength: 5 })),
    sdk: fc.string(),
  },
  { requiredKeys: [] },
);

describe("the explanation agrees with zod 3", () => {
  test("over generated payloads: same issues, same order, same flattening, same result", () => {
    const seed = runSeed("zod agreement");
    let refusedCount = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: batch }, { weight: 1, arbitrary: fc.jsonValue() }), (value) => {
        const expected = zods(value);
        if (expected !== undefined) refusedCount++;
        const explained = ours(value);
        expect(explained).toEqual(expected);
        expect(JSON.stringify(explained)).toBe(JSON.stringify(expected));
        expect(isJsonObject(value) && schema.isBatch(value)).toBe(expected === undefined);
      }),
      { numRuns: 2000, seed: seed | 0 },
    );
    expect(refusedCount).toBeGreaterThan(300);
    expect(refusedCount).toBeLessThan(1990);
  });

  test("over a batch with more problems than are listed", () => {
    const value = {
      key: 1,
      source: "server",
      entries: Array.from({ length: 10_000 }, () => ({ level: 1, duration: "1" })),
    };
    expect(ours(value)).toEqual(zods(value) as object);
    expect(schema.explain(value)).toHaveLength(100);
  });

  test("over members named like inherited members of every object", () => {
    for (const text of [
      '{"__proto__":{"key":"sk_1","source":"server","entries":[{}]}}',
      '{"key":"k","source":"server","entries":[{"__proto__":{"level":5}},{"constructor":1,"hasOwnProperty":2}]}',
      '{"key":"k","source":"toString","entries":[{"level":"__proto__","metadata":{"__proto__":1,"a\\nb":2}}]}',
    ]) {
      const value: unknown = JSON.parse(text);
      expect(ours(value)).toEqual(zods(value) as object);
      expect(isJsonObject(value) && schema.isBatch(value)).toBe(zods(value) === undefined);
    }
  });
});

describe("the contract's own wordings", () => {
  const messagesOf = (value: unknown) =>
    schema.explain(value).map(({ path, message }) => `${path.join(".")}: ${message}`);

  test("are the messages of each kind of problem", () => {
    const tooLarge: unknown = JSON.parse(
      '{"key":"k","source":"server","timestamp":1e999,"entries":[{"duration":-1e999}]}',
    );
    expect(messagesOf(tooLarge)).toEqual([
      "timestamp: Number must be finite",
      "entries.0.duration: Number must be finite",
    ]);
    expect(messagesOf({ key: "k", source: null, entries: [] })).toEqual([
      "source: Expected 'server' | 'client', received null",
      "entries: Array must contain at least 1 element(s)",
    ]);
    expect(messagesOf({ key: "k", source: "client", entries: ["x", { metadata: [] }, { standalone: 1 }] })).toEqual([
      "entries.0: Expected object, received string",
      "entries.1.metadata: Expected object, received array",
      "entries.2.standalone: Expected boolean, received number",
    ]);
  });
});
