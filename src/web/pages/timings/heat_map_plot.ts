// Draws a heat map with uPlot: time from left to right, durations on a logarithmic axis, a cell the darker the more
// timings it has, and percentiles as lines over it. Cells and the theme's computed styles enter.

import type uPlot from "uplot";
import type { Clocks } from "../../../core/format.ts";
import { axisLook, clockOption, DASH_PX, lonePoints, TIME_AXIS } from "../../components/chart_options.ts";
import type { CellRange, DurationCells } from "./duration_cells.ts";

/** The lines over the cells, by the figures of a bucket. */
export const HEAT_LINES = [
  { id: "p50", color: "--good" },
  { id: "p95", color: "--level-warn" },
  { id: "p99", color: "--level-error" },
] as const;
/** Those that have a dashed line of what was before, where something is compared. */
export const BEFORE_LINES = HEAT_LINES.filter(({ id }) => id !== "p99");
/** uPlot's enumeration has no values at run time. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const LOGARITHMIC = 3 as uPlot.Scale.Distr;
const CELL_COLOR = "--level-timing";
/** The faintest cell: one timing must be seen. */
const ALPHA_MIN = 0.12;

/** How much of the colour a cell has, 0 to 1: on a logarithmic scale, so that rare durations are seen as well. */
export function cellAlpha(count: number, most: number): number {
  if (count <= 0) return 0;
  return most <= 1 ? 1 : ALPHA_MIN + (1 - ALPHA_MIN) * (Math.log(count) / Math.log(most));
}

/** The ends of the duration axis in ms, above 0. A row that begins with 0 is drawn as high as the one above it. */
export function axisBounds(bounds: readonly number[]): readonly number[] {
  const [first = 0, second = 1, third] = bounds;
  if (first > 0) return bounds;
  const factor = third === undefined ? 2 : third / second;
  return [second / factor, ...bounds.slice(1)];
}

const STEPS = [1, 2, 5] as const;
/** Marks of the duration axis that are wanted at least. */
const MARKS_MIN = 3;

/** Round durations within an axis; of an axis that has too few, some of its bounds. At most about `max`. */
export function axisMarks(bounds: readonly number[], max: number): readonly number[] {
  const low = bounds[0] ?? 1;
  const high = bounds.at(-1) ?? 1;
  const round: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of STEPS) round.push(Number(`${step}e${power}`));
  }
  const within = round.filter((mark) => mark >= low && mark <= high);
  const marks = within.length >= MARKS_MIN ? within : bounds;
  const every = Math.ceil(marks.length / Math.max(1, max));
  return marks.filter((_, at) => at % every === 0);
}

interface HeatMapShape {
  readonly cells: DurationCells;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly format: (value: number) => string;
  /** Computed styles of an element in the page: they hold the theme's colours. */
  readonly styles: Pick<CSSStyleDeclaration, "getPropertyValue">;
  readonly clocks: Clocks;
}

/** The options of a plot of these cells. Touches no element of the page. */
export function heatMapOptions(shape: HeatMapShape): uPlot.Options {
  const { cells, widthPx, heightPx, format, styles, clocks } = shape;
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const bounds = axisBounds(cells.bounds);
  const { from, to } = timeBounds(cells);
  const axis = axisLook(color);
  const halo = color("--surface-high");
  return {
    width: widthPx,
    height: heightPx,
    ...clockOption(clocks),
    padding: [6, 36, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: true, range: () => [from / 1_000, to / 1_000] },
      y: { distr: LOGARITHMIC, range: () => [bounds[0] ?? 1, bounds.at(-1) ?? 2] },
    },
    axes: [
      { ...axis, ...TIME_AXIS },
      {
        ...axis,
        size: 56,
        splits: () => [...axisMarks(bounds, heightPx / 28)],
        values: (_plot, values) => values.map((value) => format(value)),
        filter: (_plot, values) => values,
      },
    ],
    series: [
      {},
      // A line in the colour of the background below each line keeps it legible on dark cells.
      ...HEAT_LINES.map(() => lineOf(halo, 4)),
      ...HEAT_LINES.map((line) => lineOf(color(line.color), 1.75)),
      ...(cells.before === undefined ? [] : BEFORE_LINES).flatMap((line) => [
        { ...lineOf(halo, 4), dash: DASH_PX },
        { ...lineOf(color(line.color), 1.75), dash: DASH_PX },
      ]),
    ],
    hooks: { drawClear: [(plot) => drawCells(plot, shape.cells, bounds, color(CELL_COLOR))] },
  };
}

