// The heat map of durations over time. A rectangle that is dragged with the mouse or a finger, a click on a cell, or a
// rectangle made with the arrow keys opens the records in Logs. A table says the same for screen readers.

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import uPlot from "uplot";
import { formatCount, formatCountOf, formatDuration } from "../../../core/format.ts";
import { ChartMarkers } from "../../components/chart_markers.tsx";
import { useApp, useScope, useTimes } from "../../state/app_context.ts";
import { rangeBounds, rangeParameters } from "../../state/time_range.ts";
import {
  type CellRange,
  countIn,
  type DurationCells,
  durationsOf,
  ordered,
  rowsSearch,
  timesOf,
} from "./duration_cells.ts";
import {
  BEFORE_LINES,
  cellAlpha,
  cellAt,
  HEAT_LINES,
  heatMapData,
  heatMapOptions,
  placeOfCells,
} from "./heat_map_plot.ts";
import { useTimingsView } from "./view_state.tsx";

const HEIGHT_PX = 260;

interface HeatMapProps {
  readonly cells: DurationCells;
  /** When the response arrived, Unix ms. */
  readonly respondedAtMs: number;
}

/** A heat map with its legend and its table. */
export function HeatMap({ cells, respondedAtMs }: HeatMapProps) {
  const { isDark: darkness, router, announcer } = useApp();
  const { range } = useScope();
  const { search } = useTimingsView();
  const { clocks, second } = useTimes();
  const helpId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const selected = useSignal<CellRange | undefined>(undefined);
  const pointed = useSignal<CellRange | undefined>(undefined);
  /** Draws the rectangle again when the plot has another size. */
  const draws = useSignal(0);
  const isDark = darkness.value;

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const styles = getComputedStyle(element);
    const shape = { cells, widthPx: element.clientWidth, heightPx: HEIGHT_PX, format: formatDuration, styles, clocks };
    const made = new uPlot(heatMapOptions(shape), heatMapData(cells), element);
    plot.current = made;
    draws.value++;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX });
      draws.value++;
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [cells, isDark, clocks]);
  // The cells of another response are other ones.
  useEffect(() => {
    selected.value = undefined;
    pointed.value = undefined;
  }, [cells]);

  const describe = (cellRange: CellRange) => {
    const times = timesOf(cells, cellRange);
    const durations = durationsOf(cells, cellRange);
    return `${second(times.from)} to ${second(times.to)}, ${formatDuration(durations.from)} – ${formatDuration(durations.to)}: ${formatCountOf(countIn(cells, cellRange), "timing")}`;
  };
  const openRecords = (cellRange: CellRange) => {
    const times = timesOf(cells, cellRange);
    // The first bucket may begin before the chosen range, and the last one end after it.
    const bounds = rangeBounds(range, respondedAtMs);
    const from = Math.max(times.from, bounds.from ?? times.from);
    const to = range.kind === "last" ? times.to : Math.min(times.to, bounds.to ?? times.to);
    const q = rowsSearch(search, cells, ordered(cellRange));
    router.go(router.place("logs", { q, ...rangeParameters({ kind: "between", from, to }) }));
  };
  const pointers = usePointers({ plot, cells, selected, pointed, onChoose: openRecords });
  const press = (event: KeyboardEvent) => {
    const next = afterKey(event, selected.value, cells);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === "open") {
      if (selected.value !== undefined) openRecords(selected.value);
      return;
    }
    selected.value = next === "none" ? undefined : next;
    if (next !== "none") announcer.say(describe(next));
  };
  const shown = selected.value ?? pointed.value;
  void draws.value;
  return (
    <figure class="chart heat-map">
      <div class="chart-legend" aria-hidden="true">
        <HeatScale most={cells.most} />
        {HEAT_LINES.map(({ id, color }) => (
          <span key={id} class="chart-mark" style={{ "--mark": `var(${color})` }}>
            {id}
          </span>
        ))}
        {(cells.before === undefined ? [] : BEFORE_LINES).map(({ id, color }) => (
          <span key={id} class="chart-mark is-dashed" style={{ "--mark": `var(${color})` }}>
            {id} before
          </span>
        ))}
        <span class="chart-time number">{shown === undefined ? "" : describe(shown)}</span>
      </div>
      <div class="chart-plot">
        <div
          ref={frame}
          class="chart-canvas heat-map-canvas"
          role="application"
          tabIndex={0}
          aria-label="Timings by time and duration"
          aria-describedby={helpId}
          onKeyDown={press}
          {...pointers}
        >
          <Rectangle plot={plot.current} cells={cells} range={selected.value} />
        </div>
        <ChartMarkers from={cells.times[0] ?? 0} to={(cells.times.at(-1) ?? 0) + cells.intervalMs} />
      </div>
      <p id={helpId} class="hint">
        Drag a rectangle, or click on a cell, to see its records. With the keyboard: arrows choose a cell, with Shift a
        rectangle, Enter opens it.
      </p>
      <HeatTable cells={cells} />
    </figure>
  );
}

interface RectangleProps {
  readonly plot: uPlot | undefined;
  readonly cells: DurationCells;
  readonly range: CellRange | undefined;
}

function Rectangle({ plot, cells, range }: RectangleProps) {
  if (plot === undefined || range === undefined) return null;
  const { left, top, width, height } = placeOfCells(plot, cells, ordered(range));
  const { offsetLeft, offsetTop } = plot.over;
  return (
    <span
      class="heat-map-selected"
      style={{
        left: `${left + offsetLeft}px`,
        top: `${top + offsetTop}px`,
        width: `${Math.max(3, width)}px`,
        height: `${Math.max(3, height)}px`,
      }}
    />
  );
}

