// Negated words of a search on the command line: `simplelogs query level:error -timeout`. The library would take "-timeout" for short
// options, so such words get a space before them, which a search does not mind. What stands behind an option that takes a value is its
// value, whatever it begins with.

import type { Command } from "commander";

/** A dash and more than one character: the short options of these commands (-h) have one. */
const NEGATION = /^-[^-]./s;

/** The arguments, negated words marked where the command takes a search. */
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

/** What takes the next argument as it is. */
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
