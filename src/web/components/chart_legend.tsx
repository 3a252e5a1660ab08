// A chart's legend: what each colour means, and the values of the bucket under the pointer.

import { formatSecond } from "../../core/amounts.ts";
import type { ChartSeries } from "../state/chart_data.ts";

interface ChartLegendProps {
  /** Unix ms. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Of the bucket under the pointer; undefined: none. */
  readonly index: number | undefined;
}

export function ChartLegend({ times, series, format, index }: ChartLegendProps) {
  const time = index === undefined ? undefined : times[index];
  return (
    <div class="chart-legend" aria-hidden="true">
      {series.map(({ label, color, values }) => {
        const value = index === undefined ? undefined : values[index];
        return (
          <span key={label} class="chart-mark" style={{ "--mark": `var(${color})` }}>
            {label}
            {value === undefined || value === null ? null : <b class="number">{format(value)}</b>}
          </span>
        );
      })}
      {time === undefined ? null : <span class="chart-time number">{formatSecond(time)}</span>}
    </div>
  );
}
