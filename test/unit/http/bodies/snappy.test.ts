import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { unsnappy } from "../../../../src/http/bodies/snappy.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";
import { snappy, varint } from "../../../support/snappy.ts";

const BYTES_MAX = 5_000_000;

function bytesOf(...parts: (string | number | number[])[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from([part].flat()))),
  );
}

function textOf(result: ReturnType<typeof unsnappy>): string {
  return typeof result === "string" ? result : new TextDecoder().decode(result);
}

describe("a block is undone", () => {
  test("of a real client", () => {
    const body = readFileSync("test/fixtures/loki/winston-loki.pb.snappy");
    const text = textOf(unsnappy(body, BYTES_MAX));
    expect(text).toContain('{level="debug",app="shop"}');
    expect(text).toContain('Order placed {"orderId":"ord_2","total":12.5,"user":{"name":"Zoë"},"level":"info"}');
  });

  test.each<[string, Uint8Array, string]>([
    ["without content", bytesOf(0), ""],
    ["of a literal", bytesOf(3, 2 << 2, "abc"), "abc"],
    ["of a literal with its length in one byte", bytesOf(3, 60 << 2, 2, "abc"), "abc"],
    ["of a literal with its length in four bytes", bytesOf(3, 63 << 2, [2, 0, 0, 0], "abc"), "abc"],
    ["of a copy with an offset of 11 bits", bytesOf(7, 2 << 2, "abc", 1, 3), "abcabca"],
    ["of a copy with an offset of 16 bits", bytesOf(6, 2 << 2, "abc", (2 << 2) | 2, [3, 0]), "abcabc"],
    ["of a copy with an offset of 32 bits", bytesOf(6, 2 << 2, "abc", (2 << 2) | 3, [3, 0, 0, 0]), "abcabc"],
    ["of a copy that repeats itself", bytesOf(6, 0, "a", (4 << 2) | 2, [1, 0]), "aaaaaa"],
    ["with a length that is written longer than need be", bytesOf([0x83, 0x80, 0], 2 << 2, "abc"), "abc"],
  ])("%s", (_name, block, text) => {
    expect(textOf(unsnappy(block, BYTES_MAX))).toBe(text);
  });

  test("of any bytes", () => {
    const random = seededRandom(runSeed("snappy"));
    for (let round = 0; round < 200; round++) {
      const letters = integer(random, 3) + 1;
      const bytes = Uint8Array.from({ length: integer(random, 3_000) }, () => integer(random, letters * 60) % 256);
      const repeated = Buffer.concat([bytes, bytes, bytes.subarray(0, integer(random, bytes.length))]);
      expect(unsnappy(snappy(repeated), BYTES_MAX)).toEqual(new Uint8Array(repeated));
    }
  });
});

describe("refused as unreadable", () => {
  test.each<[string, Uint8Array]>([
    ["no byte", bytesOf([])],
    ["a length without its end", bytesOf([0x80, 0x80])],
    ["a length over 32 bits", bytesOf([0xff, 0xff, 0xff, 0xff, 0x7f], 0, "a")],
    ["a length of too many bytes", bytesOf([0x80, 0x80, 0x80, 0x80, 0x80, 0], 0, "a")],
    ["less than the length says", bytesOf(4, 2 << 2, "abc")],
    ["more than the length says", bytesOf(2, 2 << 2, "abc")],
    ["something after the end", bytesOf(3, 2 << 2, "abc", 0, "d")],
    ["a literal that is cut short", bytesOf(3, 2 << 2, "ab")],
    ["a literal whose length is cut short", bytesOf(3, 61 << 2, 2)],
    ["a literal of 4 GiB", bytesOf(3, 63 << 2, [0xff, 0xff, 0xff, 0xff], "abc")],
    ["a copy from before the beginning", bytesOf(7, 2 << 2, "abc", 1, 4)],
    ["a copy of nothing yet", bytesOf(4, 1, 1)],
    ["a copy without an offset", bytesOf(7, 2 << 2, "abc", 1, 0)],
    ["a copy that is cut short", bytesOf(7, 2 << 2, "abc", 1)],
    ["a copy that is longer than the rest", bytesOf(6, 2 << 2, "abc", 1, 3)],
    ["a length that so few bytes cannot have", bytesOf(varint(BYTES_MAX - 1), 2 << 2, "abc")],
    ["the framed format of files", bytesOf([0xff, 6, 0, 0], "sNaPpY", [1, 7, 0, 0, 0, 0, 0, 0], "abc")],
    ["JSON", bytesOf('{"streams":[]}')],
  ])("%s", (_name, block) => {
    expect(unsnappy(block, BYTES_MAX)).toBe("unreadable");
  });

  test("each beginning of a block", () => {
    const block = readFileSync("test/fixtures/loki/winston-loki.pb.snappy");
    for (let length = 0; length < block.length; length++) {
      expect(unsnappy(block.subarray(0, length), BYTES_MAX)).toBe("unreadable");
    }
  });

  test("or undone to as many bytes as declared: a block with any byte changed", () => {
    const random = seededRandom(runSeed("snappy corruption"));
    const block = readFileSync("test/fixtures/loki/winston-loki.pb.snappy");
    for (let round = 0; round < 5_000; round++) {
      const broken = Uint8Array.from(block);
      broken[integer(random, block.length - 1)] = integer(random, 255);
      const result = unsnappy(broken, BYTES_MAX);
      expect(typeof result === "string" ? result : result.length).toBeOneOf(["unreadable", "too_large", 395]);
    }
  });
});

describe("too large is", () => {
  test("one byte over the limit", () => {
    const block = snappy(new Uint8Array(1_001).fill(97));
    expect(unsnappy(block, 1_001)).toHaveLength(1_001);
    expect(unsnappy(block, 1_000)).toBe("too_large");
  });

  test("a bomb, for which no memory is taken", () => {
    const bomb = snappy(new Uint8Array(20_000_000));
    expect(bomb.length).toBeLessThan(1_000_000);
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 20; round++) expect(unsnappy(bomb, BYTES_MAX)).toBe("too_large");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});
