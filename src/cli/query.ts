// `simplelogs query`: the newest records that match, newest last as in a log; with --follow also those that come.

import type { Command } from "commander";
import { OperatingError } from "../core/errors.ts";
import { formatCount } from "../core/format.ts";
import type { QueryScope } from "../core/queries.ts";
import type { ScanWarnings } from "../core/responses.ts";
import { addConfigOption } from "./context.ts";
import { follow } from "./follow.ts";
import { newestPages } from "./newest_pages.ts";
import { type LineOf, lineWriter } from "./record_line.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_help.ts";
import type { RecordSource } from "./source.ts";
import {
  addScopeOptions,
  addSourceOptions,
  type ReadingTools,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  tellNotes,
  wholeNumber,
} from "./tools.ts";

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
      "Shows the newest records that match, the newest last. The words together are the search. It reads the data file, " +
        "also while the server runs, or asks a server (--url).",
    );
  addScopeOptions(command)
    .option("--limit <number>", "at most so many records", "100")
    .option("--reverse", "the newest first")
    .option("--json", "one JSON object a line")
    .option("--follow", "then go on with what comes, until Ctrl-C")
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

interface NewestQuestion {
  readonly scope: QueryScope;
  readonly limit: number;
  readonly lineOf: LineOf;
  readonly isNewestFirst: boolean;
}

async function showNewest(
  source: RecordSource,
  { scope, limit, lineOf, isNewestFirst }: NewestQuestion,
  { context, write }: ReadingTools,
): Promise<void> {
  const kept: string[] = [];
  let count = 0;
  let isMore = false;
  let notes: ScanWarnings = {};
  for await (const page of newestPages(source, scope, limit)) {
    const lines = page.entries.map(lineOf);
    count += lines.length;
    isMore = page.nextCursor !== null;
    notes = addNotes(notes, page, count < limit);
    if (isNewestFirst && !(await write(lines.join("")))) return;
    if (!isNewestFirst) kept.push(...lines);
  }
  for (const text of textsOf(kept.toReversed())) if (!(await write(text))) return;
  if (context.isTerminal && context.isErrorTerminal) {
    if (count === 0) context.stderr.write("no record matches\n");
    else if (isMore) context.stderr.write(`(the newest ${formatCount(count)}; --limit shows more)\n`);
  }
  tellNotes(notes, context);
}

/** The notes of all pages as one. That a page stopped early matters only where no other followed it. */
function addNotes(notes: ScanWarnings, page: ScanWarnings, isShort: boolean): ScanWarnings {
  const damagedBlocks = Math.max(notes.damagedBlocks ?? 0, page.damagedBlocks ?? 0);
  return {
    ...(isShort && page.stoppedEarly !== undefined ? { stoppedEarly: page.stoppedEarly } : {}),
    ...(damagedBlocks === 0 ? {} : { damagedBlocks }),
  };
}

/** Lines that go to one write. */
const WRITE_LINES = 1_000;

function* textsOf(lines: readonly string[]): Generator<string> {
  for (let from = 0; from < lines.length; from += WRITE_LINES) yield lines.slice(from, from + WRITE_LINES).join("");
}
