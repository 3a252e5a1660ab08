import { describe, expect, test } from "bun:test";
import { createOtlp } from "../../../src/decode/otlp.ts";
import { ParseGuard, SAME_HASHES, SPARSE_NAMES } from "../../../src/runtime/parse_guard.ts";
import {
  attributesOf,
  bytesField,
  fixed64Field,
  logsBody,
  logsBytes,
  textField,
  varint,
  varintField,
} from "../../support/otlp_messages.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../support/raw_collisions.ts";
import { contextOf, OTLP, readable } from "./otlp_bodies.ts";

/** A body of one log record with these fields. */
function bodyOf(...fields: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const record = bytesField(2, Buffer.concat(fields));
  return new Uint8Array(bytesField(1, bytesField(2, record)));
}

const MESSAGE = bytesField(5, textField(1, "a"));

function entryOf(...fields: Uint8Array[]) {
  return readable(OTLP.logs(bodyOf(...fields), contextOf())).entries[0];
}

describe("a protobuf body is read", () => {
  test("with unknown fields of every wire type, in every message", () => {
    const unknown = Buffer.concat([
      varintField(99, 2n ** 64n - 1n),
      fixed64Field(98, 1n),
      bytesField(97, Buffer.from("anything")),
      Buffer.concat([varint(BigInt(96 * 8 + 5)), Buffer.alloc(4)]),
    ]);
    const value = bytesField(2, Buffer.concat([unknown, textField(1, "b"), unknown]));
    const attribute = bytesField(6, Buffer.concat([unknown, textField(1, "a"), value]));
    const record = bytesField(2, Buffer.concat([unknown, MESSAGE, attribute, unknown]));
    const scope = bytesField(2, Buffer.concat([unknown, bytesField(1, unknown), record]));
    const resource = bytesField(1, Buffer.concat([unknown, bytesField(1, unknown), scope]));
    const body = new Uint8Array(Buffer.concat([unknown, resource, unknown]));
    expect(readable(OTLP.logs(body, contextOf())).entries).toEqual([{ message: "a", metadata: { a: "b" } }]);
  });

  test("with a field of a known number and another wire type, which is unknown", () => {
    expect(entryOf(MESSAGE, varintField(1, 5n), textField(2, "x"), fixed64Field(9, 5n))).toEqual({ message: "a" });
  });

  test("with the last of several values of one field", () => {
    expect(entryOf(MESSAGE, bytesField(5, textField(1, "b")), varintField(2, 9n), varintField(2, 17n))).toEqual({
      message: "b",
      level: "error",
    });
    expect(entryOf(bytesField(5, Buffer.concat([textField(1, "b"), varintField(3, 5n)])))).toEqual({ message: "5" });
  });

  test("with several resources of one field as one", () => {
    const resource = (name: string) =>
      bytesField(1, bytesField(1, Buffer.concat([textField(1, name), bytesField(2, textField(1, "v"))])));
    const scope = bytesField(2, bytesField(2, MESSAGE));
    const body = new Uint8Array(bytesField(1, Buffer.concat([resource("a"), scope, resource("b")])));
    expect(readable(OTLP.logs(body, contextOf())).entries).toEqual([{ message: "a", metadata: { a: "v", b: "v" } }]);
  });

  test("with a varint that is longer than it has to be", () => {
    const padded = Buffer.from([2 * 8, 0x89, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]);
    expect(entryOf(MESSAGE, padded)).toEqual({ message: "a", level: "info" });
  });

  test("with bytes that are not UTF-8 as U+FFFD", () => {
    expect(entryOf(bytesField(5, bytesField(1, Buffer.from([0x61, 0xff, 0x62]))))).toEqual({ message: "a\u{FFFD}b" });
  });

  test("though it is a part of a larger buffer", () => {
    const body = bodyOf(MESSAGE, fixed64Field(1, 1_000_000n));
    const larger = new Uint8Array(body.length + 20);
    larger.set(body, 7);
    const { entries } = readable(OTLP.logs(larger.subarray(7, 7 + body.length), contextOf()));
    expect(entries).toEqual([{ message: "a", timestamp: 1 }]);
  });
});

describe("a protobuf body is malformed", () => {
  const cut = "The body is cut off, or a length in it is wrong";
  const long = "A field of the body is longer than its message";
  const number = "The body is cut off, or a number in it is wrong";
  test.each([
    ["with a group's beginning", bodyOf(Buffer.from([10 * 8 + 3])), "The body has a group, which is not supported"],
    ["with a group's end", bodyOf(Buffer.from([10 * 8 + 4])), "The body has a group, which is not supported"],
    ["with wire type 6", bodyOf(Buffer.from([10 * 8 + 6])), "A field of the body has no wire type"],
    ["with wire type 7", bodyOf(Buffer.from([10 * 8 + 7])), "A field of the body has no wire type"],
    ["with field 0", bodyOf(Buffer.from([2, 0])), "A field of the body has no number"],
    ["with a tag of more than 32 bits", bodyOf(Buffer.from([0x80, 0x80, 0x80, 0x80, 0x10, 0])), cut],
    ["with a length beyond its message", bodyOf(Buffer.from([5 * 8 + 2, 3, 0, 0])), cut],
    ["with a length of 2^31", bodyOf(Buffer.from([5 * 8 + 2, 0x80, 0x80, 0x80, 0x80, 0x08])), cut],
    [
      "with a varint of more than 64 bits",
      bodyOf(Buffer.from([16, ...Array.from({ length: 9 }, () => 0x80), 2])),
      number,
    ],
    ["with a varint of eleven bytes", bodyOf(Buffer.from([16, ...Array.from({ length: 10 }, () => 0x80), 1])), number],
    ["with a varint that ends after its message", Buffer.from([0x0a, 1, 0x50, 0x00]), long],
    ["with a fixed64 that ends after its message", Buffer.from([0x0a, 2, 0x51, 0, 0, 0, 0, 0, 0, 0, 0]), long],
    ["with a fixed32 that is cut off", Buffer.from([0x55, 0, 0]), "The body is cut off"],
    ["that is text", Buffer.from("hello"), expect.any(String)],
    ["that is JSON", Buffer.from('{"resourceLogs":[]}'), expect.any(String)],
  ])("%s", (_, body, malformed) => {
    expect(OTLP.logs(new Uint8Array(body), contextOf())).toEqual({ malformed });
  });

  test("where it ends anywhere within a field", () => {
    const body = logsBytes(logsBody([{ body: { stringValue: "abc" }, timeUnixNano: "5", traceId: "ab" }]));
    for (let length = 1; length < body.length; length++) {
      expect(OTLP.logs(body.slice(0, length), contextOf())).toMatchObject({ malformed: expect.any(String) });
    }
  });
});

