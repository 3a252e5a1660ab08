// `simplelogs query`: the newest matching records, or the oldest; the newest last as in a log. With --follow it also
// shows new ones as they come.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount } from "../core/format.ts";
import type { EntriesOrder, QueryScope } from "../core/queries.ts";
import type { ScanWarnings } from "../core/responses.ts";
import { addConfigOption } from "./context.ts";
import {
  addScopeOptions,
  addSourceOptions,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  wholeNumber,
} from "./options.ts";
import { type LineOf, lineWriter } from "./record_line.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_arguments.ts";
import { type ReadingTools, type RecordSource, recordPages, reportWarnings } from "./source.ts";
import { follow } from "./tail.ts";

interface QueryOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly limit: string;
  readonly order?: string;
  readonly reverse?: boolean;
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly color?: string;
}

const EXAMPLES = `
Examples:
  simplelogs query level:error --from 24h
  simplelogs query '"payment failed" -level:debug' --project shop --limit 20
  simplelogs query 'touchpoint:api/* duration:>500' --json > slow.ndjson
  simplelogs query --order asc --from 1h key:req-abc123
  simplelogs query --follow level:warn,error
`;

/** Adds the command to the program. */
export function registerQuery(program: Command, tools: ReadingTools): void {
  const command = addSearch(addConfigOption(program.command("query")))
    .summary("search the records")
    .description(
      "Shows the newest matching records, or the oldest (--order asc), the newest last. All words together are the search. It reads the data file, " +
        "also while the server runs, or queries a server (--url).",
    );
  addScopeOptions(command)
    .option("--limit <number>", "show at most this many records", "100")
    .option("--order <order>", "desc: the newest records; asc: the oldest ones (default: desc)")
    .option("--reverse", "show the newest first")
    .option("--json", "print one JSON object a line")
    .option("--follow", "then show new records as they come, until Ctrl-C")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addSearchHelp(command, EXAMPLES, tools.context).action(async (words: readonly string[], options: QueryOptions) => {
    const { context, clock, openSource } = tools;
    const scope = scopeOf(searchWords(words, options), options, clock());
    const limit = wholeNumber(options.limit, "--limit", 1);
    const order = orderOf(options.order);
    const lineOf = lineWriter(options, context);
    if (options.follow === true) {
      if (options.to !== undefined) throw new OperatingError("usage", "--follow and --to exclude each other");
      if (options.reverse === true) throw new OperatingError("usage", "--follow and --reverse exclude each other");
      if (order === "asc") throw new OperatingError("usage", "--follow and --order asc exclude each other");
    }
    const source = await openSource(command, options, context);
    try {
      if (options.follow === true) await follow(source, { scope, last: limit, lineOf }, tools);
      else await showRecords(source, { scope, limit, order, lineOf, isNewestFirst: options.reverse === true }, tools);
    } finally {
      source.close();
    }
  });
}

/** The order that --order names. Throws OperatingError. */
function orderOf(text = "desc"): EntriesOrder {
  if (text === "desc" || text === "asc") return text;
  throw new OperatingError("usage", `--order: expected "desc" or "asc", got ${JSON.stringify(text)}`);
}

interface RecordsQuery {
  readonly scope: QueryScope;
  readonly limit: number;
  /** Which records are shown: the newest, or the oldest. */
  readonly order: EntriesOrder;
  readonly lineOf: LineOf;
  readonly isNewestFirst: boolean;
}

async function showRecords(
  source: RecordSource,
  { scope, limit, order, lineOf, isNewestFirst }: RecordsQuery,
  { context, write }: ReadingTools,
): Promise<void> {
  const shownLater: string[] = [];
  const isShownAtOnce = isNewestFirst === (order === "desc");
  let count = 0;
  let isMore = false;
  let warnings: ScanWarnings = {};
  for await (const page of recordPages(source, scope, limit, order)) {
    const lines = page.entries.map(lineOf);
    count += lines.length;
    isMore = page.nextCursor !== null;
    warnings = mergeWarnings(warnings, page, count < limit);
    if (isShownAtOnce && !(await write(lines.join("")))) return;
    if (!isShownAtOnce) shownLater.push(...lines);
  }
  for (const text of textsOf(shownLater.toReversed())) if (!(await write(text))) return;
  if (context.isTerminal && context.isErrorTerminal) {
    if (count === 0) context.stderr.write("no record matches\n");
    else if (isMore)
      context.stderr.write(
        `(the ${order === "desc" ? "newest" : "oldest"} ${formatCount(count)}; --limit shows more)\n`,
      );
  }
  reportWarnings(warnings, context);
}

/** The warnings of all pages as one. A page that stopped early matters only if it was the last one. */
function mergeWarnings(warnings: ScanWarnings, page: ScanWarnings, isShort: boolean): ScanWarnings {
  const damagedBlocks = Math.max(warnings.damagedBlocks ?? 0, page.damagedBlocks ?? 0);
  return {
    ...(isShort && page.stoppedEarly !== undefined ? { stoppedEarly: page.stoppedEarly } : {}),
    ...(damagedBlocks === 0 ? {} : { damagedBlocks }),
  };
}

/** Lines of one write. */
const WRITE_LINES = 1_000;

function* textsOf(lines: readonly string[]): Generator<string> {
  for (let from = 0; from < lines.length; from += WRITE_LINES) yield lines.slice(from, from + WRITE_LINES).join("");
}
