// Records as CSV (RFC 4180, lines end with CRLF): one column a member, metadata as one JSON column.

import type { ShownRecord } from "../core/record.ts";

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

export function csvHeader(): string {
  return `${COLUMNS.join(",")}\r\n`;
}

/** One line; an absent member is an empty field, an empty text is `""`. */
export function csvLine(record: ShownRecord): string {
  return `${COLUMNS.map((name) => field(name === "metadata" ? metadataOf(record) : record[name])).join(",")}\r\n`;
}

function metadataOf(record: ShownRecord): string | undefined {
  return record.metadata === undefined ? undefined : JSON.stringify(record.metadata);
}

function field(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
