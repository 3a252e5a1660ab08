import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/core/entry.ts";
import { EntryDigest } from "../../../src/worker/digest.ts";
import type { BatchContext } from "../../../src/worker/normalise.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { batchContext, NOW } from "./batch_context.ts";

const SEED = [0x12345678, 0x9abcdef0] as const;

function digestOf(
  entry: unknown,
  batch: BatchContext = batchContext(),
  digest = new EntryDigest(SEED),
): string | undefined {
  digest.beginBatch(batch);
  return digest.of(entry as Entry) ? `${digest.high} ${digest.low}` : undefined;
}

/** The digest of an entry with this metadata, as JSON text. */
function ofMetadata(json: string): string | undefined {
  return digestOf(JSON.parse(`{"timestamp":1,"metadata":${json}}`));
}

describe("entries that are the same", () => {
  test("the order of members does not matter, at any depth", () => {
    const one = '{"timestamp":1,"message":"m","metadata":{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":"c"}}';
    const other = '{"metadata":{"b":"c","a":{"y":[{"q":2,"p":1}],"x":1}},"message":"m","timestamp":1}';
    expect(digestOf(JSON.parse(one))).toBe(digestOf(JSON.parse(other)));
  });

  test("how a number is written does not matter", () => {
    expect(ofMetadata('{"a":1,"b":0}')).toBe(ofMetadata('{"a":1.0,"b":-0}'));
    expect(ofMetadata('{"a":100}')).toBe(ofMetadata('{"a":1e2}'));
  });

  test("an entry's own time makes the batch's irrelevant", () => {
    for (const name of ["timestamp", "startTime", "endTime"]) {
      const entry = { message: "m", [name]: NOW };
      expect(digestOf(entry, batchContext({ batchTimestamp: 1 }))).toBe(
        digestOf(entry, batchContext({ batchTimestamp: 2 })),
      );
    }
  });

  test("one instance gives the same digest again after other batches and entries", () => {
    const digest = new EntryDigest(SEED);
    const first = digestOf({ timestamp: 1, message: "m" }, batchContext(), digest);
    digestOf({ timestamp: 1, x: "y".repeat(100) }, batchContext({ sender: "other" }), digest);
    expect(digestOf({ timestamp: 1, message: "m" }, batchContext(), digest)).toBe(first as string);
  });
});

