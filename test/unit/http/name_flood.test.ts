import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { engineHash, NameFloods } from "../../../src/http/name_flood.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, objectText, ordinaryName } from "../../support/raw_collisions.ts";

const LINES = readFileSync(join(import.meta.dir, "../../fixtures/logs.ndjson"), "utf8").trim();

describe("a text is a flood of names", () => {
  test.each([1_000, 5_000])("when %d different ones have one hash, however they are written", (count) => {
    const random = seededRandom(runSeed("colliding names"));
    const names = differentNames(count, () => collidingName(random));
    const floods = new NameFloods(random);
    const escaped = (name: string) =>
      name.replaceAll(/./gs, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
    const texts = [
      objectText(names),
      `[${names.map((name) => `{"metadata":{${JSON.stringify(name)} \n\t : "x:y"}}`).join()}]`,
      `{${names.map((name) => `"${escaped(name)}":1`).join()}}`,
    ];
    expect(texts.map((text) => floods.isFlood(text))).toEqual([true, true, true]);
  });

  test("when they are one in twenty of the members of a long text", () => {
    const random = seededRandom(runSeed("diluted names"));
    const names = differentNames(100_000, () => (random() < 0.05 ? collidingName(random) : ordinaryName(random)));
    expect(new NameFloods(random).isFlood(objectText(names))).toBe(true);
  });

  test("when quotes and backslashes stand in them", () => {
    const random = seededRandom(runSeed("escaped names"));
    const bits = 0xffffn;
    const names: string[] = [];
    const wanted = engineHash('0\\"') & bits;
    for (let tried = 0; names.length < 8; tried++) {
      const name = `${tried.toString(36)}\\"`;
      if ((engineHash(name) & bits) === wanted) names.push(name);
    }
    const text = objectText(Array.from({ length: 4_000 }, (_, index) => names[index % 8] as string));
    expect(new NameFloods(random).isFlood(text)).toBe(true);
  });
});

describe("a text is none", () => {
  test("when its names are different and ordinary, however many", () => {
    const random = seededRandom(runSeed("ordinary names"));
    const floods = new NameFloods(random);
    const names = [
      differentNames(100_000, () => ordinaryName(random)),
      Array.from({ length: 100_000 }, (_, index) => `name-${index}`),
      Array.from({ length: 100_000 }, (_, index) => `${index}`),
    ];
    expect(names.map((list) => floods.isFlood(objectText(list)))).toEqual([false, false, false]);
  });

  test("when one name has that hash and repeats, or stands in texts, or the text is short", () => {
    const random = seededRandom(runSeed("repeated names"));
    const floods = new NameFloods(random);
    const names = differentNames(200, () => collidingName(random));
    const repeated = Array.from({ length: 10_000 }, () => `{"${names[0]}":1}`).join();
    expect(floods.isFlood(`[${repeated}]`)).toBe(false);
    expect(floods.isFlood(`["${names.join('","')}","${"x".repeat(20_000)}"]`)).toBe(false);
    expect(floods.isFlood(objectText(names))).toBe(false);
  });

  test("when it is of real lines, or is no JSON at all", () => {
    const floods = new NameFloods();
    expect(floods.isFlood(`[${LINES.replaceAll("\n", ",").repeat(20)}]`)).toBe(false);
    for (const text of [
      ":".repeat(100_000),
      '":'.repeat(50_000),
      "\\".repeat(100_000),
      `${" ".repeat(100_000)}:`,
      '\\":'.repeat(50_000),
    ]) {
      expect(floods.isFlood(text)).toBe(false);
    }
  });
});
