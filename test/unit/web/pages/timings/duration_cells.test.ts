// The cells of a heat map and the rows of a distribution against the durations themselves, edges included.

import { describe, expect, test } from "bun:test";
import { bucketOf, DurationSketch } from "../../../../../src/block/stats/duration_sketch.ts";
import type { SeriesBucket } from "../../../../../src/core/responses.ts";
import { durationRows } from "../../../../../src/query/responses/duration_rows.ts";
import { isInRange } from "../../../../../src/search/expression.ts";
import { parseSearch } from "../../../../../src/search/parser.ts";
import {
  countIn,
  type DurationCells,
  distributionRows,
  durationCells,
  rowsSearch,
  timesOf,
} from "../../../../../src/web/pages/timings/duration_cells.ts";
import { afterKey } from "../../../../../src/web/pages/timings/heat_map.tsx";
import {
  axisBounds,
  axisMarks,
  cellAlpha,
  HEAT_LINES,
  heatMapData,
} from "../../../../../src/web/pages/timings/heat_map_plot.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../../support/random.ts";

const seed = runSeed("duration cells");

function cellsOf(sets: readonly (readonly number[])[]): DurationCells | undefined {
  const sketches = sets.map((durations) => {
    const sketch = new DurationSketch();
    for (const duration of durations) sketch.add(duration);
    return sketch;
  });
  const { bounds, counts } = durationRows(sketches);
  const buckets = sets.map(
    (_, at) => ({ time: at * 1_000, durations: [...(counts[at] ?? [])] }) as unknown as SeriesBucket,
  );
  return durationCells({ interval: 1_000, buckets, durationBounds: [...bounds] });
}

/** Whether durations match the part of the search about durations. */
function finderOf(search: string): (duration: number) => boolean {
  const parsed = parseSearch(search);
  if (!parsed.ok) throw new Error(`${search}: ${parsed.problem.message}`);
  const members = parsed.search.kind === "and" ? parsed.search.members : [parsed.search];
  return (duration) =>
    members.every((term) => term.kind !== "number" || term.ranges.some((range) => isInRange(range, duration)));
}

function nextDouble(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + 1n);
  return view.getFloat64(0);
}

/** Also durations on the very bounds of rows, and the next doubles above them. */
function randomSets(random: Random): number[][] {
  const spread = pick(random, [0, 0.01, 1, 6, 14]);
  const draw = () => pick(random, [7.123, 1, 0.004]) * 10 ** (random() * spread);
  const base = Array.from({ length: integer(random, 30) + 1 }, () =>
    Array.from({ length: integer(random, 20) }, () => (random() < 0.1 ? 0 : draw())),
  );
  const first = cellsOf(base);
  if (first === undefined) return base;
  // The least doubles are too coarse for buckets.
  const edges = first.bounds.flatMap((bound) => (bound === 0 ? [0] : [bound, nextDouble(bound)]));
  return [...base, edges, [0, ...edges]];
}

