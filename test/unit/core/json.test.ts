import { describe, expect, test } from "bun:test";
import { jsonBeginning } from "../../../src/core/json.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";
import { randomValue } from "../block/random_records.ts";

describe("the beginning of a value's JSON", () => {
  test("is what JSON.stringify begins with, for random values and every length", () => {
    const random = seededRandom(runSeed("json beginning"));
    for (let run = 0; run < 2_000; run++) {
      const value = randomValue(random);
      const whole = JSON.stringify(value);
      const lengthMax = integer(random, whole.length + 2);
      const beginning = jsonBeginning(value, lengthMax);
      expect(beginning.slice(0, lengthMax)).toBe(whole.slice(0, lengthMax));
      expect(beginning.length > lengthMax).toBe(whole.length > lengthMax);
    }
  });

  test("is all of it where there is room, with every name and value that JSON has", () => {
    const text = '{"__proto__":[1,-0.5,1e+300,null,true,false,""],"2":{"":{}},"a\\u0000\\"b":[[],[[]]]}';
    const value: unknown = JSON.parse(text);
    expect(jsonBeginning(value, 1_000)).toBe(JSON.stringify(value));
    expect(jsonBeginning([Number.POSITIVE_INFINITY, Number.NaN, -0], 1_000)).toBe("[null,null,0]");
  });

  test("is found without a look at the rest, however deep, wide or long", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level++) deep = { a: deep };
    expect(jsonBeginning(deep, 9).slice(0, 9)).toBe('{"a":{"a"');
    const wide = Array.from({ length: 200_000 }, () => "x".repeat(1_000));
    const beginning = jsonBeginning(wide, 9);
    expect([beginning.slice(0, 9), beginning.length < 100]).toEqual(['["xxxxxxx', true]);
  });
});
