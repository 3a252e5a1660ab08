// `simplelogs query`: the newest matching records, the newest last as in a log. With --follow it also shows new ones as
// they come.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount } from "../core/format.ts";
import type { QueryScope } from "../core/queries.ts";
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
import { newestPages, type ReadingTools, type RecordSource, reportWarnings } from "./source.ts";
import { follow } from "./tail.ts";

interface QueryOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly limit: string;
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
  simplelogs query --follow level:warn,error
`;

/** Adds the command to the program. */
export function registerQuery(program: Command, tools: ReadingTools): void {
  const command = addSearch(addConfigOption(program.command("query")))
    .summary("search the records")
    .description(
      "Shows the newest matching records, the newest last. All words together are the search. It reads the data file, " +
        "also while the server runs, or queries a server (--url).",
    );
  addScopeOptions(command)
    .option("--limit <number>", "show at most this many records", "100")
    .option("--reverse", "show the newest first")
    .option("--json", "print one JSON object a line")
    .option("--follow", "then show new records as they come, until Ctrl-C")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addSearchHelp(command, EXAMPLES, tools.context).action(async (words: readonly string[], options: QueryOptions) => {
    const { context, clock, openSource } = tools;
    const scope = scopeOf(searchWords(words, options), options, clock());
    const limit = wholeNumber(options.limit, "--limit", 1);
    const lineOf = lineWriter(options, context);
    if (options.follow === true) {
      if (options.to !== undefined) throw new OperatingError("usage", "--follow and --to exclude each other");
      if (options.reverse === true) throw new OperatingError("usage", "--follow and --reverse exclude each other");
    }
    const source = await openSource(command, options, context);
    try {
      if (options.follow === true) await follow(source, { scope, last: limit, lineOf }, tools);
      else await showNewest(source, { scope, limit, lineOf, isNewestFirst: options.reverse === true }, tools);
    } finally {
      source.close();
    }
  });
}

interface NewestQuery {
  readonly scope: QueryScope;
  readonly limit: number;
  readonly lineOf: LineOf;
  readonly isNewestFirst: boolean;
}

async function showNewest(
  source: RecordSource,
  { scope, limit, lineOf, isNewestFirst }: NewestQuery,
  { context, write }: ReadingTools,
): Promise<void> {
  const shownLater: string[] = [];
  let count = 0;
  let isMore = false;
  let warnings: ScanWarnings = {};
  for await (const page of newestPages(source, scope, limit)) {
    const lines = page.entries.map(lineOf);
    count += lines.length;
    isMore = page.nextCursor !== null;
    warnings = mergeWarnings(warnings, page, count < limit);
    if (isNewestFirst && !(await write(lines.join("")))) return;
    if (!isNewestFirst) shownLater.push(...lines);
  }
  for (const text of textsOf(shownLater.toReversed())) if (!(await write(text))) return;
  if (context.isTerminal && context.isErrorTerminal) {
    if (count === 0) context.stderr.write("no record matches\n");
    else if (isMore) context.stderr.write(`(the newest ${formatCount(count)}; --limit shows more)\n`);
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
