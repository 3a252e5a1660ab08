import { describe, expect, test } from "bun:test";
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { Decompressor, parseCodings } from "../../../../src/http/bodies/decompress.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";

const BYTES_MAX = 5_000_000;

const CODINGS: [string, (bytes: Uint8Array) => Uint8Array][] = [
  ["gzip", (bytes) => gzipSync(bytes)],
  ["deflate", (bytes) => deflateSync(bytes)],
  ["deflate", (bytes) => deflateRawSync(bytes)],
  ["br", (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ["zstd", (bytes) => zstdCompressSync(bytes)],
];

/**
 * Bytes that hardly compress, and are of no coding: the first is a reserved block of deflate, and a reserved bit of
 * Brotli.
 */
function noise(count: number): Buffer {
  const random = seededRandom(runSeed("noise"));
  return Buffer.from([0xe7, ...Array.from({ length: count - 1 }, () => integer(random, 255))]);
}

function codingsOf(header: string) {
  const codings = parseCodings(header);
  if (codings === undefined) throw new Error(`${header} is unknown`);
  return codings;
}

function decompress(bytes: Uint8Array, header: string, bytesMax = BYTES_MAX) {
  return new Decompressor().decompress(bytes, codingsOf(header), bytesMax);
}

describe.each(CODINGS)("%s", (name, compress) => {
  test("of little that becomes little is there at once", () => {
    const bytes = noise(1_000);
    expect(decompress(compress(bytes), name)).toEqual(bytes);
    // zstd gives what came before the cut, which is then no JSON.
    if (name !== "zstd") expect(decompress(compress(bytes).subarray(0, 500), name)).toBe("unreadable");
    expect(decompress(compress(bytes), name, 999)).toBe("too_large");
  });

  test("of much, or of little that becomes much, leaves this thread free and comes to the same", async () => {
    for (const bytes of [noise(300_000), Buffer.alloc(BYTES_MAX)]) {
      const compressed = compress(bytes);
      const later = decompress(compressed, name);
      expect(later).toBeInstanceOf(Promise);
      expect(bytes.equals((await later) as Buffer)).toBe(true);
      expect(await decompress(compressed, name, bytes.byteLength - 1)).toBe("too_large");
    }
    const cut = compress(noise(300_000)).subarray(0, 200_000);
    if (name !== "zstd") expect(await decompress(cut, name)).toBe("unreadable");
    expect(await decompress(noise(300_000), name)).toBe("unreadable");
  });
});

describe("much at once", () => {
  test("is decompressed in turn, whatever becomes of each, and others are served meanwhile", async () => {
    const decompressor = new Decompressor();
    const bytes = noise(1_000_000);
    const bodies: [Uint8Array, string, number][] = [];
    for (let round = 0; round < 3; round++) {
      for (const [name, compress] of CODINGS) {
        bodies.push([compress(bytes), name, BYTES_MAX], [compress(bytes), name, 10_000], [bytes, name, BYTES_MAX]);
      }
    }
    let turns = 0;
    const served = setInterval(() => turns++, 1);
    const results = await Promise.all(
      bodies.map(async ([body, name, bytesMax]) => decompressor.decompress(body, codingsOf(name), bytesMax)),
    );
    clearInterval(served);
    expect(results.map((result) => (typeof result === "string" ? result : bytes.equals(result)))).toEqual(
      bodies.flatMap((_, index) => (index % 3 === 0 ? [true, "too_large", "unreadable"] : [])),
    );
    expect(turns).toBeGreaterThan(0);
  });

  test("through a chain of codings is undone, the last first", async () => {
    const bytes = noise(500_000);
    const chained = zstdCompressSync(brotliCompressSync(gzipSync(bytes)));
    expect(bytes.equals((await decompress(chained, "gzip, br, zstd")) as Buffer)).toBe(true);
    expect(await decompress(chained, "zstd, br, gzip")).toBe("unreadable");
  });
});
