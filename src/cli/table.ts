// Tables for people: cells enter, lines in columns leave, two spaces between columns. Widths are those of the texts as they are
// shown, so colours, escapes and wide characters do not shift a column.

import { textWidth } from "#runtime/text_width.ts";
import { shownText } from "../core/terminal.ts";

/** A text, or a text and what colours it: colours are added after the width is known. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** Which side a column's texts stand at: names left, numbers right. */
export type Side = "left" | "right";

/** Characters of a cell that are shown: names can be of any length, and one would push all other columns away. */
const CELL_LENGTH_MAX = 200;

/** The lines, each ending with a line break; `sides` has one a column. Control characters are escaped, and long texts cut. */
export function formatTable(rows: readonly (readonly Cell[])[], sides: readonly Side[]): string {
  const shown = rows.map((row) => row.map(shownCell));
  const widths = sides.map((_, column) => {
    return shown.reduce((widest, row) => Math.max(widest, textWidth(row[column]?.text ?? "")), 0);
  });
  return shown.map((row) => `${formatRow(row, widths, sides)}\n`).join("");
}

interface ShownCell {
  readonly text: string;
  readonly paint: ((text: string) => string) | undefined;
}

function shownCell(cell: Cell): ShownCell {
  return typeof cell === "string"
    ? { text: shownText(cell, CELL_LENGTH_MAX), paint: undefined }
    : { text: shownText(cell.text, CELL_LENGTH_MAX), paint: cell.paint };
}

function formatRow(row: readonly ShownCell[], widths: readonly number[], sides: readonly Side[]): string {
  const last = row.findLastIndex(({ text }) => text !== "");
  const cells = row.slice(0, last + 1).map(({ text, paint }, column) => {
    const space = " ".repeat((widths[column] ?? 0) - textWidth(text));
    const painted = paint === undefined ? text : paint(text);
    if (sides[column] === "right") return space + painted;
    // Nothing follows the last cell.
    return column === last ? painted : painted + space;
  });
  return cells.join("  ");
}
