import { describe, expect, test } from "bun:test";
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { EraseReport } from "../../../src/core/changes.ts";
import type { ShownRecord } from "../../../src/core/record.ts";
import type { QueryResponses, StatusResponse, TouchpointRow } from "../../../src/core/responses.ts";
import {
  type ErasedSchema,
  KeysSchema,
  RejectionsSchema,
  type StatusSchema,
  type TouchpointSchema,
  TouchpointsSchema,
  UsageSchema,
} from "../../../src/http/read/account_answers.ts";
import {
  EntriesSchema,
  FieldsSchema,
  HistogramSchema,
  RecordSchema,
  RunningSchema,
  SeriesSchema,
  TimingsSchema,
  ValuesSchema,
} from "../../../src/http/read/answers.ts";
import { createFixture } from "./fixture.ts";
import { ANSWERS, LOG, TIMING } from "./readers.ts";

type Writable<T> = T extends readonly (infer U)[]
  ? Writable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T;
/** True where each type takes every value of the other. */
type Same<A, B> = [A] extends [Writable<B>] ? ([Writable<B>] extends [A] ? true : false) : false;
/** The schema's type against the one that the readers answer with. */
type Agrees<S extends TSchema, T> = Same<Static<S>, T>;

const SCHEMAS = {
  entries: EntriesSchema,
  histogram: HistogramSchema,
  timings: TimingsSchema,
  series: SeriesSchema,
  running: RunningSchema,
  fields: FieldsSchema,
  values: ValuesSchema,
  touchpoints: TouchpointsSchema,
  usage: UsageSchema,
  rejections: RejectionsSchema,
} as const;

/** Does not compile where a schema and its type have drifted apart. */
const AGREEMENT: { readonly [K in keyof typeof SCHEMAS]: Agrees<(typeof SCHEMAS)[K], QueryResponses[K]> } & {
  readonly record: Agrees<typeof RecordSchema, ShownRecord>;
  readonly touchpoint: Agrees<typeof TouchpointSchema, TouchpointRow>;
  readonly erased: Agrees<typeof ErasedSchema, { erased: EraseReport }>;
  readonly status: Agrees<typeof StatusSchema, StatusResponse>;
} = {
  entries: true,
  histogram: true,
  timings: true,
  series: true,
  running: true,
  fields: true,
  values: true,
  touchpoints: true,
  usage: true,
  rejections: true,
  record: true,
  touchpoint: true,
  erased: true,
  status: true,
};

describe("the schemas of answers", () => {
  test("agree with the types that the readers answer with", () => {
    expect(Object.values(AGREEMENT).every(Boolean)).toBe(true);
  });

  test.each(Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[])("accept %s", (kind) => {
    expect([...Value.Errors(SCHEMAS[kind], ANSWERS[kind])]).toEqual([]);
  });

  test("accept records and the list of keys", async () => {
    for (const record of [LOG, TIMING]) expect([...Value.Errors(RecordSchema, record)]).toEqual([]);
    const keys: unknown = await (await createFixture().read("GET", "/api/v1/keys")).json();
    expect([...Value.Errors(KeysSchema, keys)]).toEqual([]);
  });
});

describe("the schemas of answers refuse", () => {
  test.each([
    ["a record without an id", RecordSchema, { ...LOG, id: undefined }],
    ["a status that there is not", RecordSchema, { ...TIMING, status: "done" }],
    ["an answer without its cursor", EntriesSchema, { entries: [] }],
    ["a negative count", HistogramSchema, { interval: 1, buckets: [{ time: 0, debug: -1 }] }],
    ["a reason that there is not", RejectionsSchema, { rejections: [{ reason: "bad" }] }],
  ])("%s", (_, schema, value) => {
    expect(Value.Check(schema, value)).toBe(false);
  });
});