describe("names of attributes", () => {
  const recordOf = (names: readonly string[]) => ({
    attributes: names.map((key) => ({ key, value: { intValue: 1 } })),
  });
  const forms = (names: readonly string[], perRecord: number) => {
    const records = Array.from({ length: Math.ceil(names.length / perRecord) }, (_, at) =>
      recordOf(names.slice(at * perRecord, (at + 1) * perRecord)),
    );
    const body = logsBody(records);
    return [JSON.stringify(body), logsBytes(body)];
  };
  // Values of JSON up to 16 characters are looked at as such; a longer name is looked at only as one.
  const longName = (random: () => number) => `${ordinaryName(random)}${ordinaryName(random)}x`;

  test("that have one hash are refused soon, in both forms, in one record or in many", () => {
    const random = seededRandom(runSeed("colliding attributes"));
    const names = differentNames(5_000, () => collidingName(random));
    for (const perRecord of [5_000, 10]) {
      for (const body of forms(names, perRecord)) {
        const otlp = createOtlp({ resource: undefined });
        expect(otlp.logs(body, contextOf(new ParseGuard(random)))).toEqual({ malformed: SAME_HASHES });
      }
    }
  });

  test("that have one hash are refused before objects have many of them, also in many small bodies", () => {
    const random = seededRandom(runSeed("colliding attributes in many bodies"));
    const otlp = createOtlp({ resource: undefined });
    const context = contextOf(new ParseGuard(random));
    const names = differentNames(5_000, () => collidingName(random));
    let taken = 0;
    for (const name of names) if ("entries" in otlp.logs(logsBytes(logsBody([recordOf([name])])), context)) taken++;
    expect(taken).toBeLessThan(2_500);
  });

  test("that are different, and many, are read, again and again", () => {
    const random = seededRandom(runSeed("ordinary attributes"));
    const names = differentNames(20_000, () => longName(random));
    const context = contextOf(new ParseGuard(random));
    const otlp = createOtlp({ resource: undefined });
    for (let round = 0; round < 2; round++) {
      for (const body of forms(names, 20)) {
        const { entries } = readable(otlp.logs(body, context));
        expect(entries.flatMap(({ metadata }) => Object.keys(metadata ?? {}))).toEqual(names);
      }
    }
  });

  test("that are as long as are kept, and longer, and not ASCII, are read", () => {
    const names = [63, 64, 65, 200].flatMap((length) => ["x".repeat(length), "é".repeat(length / 2)]);
    for (let round = 0; round < 2; round++) {
      for (const body of forms(names, 100)) {
        expect(Object.keys(readable(OTLP.logs(body, contextOf())).entries[0]?.metadata ?? {})).toEqual([
          ...new Set(names),
        ]);
      }
    }
  });

  test("that are numbers are refused where objects would need too many slots, wherever they stand", () => {
    const sparse = { "999": 1 };
    const many = Array.from({ length: 5_000 });
    const maps = many.map(() => ({ kvlistValue: { values: attributesOf(sparse) } }));
    const bodies = [
      logsBody(many.map(() => ({ attributes: attributesOf(sparse) }))),
      // Each record has a copy of its resource's attributes.
      logsBody(
        many.map(() => ({})),
        sparse,
      ),
    ];
    for (const body of bodies) {
      expect(OTLP.logs(JSON.stringify(body), contextOf())).toEqual({ malformed: SPARSE_NAMES });
      expect(OTLP.logs(logsBytes(body), contextOf())).toEqual({ malformed: SPARSE_NAMES });
    }
    const nested = logsBytes(logsBody([{ body: { arrayValue: { values: maps } } }]));
    expect(OTLP.logs(nested, contextOf())).toEqual({ malformed: SPARSE_NAMES });
  });

  test("that are numbers are read where they are few, or one after another", () => {
    const dense = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [String(at), at]));
    const body = logsBody([{ attributes: attributesOf(dense) }, { attributes: attributesOf({ "999": 1 }) }]);
    for (const content of [JSON.stringify(body), logsBytes(body)]) {
      expect(readable(OTLP.logs(content, contextOf())).entries.map(({ metadata }) => metadata)).toEqual([
        dense,
        { "999": 1 },
      ]);
    }
  });
});
