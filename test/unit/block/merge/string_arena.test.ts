import { describe, expect, test } from "bun:test";
import { findDictionaryCodes } from "../../../../src/block/merge/string_arena.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

function codesOf(texts: readonly string[], differentMax = Number.POSITIVE_INFINITY) {
  const starts = new Uint32Array(texts.length + 1);
  texts.forEach((text, index) => {
    starts[index + 1] = (starts[index] as number) + Buffer.byteLength(text);
  });
  const found = findDictionaryCodes(Buffer.from(texts.join("")), starts, texts.length, differentMax);
  return found === undefined ? undefined : { codes: [...found.codes], texts: found.texts };
}

/** The same by strings. */
function expected(texts: readonly string[]) {
  const different = [...new Set(texts)];
  return {
    codes: [0, ...texts.map((text) => different.indexOf(text) + 1)],
    texts: different.map((text) => texts.indexOf(text) + 1),
  };
}

describe("texts have one code where they are equal", () => {
  const random = seededRandom(runSeed("text codes"));

  test("as strings tell it, whatever they are", () => {
    for (let round = 0; round < 200; round++) {
      const alphabet = pick(random, [["a", "b"], ["ä", "🎉"], ["\0", "\u0001"], Array.from("0123456789")]);
      const text = () => Array.from({ length: integer(random, 9) }, () => pick(random, alphabet)).join("");
      const texts = Array.from({ length: integer(random, 60) }, text);
      expect(codesOf(texts)).toEqual(expected(texts));
    }
  });
});

describe("texts have no codes", () => {
  test("where more differ than may", () => {
    expect(codesOf(["a", "b", "a"], 1)).toBe(undefined);
    expect(codesOf(["a", "b", "a"], 2)).toEqual(expected(["a", "b", "a"]));
  });
});
