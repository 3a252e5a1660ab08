// The command lines that a Markdown text shows, and what the program's own help says to them.

import { runCommandLine } from "../../../src/cli/program.ts";
import type { Markdown } from "./markdown.ts";
import { spansOf } from "./markdown.ts";

/** Words before the first option, and the options' names. */
export interface ShownCommand {
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** Shell words, quotes taken off; a word that was quoted is no option and no sign. */
function shellWords(line: string): { readonly text: string; readonly isQuoted: boolean }[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => ({
    text: single ?? double ?? bare ?? "",
    isQuoted: bare === undefined,
  }));
}

function commandOf(line: string, more: readonly string[] = []): ShownCommand {
  const all = shellWords(line).slice(1);
  const end = all.findIndex(({ text, isQuoted }) => !isQuoted && /^[>|]$/.test(text));
  const tokens = end === -1 ? all : all.slice(0, end);
  const isOption = ({ text, isQuoted }: { text: string; isQuoted: boolean }) => !isQuoted && text.startsWith("-");
  const first = tokens.findIndex(isOption);
  const words = (first === -1 ? tokens : tokens.slice(0, first)).map(({ text }) => text);
  const options = tokens.filter(isOption).map(({ text }) => text);
  return { words, options: [...options, ...more.filter((token) => token.startsWith("-"))] };
}

/** Every command that starts with the executable's name: in blocks, in the prose, and in the table of commands. */
export function shownCommands({ blocks, spans, tables }: Markdown): ShownCommand[] {
  const lines = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) => text.split("\n"));
  const started = lines.map((line) => line.replace(/^(?:[A-Z_]+=\S+ |docker exec simplelogs |\.\.\/dist\/|\.\/)/, ""));
  const isCommand = (line: string) => /^simplelogs(?: |$)/.test(line);
  const rows = (tables.get("command") ?? []).map(([command = "", does = ""]) =>
    commandOf(spansOf(command)[0] ?? "", spansOf(does)),
  );
  return [...[...started, ...spans].filter(isCommand).map((line) => commandOf(line)), ...rows];
}

/** What the program says to `--help` behind these words. */
async function helpOf(words: readonly string[]): Promise<string> {
  let out = "";
  const sink = { write: (text: string) => (out += text) };
  const context = { stdout: sink, stderr: sink, env: {}, cwd: "/", isTerminal: false, isErrorTerminal: false };
  const options = {
    version: "0",
    commit: "",
    signals: { on: () => undefined },
    write: () => Promise.resolve(true),
    prompt: undefined,
  };
  await runCommandLine([...words, "--help"], context, options);
  return out;
}

/** Why the program does not know the command, or an empty list. */
export async function problemsOf({ words, options }: ShownCommand): Promise<string[]> {
  const shown = ["simplelogs", ...words].join(" ");
  const help = await helpOf(words);
  const usage = /^Usage: simplelogs((?: [a-z]+)*)(.*)$/m.exec(help);
  if (usage === null) return [`${shown}: no usage`];
  const names = (usage[1] ?? "").split(" ").slice(1);
  const operands = (usage[2] ?? "").match(/<\w+>|\[\w+\.\.\.\]/g) ?? [];
  const isEndless = operands.some((operand) => operand.endsWith("...]"));
  const wordsMax = isEndless ? Number.POSITIVE_INFINITY : names.length + operands.length;
  const isKnown = names.every((name, at) => words[at] === name) && words.length <= wordsMax;
  const unknown = options.filter((option) => !new RegExp(`[ ,]${option}[ ,\\n]`).test(help));
  return [...(isKnown ? [] : [`${shown}: no such command`]), ...unknown.map((option) => `${shown}: no ${option}`)];
}
