// `simplelogs tail`, and the part of it that `query --follow` shares: matching records as they are stored, after the
// newest existing ones. The tail opens before the existing records are read, so none is missed in between. A record
// that is in both appears once. It ends with a signal or when the reader closes the pipe. Neither is a failure.

import type { Command } from "commander";
import { formatCountOf } from "../core/format.ts";
import type { QueryScope, TailEvent } from "../core/queries.ts";
import { addConfigOption } from "./context.ts";
import { addSourceOptions, type ScopeOptions, type SourceOptions, scopeOf, wholeNumber } from "./options.ts";
import { type LineOf, lineWriter } from "./record_line.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_arguments.ts";
import { type ReadingTools, type RecordSource, recordPages } from "./source.ts";

interface TailOptions extends SourceOptions, Pick<ScopeOptions, "project">, FormerSearchOptions {
  readonly last: string;
  readonly json?: boolean;
  readonly color?: string;
}

const EXAMPLES = `
Examples:
  simplelogs tail
  simplelogs tail level:error --last 20
  simplelogs tail --json 'touchpoint:api/*' | jq .message
  SIMPLELOGS_TOKEN=… simplelogs tail --url https://logs.example.com level:warn,error
`;

/** Adds the command to the program. */
export function registerTail(program: Command, tools: ReadingTools): void {
  const command = addSearch(addConfigOption(program.command("tail")))
    .summary("show records as they come")
    .description("Shows matching records as they are stored, until Ctrl-C.")
    .option("--project <name>", "only this project")
    .option("--last <number>", "begin with this many of the newest records", "0")
    .option("--json", "print one JSON object a line")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addSearchHelp(command, EXAMPLES, tools.context).action(async (words: readonly string[], options: TailOptions) => {
    const scope = scopeOf(searchWords(words, options), options, 0);
    const last = wholeNumber(options.last, "--last", 0);
    const lineOf = lineWriter(options, tools.context);
    const source = await tools.openSource(command, options, tools.context);
    try {
      await follow(source, { scope, last, lineOf }, tools);
    } finally {
      source.close();
    }
  });
}

/** Which records to follow, and how to write them. */
interface FollowQuery {
  readonly scope: QueryScope;
  /** Existing records to show first, the newest ones; may be 0. */
  readonly last: number;
  readonly lineOf: LineOf;
}

/** Writes the newest existing records, then new ones until SIGINT or SIGTERM, or until the reader closes the pipe. */
export async function follow(source: RecordSource, query: FollowQuery, tools: ReadingTools): Promise<void> {
  const { context, signals, write } = tools;
  const { scope, last, lineOf } = query;
  const stop = new AbortController();
  signals.on("SIGINT", () => stop.abort());
  signals.on("SIGTERM", () => stop.abort());
  const { project, q, timeZone } = scope;
  let isRead = true;
  const shown = new Set<number>();
  try {
    const tail = await source.tail({ project, q, timeZone, after: undefined }, stop.signal);
    const lines: string[] = [];
    for await (const { entries, damagedBlocks } of recordPages(source, scope, last)) {
      if (stop.signal.aborted) return;
      if (damagedBlocks !== undefined) context.stderr.write(`simplelogs: damaged blocks left out: ${damagedBlocks}\n`);
      for (const record of entries) shown.add(record.id);
      lines.push(...entries.map(lineOf));
    }
    isRead = await write(lines.toReversed().join(""));
    if (!isRead) return;
    for await (const events of tail) {
      const fresh = events.filter(({ kind, id }) => kind === "gap" || !shown.has(id));
      for (const event of fresh) if (event.kind === "gap") context.stderr.write(`simplelogs: ${gapText(event)}\n`);
      const text = fresh.map((event) => (event.kind === "record" ? lineOf(event.record) : "")).join("");
      isRead = text === "" || (await write(text));
      if (!isRead) return;
    }
  } catch (error) {
    // The signal aborted a request: no failure.
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.abort();
  }
}

function gapText({ missed }: Extract<TailEvent, { kind: "gap" }>): string {
  return `${formatCountOf(missed, "record")} skipped: they came faster than this command read them; \`simplelogs query\` shows them`;
}
