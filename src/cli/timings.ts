// `simplelogs timings`: how long each touchpoint takes, as a table; with --tree also each category.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount, formatDuration } from "../core/format.ts";
import type { TimingStats } from "../core/responses.ts";
import { shownText } from "../core/terminal.ts";
import { addConfigOption } from "./context.ts";
import { jsonLine } from "./json_line.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_help.ts";
import { type Style, styleFor } from "./style.ts";
import { type Cell, formatTable, type Side } from "./table.ts";
import { categoryTree, flatRows, type Order, type TreeRow } from "./timing_tree.ts";
import {
  addScopeOptions,
  addSourceOptions,
  type ReadingTools,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  tellNotes,
} from "./tools.ts";

interface TimingsOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly sort: string;
  readonly reverse?: boolean;
  readonly tree?: boolean;
  readonly json?: boolean;
  readonly color?: string;
}

const COUNTS = ["count", "running", "unfinished"] as const;
const FIGURES = ["count", "mean", "p50", "p75", "p90", "p95", "p99", "max", "running", "unfinished"] as const;
type Figure = (typeof FIGURES)[number];
const COLUMNS = ["touchpoint", ...FIGURES] as const;

/** Characters of a name that are shown; a table cuts its cells, and what stands behind the name must not go. */
const LABEL_LENGTH_MAX = 100;

const EXAMPLES = `
Examples:
  simplelogs timings --from 24h
  simplelogs timings --sort p99 'touchpoint:api/*'
  simplelogs timings --tree --project shop
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
    .option("--sort <column>", `${COLUMNS.join(", ")}; numbers from the largest on`, "touchpoint")
    .option("--reverse", "the other way round")
    .option("--tree", 'by category, along the "/" of their names')
    .option("--json", "print one JSON object, durations in ms")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addSearchHelp(command, EXAMPLES, tools.context).action(async (words: readonly string[], options: TimingsOptions) => {
    const { context, write, clock, openSource } = tools;
    const order = orderBy(options.sort, options.reverse === true);
    const style = styleFor(options.color, context);
    const scope = scopeOf(searchWords(words, options), options, clock());
    const source = await openSource(command, options, context);
    try {
      const { tree } = options;
      const question = { kind: "timings", scope, ...(tree === true ? { byCategory: true } : {}) } as const;
      const { touchpoints, categories, ...notes } = await source.ask(question);
      const sorted = touchpoints.toSorted(order);
      const rows = tree === true ? categoryTree(sorted, categories ?? [], order) : flatRows(sorted);
      if (options.json === true) {
        const shown = tree === true ? { categories: rows.flatMap(({ category }) => category ?? []) } : {};
        await write(jsonLine({ touchpoints: sorted, ...shown, ...notes }, context));
      } else await write(`${timingsText(rows, style)}${moreText(notes.more)}`);
      tellNotes(notes, context);
    } finally {
      source.close();
    }
  });
}

/** Names from A on, numbers from the largest on, and what has no such number last. Throws OperatingError("usage"). */
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

/** The table, and what its marks mean. */
function timingsText(rows: readonly TreeRow[], style: Style): string {
  const header: Cell[] = COLUMNS.map((column) => ({ text: column.toUpperCase(), paint: style.bold }));
  const sides: Side[] = COLUMNS.map((column) => (column === "touchpoint" ? "left" : "right"));
  const lines = rows.map((row) => [nameCell(row, style), ...FIGURES.map((figure) => figureText(figure, row.figures))]);
  const table = formatTable([header, ...lines], sides);
  const hasUnregistered = rows.some(isMarked);
  return hasUnregistered ? `${table}\n* not registered\n` : table;
}

/** What the list leaves out; a server of before says nothing. */
function moreText(more = 0): string {
  return more === 0
    ? ""
    : `and ${formatCount(more)} more ${more === 1 ? "touchpoint" : "touchpoints"} with fewer timings\n`;
}

function nameCell(row: TreeRow, style: Style): Cell {
  const label = shownText(row.label, LABEL_LENGTH_MAX);
  const text = `${"  ".repeat(row.depth)}${label}${isMarked(row) ? " *" : ""}`;
  return { text, paint: row.category === undefined ? style.touchpoint : style.bold };
}

/** Timings without a touchpoint cannot be registered. */
function isMarked({ touchpoint }: TreeRow): boolean {
  return touchpoint !== undefined && !touchpoint.registered && touchpoint.touchpoint !== "";
}

function figureText(figure: Figure, figures: TimingStats): string {
  const value = figures[figure];
  if (value === null) return "-";
  const isCount: boolean = (COUNTS as readonly string[]).includes(figure);
  return isCount ? formatCount(value) : formatDuration(value);
}
