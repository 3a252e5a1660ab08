// Timings as a tree along the "/" of touchpoints' names: the figures of touchpoints and categories in, the rows that are open out.

import { assert } from "../../../core/errors.ts";
import type { CategoryTimings, TimingStats, TimingsResponse, TouchpointTimings } from "../../../core/responses.ts";
import { categoriesOf } from "../../../core/touchpoint.ts";
import { compareValues, type Sort } from "../../components/data_table.tsx";
import { formatSelection, type Selection } from "../../state/selection.ts";

/** One line: a touchpoint, or a category with what belongs to it below. */
export interface TimingRow {
  /** Unique in the tree; also the selection as the address has it. */
  readonly id: string;
  readonly selection: Selection;
  readonly depth: number;
  /** The name without that of the category around it. */
  readonly label: string;
  readonly figures: TimingStats;
  /** Whether it could be registered, and is not. */
  readonly isUnregistered: boolean;
  /** Undefined for a touchpoint: there is nothing below. */
  readonly isOpen: boolean | undefined;
}

/** Figures that rows can be ordered by, beside "name". */
const SORT_FIGURES = ["count", "p50", "p90", "p95", "p99", "max", "running", "unfinished"] as const;

interface Category {
  /** "" for all, else it ends with "/". */
  readonly name: string;
  readonly touchpoints: TouchpointTimings[];
  readonly categories: Map<string, Category>;
}

interface Member {
  readonly name: string;
  readonly figures: TimingStats;
  readonly touchpoint: TouchpointTimings | undefined;
  readonly below: Category | undefined;
}

/** The rows of the tree, top down; what lies beside each other in the order of `sort`, then by name. */
export function timingRows(
  { touchpoints, categories = [] }: Pick<TimingsResponse, "touchpoints" | "categories">,
  isOpen: (category: string) => boolean,
  sort: Sort,
): readonly TimingRow[] {
  const all: Category = { name: "", touchpoints: [], categories: new Map() };
  for (const touchpoint of touchpoints) place(all, touchpoint);
  const figures = new Map(categories.map((category) => [category.category, category]));
  return [...rowsOf(all, 0, figures, isOpen, sort)];
}

function place(all: Category, touchpoint: TouchpointTimings): void {
  let category = all;
  for (const name of categoriesOf(touchpoint.touchpoint)) {
    const next = category.categories.get(name) ?? { name, touchpoints: [], categories: new Map() };
    category.categories.set(name, next);
    category = next;
  }
  category.touchpoints.push(touchpoint);
}

function* rowsOf(
  category: Category,
  depth: number,
  figures: ReadonlyMap<string, CategoryTimings>,
  isOpen: (category: string) => boolean,
  sort: Sort,
): Generator<TimingRow> {
  const members: Member[] = [
    ...category.touchpoints.map((one) => ({ name: one.touchpoint, figures: one, touchpoint: one, below: undefined })),
    ...[...category.categories.values()].map((below) => {
      const own = figures.get(below.name);
      assert(own !== undefined, "a category of the touchpoints has figures");
      return { name: below.name, figures: own, touchpoint: undefined, below };
    }),
  ];
  for (const member of members.toSorted((a, b) => compareMembers(a, b, sort))) {
    const row = rowOf(member, category.name, depth, isOpen);
    yield row;
    if (member.below !== undefined && row.isOpen === true) {
      yield* rowsOf(member.below, depth + 1, figures, isOpen, sort);
    }
  }
}

function rowOf(member: Member, outer: string, depth: number, isOpen: (category: string) => boolean): TimingRow {
  const { name, figures, touchpoint, below } = member;
  const selection: Selection =
    below !== undefined ? { kind: "category", name } : name === "" ? { kind: "none" } : { kind: "touchpoint", name };
  return {
    id: formatSelection(selection),
    selection,
    depth,
    label: name.slice(outer.length) || (name === "" ? "(none)" : "(itself)"),
    figures,
    isUnregistered: touchpoint !== undefined && !touchpoint.registered && name !== "",
    isOpen: below === undefined ? undefined : isOpen(name),
  };
}

function compareMembers(a: Member, b: Member, { id, isDescending }: Sort): number {
  const figure = SORT_FIGURES.find((known) => known === id);
  if (figure === undefined) return compareValues(a.name, b.name, isDescending);
  return compareValues(a.figures[figure], b.figures[figure], isDescending) || compareValues(a.name, b.name, false);
}

/** So many touchpoints are all shown at first; of more only the top. */
const OPEN_TOUCHPOINTS_MAX = 30;
/** Stands for no category at all. */
const NOTHING_OPEN = ",";

/** Every category of an answer, as long as that is a list to look through. */
export function openAtFirst({ touchpoints, categories = [] }: TimingsResponse): ReadonlySet<string> {
  return new Set(touchpoints.length <= OPEN_TOUCHPOINTS_MAX ? categories.map(({ category }) => category) : []);
}

/** Open categories as the address has them: "api/,db/"; undefined where it says nothing. */
export function parseOpen(text: string): ReadonlySet<string> | undefined {
  if (text === "") return undefined;
  const names = text.split(",").filter((name) => name !== "");
  return new Set(names.map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%")));
}

export function formatOpen(open: ReadonlySet<string>): string {
  const names = [...open].toSorted().map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C"));
  return names.length === 0 ? NOTHING_OPEN : names.join(",");
}
