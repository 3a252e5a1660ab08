// Colours: whether there are any, and which. Texts enter and leave; without colours they are the same.

import { styleText } from "node:util";
import type { Level } from "../core/entry.ts";
import { OperatingError } from "../core/errors.ts";
import type { CliContext } from "./context.ts";

export type Paint = (text: string) => string;

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

/** What --color takes. */
export const COLOR_CHOICES = ["auto", "always", "never"] as const;

/**
 * The style for stdout. "auto" (also where nothing is given): colours on a terminal, unless NO_COLOR is set or TERM is "dumb"
 * (https://no-color.org). Throws OperatingError("usage") for another choice.
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
      throw new OperatingError("usage", `--color: expected ${COLOR_CHOICES.join(", ")}, got ${JSON.stringify(choice)}`);
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
