// `simplelogs timings`: durations of each touchpoint as a table. With --tree it also shows each category, which is the
// part of a touchpoint's name before each "/".

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount, formatDuration } from "../core/format.ts";
import type { CategoryTimings, TimingStats, TouchpointTimings } from "../core/responses.ts";
import { shownText } from "../core/terminal.ts";
import { type CategoryNode, categoryTree } from "../core/touchpoint.ts";
import { addConfigOption } from "./context.ts";
import { addScopeOptions, addSourceOptions, type ScopeOptions, type SourceOptions, scopeOf } from "./options.ts";
import { jsonLine } from "./output.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_arguments.ts";
import { type ReadingTools, reportWarnings } from "./source.ts";
import { type Cell, formatTable, type Side, type Style, styleFor } from "./style.ts";
import { comparedOf, comparedText } from "./timings_compared.ts";

interface TimingsOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly sort?: string;
  readonly compare?: string;
  readonly reverse?: boolean;
  readonly tree?: boolean;
  readonly json?: boolean;
  readonly color?: string;
}

const COUNTS = ["count", "running", "unfinished"] as const;
const FIGURES = ["count", "mean", "p50", "p75", "p90", "p95", "p99", "max", "running", "unfinished"] as const;
type Figure = (typeof FIGURES)[number];
const COLUMNS = ["touchpoint", ...FIGURES] as const;
/** The order of a comparison, which the source makes. */
const WORSE = "worse";

/** Characters of a name that are shown; a table cuts its cells, and the mark after the name must not be cut off. */
const LABEL_LENGTH_MAX = 100;

const EXAMPLES = `
Examples:
  simplelogs timings --from 24h
  simplelogs timings --sort p99 'touchpoint:api/*'
  simplelogs timings --tree --project shop
  simplelogs timings --from 4h --compare previous
`;

/** Adds the command to the program. */
export function registerTimings(program: Command, tools: ReadingTools): void {
  const command = addSearch(addConfigOption(program.command("timings")), "a search that timings must match")
    .summary("durations by touchpoint, with percentiles")
    .description(
      "Shows count, mean, percentiles and maximum of the completed timings of each touchpoint, how many run now, and how " +
        "many never ended.",
    );
  addScopeOptions(command)
    .option(
      "--sort <column>",
      `${COLUMNS.join(", ")}; largest numbers first (default: touchpoint; with --compare: worse, what became slower times how often)`,
    )
    .option("--compare <range>", "with the time before (previous), a week before (week), or FROM..TO")
    .option("--reverse", "reverse the order")
    .option("--tree", 'by category, the part of a name before each "/"')
    .option("--json", "print one JSON object, durations in ms")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addSearchHelp(command, EXAMPLES, tools.context).action(async (words: readonly string[], options: TimingsOptions) => {
    const { context, write, clock, openSource } = tools;
    const { compare, sort = compare === undefined ? "touchpoint" : WORSE, reverse: isReversed = false } = options;
    if (options.tree === true && compare !== undefined) {
      throw new OperatingError("usage", "--tree and --compare exclude each other");
    }
    const isByWorse = sort === WORSE && compare !== undefined;
    const order = isByWorse ? undefined : orderBy(sort, isReversed);
    const style = styleFor(options.color, context);
    const scope = scopeOf(searchWords(words, options), options, clock());
    const source = await openSource(command, options, context);
    try {
      const { tree } = options;
      const query = {
        kind: "timings",
        scope,
        ...(tree === true ? { byCategory: true } : {}),
        ...(compare === undefined ? {} : { compared: comparedOf(compare, scope, clock()) }),
        ...(isByWorse ? ({ sort: "worse" } as const) : {}),
      } as const;
      const { touchpoints, categories, ...rest } = await source.query(query);
      const sorted = order === undefined ? inOrder(touchpoints, isReversed) : touchpoints.toSorted(order);
      const isTree = tree === true && order !== undefined;
      const rows = isTree ? treesOf(sorted, categories ?? [], order) : flatRows(sorted);
      if (options.json === true) {
        const shown = tree === true ? { categories: rows.flatMap(({ category }) => category ?? []) } : {};
        await write(jsonLine({ touchpoints: sorted, ...shown, ...rest }, context));
      } else {
        const table =
          compare === undefined ? timingsText(rows, style, rest.registering) : comparedText(rows, rest.previous, style);
        await write(`${table}${moreText(rest.more)}`);
      }
      reportWarnings(rest, context);
    } finally {
      source.close();
    }
  });
}

function inOrder(touchpoints: readonly TouchpointTimings[], isReversed: boolean): readonly TouchpointTimings[] {
  return isReversed ? touchpoints.toReversed() : touchpoints;
}

/** Names from A to Z, largest numbers first, and rows without the number last. Throws OperatingError("usage"). */
function orderBy(sort: string, isReversed: boolean): Order {
  const column = COLUMNS.find((known) => known === sort.toLowerCase());
  if (column === undefined) {
    throw new OperatingError("usage", `--sort: expected ${COLUMNS.join(", ")}, got ${JSON.stringify(sort)}`);
  }
  const turn = isReversed ? -1 : 1;
  const byName: Order = (a, b) => (a.touchpoint < b.touchpoint ? -1 : Number(a.touchpoint > b.touchpoint));
  if (column === "touchpoint") return (a, b) => turn * byName(a, b);
  return (a, b) => {
    const [first, second] = [a[column], b[column]];
    if (first === null || second === null) return Number(first === null) - Number(second === null) || byName(a, b);
    return turn * (second - first) || byName(a, b);
  };
}