/** What a colour stands for. */
function HeatScale({ most }: { readonly most: number }) {
  const steps = most <= 1 ? [1] : [...new Set([1, Math.round(most ** (1 / 3)), Math.round(most ** (2 / 3)), most])];
  return (
    <span class="heat-scale">
      timings
      {steps.map((count) => (
        <span key={count} class="heat-step" style={{ "--alpha": cellAlpha(count, most) }}>
          <span class="number">{formatCount(count)}</span>
        </span>
      ))}
    </span>
  );
}

/** The figures of each bucket that has a timing. */
function HeatTable({ cells }: { readonly cells: DurationCells }) {
  const { instant } = useTimes();
  return (
    <div class="visually-hidden">
      <table>
        <caption>Timings by time and duration</caption>
        <thead>
          <tr>
            {["Time", "Timings", "Shortest", "p50", "p95", "p99", "Longest", "Most between"].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.buckets.map(({ time, count, min, p50, p95, p99, max }, bucket) =>
            count === 0 ? null : (
              <tr key={time}>
                <th scope="row">{instant(time)}</th>
                <td>{formatCount(count)}</td>
                {[min, p50, p95, p99, max].map((value, at) => (
                  <td key={at}>{value === null ? "none" : formatDuration(value)}</td>
                ))}
                <td>{mostFrequent(cells, bucket)}</td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function mostFrequent(cells: DurationCells, bucket: number): string {
  const column = cells.counts[bucket] ?? [];
  const row = column.indexOf(column.reduce((most, count) => Math.max(most, count), 0));
  const { from, to } = durationsOf(cells, { fromBucket: bucket, toBucket: bucket, fromRow: row, toRow: row });
  return `${formatDuration(from)} – ${formatDuration(to)}`;
}

type Changes = Readonly<Record<string, readonly [buckets: number, rows: number]>>;
const STEPS: Changes = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  Home: [Number.NEGATIVE_INFINITY, 0],
  End: [Number.POSITIVE_INFINITY, 0],
  PageUp: [0, Number.POSITIVE_INFINITY],
  PageDown: [0, Number.NEGATIVE_INFINITY],
};

/** The selection after a key; "open" and "none" for what ends it. Undefined: the key means nothing here. */
export function afterKey(
  { key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent,
  range: CellRange | undefined,
  cells: DurationCells,
): CellRange | "open" | "none" | undefined {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (key === "Enter") return range === undefined ? undefined : "open";
  if (key === "Escape") return range === undefined ? undefined : "none";
  const step = STEPS[key];
  if (step === undefined) return undefined;
  if (range === undefined) return fullest(cells);
  const bucket = clamped(range.toBucket + step[0], cells.times.length - 1);
  const row = clamped(range.toRow + step[1], cells.bounds.length - 2);
  return shiftKey
    ? { ...range, toBucket: bucket, toRow: row }
    : { fromBucket: bucket, toBucket: bucket, fromRow: row, toRow: row };
}

function clamped(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}

/** The cell with the most timings: where the keyboard begins. */
function fullest({ counts, most }: DurationCells): CellRange {
  const bucket = Math.max(
    0,
    counts.findIndex((column) => column.includes(most)),
  );
  const row = Math.max(0, counts[bucket]?.indexOf(most) ?? 0);
  return { fromBucket: bucket, toBucket: bucket, fromRow: row, toRow: row };
}

interface PointersOptions {
  readonly plot: { readonly current: uPlot | undefined };
  readonly cells: DurationCells;
  readonly selected: { value: CellRange | undefined };
  readonly pointed: { value: CellRange | undefined };
  readonly onChoose: (range: CellRange) => void;
}

/** A press and its move make a rectangle; its end chooses it. A finger that moves up or down scrolls the page. */
function usePointers({ plot, cells, selected, pointed, onChoose }: PointersOptions) {
  const start = useRef<{ readonly bucket: number; readonly row: number } | undefined>(undefined);
  const cellOf = ({ clientX, clientY }: PointerEvent) => {
    const { current } = plot;
    if (current === undefined) return undefined;
    const { left, top, width, height } = current.over.getBoundingClientRect();
    const [x, y] = [clientX - left, clientY - top];
    const isInside = x >= 0 && y >= 0 && x <= width && y <= height;
    return { ...cellAt(current, cells, clamped(x, width), clamped(y, height)), isInside };
  };
  const stop = () => {
    start.current = undefined;
  };
  return {
    onPointerDown: (event: PointerEvent) => {
      const cell = cellOf(event);
      if (cell === undefined || !cell.isInside || event.button !== 0 || !event.isPrimary) return;
      start.current = cell;
      if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      const cell = cellOf(event);
      if (cell === undefined) return;
      const { bucket, row, isInside } = cell;
      if (start.current !== undefined) {
        selected.value = { fromBucket: start.current.bucket, toBucket: bucket, fromRow: start.current.row, toRow: row };
      } else pointed.value = isInside ? { fromBucket: bucket, toBucket: bucket, fromRow: row, toRow: row } : undefined;
    },
    onPointerUp: (event: PointerEvent) => {
      const cell = cellOf(event);
      const from = start.current;
      stop();
      if (cell === undefined || from === undefined) return;
      onChoose({ fromBucket: from.bucket, toBucket: cell.bucket, fromRow: from.row, toRow: cell.row });
    },
    onPointerCancel: () => {
      stop();
      selected.value = undefined;
    },
    onPointerLeave: () => {
      pointed.value = undefined;
    },
  };
}
