// Timings by category: what touchpoints' names have before each "/". Counts of a category are sums. Its percentiles cannot be made
// of its touchpoints' percentiles: each category with several is a question of its own, over one bucket that holds all times.

import type { SeriesBucket, TimingFigures, TouchpointTimings } from "../core/answers.ts";
import { TIME_MS_MAX } from "../core/limits.ts";
import type { ReadScope } from "../core/reading.ts";
import { quoted } from "../query/search/fields.ts";
import type { RecordSource } from "./source.ts";

/** The figures of all touchpoints that begin with `category`, which ends with "/". */
export interface CategoryTimings extends TimingFigures {
  readonly category: string;
}

/** One line: a touchpoint, or a category with what belongs to it below. */
export interface TreeRow {
  readonly depth: number;
  readonly label: string;
  readonly figures: TimingFigures;
  readonly touchpoint: TouchpointTimings | undefined;
  readonly category: CategoryTimings | undefined;
}

/** How rows beside each other are ordered; a category's `touchpoint` is its name. */
export type Order = (a: NamedFigures, b: NamedFigures) => number;
export type NamedFigures = TimingFigures & { readonly touchpoint: string };
type Percentiles = Pick<TimingFigures, "p50" | "p75" | "p90" | "p95" | "p99">;

interface Category {
  /** "" for all, else it ends with "/". */
  readonly name: string;
  readonly touchpoints: TouchpointTimings[];
  readonly categories: Map<string, Category>;
}

/** Timings that have no touchpoint. */
const NO_TOUCHPOINT = "(none)";
/** A touchpoint that has the very name of its category. */
const CATEGORY_ITSELF = "(itself)";

/** The touchpoints as they are. */
export function flatRows(touchpoints: readonly TouchpointTimings[]): TreeRow[] {
  return touchpoints.map((touchpoint) => touchpointRow(touchpoint, touchpoint.touchpoint, 0));
}

/** The rows of the tree; the members of each category are in the given order. */
export async function categoryTree(
  source: RecordSource,
  scope: ReadScope,
  touchpoints: readonly TouchpointTimings[],
  order: Order,
  onProgress: (done: number, total: number) => void,
): Promise<TreeRow[]> {
  const all = newCategory("");
  for (const touchpoint of touchpoints) place(all, touchpoint);
  const categories = [...categoriesBelow(all)];
  const figures = new Map<Category, CategoryTimings>();
  for (const [index, category] of categories.entries()) {
    onProgress(index, categories.length);
    figures.set(category, await categoryFigures(source, scope, category));
  }
  onProgress(categories.length, categories.length);
  return [...rowsOf(all, 0, figures, order)];
}

function newCategory(name: string): Category {
  return { name, touchpoints: [], categories: new Map() };
}

function place(all: Category, touchpoint: TouchpointTimings): void {
  let category = all;
  const name = touchpoint.touchpoint;
  for (let end = name.indexOf("/"); end !== -1; end = name.indexOf("/", end + 1)) {
    const prefix = name.slice(0, end + 1);
    let next = category.categories.get(prefix);
    if (next === undefined) {
      next = newCategory(prefix);
      category.categories.set(prefix, next);
    }
    category = next;
  }
  category.touchpoints.push(touchpoint);
}

function* categoriesBelow(category: Category): Generator<Category> {
  for (const below of category.categories.values()) {
    yield below;
    yield* categoriesBelow(below);
  }
}

function* touchpointsBelow(category: Category): Generator<TouchpointTimings> {
  yield* category.touchpoints;
  for (const below of category.categories.values()) yield* touchpointsBelow(below);
}

async function categoryFigures(source: RecordSource, scope: ReadScope, category: Category): Promise<CategoryTimings> {
  const members = [...touchpointsBelow(category)];
  const sum = (of: (figures: TimingFigures) => number) => members.reduce((total, member) => total + of(member), 0);
  const measured = members.filter(({ count }) => count > 0);
  const count = sum((figures) => figures.count);
  const [only] = measured;
  const percentiles: TimingFigures | undefined =
    measured.length > 1 ? await askTogether(source, scope, category.name) : only;
  return {
    category: category.name,
    count,
    min: extreme(measured, "min", Math.min),
    mean: count === 0 ? null : sum((figures) => (figures.mean ?? 0) * figures.count) / count,
    max: extreme(measured, "max", Math.max),
    ...percentilesOf(percentiles),
    running: sum(({ running }) => running),
    unfinished: sum(({ unfinished }) => unfinished),
  };
}

function extreme(
  members: readonly TimingFigures[],
  figure: "min" | "max",
  choose: (a: number, b: number) => number,
): number | null {
  return members.reduce<number | null>((best, member) => {
    const value = member[figure];
    if (value === null) return best;
    return best === null ? value : choose(best, value);
  }, null);
}

function percentilesOf(figures: TimingFigures | undefined): Percentiles {
  const { p50 = null, p75 = null, p90 = null, p95 = null, p99 = null } = figures ?? {};
  return { p50, p75, p90, p95, p99 };
}

/** The figures of a whole category at once. */
async function askTogether(source: RecordSource, scope: ReadScope, name: string): Promise<SeriesBucket | undefined> {
  const term = `touchpoint:${quoted(name)}*`;
  const answer = await source.ask({
    kind: "series",
    scope: {
      ...scope,
      q: scope.q === "" ? term : `(${scope.q}) ${term}`,
      // Buckets begin at 0, where times begin too.
      from: scope.from === undefined ? undefined : Math.max(0, scope.from),
    },
    intervalMs: TIME_MS_MAX,
    byTouchpoint: false,
  });
  return answer.buckets?.find(({ count }) => count > 0);
}

function* rowsOf(
  category: Category,
  depth: number,
  figures: ReadonlyMap<Category, CategoryTimings>,
  order: Order,
): Generator<TreeRow> {
  const label = (name: string) => name.slice(category.name.length);
  const members = [
    ...category.touchpoints.map((touchpoint) => ({ sorted: touchpoint, touchpoint, below: undefined })),
    ...[...category.categories.values()].map((below) => {
      const sorted = { ...(figures.get(below) as CategoryTimings), touchpoint: below.name };
      return { sorted, touchpoint: undefined, below };
    }),
  ].sort((a, b) => order(a.sorted, b.sorted));
  for (const { touchpoint, below } of members) {
    if (touchpoint !== undefined) yield touchpointRow(touchpoint, label(touchpoint.touchpoint), depth);
    if (below === undefined) continue;
    const own = figures.get(below) as CategoryTimings;
    yield { depth, label: label(below.name), figures: own, touchpoint: undefined, category: own };
    yield* rowsOf(below, depth + 1, figures, order);
  }
}

function touchpointRow(touchpoint: TouchpointTimings, name: string, depth: number): TreeRow {
  const label = name || (touchpoint.touchpoint === "" ? NO_TOUCHPOINT : CATEGORY_ITSELF);
  return { depth, label, figures: touchpoint, touchpoint, category: undefined };
}
