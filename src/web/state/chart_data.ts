// Series to what uPlot draws: times in seconds, and for stacked series the sums from the bottom up, largest sum first so that it is
// drawn behind.

/** One line, area or part of a bar. */
export interface ChartSeries {
  readonly label: string;
  /** One a bucket; null: no value. */
  readonly values: readonly (number | null)[];
  /** Custom property of the theme: "--mark-error". */
  readonly color: string;
  readonly kind: "line" | "area" | "bars";
  /** Stands on the series before it. */
  readonly isStacked?: boolean;
}

export type ChartData = [number[], ...(number | null)[][]];

/** Series in the order in which they are drawn: stacked ones from the top of the stack down. */
export function drawOrder(series: readonly ChartSeries[]): readonly ChartSeries[] {
  return series.some(({ isStacked }) => isStacked === true) ? series.toReversed() : series;
}

/** Aligned with drawOrder(series). */
export function chartData(times: readonly number[], series: readonly ChartSeries[]): ChartData {
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
  return [times.map((time) => time / 1_000), ...drawOrder(series).map((one) => drawn.get(one) ?? [])];
}
