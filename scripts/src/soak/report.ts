// The table of a soak's samples: medians of both halves, and slopes by least squares. A slope alone is no failure:
// memory grows while the process warms up, and the file grows to its bound.

import { median } from "../bench/report.ts";
import { markdownTable } from "../markdown_table.ts";

/** What is sampled; null where there was nothing to measure. Bytes, milliseconds, and parts of a processor. */
export interface Sample {
  /** Seconds since the load began. */
  readonly at: number;
  readonly residentBytes: number;
  readonly anonymousBytes: number;
  readonly fileBytes: number;
  readonly logBytes: number;
  readonly handles: number;
  readonly threads: number;
  readonly entriesPerSecond: number;
  readonly records: number;
  readonly blocks: number;
  readonly openTimings: number;
  readonly mainCpu: number;
  readonly writerCpu: number;
  readonly compactorCpu: number;
  readonly readerCpu: number;
  readonly otherCpu: number;
  readonly probeP50Ms: number | null;
  readonly probeP99Ms: number | null;
  readonly probeMaxMs: number | null;
  readonly queryP50Ms: number | null;
  readonly queryMaxMs: number | null;
}

export type FigureName = Exclude<keyof Sample, "at">;

interface Unit {
  readonly name: string;
  readonly divisor: number;
  readonly digits: number;
}

const MIB: Unit = { name: "MiB", divisor: 2 ** 20, digits: 1 };
const MS: Unit = { name: "ms", divisor: 1, digits: 2 };
const CORES: Unit = { name: "cores", divisor: 1, digits: 3 };
const COUNT: Unit = { name: "", divisor: 1, digits: 0 };

/** Every figure with what it is called and its unit, in the order of the table. */
export const FIGURES: readonly (readonly [FigureName, string, Unit])[] = [
  ["residentBytes", "resident memory", MIB],
  ["anonymousBytes", "of it anonymous", MIB],
  ["fileBytes", "data file", MIB],
  ["logBytes", "write-ahead log", MIB],
  ["handles", "open handles", COUNT],
  ["threads", "threads", COUNT],
  ["entriesPerSecond", "entries a second", COUNT],
  ["records", "records", COUNT],
  ["blocks", "blocks", COUNT],
  ["openTimings", "open timings", COUNT],
  ["mainCpu", "main thread", CORES],
  ["writerCpu", "writer", CORES],
  ["compactorCpu", "compactor", CORES],
  ["readerCpu", "reader", CORES],
  ["otherCpu", "other threads", CORES],
  ["probeP50Ms", "probe, p50", MS],
  ["probeP99Ms", "probe, p99", MS],
  ["probeMaxMs", "probe, longest", MS],
  ["queryP50Ms", "query, p50", MS],
  ["queryMaxMs", "query, longest", MS],
];

/** The value at this part (0 to 1) of the sorted numbers; null of none. */
export function quantile(numbers: readonly number[], part: number): number | null {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(part * numbers.length))] ?? null;
}

/** How much y grows for each unit of x, by least squares. NaN with fewer than two different x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let [above, below] = [0, 0];
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? Number.NaN : above / below;
}

function pointsOf(samples: readonly Sample[], name: FigureName): [number, number][] {
  return samples.flatMap((sample): [number, number][] => {
    const value = sample[name];
    return value === null ? [] : [[sample.at, value]];
  });
}

/** One row of the table, in the figure's own unit. */
export interface FigureRow {
  readonly name: string;
  readonly firstHalf: number;
  readonly secondHalf: number;
  readonly lowest: number;
  readonly highest: number;
  /** Growth an hour over all samples, and over the second half alone. */
  readonly slopeAll: number;
  readonly slopeSecondHalf: number;
}

export function rowsOf(samples: readonly Sample[]): FigureRow[] {
  const middle = (samples[0]?.at ?? 0) / 2 + (samples.at(-1)?.at ?? 0) / 2;
  return FIGURES.map(([figure, title, { name, divisor }]) => {
    const points = pointsOf(samples, figure).map(([at, value]): [number, number] => [at / 3_600, value / divisor]);
    const values = points.map(([, value]) => value);
    const second = points.filter(([hours]) => hours * 3_600 > middle);
    const first = points.filter(([hours]) => hours * 3_600 <= middle);
    return {
      name: name === "" ? title : `${title} (${name})`,
      firstHalf: median(first.map(([, value]) => value)),
      secondHalf: median(second.map(([, value]) => value)),
      lowest: Math.min(...values),
      highest: Math.max(...values),
      slopeAll: slope(points),
      slopeSecondHalf: slope(second),
    };
  });
}

/** The rows as a Markdown table. */
export function soakTable(samples: readonly Sample[]): string {
  const header = ["", "median, 1st half", "median, 2nd half", "lowest", "highest", "slope/h", "slope/h, 2nd half"];
  const lines = rowsOf(samples).map((row, index) => {
    const digits = FIGURES[index]?.[2].digits ?? 0;
    const text = (value: number) =>
      Number.isFinite(value)
        ? value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
        : "-";
    const { name, firstHalf, secondHalf, lowest, highest, slopeAll, slopeSecondHalf } = row;
    return [name, ...[firstHalf, secondHalf, lowest, highest, slopeAll, slopeSecondHalf].map(text)];
  });
  return markdownTable(header, lines);
}
