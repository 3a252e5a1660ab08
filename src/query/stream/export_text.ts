// An export as pieces of text, for whoever streams it: the lines of `exportLines` behind the header that the format has.

import type { ExportFormat, ExportRequest, QueryRefusal } from "../../core/queries.ts";
import type { ShownRecord } from "../../core/record.ts";
import { isRefusal, type ReadRules, refuseUnknownProject, resolveScope } from "../scan/scope.ts";
import { csvHeader, csvLine, spreadsheetHeader, spreadsheetLine } from "./csv.ts";
import { type ExportSource, exportLines } from "./export.ts";

/** Characters of one piece, about: large enough to be quick, small enough to hold for each reader. */
const PIECE_LENGTH = 256 * 1024;
/** Inflated bytes of a window: small, so that other questions have their turn soon. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export interface ExportTextOptions {
  readonly source: ExportSource;
  readonly rules: ReadRules;
  /** Unix ms. */
  readonly now: number;
}

/** One line a record, with its end. */
export function lineFormatter(format: ExportFormat): (record: ShownRecord) => string {
  if (format === "spreadsheet") return spreadsheetLine;
  return format === "csv" ? csvLine : (record) => `${JSON.stringify(record)}\n`;
}

/** What stands before the lines. */
export function exportHeader(format: ExportFormat): string {
  if (format === "spreadsheet") return spreadsheetHeader();
  return format === "csv" ? csvHeader() : "";
}

/** Pieces of text; "" after a step that gave none. */
export function exportText(
  { format, scope }: ExportRequest,
  { source, rules, now }: ExportTextOptions,
): Generator<string> | QueryRefusal {
  const { project } = scope;
  const refusal = refuseUnknownProject(project, rules, () => source.projects());
  if (refusal !== undefined) return refusal;
  const understood = resolveScope(scope, rules, now);
  if (isRefusal(understood)) return understood;
  const { search, from, to, shownFrom } = understood;
  const damaged = [...source.damagedZoneMaps()];
  const lines = exportLines(source, {
    filter: { project, from, to, search, expiredBefore: shownFrom },
    lineOf: lineFormatter(format),
    onDamaged: ({ id }) => {
      if (!damaged.includes(id)) damaged.push(id);
    },
    windowBytes: WINDOW_BYTES,
  });
  return pieces(lines, exportHeader(format), damaged);
}

function* pieces(windows: Generator<string[]>, header: string, damaged: readonly number[]): Generator<string> {
  let text = header;
  for (const lines of windows) {
    for (const line of lines) {
      text += line;
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = "";
    }
    yield "";
  }
  if (text !== "") yield text;
  // A stream that ends as if it were whole would hide what is missing.
  if (damaged.length > 0)
    throw new Error(`blocks are damaged, and records of theirs are missing: ${damaged.join(", ")}`);
}