describe("the cells of a heat map", () => {
  test("count exactly what their searches find, edges included", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 150; round++) {
      const sets = randomSets(random);
      const cells = cellsOf(sets);
      if (cells === undefined) continue;
      const rows = cells.bounds.length - 1;
      const range = {
        fromBucket: integer(random, sets.length - 1),
        toBucket: integer(random, sets.length - 1),
        fromRow: integer(random, rows - 1),
        toRow: integer(random, rows - 1),
      };
      const [fromBucket, toBucket] = [range.fromBucket, range.toBucket].toSorted((a, b) => a - b) as [number, number];
      const [fromRow, toRow] = [range.fromRow, range.toRow].toSorted((a, b) => a - b) as [number, number];
      const search = rowsSearch("", cells, { fromRow, toRow });
      const found = sets
        .slice(fromBucket, toBucket + 1)
        .flat()
        .filter(finderOf(search));
      expect(countIn(cells, range)).toBe(found.length);
      expect(timesOf(cells, range)).toEqual({ from: fromBucket * 1_000, to: (toBucket + 1) * 1_000 });
    }
  });

  test("are none where nothing was completed, and one where all took no time", () => {
    expect(cellsOf([[], []])).toBeUndefined();
    const cells = cellsOf([[0, 0]]);
    expect(cells?.counts).toEqual([[2]]);
    expect(finderOf(rowsSearch("", cells as DurationCells, { fromRow: 0, toRow: 0 }))(0)).toBe(true);
  });

  test("are darker with more timings, and one is seen", () => {
    expect([cellAlpha(0, 9), cellAlpha(1, 1), cellAlpha(9, 9)]).toEqual([0, 1, 1]);
    expect(cellAlpha(1, 1e6)).toBeGreaterThan(0.1);
    expect(cellAlpha(3, 9)).toBeGreaterThan(cellAlpha(2, 9));
  });

  test("have an axis above 0 with some marks, whatever its length", () => {
    expect(axisBounds([0, 10, 20, 40])).toEqual([5, 10, 20, 40]);
    expect(axisBounds([0, 1])).toEqual([0.5, 1]);
    expect(axisMarks([1, 30, 1_000], 20)).toEqual([1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
    expect(axisMarks([1, 30, 1_000], 4)).toEqual([1, 10, 100, 1_000]);
    expect(axisMarks([41.9, 42.1, 42.3], 9)).toEqual([41.9, 42.1, 42.3]);
  });

  test("are chosen with the keyboard, from the fullest one on, within the map", () => {
    const cells = cellsOf([[1], [1, 100, 100]]) as DurationCells;
    const press = (key: string, range: Parameters<typeof afterKey>[1], shiftKey = false) =>
      afterKey({ key, shiftKey } as KeyboardEvent, range, cells);
    const top = cells.bounds.length - 2;
    const at = (bucket: number, row: number) => ({ fromBucket: bucket, toBucket: bucket, fromRow: row, toRow: row });
    expect(press("Enter", undefined)).toBeUndefined();
    expect(press("ArrowUp", undefined)).toEqual(at(1, top));
    expect(press("ArrowUp", at(1, top))).toEqual(at(1, top));
    expect(press("ArrowLeft", at(1, top))).toEqual(at(0, top));
    expect(press("PageDown", at(1, top), true)).toEqual({ ...at(1, top), toRow: 0 });
    expect(press("Enter", at(1, 0))).toBe("open");
    expect(press("Escape", at(1, 0))).toBe("none");
    expect(press("a", at(1, 0))).toBeUndefined();
  });
});

describe("the rows of a distribution", () => {
  test("have every timing once, and each percentile and the longest in the row that has it", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 150; round++) {
      const sets = randomSets(random);
      const cells = cellsOf(sets);
      if (cells === undefined) continue;
      const rows = distributionRows(cells);
      const all = sets.flat().toSorted((a, b) => a - b);
      expect(rows.length).toBeLessThanOrEqual(19);
      expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
      const rowOf = (mark: string) => rows.findIndex(({ marks }) => marks.includes(mark));
      for (const [mark, quantile] of [
        ["p50", 0.5],
        ["p90", 0.9],
        ["p95", 0.95],
        ["p99", 0.99],
        ["max", 1],
      ] as const) {
        const exact = all[Math.floor(quantile * (all.length - 1))] as number;
        const row = rows[rowOf(mark)];
        if (row === undefined) throw new Error(`${mark} is in no row`);
        expect(finderOf(rowsSearch("", cells, row))(exact)).toBe(true);
      }
      for (const row of rows) {
        const search = rowsSearch("", cells, row);
        expect(all.filter(finderOf(search)).length).toBe(row.count);
      }
    }
  });

  test("begin with a row for what took no time", () => {
    const rows = distributionRows(cellsOf([[0, 0, 0, 50, 60, 5_000]]) as DurationCells);
    expect(rows[0]).toMatchObject({ from: 0, count: 3, marks: ["p50"] });
    expect(rows.at(-1)).toMatchObject({ count: 1, marks: ["max"] });
    expect(bucketOf(rows.at(-1)?.to ?? 0)).toBeGreaterThanOrEqual(bucketOf(5_000));
  });
});

test("what was before is two lines more, as long as the time shown, and none where nothing is compared", () => {
  const figures = (p50: number, p95: number) => ({ p50, p95, p99: 99 }) as unknown as SeriesBucket;
  const bucket = (time: number) => ({ ...figures(1, 2), time, durations: [1] }) as unknown as SeriesBucket;
  const response = { interval: 1_000, buckets: [bucket(0), bucket(1_000)], durationBounds: [1, 2] };
  const linesOf = (previousBuckets: SeriesBucket[] | undefined) => {
    const cells = durationCells({ ...response, ...(previousBuckets === undefined ? {} : { previousBuckets }) });
    return cells === undefined ? [] : heatMapData(cells).slice(1 + 2 * HEAT_LINES.length);
  };
  expect(linesOf(undefined)).toEqual([]);
  for (const before of [[figures(5, 6)], [figures(5, 6), figures(7, 8), figures(9, 9)]]) {
    const later = before.length > 1 ? [7, 8] : [null, null];
    expect(linesOf(before)).toEqual([
      [5, later[0] ?? null],
      [5, later[0] ?? null],
      [6, later[1] ?? null],
      [6, later[1] ?? null],
    ]);
  }
});
