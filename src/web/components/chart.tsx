// A chart of values over time, drawn by uPlot: lines, areas or stacked bars in the theme's colours. The legend shows
// the values under the pointer. Dragging selects a time range, and a click on a bar its bucket. A table holds the same
// numbers for screen readers.

import { useSignal } from "@preact/signals";
import { type ComponentChildren, Fragment } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useApp, useTimes } from "../state/app_context.ts";
import type { Firing } from "../state/firings.ts";
import { ChartMarkers } from "./chart_markers.tsx";
import { type ChartSeries, chartData, chartOptions } from "./chart_options.ts";

export interface ChartProps {
  /** Accessible name: "Entries by level". */
  readonly label: string;
  /** Start of each bucket, Unix ms, ascending. */
  readonly times: readonly number[];
  /** Length of a bucket in ms. */
  readonly intervalMs: number;
  readonly series: readonly ChartSeries[];
  readonly heightPx?: number;
  /** Formats a value for the legend, the axis and the table. */
  readonly format: (value: number) => string;
  /** Called with the range that was dragged, in Unix ms. Absent: dragging is off. */
  readonly onSelect?: ((from: number, to: number) => void) | undefined;
  /** Wraps a series' mark in the legend into a button or a link. Absent: the legend is for eyes alone. */
  readonly legendMark?: ((label: string, mark: ComponentChildren) => ComponentChildren) | undefined;
  /** Bands without names, in place of the markers and alerts of the scope. */
  readonly firings?: readonly Firing[];
}

/** A chart of one or more series over the same buckets. */
export function Chart(props: ChartProps) {
  const { label, times, intervalMs, series, heightPx = 160, format, onSelect, legendMark, firings } = props;
  const { isDark: darkness } = useApp();
  const { clocks } = useTimes();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const pointed = useSignal<number | undefined>(undefined);
  const latest = useRef({ onSelect, format });
  latest.current = { onSelect, format };
  const isDark = darkness.value;
  const canSelect = onSelect !== undefined;
  // uPlot takes new numbers, but needs a new plot for other series.
  const shape = JSON.stringify([
    series.map(({ label, color, kind, isStacked, isDashed }) => [label, color, kind, isStacked, isDashed]),
    intervalMs,
  ]);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const options = chartOptions({
      widthPx: element.clientWidth,
      heightPx,
      series,
      intervalMs,
      format: (value) => latest.current.format(value),
      onSelect: canSelect ? (from, to) => latest.current.onSelect?.(from, to) : undefined,
      onPoint: (index) => {
        pointed.value = index;
      },
      styles: getComputedStyle(element),
      clocks,
    });
    const made = new uPlot(options, chartData(times, series, intervalMs), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: heightPx }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, heightPx, isDark, canSelect, clocks]);
  useEffect(() => {
    plot.current?.setData(chartData(times, series, intervalMs));
  }, [times, series]);

  return (
    <figure class="chart">
      <ChartLegend times={times} series={series} format={format} index={pointed.value} legendMark={legendMark} />
      <div class="chart-plot">
        <div ref={frame} class="chart-canvas" role="img" aria-label={label} />
        <ChartMarkers from={times[0] ?? 0} to={(times.at(-1) ?? 0) + intervalMs} firings={firings} />
      </div>
      <ChartTable label={label} times={times} series={series} format={format} />
    </figure>
  );
}

interface ChartLegendProps {
  /** Unix ms. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  /** Index of the bucket under the pointer. Undefined: none. */
  readonly index: number | undefined;
  readonly legendMark: ChartProps["legendMark"];
}

function ChartLegend({ times, series, format, index, legendMark }: ChartLegendProps) {
  const { second } = useTimes();
  const time = index === undefined ? undefined : times[index];
  return (
    <div class="chart-legend" aria-hidden={legendMark === undefined}>
      {series.map(({ label, color, values, isDashed = false }) => {
        const value = index === undefined ? undefined : values[index];
        const mark = (
          <span class={`chart-mark${isDashed ? " is-dashed" : ""}`} style={{ "--mark": `var(${color})` }}>
            {label}
            {value === undefined || value === null ? null : (
              <b class="number" aria-hidden="true">
                {format(value)}
              </b>
            )}
          </span>
        );
        const isPlain = legendMark === undefined || isDashed;
        return <Fragment key={label}>{isPlain ? mark : legendMark(label, mark)}</Fragment>;
      })}
      {time === undefined ? null : (
        <span class="chart-time number" aria-hidden="true">
          {second(time)}
        </span>
      )}
    </div>
  );
}

interface ChartTableProps {
  readonly label: string;
  /** Unix ms. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
}

/** A row for each bucket that has a value. */
function ChartTable({ label, times, series, format }: ChartTableProps) {
  const { instant } = useTimes();
  const rows = [...times.keys()].filter((index) => series.some(({ values }) => (values[index] ?? 0) !== 0));
  return (
    // A table cannot be made smaller than its content, so a box hides it.
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
              <th scope="row">{instant(times[index] ?? 0)}</th>
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
