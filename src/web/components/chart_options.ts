// Prepares data and options for uPlot: series and the theme's computed styles enter. Times are in seconds there.
// Stacked series become sums from the bottom up, and the largest sum is drawn first, behind the others. A bar begins
// where its bucket begins, a point of a line is in the middle of its bucket: charts of the same buckets are aligned.

import uPlot from "uplot";
import type { Clocks } from "../../core/format.ts";
import { TIME_ZONE_DEFAULT } from "../../core/time_zone.ts";

/** One line, area or part of a bar. */
export interface ChartSeries {
  readonly label: string;
  /** One value for each bucket. Null: none. */
  readonly values: readonly (number | null)[];
  /** A custom property of the theme: "--level-error". */
  readonly color: string;
  readonly kind: "line" | "area" | "bars";
  /** Drawn on top of the series before it. */
  readonly isStacked?: boolean;
  /** A dashed line: what was before. It is drawn above a stack. */
  readonly isDashed?: boolean;
}

/**
 * What was before, as a dashed line over buckets of now. No series where nothing is compared.
 * @param values one for each bucket of the compared range, which may have more or fewer
 */
export function dashedSeries(
  label: string,
  buckets: number,
  values: readonly (number | null)[] | undefined,
  color = "--text-muted",
): readonly ChartSeries[] {
  if (values === undefined) return [];
  const shown = Array.from({ length: buckets }, (_, bucket) => values[bucket] ?? null);
  return [{ label, values: shown, color, kind: "line", isDashed: true }];
}

export type ChartData = [number[], ...(number | null)[][]];

/** The series in drawing order. A stack is drawn from the top down, and lines after it. */
function drawOrder(series: readonly ChartSeries[]): readonly ChartSeries[] {
  if (!series.some(({ isStacked }) => isStacked === true)) return series;
  const isAbove = ({ isStacked }: ChartSeries) => isStacked !== true;
  return [...series.filter((one) => !isAbove(one)).toReversed(), ...series.filter(isAbove)];
}

/** The data of a plot, in drawing order. `times` in Unix ms: where buckets of `intervalMs` begin. */
export function chartData(times: readonly number[], series: readonly ChartSeries[], intervalMs: number): ChartData {
  const sums = times.map(() => 0);
  const drawn = new Map<ChartSeries, (number | null)[]>();
  for (const one of series) {
    const values = times.map((_, index) => {
      const value = one.values[index] ?? null;
      if (one.isStacked !== true) return value;
      const sum = (sums[index] ?? 0) + (value ?? 0);
      sums[index] = sum;
      return sum;
    });
    drawn.set(one, values);
  }
  const middleMs = hasBars(series) ? 0 : intervalMs / 2;
  return [times.map((time) => (time + middleMs) / 1_000), ...drawOrder(series).map((one) => drawn.get(one) ?? [])];
}

export interface ChartShape {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly series: readonly ChartSeries[];
  readonly intervalMs: number;
  readonly format: (value: number) => string;
  /** In Unix ms. */
  readonly onSelect: ((from: number, to: number) => void) | undefined;
  /** Called with the index of the bucket under the pointer. Undefined: none. */
  readonly onPoint: (index: number | undefined) => void;
  /** Computed styles of an element in the page: they hold the theme's colours. */
  readonly styles: Pick<CSSStyleDeclaration, "getPropertyValue">;
  /** The clocks of the axis. */
  readonly clocks: Clocks;
}

/** A shorter drag selects no range, in px. */
const DRAG_PX_MIN = 6;
/** A bar's share of its bucket's width, and its largest width in px. */
const BAR_SHARE = 0.85;
const BAR_PX_MAX = 40;
/**
 * How uPlot writes times. Each row begins with the distance of the axis marks in seconds; the texts after it are for a
 * change of the day. 24 hours and the year first, as everywhere in the app.
 */
const DAY = "{YYYY}-{MM}-{DD}";
const TIME_FORMATS: (string | number | null)[][] = [
  [86_400, DAY, null, null, null, null, null, null, 0],
  [60, "{HH}:{mm}", `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
  [0.001, "{HH}:{mm}:{ss}.{fff}", `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
];
/** Lengths of a dash and of a gap. */
export const DASH_PX = [5, 4];
const AXIS_FONT = "11px system-ui, sans-serif";

/** How every axis looks. `color` reads a custom property of the theme. */
export function axisLook(color: (name: string) => string) {
  return {
    stroke: color("--text-muted"),
    font: AXIS_FONT,
    grid: { stroke: color("--line-faint"), width: 1 },
    ticks: { stroke: color("--line-faint"), width: 1, size: 4 },
  };
}

/** How every axis of time is marked. */
export const TIME_AXIS = { space: 80, size: 40, values: TIME_FORMATS };

/** The option of a plot for these clocks. */
export function clockOption(clocks: Clocks): Pick<uPlot.Options, "tzDate"> {
  return clocks === "utc" ? { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), TIME_ZONE_DEFAULT) } : {};
}