/** The table, and the meaning of its marks. */
function timingsText(rows: readonly TreeRow[], style: Style, registering: readonly string[] | undefined): string {
  const isMarked = (row: TreeRow) => isUnregistered(row, registering);
  const header: Cell[] = COLUMNS.map((column) => ({ text: column.toUpperCase(), paint: style.bold }));
  const sides: Side[] = COLUMNS.map((column) => (column === "touchpoint" ? "left" : "right"));
  const lines = rows.map((row) => [
    nameCell(row, style, isMarked(row)),
    ...FIGURES.map((figure) => figureText(figure, row.figures)),
  ]);
  const table = formatTable([header, ...lines], sides);
  const hasUnregistered = rows.some(isMarked);
  return hasUnregistered ? `${table}\n* not registered\n` : table;
}

/** How many touchpoints the list leaves out; older servers do not say. */
function moreText(more = 0): string {
  return more === 0
    ? ""
    : `and ${formatCount(more)} more ${more === 1 ? "touchpoint" : "touchpoints"} with fewer timings\n`;
}

function nameCell(row: TreeRow, style: Style, isMarked: boolean): Cell {
  const label = shownText(row.label, LABEL_LENGTH_MAX);
  const text = `${"  ".repeat(row.depth)}${label}${isMarked ? " *" : ""}`;
  return { text, paint: row.category === undefined ? style.touchpoint : style.bold };
}

/**
 * Whether a mistyped name may be meant: nothing is marked in a project that registers no touchpoint. Timings without a
 * touchpoint cannot be registered. Older servers do not say which projects register any.
 */
function isUnregistered({ touchpoint }: TreeRow, registering: readonly string[] | undefined): boolean {
  if (touchpoint === undefined || touchpoint.registered || touchpoint.touchpoint === "") return false;
  return registering === undefined || registering.includes(touchpoint.project);
}

function figureText(figure: Figure, figures: TimingStats): string {
  const value = figures[figure];
  if (value === null) return "-";
  const isCount: boolean = (COUNTS as readonly string[]).includes(figure);
  return isCount ? formatCount(value) : formatDuration(value);
}

/** One line: a touchpoint, or a category. A category's members follow, one level deeper. */
interface TreeRow {
  readonly depth: number;
  readonly label: string;
  readonly figures: TimingStats;
  readonly touchpoint: TouchpointTimings | undefined;
  readonly category: CategoryTimings | undefined;
}

/** Orders the rows of one level; a category's `touchpoint` is its name. */
type Order = (a: NamedFigures, b: NamedFigures) => number;
type NamedFigures = TimingStats & { readonly touchpoint: string };

type Category = CategoryNode<TouchpointTimings>;

/** Timings that have no touchpoint. */
const NO_TOUCHPOINT = "(none)";
/** A touchpoint whose name is the category's. */
const CATEGORY_ITSELF = "(itself)";

/** The touchpoints as they are. Of several projects, each name says its project. */
function flatRows(touchpoints: readonly TouchpointTimings[]): TreeRow[] {
  const isOfSeveral = projectsOf(touchpoints).length > 1;
  return touchpoints.map((touchpoint) => {
    const row = touchpointRow(touchpoint, touchpoint.touchpoint, 0);
    return isOfSeveral ? { ...row, label: `${touchpoint.project}: ${row.label}` } : row;
  });
}

/** The projects of these touchpoints, by name; one undefined of an older server. */
function projectsOf(touchpoints: readonly TouchpointTimings[]): readonly (string | undefined)[] {
  return [...new Set(touchpoints.map(({ project }) => project))].sort();
}

/** One tree; of several projects, one each, whose outermost rows say the project. */
function treesOf(
  touchpoints: readonly TouchpointTimings[],
  categories: readonly CategoryTimings[],
  order: Order,
): TreeRow[] {
  const projects = projectsOf(touchpoints);
  if (projects.length < 2) return treeRows(touchpoints, categories, order);
  return projects.flatMap((project) => {
    const isOwn = (row: { readonly project: string }) => row.project === project;
    return treeRows(touchpoints.filter(isOwn), categories.filter(isOwn), order).map((row) =>
      row.depth === 0 ? { ...row, label: `${project ?? ""}: ${row.label}` } : row,
    );
  });
}

/** The rows of the tree; the members of each category are in the given order. */
function treeRows(
  touchpoints: readonly TouchpointTimings[],
  categories: readonly CategoryTimings[],
  order: Order,
): TreeRow[] {
  const figures = new Map(categories.map((category) => [category.category, category]));
  return [...rowsOf(categoryTree(touchpoints), 0, figures, order)];
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
      // Any program may answer at the address.
      if (own === undefined) throw new OperatingError("io", "the server's response lacks the figures of a category");
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
