// Bun's own hash is Bun's to prove; the one written here is held against another reading of its definition.

import { describe, expect, test } from "bun:test";
import { hashText } from "../../../src/runtime/deno/hash.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";

/** HalfSipHash with a 64-bit result, byte by byte as its authors wrote it down. */
function halfSipHash(bytes: Uint8Array, key: bigint, rounds: number, finalRounds: number): bigint {
  const rotate = (word: number, by: number) => ((word << by) | (word >>> (32 - by))) >>> 0;
  const [key0, key1] = [Number(key & 0xffff_ffffn), Number(key >> 32n)];
  let [v0, v1, v2, v3] = [key0, (key1 ^ 0xee) >>> 0, (key0 ^ 0x6c796765) >>> 0, (key1 ^ 0x74656462) >>> 0];
  const mix = (times: number) => {
    for (let round = 0; round < times; round++) {
      v0 = (v0 + v1) >>> 0;
      v1 = (rotate(v1, 5) ^ v0) >>> 0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) >>> 0;
      v3 = (rotate(v3, 8) ^ v2) >>> 0;
      v0 = (v0 + v3) >>> 0;
      v3 = (rotate(v3, 7) ^ v0) >>> 0;
      v2 = (v2 + v1) >>> 0;
      v1 = (rotate(v1, 13) ^ v2) >>> 0;
      v2 = rotate(v2, 16);
    }
  };
  const padded = new Uint8Array((Math.floor(bytes.length / 4) + 1) * 4);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length & 0xff;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 4) {
    const word = view.getUint32(at, true);
    v3 = (v3 ^ word) >>> 0;
    mix(rounds);
    v0 = (v0 ^ word) >>> 0;
  }
  v2 = (v2 ^ 0xee) >>> 0;
  mix(finalRounds);
  const low = (v1 ^ v3) >>> 0;
  v1 = (v1 ^ 0xdd) >>> 0;
  mix(finalRounds);
  return (BigInt((v1 ^ v3) >>> 0) << 32n) | BigInt(low);
}

function hash(text: string, seed: bigint): bigint {
  const [low = 0, high = 0] = hashText(text, seed);
  return (BigInt(high) << 32n) | BigInt(low);
}

describe("the hash of a text on Deno", () => {
  test("has a reference that gives the authors' own results", () => {
    const key = 0x0706050403020100n;
    const results = [0, 1, 2].map((length) =>
      halfSipHash(
        Uint8Array.from({ length }, (_, at) => at),
        key,
        2,
        4,
      ),
    );
    // The first three of vectors_hsip64 in the authors' repository, read as little-endian numbers.
    expect(results).toEqual([0xc83cb8b9591f8d21n, 0x157338f8122455ben, 0x57eb507cef394f06n]);
  });

  test("is HalfSipHash-1-3 over its UTF-16 units, for every length and any unit", () => {
    const random = seededRandom(runSeed("hash"));
    const word = () => BigInt(integer(random, 0xffff_ffff));
    for (let length = 0; length < 300; length++) {
      const text = Array.from({ length }, () => String.fromCharCode(integer(random, 0xffff))).join("");
      const seed = (word() << 32n) | word();
      expect(hash(text, seed)).toBe(halfSipHash(new Uint8Array(Buffer.from(text, "utf16le")), seed, 1, 3));
    }
  });

  test("spreads texts that are nearly equal evenly over the bits of both words", () => {
    const count = 20_000;
    const ones = new Array<number>(64).fill(0);
    const seen = new Set<bigint>();
    for (let at = 0; at < count; at++) {
      const value = hash(`GET /api/orders/${at} 200`, 42n);
      seen.add(value);
      for (let bit = 0; bit < 64; bit++) ones[bit] = (ones[bit] ?? 0) + Number((value >> BigInt(bit)) & 1n);
    }
    expect(seen.size).toBe(count);
    // Six standard deviations of a fair coin.
    const far = ones.filter((one) => Math.abs(one - count / 2) > 3 * Math.sqrt(count));
    expect(far).toEqual([]);
  });

  test("is another under another seed", () => {
    const texts = Array.from({ length: 1_000 }, (_, at) => `text ${at}`);
    expect(texts.filter((text) => hash(text, 1n) === hash(text, 2n))).toEqual([]);
  });
});
