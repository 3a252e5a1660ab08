// Durations cut into classes that people read well: 1, 2, 5 and their powers of ten over wide ranges, equal steps over narrow ones.

/** Durations of `from` ms up to, but without, `to`. */
export interface DurationBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface CountedDuration {
  /** In ms. */
  readonly value: number;
  readonly count: number;
}

/** Edges in each power of ten, from coarse to fine. */
const LADDERS: readonly (readonly number[])[] = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const STEPS = [1, 2, 5] as const;
const BINS_MAX = 18;
/** From so many times the smallest on, equal steps would put nearly everything into the first class. */
const WIDE_RATIO = 12;
/** What is shorter shares the first class, in ms. */
const SHORTEST_MS = 0.001;
const SHORTEST_POWER = -3;

/** Classes from the shortest duration to the longest, without gaps; [] where there is none. */
export function durationBins(durations: readonly CountedDuration[]): readonly DurationBin[] {
  const first = durations[0];
  if (first === undefined) return [];
  let min = first.value;
  let max = first.value;
  for (const { value } of durations) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const edges = min >= 0 && max > Math.max(min, SHORTEST_MS) * WIDE_RATIO ? wideEdges(min, max) : evenEdges(min, max);
  const counts = Array.from({ length: edges.length - 1 }, () => 0);
  for (const { value, count } of durations) {
    const at = Math.max(
      0,
      edges.findLastIndex((edge) => edge <= value),
    );
    counts[Math.min(at, counts.length - 1)] = (counts[Math.min(at, counts.length - 1)] ?? 0) + count;
  }
  return counts.map((count, at) => ({ from: edges[at] ?? 0, to: edges[at + 1] ?? 0, count }));
}

function wideEdges(min: number, max: number): readonly number[] {
  const fits = LADDERS.map((ladder) => ladderEdges(ladder, min, max)).filter((edges) => edges.length <= BINS_MAX + 1);
  return fits.at(-1) ?? ladderEdges([1], min, max);
}

/** From the last edge at or below `min` to the first one above `max`. */
function ladderEdges(ladder: readonly number[], min: number, max: number): readonly number[] {
  const lowest = min < SHORTEST_MS ? SHORTEST_POWER : Math.floor(Math.log10(min));
  const edges: number[] = min < SHORTEST_MS ? [0] : [];
  for (let power = lowest; ; power++) {
    for (const factor of ladder) {
      const edge = scaled(factor, power);
      edges.push(edge);
      if (edge > max)
        return edges.slice(
          Math.max(
            0,
            edges.findLastIndex((one) => one <= min),
          ),
        );
    }
  }
}

function evenEdges(min: number, max: number): readonly number[] {
  const span = Math.max(max - min, Math.abs(max) / 100, SHORTEST_MS);
  const power = Math.floor(Math.log10(span / BINS_MAX));
  const step = [...STEPS, 10].map((factor) => scaled(factor, power)).find((one) => span / one <= BINS_MAX - 1);
  const width = step ?? scaled(10, power + 1);
  const start = Math.floor(min / width);
  const count = Math.floor(max / width) - start + 1;
  return Array.from({ length: count + 1 }, (_, at) => Number(((start + at) * width).toPrecision(12)));
}

/** Exact as its decimal text. */
function scaled(factor: number, power: number): number {
  return Number(`${factor}e${power}`);
}
