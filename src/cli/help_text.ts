// The parts of a help text that the command line's library does not format: notes, examples and tables, within the terminal's width.

import type { CliContext } from "./context.ts";

/** Characters of a line where there is no terminal. */
const COLUMNS_DEFAULT = 80;
/** With fewer, words are not broken into ever shorter lines. */
const COLUMNS_MIN = 40;
/** The least that a table's second column has; with less it stands below the first. */
const SECOND_COLUMN_MIN = 30;

/** The width that help is wrapped to. */
export function helpColumns({ columns }: Pick<CliContext, "columns">): number {
  return Math.max(COLUMNS_MIN, columns ?? COLUMNS_DEFAULT);
}

/**
 * Notes for a command's help, wrapped: paragraphs stand between empty lines; a line that begins with a space is an example, which
 * stays a line of its own.
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

/** Lines of a name and what it means. */
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

/** The text's lines; a word that is longer than a line has one of its own. */
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
