import { describe, expect, test } from "bun:test";
import { cpuRatio } from "../support/cpu_ratio.ts";
import { attributesOf, logsBody, logsBytes, type Message, spansBody, spansBytes } from "../support/otlp_messages.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import { contextOf, decodeFixture, FIXTURE_NAMES, fixture, OTLP } from "../unit/decode/otlp_bodies.ts";

const CORRUPTIONS = 3_000;

/** A whole result: every entry has what an entry may have, and refused records rise. */
function checkDecoded(name: string, body: string | Uint8Array<ArrayBuffer>): void {
  const decoded = decodeFixture(name, body);
  if ("malformed" in decoded) {
    expect(decoded.malformed).toBeString();
    return;
  }
  for (const { metadata, touchpoint, message, timestamp } of decoded.entries) {
    if (metadata !== undefined) JSON.stringify(metadata);
    expect([typeof touchpoint, typeof message, typeof timestamp].join()).toMatch(
      /^(?:string|undefined),(?:string|undefined),(?:number|undefined)$/,
    );
  }
  const places = decoded.refused.map(({ at }) => at);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
}

describe("a body of OTLP never makes its decoder throw", () => {
  test.each(FIXTURE_NAMES)("cut off anywhere: %s", (name) => {
    const body = fixture(name);
    for (let length = 0; length < body.length; length++) checkDecoded(name, body.slice(0, length));
  });

  test.each(FIXTURE_NAMES)("with wrong bytes: %s", (name) => {
    const random = seededRandom(runSeed(`corrupted ${name}`));
    const whole = fixture(name);
    const bytes = typeof whole === "string" ? new TextEncoder().encode(whole) : whole;
    for (let round = 0; round < CORRUPTIONS; round++) {
      const corrupted = new Uint8Array(bytes);
      for (let count = integer(random, 4); count >= 0; count--) {
        corrupted[integer(random, corrupted.length - 1)] = integer(random, 255);
      }
      checkDecoded(name, typeof whole === "string" ? new TextDecoder().decode(corrupted) : corrupted);
    }
  });

  test("with members of every wrong type", () => {
    const random = seededRandom(runSeed("wrong types"));
    const values = [null, 5, -1.5, "", "x", true, [], {}, [null], [[]], { values: 5 }, { stringValue: [] }, { a: {} }];
    const replace = (value: unknown): unknown => {
      if (random() < 0.03) return values[integer(random, values.length - 1)];
      if (Array.isArray(value)) return value.map(replace);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replace(member)]));
    };
    for (const name of FIXTURE_NAMES.filter((one) => one.includes("json"))) {
      const body = JSON.parse(fixture(name) as string) as unknown;
      for (let round = 0; round < 500; round++) checkDecoded(name, JSON.stringify(replace(body)));
    }
  });
});

describe("reading takes time in proportion to the body's length", () => {
  const times = { startTimeUnixNano: "1", endTimeUnixNano: "2" };
  const nested = (levels: number): Message =>
    levels === 0 ? { intValue: 1 } : { arrayValue: { values: [nested(levels - 1)] } };
  const large = (count: number, make: (at: number) => unknown) => Array.from({ length: count }, (_, at) => make(at));
  const kinds: Record<string, (size: number) => Message> = {
    "empty records": (size) => logsBody(large(size, () => ({}))),
    "records with attributes": (size) =>
      logsBody(large(size / 4, (at) => ({ attributes: attributesOf({ a: at, b: "x" }) }))),
    "names that are all new": (size) =>
      logsBody(large(size / 4, (at) => ({ attributes: attributesOf({ [`n${at}`]: 1 }) }))),
    "a record with many attributes": (size) =>
      logsBody([
        { attributes: attributesOf(Object.fromEntries(large(size / 4, (at) => [`n${at}`, 1]) as [string, number][])) },
      ]),
    "a large resource of many records": (size) =>
      logsBody(
        large(size / 4, () => ({})),
        Object.fromEntries(large(size / 8, (at) => [`n${at}`, "x"]) as [string, string][]),
      ),
    "a long service name of many records": (size) =>
      logsBody(
        large(size / 4, () => ({})),
        { "service.name": "s".repeat(size * 8) },
        { name: "n".repeat(size * 8) },
      ),
    "values that nest": (size) => logsBody(large(size / 64, () => ({ body: nested(32) }))),
    "values that nest too deep": (size) => logsBody(large(size / 256, () => ({ body: nested(256) }))),
    "many scopes": (size) => ({
      resourceLogs: [{ scopeLogs: large(size / 4, () => ({ scope: { name: "a" }, logRecords: [{}] })) }],
    }),
    "many scopes of a large resource": (size) => ({
      resourceLogs: [
        {
          resource: { attributes: large(size / 4, (at) => ({ key: `n${at}`, value: { intValue: 1 } })) },
          scopeLogs: large(size / 4, () => ({})),
        },
      ],
    }),
    "many resources": (size) => ({
      resourceLogs: large(size / 4, () => ({ resource: { attributes: attributesOf({ a: 1 }) }, scopeLogs: [] })),
    }),
  };
  const spans: Record<string, (size: number) => Message> = {
    "many events and links": (size) =>
      spansBody([
        { ...times, events: large(size / 4, () => ({ name: "e" })), links: large(size / 4, () => ({ traceId: "ab" })) },
      ]),
    "routes of braces": (size) =>
      spansBody(
        large(size / 256, () => ({
          ...times,
          kind: 2,
          attributes: attributesOf({ "http.route": "{a{b}".repeat(99) }),
        })),
      ),
    "one long route": (size) =>
      spansBody([{ ...times, kind: 2, attributes: attributesOf({ "http.route": "/:a{{b".repeat(size) }) }]),
  };
  const SMALL = 8_192;
  const FACTOR = 8;
  const RATIO_MAX = 4;

  const isLinear = (small: () => unknown, big: () => unknown) =>
    cpuRatio(
      big,
      () => {
        for (let count = 0; count < FACTOR; count++) small();
      },
      RATIO_MAX,
    );

  test.each(Object.keys(kinds))("logs: %s", (kind) => {
    const make = kinds[kind] as (size: number) => Message;
    const [small, big] = [make(SMALL), make(SMALL * FACTOR)];
    const [smallText, bigText] = [JSON.stringify(small), JSON.stringify(big)];
    const [smallBytes, bigBytes] = [logsBytes(small), logsBytes(big)];
    expect(
      isLinear(
        () => OTLP.logs(smallText, contextOf()),
        () => OTLP.logs(bigText, contextOf()),
      ),
    ).toBeLessThan(RATIO_MAX);
    expect(
      isLinear(
        () => OTLP.logs(smallBytes, contextOf()),
        () => OTLP.logs(bigBytes, contextOf()),
      ),
    ).toBeLessThan(RATIO_MAX);
  });

  test.each(Object.keys(spans))("spans: %s", (kind) => {
    const make = spans[kind] as (size: number) => Message;
    const [small, big] = [make(SMALL), make(SMALL * FACTOR)];
    const [smallText, bigText] = [JSON.stringify(small), JSON.stringify(big)];
    const [smallBytes, bigBytes] = [spansBytes(small), spansBytes(big)];
    expect(
      isLinear(
        () => OTLP.traces(smallText, contextOf()),
        () => OTLP.traces(bigText, contextOf()),
      ),
    ).toBeLessThan(RATIO_MAX);
    expect(
      isLinear(
        () => OTLP.traces(smallBytes, contextOf()),
        () => OTLP.traces(bigBytes, contextOf()),
      ),
    ).toBeLessThan(RATIO_MAX);
  });
});
