// The parts of a help text that commander does not format: notes, examples and tables. All are wrapped to the
// terminal's width.

import type { Command } from "commander";
import type { CliContext } from "./context.ts";

/** Characters of a line where there is no terminal. */
const COLUMNS_DEFAULT = 80;
/** Narrower terminals get lines of this width. */
const COLUMNS_MIN = 40;
/** The least width of a table's second column. If there is less, it goes below the first. */
const SECOND_COLUMN_MIN = 30;

/** The width that help is wrapped to. */
export function helpColumns({ columns }: Pick<CliContext, "columns">): number {
  return Math.max(COLUMNS_MIN, columns ?? COLUMNS_DEFAULT);
}

/**
 * Notes for a command's help, wrapped. Empty lines separate paragraphs. A line that begins with a space is an
 * example, which stays a line of its own.
 */
export function helpNotes(text: string, columns: number): string {
  const lines: string[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) lines.push(...wrapped(paragraph.join(" "), columns, "", ""));
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    if (line !== "" && !line.startsWith(" ")) {
      paragraph.push(line);
      continue;
    }
    endParagraph();
    if (line === "") lines.push("");
    else lines.push(...wrapped(line.trim(), columns, "  ", "      "));
  }
  endParagraph();
  return lines.join("\n");
}

/** A table of names and their meanings. */
export function helpTable(rows: readonly (readonly [string, string])[], columns: number): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  const isBeside = columns - width >= SECOND_COLUMN_MIN;
  const lines = rows.flatMap(([name, meaning]) =>
    isBeside
      ? wrapped(meaning, columns, `  ${name}`.padEnd(width), " ".repeat(width))
      : [`  ${name}`, ...wrapped(meaning, columns, "      ", "      ")],
  );
  return `${lines.join("\n")}\n`;
}

/** The lines of the text; a word that is longer than a line gets its own line. */
function wrapped(text: string, columns: number, first: string, others: string): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = others;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Adds notes to a command's help. */
export function addNotes(command: Command, notes: string, context: CliContext): Command {
  return command.addHelpText("after", () => helpNotes(notes, helpColumns(context)));
}
