import { describe, expect, test } from "bun:test";
import { TextCounts, TextMap, TextTable } from "../../../../src/block/codec/text_table.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

describe("a table of texts", () => {
  const random = seededRandom(runSeed("text table"));
  const texts = () => {
    const alphabet = pick(random, [["a", "b"], ["ä", "🎉"], ["\0", "\u0001"], Array.from("0123456789")]);
    const text = () => Array.from({ length: integer(random, 9) }, () => pick(random, alphabet)).join("");
    return Array.from({ length: integer(random, 600) }, text);
  };

  test("numbers different texts in the order in which they come, as a Map does", () => {
    for (let round = 0; round < 100; round++) {
      const table = new TextTable();
      const known = new Map<string, number>();
      for (const text of texts()) {
        if (!known.has(text)) {
          expect(table.find(text)).toBe(-1);
          known.set(text, known.size);
        }
        expect(table.add(text)).toBe(known.get(text) as number);
        expect(table.find(text)).toBe(known.get(text) as number);
      }
      expect(table.texts).toEqual([...known.keys()]);
      expect(table.size).toBe(known.size);
    }
  });

  test("counts, and keeps values, as a Map does", () => {
    for (let round = 0; round < 20; round++) {
      const counts = new TextCounts();
      const map = new TextMap<number>();
      const known = new Map<string, number>();
      for (const text of texts()) {
        counts.add(text, 2);
        map.set(text, (map.get(text) ?? 0) + 2);
        known.set(text, (known.get(text) ?? 0) + 2);
      }
      expect([...counts]).toEqual([...known]);
      expect(map.keys().map((key, index) => [key, map.values()[index]])).toEqual([...known]);
    }
  });
});
