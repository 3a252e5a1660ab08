import { describe, expect, test } from "bun:test";
import { ByteWriter } from "../../../../src/block/codec/bytes.ts";
import { DurationSketch, StoredSketch } from "../../../../src/block/stats/duration_sketch.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];

function sketchOf(values: readonly number[]): DurationSketch {
  const sketch = new DurationSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function stored(sketch: DurationSketch): StoredSketch {
  const writer = new ByteWriter();
  sketch.write(writer);
  return new StoredSketch(Uint8Array.from(writer.view()));
}

/** The exact value at a quantile, and the sketch's, where they are further apart than 1 %. */
function misses(sketch: DurationSketch, values: readonly number[]): unknown[] {
  const sorted = Float64Array.from(values).sort();
  return QUANTILES.flatMap((q) => {
    const exact = sorted[Math.floor(q * (sorted.length - 1))] as number;
    const seen = sketch.quantile(q);
    const isClose = q === 0 || q === 1 ? seen === exact : Math.abs(seen - exact) <= 0.01 * exact;
    return isClose ? [] : [{ q, exact, seen }];
  });
}

const NASTY = [0, -0, 5e-324, 1e-323, 2.5e-322, 1e-320, 2.3e-308, 1e-300, 1e-9, 0.001, 1, 1.0000001, 42, 1e5, 8.64e7];
const GREAT = [1e21, 1e300, 1.78e308, Number.MAX_VALUE / 1.0001, Number.MAX_VALUE];

const SHAPES: Readonly<Record<string, (random: Random) => number>> = {
  "evenly spread": (random) => random() * 1000,
  "with a long tail": (random) => 10 / (1 - random()) ** 1.5,
  "of whole milliseconds": (random) => integer(random, 5),
  "over all magnitudes": (random) => 10 ** (random() * 600 - 300),
  "in two heaps far apart": (random) => (random() < 0.5 ? 1 + random() : 1e12 * (1 + random())),
  "that are nearly all zero": (random) => (random() < 0.95 ? 0 : random()),
  "that are all odd": (random) => pick(random, [...NASTY, ...GREAT]),
  "near the greatest double": (random) => Number.MAX_VALUE / (1 + random()),
  "near the least double": (random) => integer(random, 2_000) * 5e-324,
};

describe("a sketch gives percentiles within 1 % of the exact ones", () => {
  const random = seededRandom(runSeed("sketch"));

  for (const [shape, draw] of Object.entries(SHAPES)) {
    test(`of durations ${shape}`, () => {
      for (let round = 0; round < 20; round++) {
        const values = Array.from({ length: 1 + integer(random, round === 0 ? 20_000 : 300) }, () => draw(random));
        expect(misses(sketchOf(values), values)).toEqual([]);
      }
    });
  }

  test("of the least doubles, each alone between others", () => {
    for (let units = 1; units < 3_000; units++) {
      const values = [0, units * 5e-324, 1];
      expect(misses(sketchOf(values), values)).toEqual([]);
    }
  });

  test("of one value, of two, and of equal ones, whichever they are", () => {
    for (const first of [...NASTY, ...GREAT]) {
      for (const values of [[first], [first, first, first], ...[...NASTY, ...GREAT].map((other) => [first, other])]) {
        expect(misses(sketchOf(values), values)).toEqual([]);
      }
    }
  });

  test("after any number of merges, stored ones and others", () => {
    for (let round = 0; round < 30; round++) {
      const values: number[] = [];
      const total = new DurationSketch();
      for (let parts = integer(random, 12); parts >= 0; parts--) {
        const draw = pick(random, Object.values(SHAPES));
        const part = Array.from({ length: integer(random, 200) }, () => draw(random));
        values.push(...part);
        const sketch = sketchOf(part);
        total.merge(parts % 2 === 0 ? sketch : stored(sketch));
      }
      if (values.length === 0) continue;
      expect(misses(total, values)).toEqual([]);
      expect([total.count, total.min, total.max]).toEqual([
        values.length,
        Math.min(...values) + 0,
        Math.max(...values) + 0,
      ]);
    }
  });
});

describe("a sketch", () => {
  test("knows count, sum, least and greatest exactly, stored or not", () => {
    const sketch = sketchOf([5, 0.25, 0, 1000]);
    for (const one of [sketch, stored(sketch)]) {
      expect([one.count, one.sum, one.min, one.max, one.zeros]).toEqual([4, 1005.25, 0, 1000, 1]);
    }
  });

  test("that is empty has no percentile, and changes nothing when merged", () => {
    expect(new DurationSketch().quantile(0.5)).toBeNaN();
    const sketch = sketchOf([3]);
    sketch.merge(new DurationSketch());
    sketch.merge(stored(new DurationSketch()));
    expect([sketch.count, sketch.sum, sketch.min, sketch.max, sketch.quantile(0.5)]).toEqual([1, 3, 3, 3, 3]);
  });

  test("sees what is added after a percentile was asked for", () => {
    const sketch = sketchOf([1, 2, 3]);
    expect(sketch.quantile(0.5)).toBeCloseTo(2, 1);
    for (let more = 0; more < 10; more++) sketch.add(100);
    expect(Math.abs(sketch.quantile(0.5) - 100)).toBeLessThan(1);
  });

  test("takes some two bytes a bucket", () => {
    const writer = new ByteWriter();
    sketchOf(Array.from({ length: 10_000 }, (_, index) => 1 + index / 10)).write(writer);
    expect(writer.length).toBeLessThan(3 * Math.ceil(Math.log(1001) / Math.log(1.005 / 0.995)));
  });
});

describe("a sketch refuses", () => {
  test("what is no duration", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new DurationSketch().add(value)).toThrow("a duration is finite and not negative");
    }
  });
});
