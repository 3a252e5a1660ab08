import { describe, expect, test } from "bun:test";
import { type Token, tokenize, tokenizeUnfinished } from "../../../src/search/lexer.ts";
import { SearchProblemError } from "../../../src/search/problem.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

/** Each token as its kind and the text that it covers. */
function covered(text: string, tokens: readonly Token[]): string[] {
  return tokens.map(({ kind, at, end }) => `${kind} ${text.slice(at, end)}`);
}

describe("tokens", () => {
  test("cover the text of operators, words, phrases and fields", () => {
    const text = 'a -"b c" NOT (x:1,"2 3" OR metadata."odd name":y) AND time:>2026-01-31 12:00 z*';
    expect(covered(text, tokenize(text))).toEqual([
      "word a",
      "- -",
      'word "b c"',
      "NOT NOT",
      "( (",
      'field x:1,"2 3"',
      "OR OR",
      'field metadata."odd name":y',
      ") )",
      "AND AND",
      "field time:>2026-01-31 12:00",
      "word z*",
    ]);
  });

  test("of a field have its name, the place of its value and the value's segments", () => {
    expect(tokenize(String.raw`metadata."a \" b":x"y\\z"`)).toEqual([
      {
        kind: "field",
        name: "metadata",
        metadataName: 'a " b',
        valueAt: 18,
        segments: [
          { text: "x", isQuoted: false, at: 18, end: 19 },
          { text: "y\\z", isQuoted: true, at: 19, end: 25 },
        ],
        raw: String.raw`metadata."a \" b":x"y\\z"`,
        at: 0,
        end: 25,
      },
    ]);
  });
});

describe("tokens of an unfinished search", () => {
  test.each([
    ['a "b c', ["word a", 'word "b c']],
    ['key:"a b', ['field key:"a b']],
    ['metadata."odd na', ['word metadata."odd na']],
    ['metadata."odd name" x', ['word metadata."odd name"', "word x"]],
    ['metadata."odd name":', ['field metadata."odd name":']],
    ["level:", ["field level:"]],
    ["a -", ["word a", "- -"]],
    ["--x", ["- -", "- -", "word x"]],
    ["((a", ["( (", "( (", "word a"]],
    ["a ) OR", ["word a", ") )", "OR OR"]],
    ["a && !b:c", ["word a", "word &&", "word !b:c"]],
    ["a*b **", ["word a*b", "word **"]],
    ['""', ['word ""']],
  ])("%s", (text, tokens) => {
    expect(covered(text, tokenizeUnfinished(text))).toEqual(tokens);
  });

  test("are those of the finished search where the lexer accepts it, and cover all but white space in any case", () => {
    const random = seededRandom(runSeed("lexer"));
    const alphabet = [
      "a",
      "level:",
      "time:",
      "2026-01-31 12:00",
      "metadata.",
      ":",
      '"',
      "\\",
      "*",
      "-",
      "!",
      "(",
      ")",
      " ",
      "OR",
      ",",
    ];
    let accepted = 0;
    for (let round = 0; round < 2_000; round++) {
      const text = Array.from({ length: integer(random, 12) }, () => pick(random, alphabet)).join("");
      const tokens = tokenizeUnfinished(text);
      let end = 0;
      for (const token of tokens) {
        expect(text.slice(end, token.at).trim()).toBe("");
        expect(token.end).toBeGreaterThan(token.at);
        ({ end } = token);
      }
      expect(text.slice(end).trim()).toBe("");
      try {
        expect(tokens).toEqual(tokenize(text));
        accepted++;
      } catch (error) {
        if (!(error instanceof SearchProblemError)) throw error;
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });
});