/** The data of a plot: points in the middle of their buckets. */
export function heatMapData({ times, intervalMs, buckets, before }: DurationCells): uPlot.AlignedData {
  const lines = HEAT_LINES.map(({ id }) => buckets.map((bucket) => bucket[id]));
  const former = (before === undefined ? [] : BEFORE_LINES).flatMap(({ id }) => {
    const line = times.map((_, at) => before?.[at]?.[id] ?? null);
    return [line, line];
  });
  return [times.map((time) => (time + intervalMs / 2) / 1_000), ...lines, ...lines, ...former];
}

function lineOf(stroke: string, width: number): uPlot.Series {
  return { stroke, width, points: { show: true, size: width + 3, width: 0, fill: stroke, filter: lonePoints } };
}

/** Unix ms. */
function timeBounds({ times, intervalMs }: DurationCells): { from: number; to: number } {
  return { from: times[0] ?? 0, to: (times.at(-1) ?? 0) + intervalMs };
}

function drawCells(plot: uPlot, cells: DurationCells, bounds: readonly number[], color: string): void {
  const { ctx } = plot;
  const tops = bounds.map((bound) => Math.round(plot.valToPos(bound, "y", true)));
  const { times, intervalMs, counts, most } = cells;
  ctx.save();
  ctx.fillStyle = color;
  for (const [bucket, column] of counts.entries()) {
    const time = times[bucket] ?? 0;
    const left = Math.round(plot.valToPos(time / 1_000, "x", true));
    const right = Math.round(plot.valToPos((time + intervalMs) / 1_000, "x", true));
    for (const [row, count] of column.entries()) {
      if (count === 0) continue;
      ctx.globalAlpha = cellAlpha(count, most);
      const top = tops[row + 1] ?? 0;
      ctx.fillRect(left, top, Math.max(1, right - left), Math.max(1, (tops[row] ?? 0) - top));
    }
  }
  ctx.restore();
}

/** The cell at a place of the plot's inner area, in px; the nearest one for a place outside. */
export function cellAt(plot: uPlot, cells: DurationCells, x: number, y: number): { bucket: number; row: number } {
  const bounds = axisBounds(cells.bounds);
  const time = plot.posToVal(x, "x") * 1_000;
  const duration = plot.posToVal(y, "y");
  const bucket = cells.times.findLastIndex((one) => one <= time);
  const row = bounds.findLastIndex((bound) => bound <= duration);
  return {
    bucket: Math.max(0, bucket),
    row: Math.min(Math.max(0, row), bounds.length - 2),
  };
}

/** Where cells lie in the plot's inner area, in px. */
export function placeOfCells(plot: uPlot, cells: DurationCells, range: CellRange) {
  const bounds = axisBounds(cells.bounds);
  const left = plot.valToPos((cells.times[range.fromBucket] ?? 0) / 1_000, "x");
  const right = plot.valToPos(((cells.times[range.toBucket] ?? 0) + cells.intervalMs) / 1_000, "x");
  const top = plot.valToPos(bounds[range.toRow + 1] ?? 1, "y");
  const bottom = plot.valToPos(bounds[range.fromRow] ?? 1, "y");
  return { left, top, width: right - left, height: bottom - top };
}
