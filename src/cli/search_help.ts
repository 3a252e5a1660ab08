// The search on the command line: the words of a command together, the same for each command that takes one, and its help, made from the
// parser's own list of fields.

import { type Command, Option } from "commander";
import { METADATA_FIELD, SEARCH_FIELDS } from "../search/fields.ts";
import type { CliContext } from "./context.ts";
import { helpColumns, helpNotes, helpTable } from "./help_text.ts";

const INTRODUCTION = `
Search: the words of the command line together. Words and "quoted phrases" match any part of message, touchpoint, key and
metadata values. Terms are joined by AND; OR, parentheses and - or NOT work. Times without an offset are in this machine's time zone. Quote a search
for the shell:

  'level:error ("timed out" OR refused) -bot'
`;

/** How the search was given before 0.2. */
export interface FormerSearchOptions {
  readonly q?: string;
  readonly query?: string;
}

/** Adds the words, and the spellings that earlier versions had. */
export function addSearch(command: Command, what = "the search; without one everything matches"): Command {
  return command
    .argument("[words...]", what)
    .addOption(new Option("--q <search>").hideHelp())
    .addOption(new Option("-q, --query <search>").hideHelp());
}

/** All words that were given, however. */
export function searchWords(words: readonly string[], { q, query }: FormerSearchOptions): readonly string[] {
  return [q, query, ...words].filter((word) => word !== undefined);
}

/** Adds the search language and notes to a command's help. */
export function addSearchHelp(command: Command, notes: string, context: CliContext): Command {
  return command.addHelpText("after", () => {
    const columns = helpColumns(context);
    const fields = [...SEARCH_FIELDS, METADATA_FIELD].map(({ example, help }) => [example, help] as const);
    return `${helpNotes(INTRODUCTION, columns)}\n${helpTable(fields, columns)}${helpNotes(notes, columns)}`;
  });
}

/** Adds notes to a command's help. */
export function addNotes(command: Command, notes: string, context: CliContext): Command {
  return command.addHelpText("after", () => helpNotes(notes, helpColumns(context)));
}
