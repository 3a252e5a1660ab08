import { describe, expect, test } from "bun:test";
import type { Marker } from "../../../../src/core/responses.ts";
import { changeText } from "../../../../src/web/components/change.tsx";
import { markerLines, sinceMarker } from "../../../../src/web/components/chart_markers.tsx";
import { chartData, dashedSeries } from "../../../../src/web/components/chart_options.ts";
import { levelSeries } from "../../../../src/web/components/level_series.ts";

const marker = (id: number, time: number): Marker => ({ id, project: "shop", time, label: `b${id}` });

describe("markers of a chart", () => {
  test("are lines within its times, those close together one line, named where there is room", () => {
    const markers = [marker(5, 999), marker(1, 100), marker(2, 105), marker(3, 150), marker(4, 900), marker(6, 1_000)];
    const lines = markerLines([...markers, marker(0, 99)], 100, 1_000);
    expect(lines.map(({ newest, markers: own, share, isNamed }) => [newest.id, own.length, share, isNamed])).toEqual([
      [2, 2, 0, false],
      [3, 1, 50 / 900, true],
      [4, 1, 800 / 900, true],
      [5, 1, 899 / 900, true],
    ]);
  });

  test("are few lines, however many they are", () => {
    const many = Array.from({ length: 10_000 }, (_, at) => marker(at + 1, at));
    const lines = markerLines(many, 0, 10_000);
    expect(lines.length).toBeLessThan(90);
    expect(lines.reduce((sum, line) => sum + line.markers.length, 0)).toBe(10_000);
  });

  test("are none in a chart without buckets", () => {
    expect(markerLines([marker(1, 5)], 0, 0)).toEqual([]);
  });

  test("compare from their time to now with as long before", () => {
    const time = Date.UTC(2026, 0, 31, 12);
    expect(sinceMarker({ time })).toEqual({ from: "2026-01-31T12:00:00.000Z", to: undefined, compare: "previous" });
  });
});

describe("the line of before", () => {
  test("has a value for each bucket of now, whatever the length of the compared range, and lies above a stack", () => {
    const [short] = dashedSeries("before", 3, [1]);
    const [long] = dashedSeries("before", 2, [1, 2, 3]);
    expect([short?.values, long?.values, dashedSeries("before", 2, undefined)]).toEqual([[1, null, null], [1, 2], []]);
    const stack = levelSeries((kind) => (kind === "error" ? [1, 2] : [10, 20]));
    const [, ...drawn] = chartData([0, 1], [...stack, ...dashedSeries("before", 2, [7, 8])], 1);
    expect(drawn).toEqual([
      [41, 82],
      [31, 62],
      [21, 42],
      [11, 22],
      [1, 2],
      [7, 8],
    ]);
  });
});

describe("a figure beside that of before", () => {
  test("says by how much it differs", () => {
    expect([changeText(150, 100), changeText(50, 100), changeText(7, 7), changeText(0, 0), changeText(3, 0)]).toEqual([
      "+50 % to before",
      "−50 % to before",
      "as before",
      "as before",
      "before 0",
    ]);
  });
});
