// Timings by category: what touchpoints' names have before each "/".

import { OperatingError } from "../core/errors.ts";
import type { CategoryTimings, TimingStats, TouchpointTimings } from "../core/responses.ts";
import { categoriesOf } from "../core/touchpoint.ts";

/** One line: a touchpoint, or a category with what belongs to it below. */
export interface TreeRow {
  readonly depth: number;
  readonly label: string;
  readonly figures: TimingStats;
  readonly touchpoint: TouchpointTimings | undefined;
  readonly category: CategoryTimings | undefined;
}

/** How rows beside each other are ordered; a category's `touchpoint` is its name. */
export type Order = (a: NamedFigures, b: NamedFigures) => number;
export type NamedFigures = TimingStats & { readonly touchpoint: string };

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
export function categoryTree(
  touchpoints: readonly TouchpointTimings[],
  categories: readonly CategoryTimings[],
  order: Order,
): TreeRow[] {
  const all = newCategory("");
  for (const touchpoint of touchpoints) place(all, touchpoint);
  const figures = new Map(categories.map((category) => [category.category, category]));
  return [...rowsOf(all, 0, figures, order)];
}

function newCategory(name: string): Category {
  return { name, touchpoints: [], categories: new Map() };
}

function place(all: Category, touchpoint: TouchpointTimings): void {
  let category = all;
  for (const name of categoriesOf(touchpoint.touchpoint)) {
    const next = category.categories.get(name) ?? newCategory(name);
    category.categories.set(name, next);
    category = next;
  }
  category.touchpoints.push(touchpoint);
}

function* rowsOf(
  category: Category,
  depth: number,
  figures: ReadonlyMap<string, CategoryTimings>,
  order: Order,
): Generator<TreeRow> {
  const label = (name: string) => name.slice(category.name.length);
  const members = [
    ...category.touchpoints.map((touchpoint) => ({ sorted: touchpoint, touchpoint, below: undefined })),
    ...[...category.categories.values()].map((below) => {
      const own = figures.get(below.name);
      // A server may be anybody.
      if (own === undefined) throw new OperatingError("io", "the server's answer has no figures of a category");
      return { sorted: { ...own, touchpoint: below.name }, touchpoint: undefined, below: { category: below, own } };
    }),
  ].sort((a, b) => order(a.sorted, b.sorted));
  for (const { touchpoint, below } of members) {
    if (touchpoint !== undefined) yield touchpointRow(touchpoint, label(touchpoint.touchpoint), depth);
    if (below === undefined) continue;
    const { own } = below;
    yield { depth, label: label(own.category), figures: own, touchpoint: undefined, category: own };
    yield* rowsOf(below.category, depth + 1, figures, order);
  }
}

function touchpointRow(touchpoint: TouchpointTimings, name: string, depth: number): TreeRow {
  const label = name || (touchpoint.touchpoint === "" ? NO_TOUCHPOINT : CATEGORY_ITSELF);
  return { depth, label, figures: touchpoint, touchpoint, category: undefined };
}
