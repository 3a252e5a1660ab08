import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import {
  KeysSchema,
  RejectionsSchema,
  TouchpointsSchema,
  UsageSchema,
} from "../../../../src/core/account_responses.ts";
import {
  EntriesSchema,
  FieldsSchema,
  HistogramSchema,
  RecordSchema,
  RunningSchema,
  SeriesSchema,
  TimingsSchema,
  ValuesSchema,
} from "../../../../src/core/responses.ts";
import { createFixture } from "../fixture.ts";
import { ANSWERS, LOG, TIMING } from "../readers.ts";

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

describe("the schemas of responses accept", () => {
  test.each(Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[])("%s", (kind) => {
    expect([...Value.Errors(SCHEMAS[kind], ANSWERS[kind])]).toEqual([]);
  });

  test("records and the list of keys", async () => {
    for (const record of [LOG, TIMING]) expect([...Value.Errors(RecordSchema, record)]).toEqual([]);
    const keys: unknown = await (await createFixture().read("GET", "/api/v1/keys")).json();
    expect([...Value.Errors(KeysSchema, keys)]).toEqual([]);
  });
});

describe("the schemas of responses refuse", () => {
  test.each([
    ["a record without an id", RecordSchema, { ...LOG, id: undefined }],
    ["an unknown status", RecordSchema, { ...TIMING, status: "done" }],
    ["a response without its cursor", EntriesSchema, { entries: [] }],
    ["a negative count", HistogramSchema, { interval: 1, buckets: [{ time: 0, debug: -1 }] }],
    ["an unknown reason", RejectionsSchema, { rejections: [{ reason: "bad" }] }],
  ])("%s", (_, schema, value) => {
    expect(Value.Check(schema, value)).toBe(false);
  });
});