describe("entries that are not the same", () => {
  test("similar metadata never has one digest", () => {
    const long = "x".repeat(200);
    const texts = [
      '{"a":"b"}',
      '{"ab":""}',
      '{"a":{"b":""}}',
      '{"":"ab"}',
      '{"b":"a"}',
      '{"a":["b"]}',
      '{"a":{"0":"b"}}',
      '{"a":"1"}',
      '{"a":1}',
      '{"a":true}',
      '{"a":false}',
      '{"a":null}',
      "{}",
      '{"a":{}}',
      '{"a":[]}',
      '{"a":""}',
      '{"a":[1,2]}',
      '{"a":[2,1]}',
      '{"a":[[1],2]}',
      '{"a":[1,[2]]}',
      '{"a":[[1,2]]}',
      '{"a":[[],[]]}',
      '{"a":[[[]]]}',
      '{"a":1,"b":2}',
      '{"a":2,"b":1}',
      '{"a":{"x":1},"b":{"y":2}}',
      '{"a":{"y":2},"b":{"x":1}}',
      '{"__proto__":1}',
      '{"__proto__":{"a":1}}',
      '{"a":0}',
      '{"a":0.1}',
      '{"a":0.10000000000000002}',
      '{"a":"null"}',
      '{"a":"\\u0000"}',
      `{"a":"${long}"}`,
      `{"a":"${long}x"}`,
      `{"a":"${long}y"}`,
      `{"${long}":"a"}`,
      `{"${long}x":"a"}`,
      '{"a":[null]}',
      '{"a":"\\u0000\\u0000"}',
      '{"a":"a"}',
      '{"a":"a\\u0000"}',
      '{"a":"é"}',
      '{"a":"Ã©"}',
      '{"a":-1}',
      '{"a":4294967295}',
    ];
    expect(new Set(texts.map(ofMetadata)).size).toBe(texts.length);
  });

  test("an unknown member makes a difference", () => {
    expect(digestOf({ timestamp: 1, traceId: "a" })).not.toBe(digestOf({ timestamp: 1, traceId: "b" }) as string);
    expect(digestOf({ timestamp: 1 })).not.toBe(digestOf({ timestamp: 1, traceId: null }) as string);
  });

  test("each of project, API key, its type, the sender and the batch's time makes a difference", () => {
    const batches: Partial<BatchContext>[] = [
      {},
      { project: "blog" },
      { apiKey: "other" },
      { keyType: "client" },
      { sender: "127.0.0.2\ncurl/8.5.0" },
      { sender: "127.0.0.1\nx" },
      { project: "shopweb", apiKey: " shop" },
      { batchTimestamp: 6 },
    ];
    const digest = new EntryDigest(SEED);
    const digests = batches.map((changes) =>
      digestOf({ message: "m" }, batchContext({ batchTimestamp: 5, ...changes }), digest),
    );
    expect(digests).not.toContain(undefined);
    expect(new Set(digests).size).toBe(batches.length);
  });

  test("another seed gives another digest in both halves", () => {
    const one = new EntryDigest([1, 2]);
    const other = new EntryDigest([1, 3]);
    for (const message of ["short", "long ".repeat(20)]) {
      const [highOne, lowOne] = digestOf({ timestamp: 1, message }, batchContext(), one)?.split(" ") ?? [];
      const [highOther, lowOther] = digestOf({ timestamp: 1, message }, batchContext(), other)?.split(" ") ?? [];
      expect([highOne === highOther, lowOne === lowOther]).toEqual([false, false]);
    }
  });

  test("an entry without any client time has no digest", () => {
    expect(digestOf({ message: "m", duration: 5 })).toBeUndefined();
    expect(digestOf({ message: "m" }, batchContext({ batchTimestamp: 0 }))).toBeString();
  });

  test("a member that nests 100,000 levels deep is walked, and its depth makes a difference", () => {
    const deep = (levels: number) => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = [value];
      return { timestamp: 1, value };
    };
    expect(digestOf(deep(100_000))).not.toBe(digestOf(deep(100_001)) as string);
  });

  test("of random entries exactly the equal ones have one digest, and each bit is set as often as not", () => {
    const random = seededRandom(runSeed("digest"));
    const digest = new EntryDigest(SEED);
    digest.beginBatch(batchContext());
    const seen = new Map<string, string>();
    const ones = new Array<number>(64).fill(0);
    for (let count = 0; count < 40_000; count++) {
      const entry = { timestamp: integer(random, 3), metadata: { v: randomValue(random, 3) } };
      digest.of(entry);
      const text = sorted(entry);
      const name = `${digest.high} ${digest.low}`;
      expect(seen.get(name) ?? text).toBe(text);
      if (seen.has(name)) continue;
      seen.set(name, text);
      for (let bit = 0; bit < 64; bit++) {
        const half = bit < 32 ? digest.high : digest.low;
        ones[bit] = (ones[bit] as number) + ((half >>> (bit & 31)) & 1);
      }
    }
    const skew = ones.map((count) => Math.abs(count / seen.size - 0.5));
    expect(Math.max(...skew)).toBeLessThan(4 / Math.sqrt(seen.size));
    expect(new Set(seen.values()).size).toBe(seen.size);
  });
});

function randomValue(random: Random, depth: number): unknown {
  const kind = integer(random, depth === 0 ? 3 : 5);
  if (kind === 0) return integer(random, 3);
  if (kind === 1) return String(integer(random, 300)).repeat(integer(random, 3));
  if (kind === 2) return pick(random, [true, false, null]);
  if (kind === 3) return random();
  const values = Array.from({ length: integer(random, 3) }, () => randomValue(random, depth - 1));
  if (kind === 4) return values;
  return Object.fromEntries(values.map((value) => [pick(random, ["a", "b", "ab", ""]), value]));
}

/** JSON with members in order. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
