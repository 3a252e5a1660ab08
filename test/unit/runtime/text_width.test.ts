// Deno has no such function, so its twin counts by itself: what Bun says is what it must say.

import { describe, expect, test } from "bun:test";
import { textWidth as textWidthOnBun } from "../../../src/runtime/bun/text_width.ts";
import { textWidth } from "../../../src/runtime/deno/text_width.ts";

const TEXTS: readonly (readonly [text: string, columns: number])[] = [
  ["", 0],
  ["GET /api/orders 200", 19],
  ["Grüße, señor", 12],
  ["日本語のログ", 12],
  ["한국어", 6],
  ["ｆｕｌｌ ｈａｌｆ", 17],
  ["ｶﾅ", 2],
  ["e\u0301te\u0301", 3],
  ["a\u200bb\ufeffc", 3],
  ["👍 ok", 5],
  ["👨‍👩‍👧‍👦", 2],
  ["👍🏽", 2],
  ["🇩🇪🇫🇷", 4],
  ["❤️", 2],
  ["→ ✓ ±", 5],
  ["Привет", 6],
  ["𠮷野家", 6],
];

describe("how wide a text is", () => {
  test.each(TEXTS)("%j takes %d columns, on both runtimes", (text, columns) => {
    expect([textWidth(text), textWidthOnBun(text)]).toEqual([columns, columns]);
  });

  test("is the same on both for every letter, ideograph and mark of the usual scripts", () => {
    const different: string[] = [];
    for (let code = 0x20; code < 0x3_0000; code++) {
      const text = String.fromCodePoint(code);
      if (!/^[\p{L}\p{N}]$/u.test(text)) continue;
      if (textWidth(text) !== textWidthOnBun(text)) different.push(code.toString(16));
    }
    // Invisible fillers and signs that stand alone nowhere: terminals differ about them.
    expect(different).toEqual(["980", "c80", "d3a", "115f", "3164", "ffa0"]);
  });
});