/** The options of a plot with these series and colours. Touches no element of the page. */
export function chartOptions(shape: ChartShape): uPlot.Options {
  const { widthPx, heightPx, series, intervalMs, format, onSelect, onPoint, styles, clocks } = shape;
  const color = (name: string) => styles.getPropertyValue(name).trim();
  const axis = axisLook(color);
  return {
    width: widthPx,
    height: heightPx,
    ...clockOption(clocks),
    // The right side needs room for half a label. The legend stands above.
    padding: [6, 36, 0, 0],
    legend: { show: false },
    cursor: {
      // uPlot would stop the click after the smallest move.
      drag: { x: onSelect !== undefined, y: false, dist: DRAG_PX_MIN, setScale: false, click: () => undefined },
      points: { show: false },
      y: false,
    },
    scales: {
      x: { time: true, range: (_plot, min, max) => bucketRange(min, max, intervalMs, hasBars(series)) },
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
    },
    axes: [
      { ...axis, ...TIME_AXIS },
      { ...axis, size: 56, space: 32, values: (_plot, values) => values.map((value) => format(value)) },
    ],
    series: [{}, ...drawOrder(series).map((one) => seriesOptions(one, color(one.color), hasBars(series)))],
    hooks: {
      setSelect: [(plot) => select(plot, onSelect)],
      ready: [(plot) => zoomOnClick(plot, shape)],
      setCursor: [(plot) => onPoint(pointedIndex(plot, hasBars(series)))],
    },
  };
}

function seriesOptions({ label, kind, isDashed }: ChartSeries, color: string, isAmongBars: boolean): uPlot.Series {
  const points = kind === "bars" ? { show: false } : { show: true, size: 6, width: 0, fill: color, filter: lonePoints };
  const base: uPlot.Series = { label, stroke: color, width: kind === "bars" ? 0 : 1.5, points };
  if (kind === "line" && isDashed !== true) return base;
  if (kind === "line") {
    // Among bars a bucket's value is as wide as its bar.
    const stepped = isAmongBars ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
    return { ...base, dash: DASH_PX, ...(stepped === undefined ? {} : { paths: stepped }) };
  }
  if (kind === "area") return { ...base, fill: `color-mix(in srgb, ${color} 20%, transparent)` };
  const bars = uPlot.paths.bars?.({ align: 1, size: [BAR_SHARE, BAR_PX_MAX] });
  return { ...base, fill: color, ...(bars === undefined ? {} : { paths: bars }) };
}

/** The points between two gaps: a line does not show them. */
export function lonePoints({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isGap = (at: number) => (values[at] ?? null) === null;
  return [...values.keys()].filter((at) => !isGap(at) && isGap(at - 1) && isGap(at + 1));
}

/** From the start of the first bucket to the end of the last one, in seconds. */
function bucketRange(min: number, max: number, intervalMs: number, isBar: boolean): [number, number] {
  const beforeMs = isBar ? 0 : intervalMs / 2;
  return [min - beforeMs / 1_000, max + (intervalMs - beforeMs) / 1_000];
}

/** A click on a bar, or above it, chooses its bucket. */
function zoomOnClick(plot: uPlot, { series, intervalMs, onSelect }: ChartShape): void {
  if (onSelect === undefined || !hasBars(series)) return;
  let pressedX = 0;
  plot.over.addEventListener("pointerdown", ({ clientX }) => {
    pressedX = clientX;
  });
  plot.over.addEventListener("click", ({ clientX }) => {
    const index = pointedIndex(plot, true);
    if (index === undefined || Math.abs(clientX - pressedX) >= DRAG_PX_MIN) return;
    const [times, ...drawn] = plot.data;
    if (!drawn.some((values) => (values[index] ?? 0) > 0)) return;
    const from = Math.round((times[index] ?? 0) * 1_000);
    onSelect(from, from + intervalMs);
  });
}

function hasBars(series: readonly ChartSeries[]): boolean {
  return series.some(({ kind }) => kind === "bars");
}

/** The bucket under the pointer. A bar covers its interval; a line has the nearest point. */
function pointedIndex(plot: uPlot, isBar: boolean): number | undefined {
  const { left = -1, idx } = plot.cursor;
  if (left < 0) return undefined;
  if (!isBar) return idx ?? undefined;
  const time = plot.posToVal(left, "x");
  const index = plot.data[0].findLastIndex((one) => one <= time);
  return index === -1 ? undefined : index;
}

function select(plot: uPlot, onSelect: ChartShape["onSelect"]): void {
  const { left, width } = plot.select;
  if (onSelect === undefined || width < DRAG_PX_MIN) return;
  const from = plot.posToVal(left, "x") * 1_000;
  const to = plot.posToVal(left + width, "x") * 1_000;
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  onSelect(Math.floor(from), Math.ceil(to));
}
