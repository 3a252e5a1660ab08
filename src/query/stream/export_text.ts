// An export as text, piece by piece: NDJSON, CSV (RFC 4180, lines end with CRLF), or CSV for spreadsheets. CSV
// has one column a member, metadata as one JSON column. Spreadsheets need a byte order mark to know the encoding, read
// ISO times and no Unix milliseconds, and would run texts that begin like formulas.

import type { ExportFormat, ExportRequest, QueryRefusal } from "../../core/queries.ts";
import type { ShownRecord } from "../../core/record.ts";
import { isRefusal, type ReadRules, refuseUnknownProject, resolveScope } from "../scan/scope.ts";
import { visibleNames, visibleRules } from "../scan/visible.ts";
import { type ExportSource, exportLines } from "./export.ts";

/** Characters of one part of the text, about: large enough to be quick, small enough to hold for each reader. */
const PART_LENGTH = 256 * 1024;
/** Inflated bytes of a window: small, so that other queries have their turn soon. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export interface ExportTextOptions {
  readonly source: ExportSource;
  readonly rules: ReadRules;
  /** Unix ms: decides which records have expired. */
  readonly now: number;
}

/** Formats a record as one line, with its line end. */
export function lineFormatter(format: ExportFormat): (record: ShownRecord) => string {
  if (format === "spreadsheet") return spreadsheetLine;
  return format === "csv" ? csvLine : (record) => `${JSON.stringify(record)}\n`;
}

/** The text before the first line. */
export function exportHeader(format: ExportFormat): string {
  if (format === "spreadsheet") return BYTE_ORDER_MARK + CSV_HEADER;
  return format === "csv" ? CSV_HEADER : "";
}

/**
 * Yields the parts of an export; "" after a step without text. The generator throws at its end where blocks are
 * damaged, so that nobody takes the export for complete.
 */
export function exportText(
  { format, scope, visible }: ExportRequest,
  { source, rules: allRules, now }: ExportTextOptions,
): Generator<string> | QueryRefusal {
  const { project } = scope;
  const rules = visibleRules(allRules, visible);
  const refusal = refuseUnknownProject(project, rules, () => visibleNames(source.projects(), visible));
  if (refusal !== undefined) return refusal;
  const resolved = resolveScope(scope, rules, now);
  if (isRefusal(resolved)) return resolved;
  const { search, from, to, shownFrom } = resolved;
  const damaged = [...source.damagedZoneMaps()];
  const lines = exportLines(source, {
    filter: { project, visible, from, to, search, expiredBefore: shownFrom },
    lineOf: lineFormatter(format),
    onDamaged: ({ id }) => {
      if (!damaged.includes(id)) damaged.push(id);
    },
    windowBytes: WINDOW_BYTES,
  });
  return partsOf(lines, exportHeader(format), damaged);
}

function* partsOf(windows: Generator<string[]>, header: string, damaged: readonly number[]): Generator<string> {
  let text = header;
  for (const lines of windows) {
    for (const line of lines) {
      text += line;
      if (text.length < PART_LENGTH) continue;
      yield text;
      text = "";
    }
    yield "";
  }
  if (text !== "") yield text;
  if (damaged.length > 0) {
    throw new Error(`blocks are damaged, and records of theirs are missing: ${damaged.join(", ")}`);
  }
}

const COLUMNS = [
  "id",
  "project",
  "apiKey",
  "kind",
  "status",
  "time",
  "receivedAt",
  "source",
  "keyType",
  "touchpoint",
  "key",
  "level",
  "message",
  "startTime",
  "endTime",
  "duration",
  "metadata",
] as const;

const CSV_HEADER = `${COLUMNS.join(",")}\r\n`;
/** Tells a spreadsheet that the text is UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";
const TIMES: ReadonlySet<string> = new Set(["time", "receivedAt", "startTime", "endTime"]);
/**
 * What a spreadsheet takes, or may take, for a formula: one of its signs, also in full width, after whatever a
 * spreadsheet ignores; and a tab or a line end at the beginning. Source:
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:[\s\p{Cc}\p{Cf}"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/u;

/** An absent member is an empty field, an empty text is `""`. */
function csvLine(record: ShownRecord): string {
  return `${COLUMNS.map((name) => csvField(valueOf(record, name))).join(",")}\r\n`;
}

/** As csvLine, with times as ISO 8601 and a quote before what would be a formula. */
function spreadsheetLine(record: ShownRecord): string {
  const fields = COLUMNS.map((name) => {
    const value = valueOf(record, name);
    if (typeof value === "number") return TIMES.has(name) ? new Date(value).toISOString() : String(value);
    return csvField(value !== undefined && FORMULA.test(value) ? `'${value}` : value);
  });
  return `${fields.join(",")}\r\n`;
}

function valueOf(record: ShownRecord, name: (typeof COLUMNS)[number]): string | number | undefined {
  if (name !== "metadata") return record[name];
  return record.metadata === undefined ? undefined : JSON.stringify(record.metadata);
}

function csvField(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
