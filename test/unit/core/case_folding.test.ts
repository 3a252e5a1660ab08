import { describe, expect, test } from "bun:test";
import { FOLDED_TO_ASCII, foldText } from "../../../src/core/case_folding.ts";

/** Every code point that has another case, and none that is half a pair. */
const CASED = Array.from({ length: 0x110000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((letter) => /[\p{Changes_When_Casemapped}\p{Changes_When_Casefolded}]/u.test(letter));

/** The engine's regular expressions fold as Unicode's simple case folding says. */
const equalByEngine = (a: string, b: string) => new RegExp(`^${a}$`, "iu").test(b);

describe("folding", () => {
  test("is the engine's own simple case folding, letter by letter", () => {
    expect(CASED.length).toBeGreaterThan(2_700);
    for (const letter of CASED) {
      const folded = foldText(letter);
      expect({ letter, isEqual: equalByEngine(letter, folded) }).toEqual({ letter, isEqual: true });
    }
    // Letters of one class fold to one letter: each class by a letter that stands for it.
    const classes = new Map<string, string>();
    for (const letter of CASED) classes.set(foldText(letter), letter);
    const all = CASED.join("");
    for (const letter of classes.values()) {
      for (const equal of all.match(new RegExp(letter, "giu")) ?? []) expect(foldText(equal)).toBe(foldText(letter));
    }
  });

  test("keeps each unit where it is, whatever stands beside it", () => {
    for (const letter of CASED) {
      expect(foldText(letter).length).toBe(letter.length);
      for (const [before, behind] of [
        ["a", "a"],
        ["a", ""],
        ["", "a"],
        ["Σ", "Σ"],
        ["a\u0307", ":"],
        [".", "İ"],
      ] as const) {
        expect(foldText(before + letter + behind)).toBe(foldText(before) + foldText(letter) + foldText(behind));
      }
    }
  });

  test("is its own fold", () => {
    for (const letter of CASED) expect(foldText(foldText(letter))).toBe(foldText(letter));
  });

  test("knows the letters that become ASCII", () => {
    const found = CASED.filter((letter) => letter > "\x7f" && foldText(letter) <= "\x7f").map((letter) => [
      foldText(letter),
      letter,
    ]);
    expect(Object.fromEntries(found)).toEqual(FOLDED_TO_ASCII);
  });
});

test.each([
  ["ΧΡΗΣΤΗΣ:admin", "χρηστησ:admin"],
  ["χρηστης", "χρηστησ"],
  ["GRÖẞE", "größe"],
  ["Große", "große"],
  ["İıIi", "İıii"],
  ["\u212aelvin \u212bngström \u2126hm", "kelvin ångström ωhm"],
  ["Ǆ ǅ ǆ", "ǆ ǆ ǆ"],
  ["µm Μm", "μm μm"],
  ["ſauſen", "sausen"],
])("%s is compared as %s", (text, folded) => {
  expect(foldText(text)).toBe(folded);
});
