// The search on the command line. All words together are the search, the same for each command that takes one. The help
// lists the parser's own fields.
//
// commander would take a negated word ("-timeout") for short options. Such words get a space before them, which the
// search ignores. An argument after an option that takes a value stays as it is.

import { type Command, Option } from "commander";
import { METADATA_FIELD, SEARCH_FIELDS } from "../search/fields.ts";
import type { CliContext } from "./context.ts";
import { helpColumns, helpNotes, helpTable } from "./help.ts";

const INTRODUCTION = `
Search: all words of the command line together. Words and "quoted phrases" match any part of message, touchpoint, key and
metadata values. Terms are joined by AND; OR, parentheses, and NOT or - work too. Times without an offset are in this machine's time zone. Quote
the search for the shell:

  'level:error ("timed out" OR refused) -bot'
`;

/** The options that held the search before 0.2. They still work. */
export interface FormerSearchOptions {
  readonly q?: string;
  readonly query?: string;
}

/** Adds the words of the search, and the options of earlier versions. */
export function addSearch(command: Command, what = "the search; without one, everything matches"): Command {
  return command
    .argument("[words...]", what)
    .addOption(new Option("--q <search>").hideHelp())
    .addOption(new Option("-q, --query <search>").hideHelp());
}

/** All words of the search, in whichever way they were given. */
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

/** A dash and more than one character: the short options of these commands (-h) have one. */
const NEGATION = /^-[^-]./s;

/** The arguments; if the command takes a search, its negated words begin with a space. */
export function protectNegations(args: readonly string[], program: Command): readonly string[] {
  const at = commandIndex(args, program);
  const command = program.commands.find((one) => one.name() === args[at]);
  if (command === undefined || !takesWords(command)) return args;
  const valued = valuedOptions(command);
  const shown = args.slice(0, at + 1);
  for (let index = at + 1; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === "--") return [...shown, ...args.slice(index)];
    shown.push(NEGATION.test(arg) ? ` ${arg}` : arg);
    if (valued.has(arg) && index + 1 < args.length) shown.push(args[++index] as string);
  }
  return shown;
}

function takesWords(command: Command): boolean {
  return command.registeredArguments.some((argument) => argument.variadic);
}

/** The options that take the next argument as their value. */
function valuedOptions(command: Command): ReadonlySet<string> {
  const flags = command.options.filter((option) => option.required).flatMap(({ short, long }) => [short, long]);
  return new Set(flags.filter((flag) => flag !== undefined));
}

function commandIndex(args: readonly string[], program: Command): number {
  const valued = valuedOptions(program);
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (valued.has(arg)) index++;
    else if (!arg.startsWith("-")) return index;
  }
  return args.length;
}
