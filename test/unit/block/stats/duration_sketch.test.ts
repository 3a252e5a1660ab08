import { describe, expect, test } from "bun:test";
import { ByteWriter } from "../../../../src/block/codec/bytes.ts";
import {
  boundOfBucket,
  bucketOf,
  DurationSketch,
  StoredSketch,
  valueOfBucket,
} from "../../../../src/block/stats/duration_sketch.ts";
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

/**
 * Buckets as @datadog/sketches-js 2.1.1 has them at 0.5 %: index, least and greatest double in it, the value that
 * stands for it.
 */
const LIBRARY_BUCKETS: readonly (readonly [index: number, least: number, greatest: number, value: number])[] = [
  [-74443, 5e-324, 5e-324, 5e-324],
  [-73598, 2.296e-320, 2.3187e-320, 2.308e-320],
  [-70839, 2.204069050176705e-308, 2.226220497917194e-308, 2.2150893954275213e-308],
  [-46051, 9.932040720534117e-201, 1.0031860225263192e-200, 9.981700924136485e-201],
  [-2072, 9.93116882275383e-10, 1.0030979564691043e-9, 9.980824666867553e-10],
  [-690, 0.0009977003430569238, 0.001007727482183123, 0.0010026888447722069],
  [-230, 0.09925934077028263, 0.10025692208455682, 0.09975563747413403],
  [-69, 0.4965824070088012, 0.5015731849686885, 0.49906531904384527],
  [-1, 0.9801985099378728, 0.990049751243781, 0.9850995024875624],
  [0, 0.9900497512437811, 1, 0.9950000000000001],
  [1, 1.0000000000000002, 1.0100502512562812, 1.0050000000000001],
  [70, 1.9937269973123195, 2.0137644545717395, 2.003695632298881],
  [110, 2.974301089413847, 3.004193562674287, 2.989172594860916],
  [202, 7.463442360806958, 7.538451831769839, 7.50075957261099],
  [231, 9.974373631344866, 10.07461859246391, 10.024245499501589],
  [374, 41.68040372921008, 42.0993022591519, 41.88880574785613],
  [461, 99.48812933766777, 100.48801003452871, 99.98556998435605],
  [482, 122.73653718199357, 123.97007021899849, 123.35021986790348],
  [691, 992.3317738974605, 1002.3049575547217, 997.2934327669476],
  [832, 4064.5944513474515, 4105.444646838381, 4084.917423604188],
  [1828, 86025321.96086216, 86889898.06097144, 86455448.5706665],
  [2764, 999209450174.5676, 1009251756206.4718, 1004205497425.4371],
  [3674, 8948891707135140, 9038830317257092, 8993636165670786],
  [23026, 9.934311492269431e99, 1.0034153818824991e100, 9.98398304973067e99],
  [69077, 9.90276107242053e299, 1.0002286309329366e300, 9.952274877781545e299],
  [70978, 1.7855137635878392e308, 1.7976931348623157e308, Infinity],
];

describe("buckets are those of the library that wrote the first blocks", () => {
  test("at the least and the greatest double of each", () => {
    expect(LIBRARY_BUCKETS.map(([index]) => index)).toEqual(LIBRARY_BUCKETS.map(([, least]) => bucketOf(least)));
    expect(LIBRARY_BUCKETS.map(([index]) => index)).toEqual(
      LIBRARY_BUCKETS.map(([, , greatest]) => bucketOf(greatest)),
    );
  });

  test("for any durations between these", () => {
    const random = seededRandom(runSeed("buckets"));
    for (const [index, least, greatest] of LIBRARY_BUCKETS) {
      for (let round = 0; round < 500; round++) {
        const value = Math.min(greatest, Math.max(least, least + random() * (greatest - least)));
        expect([value, bucketOf(value)]).toEqual([value, index]);
      }
    }
  });

  test("in the values that stand for them", () => {
    expect(LIBRARY_BUCKETS.map(([index]) => valueOfBucket(index))).toEqual(
      LIBRARY_BUCKETS.map(([, , , value]) => value),
    );
  });
});

test("a bucket's bound is the last double that is counted in it or below", () => {
  const random = seededRandom(runSeed("bounds of buckets"));
  const next = (value: number) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    view.setBigInt64(0, view.getBigInt64(0) + 1n);
    return view.getFloat64(0);
  };
  const indexes = [0, 1, -1, 463, ...Array.from({ length: 2_000 }, () => integer(random, 140_000) - 70_000)];
  for (const index of indexes) {
    const bound = boundOfBucket(index);
    expect([index, bucketOf(bound) <= index, bucketOf(next(bound)) > index]).toEqual([index, true, true]);
  }
  expect([boundOfBucket(0), boundOfBucket(80_000), boundOfBucket(-80_000)]).toEqual([1, Number.MAX_VALUE, 0]);
});

describe("a sketch refuses", () => {
  test("what is no duration", () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new DurationSketch().add(value)).toThrow("a duration is finite and not negative");
    }
  });
});
