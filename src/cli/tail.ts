// `simplelogs tail`: matching records as they come.

import type { Command } from "commander";
import { addConfigOption } from "./context.ts";
import { follow } from "./follow.ts";
import { lineWriter } from "./record_line.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_help.ts";
import {
  addSourceOptions,
  type ReadingTools,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  wholeNumber,
} from "./tools.ts";

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
    .description("Shows matching records in the order in which they are stored, as they come, until Ctrl-C.")
    .option("--project <name>", "only this project")
    .option("--last <number>", "begin with so many of the newest records", "0")
    .option("--json", "one JSON object a line")
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
