import { describe, expect, test } from "bun:test";
import { FrequentTexts, mostFrequent } from "../../../../src/query/responses/frequent_texts.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";

const random = seededRandom(runSeed("frequent texts"));

/** Texts of which few come often, in any order. */
function skewed(count: number, different: number): string[] {
  return Array.from({ length: count }, () => `t${Math.floor(different * random() ** 3)}`);
}

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** As a query does it: a second pass where it is needed. */
function listed(texts: readonly string[], max: number, keptMax: number, hashesMax?: number) {
  const bounds = { textsMax: keptMax, lengthMax: 1e9, ...(hashesMax === undefined ? {} : { hashesMax }) };
  const first = new FrequentTexts(bounds);
  for (const text of texts) first.add(text, 1);
  const { numbers, more, wanted } = mostFrequent([first], max);
  let from = first;
  let chosen = numbers[0] ?? [];
  if (wanted !== undefined) {
    from = new FrequentTexts(bounds, wanted[0]);
    for (const text of texts) from.add(text, 1);
    chosen = mostFrequent([from], max).numbers[0] ?? [];
  }
  return {
    list: chosen.map((number) => [from.text(number), from.countOf(number)] as const),
    more,
    isTwice: from !== first,
  };
}

describe("the most frequent texts", () => {
  test("and their counts are exact, however few are held at first", () => {
    for (let round = 0; round < 60; round++) {
      const texts = skewed(1 + integer(random, 5_000), 1 + integer(random, 800));
      const counts = countsOf(texts);
      const max = 1 + integer(random, 100);
      const { list, more } = listed(texts, max, max + integer(random, 50));
      const sorted = [...counts.values()].sort((a, b) => b - a).slice(0, max);
      expect(list.map(([, count]) => count)).toEqual(sorted);
      for (const [text, count] of list) expect(count).toBe(counts.get(text) as number);
      expect(more).toBe(counts.size - sorted.length);
    }
  });

  test("are found where they come late, with a second scan only then", () => {
    const early = Array.from({ length: 1_000 }, (_, index) => `early ${index}`);
    const late = Array.from({ length: 50 }, () => "late");
    expect(listed([...early, ...late], 10, 15)).toMatchObject({ isTwice: true, more: 991 });
    expect(listed([...early, ...late], 10, 15).list[0]).toEqual(["late", 50]);
    expect(listed([...early, ...early], 10, 15)).toMatchObject({ isTwice: false, more: 990 });
  });

  test("are still found past the bound of hashes, with an estimate of the distinct texts", () => {
    const rare = Array.from({ length: 40_000 }, (_, index) => `rare ${index}`);
    const texts = rare.flatMap((text, index) => (index % 4 === 0 ? [text, `often ${index % 16}`] : [text]));
    const { list, more } = listed(texts, 5, 5, 2_000);
    expect(new Map(list)).toMatchObject(
      new Map(["often 0", "often 4", "often 8", "often 12"].map((text) => [text, 2_500])),
    );
    expect(Math.abs(more - 39_999)).toBeLessThan(2_000);
  });

  test("are those of several collections together", () => {
    const bounds = { textsMax: 10, lengthMax: 1_000 };
    const [texts, numbers] = [new FrequentTexts(bounds), new FrequentTexts(bounds)];
    for (const [text, count] of [
      ["a", 5],
      ["b", 1],
      ["c", 3],
    ] as const)
      texts.add(text, count);
    for (const [text, count] of [
      ["1", 4],
      ["2", 2],
    ] as const)
      numbers.add(text, count);
    expect(mostFrequent([texts, numbers], 3)).toEqual({ numbers: [[0, 2], [0]], more: 2, wanted: undefined });
  });

  test("take no more memory for more of them", () => {
    const bytesOf = (count: number) => {
      const texts = new FrequentTexts({ textsMax: 100, lengthMax: 1_000, hashesMax: 4_096 });
      for (let index = 0; index < count; index++) texts.add(`text ${index}`, 1);
      return texts.bytes;
    };
    expect(bytesOf(100_000)).toBe(bytesOf(20_000));
  });
});
