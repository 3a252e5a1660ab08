// A chart's numbers for screen readers: at most so many rows that somebody could listen to them.

import { formatInstant } from "../../core/amounts.ts";
import type { ChartSeries } from "../state/chart_data.ts";

interface ChartTableProps {
  readonly label: string;
  /** Unix ms. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
}

/** Buckets without any value are left out. */
export function ChartTable({ label, times, series, format }: ChartTableProps) {
  const rows = [...times.keys()].filter((index) => series.some(({ values }) => (values[index] ?? 0) !== 0));
  return (
    // A table is never smaller than what is in it: the box around it is.
    <div class="visually-hidden">
      <table>
        <caption>{label}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((index) => (
            <tr key={index}>
              <th scope="row">{formatInstant(times[index] ?? 0)}</th>
              {series.map(({ label, values }) => (
                <td key={label}>{cellOf(values[index], format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellOf(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "none" : format(value);
}
