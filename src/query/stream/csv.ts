// Records as CSV (RFC 4180, lines end with CRLF): one column a member, metadata as one JSON column. Exact, or for spreadsheets: these need a
// byte order mark to know the encoding, read ISO times and no Unix milliseconds, and run texts that begin as formulas do.

import type { ShownRecord } from "../../core/record.ts";

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

/** What spreadsheets know UTF-8 by. */
const BYTE_ORDER_MARK = "\ufeff";
const TIMES: ReadonlySet<string> = new Set(["time", "receivedAt", "startTime", "endTime"]);
/**
 * What a spreadsheet takes, or may take, for a formula: one of its signs, full width ones too, behind whatever it leaves out; and a tab or
 * a line end at the beginning. Source: https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:[\s\p{Cc}\p{Cf}"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/u;

export function csvHeader(): string {
  return `${COLUMNS.join(",")}\r\n`;
}

/** One line; an absent member is an empty field, an empty text is `""`. */
export function csvLine(record: ShownRecord): string {
  return `${COLUMNS.map((name) => field(name === "metadata" ? metadataOf(record) : record[name])).join(",")}\r\n`;
}

export function spreadsheetHeader(): string {
  return BYTE_ORDER_MARK + csvHeader();
}

/** As csvLine: times as ISO 8601, and a quote before what would be a formula. */
export function spreadsheetLine(record: ShownRecord): string {
  const fields = COLUMNS.map((name) => {
    const value = name === "metadata" ? metadataOf(record) : record[name];
    if (typeof value === "number") return TIMES.has(name) ? new Date(value).toISOString() : String(value);
    return field(value !== undefined && FORMULA.test(value) ? `'${value}` : value);
  });
  return `${fields.join(",")}\r\n`;
}

function metadataOf(record: ShownRecord): string | undefined {
  return record.metadata === undefined ? undefined : JSON.stringify(record.metadata);
}

function field(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
