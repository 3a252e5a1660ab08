// Colours and tables for people. Without colours a text stays the same.
//
// Column widths are those of the text on the screen, so colours, escapes and wide characters do not shift a column.

import { styleText } from "node:util";
import { textWidth } from "#runtime/text_width.ts";
import type { Level } from "../core/entry.ts";
import { OperatingError } from "../core/errors.ts";
import { shownText } from "../core/terminal.ts";
import type { CliContext } from "./context.ts";

/** Adds a colour to a text, or returns it as it is. */
type Paint = (text: string) => string;

/** How each part of a line looks. */
export interface Style {
  readonly dim: Paint;
  readonly bold: Paint;
  readonly touchpoint: Paint;
  readonly duration: Paint;
  readonly good: Paint;
  readonly warning: Paint;
  readonly bad: Paint;
  readonly level: Readonly<Record<Level | "timing", Paint>>;
}

type Format = Parameters<typeof styleText>[0];

/**
 * The style for stdout. "auto" (also where nothing is given): colours on a terminal, unless NO_COLOR is set or TERM is
 * "dumb" (https://no-color.org). Throws OperatingError("usage") for another choice.
 */
export function styleFor(choice: string | undefined, context: CliContext): Style {
  switch (choice ?? "auto") {
    case "always":
      return createStyle(true);
    case "never":
      return createStyle(false);
    case "auto": {
      const { NO_COLOR: noColor = "", TERM: terminal } = context.env;
      return createStyle(context.isTerminal && noColor === "" && terminal !== "dumb");
    }
    default:
      throw new OperatingError("usage", `--color: expected auto, always or never, got ${JSON.stringify(choice)}`);
  }
}

/** A style with colours, or one that changes nothing. */
export function createStyle(isColored: boolean): Style {
  const paint = (format: Format): Paint =>
    isColored ? (text) => (text === "" ? "" : styleText(format, text, { validateStream: false })) : (text) => text;
  return {
    dim: paint("dim"),
    bold: paint("bold"),
    touchpoint: paint("cyan"),
    duration: paint("magenta"),
    good: paint("green"),
    warning: paint("yellow"),
    bad: paint("red"),
    level: {
      debug: paint("gray"),
      info: paint("green"),
      warn: paint("yellow"),
      error: paint(["red", "bold"]),
      timing: paint("blue"),
    },
  };
}

/** A text, or a text and its colour, which is added after the width is known. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** The alignment of a column: names left, numbers right. */
export type Side = "left" | "right";

/** Characters of a cell that are shown: a name of any length must not push the other columns away. */
const CELL_LENGTH_MAX = 200;

/**
 * The lines, each ending with a line break; `sides` has one a column. Control characters are escaped, and long texts
 * cut.
 */
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
