// Timings as a tree along the "/" of touchpoints: figures of touchpoints and categories enter, the visible rows leave.

import { assert } from "../../../core/errors.ts";
import type { CategoryTimings, TimingStats, TimingsResponse, TouchpointTimings } from "../../../core/responses.ts";
import { type CategoryNode, categoryTree } from "../../../core/touchpoint.ts";
import { compareValues, type Sort } from "../../components/data_table.tsx";
import { formatSelection, type Selection } from "../../state/selection.ts";

/** A row: a touchpoint, or a category. */
export interface TimingRow {
  /** Unique in the tree: the selection as the address holds it. */
  readonly id: string;
  readonly selection: Selection;
  readonly depth: number;
  /** The name without the category around it. */
  readonly label: string;
  readonly figures: TimingStats;
  /** A touchpoint that is not registered, in a project that registers some: perhaps a mistyped name. */
  readonly isUnregistered: boolean;
  /** Undefined for a touchpoint: it has no rows below. */
  readonly isOpen: boolean | undefined;
}

/** The figures that rows can be sorted by, beside "name". */
const SORT_FIGURES = ["count", "p50", "p90", "p95", "p99", "max", "running", "unfinished"] as const;

type Category = CategoryNode<TouchpointTimings>;

interface Member {
  readonly name: string;
  readonly figures: TimingStats;
  readonly touchpoint: TouchpointTimings | undefined;
  readonly below: Category | undefined;
}

/** The figures of one project. */
export type ProjectTimings = Pick<TimingsResponse, "touchpoints" | "categories" | "registering">;

/** The figures of each project that has any, by project. */
export function responsesByProject(response: ProjectTimings): readonly (ProjectTimings & { project: string })[] {
  const { touchpoints, categories = [], registering } = response;
  const projects = [...new Set(touchpoints.map(({ project }) => project))].toSorted();
  return projects.map((project) => {
    const isOwn = (one: { readonly project: string }) => one.project === project;
    return { project, touchpoints: touchpoints.filter(isOwn), categories: categories.filter(isOwn), registering };
  });
}

/** Whether a name that is not registered means something: its project registers others. */
export function isUnregistered(
  { project, touchpoint, registered }: Pick<TouchpointTimings, "project" | "touchpoint" | "registered">,
  registering: readonly string[],
): boolean {
  return !registered && touchpoint !== "" && registering.includes(project);
}

interface RowOptions {
  readonly figures: ReadonlyMap<string, CategoryTimings>;
  readonly registering: readonly string[];
  readonly isOpen: (category: string) => boolean;
  readonly sort: Sort;
}

/** The visible rows from the top. Siblings are in the order of `sort`, then by name. */
export function timingRows(
  { touchpoints, categories = [], registering }: ProjectTimings,
  isOpen: (category: string) => boolean,
  sort: Sort,
): readonly TimingRow[] {
  const figures = new Map(categories.map((category) => [category.category, category]));
  return [...rowsOf(categoryTree(touchpoints), 0, { figures, registering, isOpen, sort })];
}

function* rowsOf(category: Category, depth: number, options: RowOptions): Generator<TimingRow> {
  const { figures, sort } = options;
  const members: Member[] = [
    ...category.touchpoints.map((one) => ({ name: one.touchpoint, figures: one, touchpoint: one, below: undefined })),
    ...[...category.categories.values()].map(endOfChain).map((below) => {
      const own = figures.get(below.name);
      assert(own !== undefined, "a category of the touchpoints has figures");
      return { name: below.name, figures: own, touchpoint: undefined, below };
    }),
  ];
  for (const member of members.toSorted((a, b) => compareMembers(a, b, sort))) {
    const row = rowOf(member, category.name, depth, options);
    yield row;
    if (member.below !== undefined && row.isOpen === true) {
      yield* rowsOf(member.below, depth + 1, options);
    }
  }
}

/**
 * The last category of a chain of categories with nothing else in them: "ext/" whose only member is "ext/payments/" is
 * shown as one row.
 */
function endOfChain(category: Category): Category {
  const [only] = category.categories.values();
  const isChain = only !== undefined && category.categories.size === 1 && category.touchpoints.length === 0;
  return isChain ? endOfChain(only) : category;
}

function rowOf(member: Member, outer: string, depth: number, { isOpen, registering }: RowOptions): TimingRow {
  const { name, figures, touchpoint, below } = member;
  const selection: Selection =
    below !== undefined ? { kind: "category", name } : name === "" ? { kind: "none" } : { kind: "touchpoint", name };
  return {
    id: formatSelection(selection),
    selection,
    depth,
    label: name.slice(outer.length) || (name === "" ? "(none)" : "(itself)"),
    figures,
    isUnregistered: touchpoint !== undefined && isUnregistered(touchpoint, registering),
    isOpen: below === undefined ? undefined : isOpen(name),
  };
}

function compareMembers(a: Member, b: Member, { id, isDescending }: Sort): number {
  const figure = SORT_FIGURES.find((known) => known === id);
  if (figure === undefined) return compareValues(a.name, b.name, isDescending);
  return compareValues(a.figures[figure], b.figures[figure], isDescending) || compareValues(a.name, b.name, false);
}

/** Up to this many touchpoints, all categories are open in the beginning. */
const OPEN_TOUCHPOINTS_MAX = 30;
/** The address's texts for "everything closed" and "everything open". */
const NOTHING_OPEN = ",";
const ALL_OPEN = "*";

/** Which categories are open: all but some, or none but some. */
export interface OpenCategories {
  readonly isAll: boolean;
  readonly but: ReadonlySet<string>;
}

/** The categories that are open in the beginning: all of a short list, none of a long one. */
export function initiallyOpen({ touchpoints }: Pick<TimingsResponse, "touchpoints">): OpenCategories {
  return { isAll: touchpoints.length <= OPEN_TOUCHPOINTS_MAX, but: new Set() };
}

/** Whether a category is open. */
export function isOpenIn({ isAll, but }: OpenCategories, category: string): boolean {
  return isAll !== but.has(category);
}

/** With one category opened or closed. */
export function toggleOpen({ isAll, but }: OpenCategories, category: string): OpenCategories {
  const next = new Set(but);
  if (!next.delete(category)) next.add(category);
  return { isAll, but: next };
}

/** The open categories in the address: "api/,db/", or all but some: "*,db/". Undefined for "". */
export function parseOpen(text: string): OpenCategories | undefined {
  if (text === "") return undefined;
  const [first = "", ...rest] = text.split(",");
  const isAll = first === ALL_OPEN;
  const names = (isAll ? rest : [first, ...rest]).filter((name) => name !== "");
  return { isAll, but: new Set(names.map((name) => name.replaceAll("%2C", ",").replaceAll("%25", "%"))) };
}

/** The inverse of parseOpen. */
export function formatOpen({ isAll, but }: OpenCategories): string {
  const names = [...but].toSorted().map((name) => name.replaceAll("%", "%25").replaceAll(",", "%2C"));
  if (isAll) return [ALL_OPEN, ...names].join(",");
  return names.length === 0 ? NOTHING_OPEN : names.join(",");
}
