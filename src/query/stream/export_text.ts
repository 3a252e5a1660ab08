// An export as text, piece by piece: NDJSON, CSV (RFC 4180, lines end with CRLF), or CSV for spreadsheets. CSV
// has one column a member, metadata as one JSON column. Spreadsheets need a byte order mark to know the encoding, read
// ISO times and no Unix milliseconds, and would run texts that begin like formulas.

import type { ExportFormat, ExportRequest, QueryRefusal } from "../../core/queries.ts";
import type { ShownRecord } from "../../core/record.ts";
import { METADATA_PREFIX, unquote } from "../../search/fields.ts";
import { forEachValueAt } from "../match/metadata_path.ts";
import { IDS_PER_NODE } from "../scan/ids.ts";
import type { RecordStream } from "../scan/records.ts";
import { isRefusal, type ReadRules, refuseUnknownProject, resolveScope, type Scope } from "../scan/scope.ts";
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
  /** Where older records and those of other nodes are; undefined: all are in the data file. */
  readonly history?: ExportHistory | undefined;
}

/** The history as an export reads it. */
export interface ExportHistory {
  /** Every project with records in it. */
  readonly projects: readonly string[];
  /** The highest id, as it is shown, up to which the data file's records are in the history. */
  readonly shippedUpTo: () => number;
  /** Its records with ids above `after` and up to `upTo`. Of this node those that are shipped. */
  readonly inOrder: (scope: Scope, after: number, upTo: number) => RecordStream;
}

/** Formats a record as one line, with its line end. @param columns of CSV; undefined: all */
export function lineFormatter(format: ExportFormat, columns?: readonly string[]): (record: ShownRecord) => string {
  if (format === "ndjson") return (record) => `${JSON.stringify(record)}\n`;
  const values = (columns ?? COLUMNS).map(columnOf);
  const fieldOf = format === "spreadsheet" ? spreadsheetField : csvField;
  return (record) => `${values.map(({ name, valueOf }) => fieldOf(valueOf(record), name)).join(",")}\r\n`;
}

/** The text before the first line. @param columns of CSV; undefined: all */
export function exportHeader(format: ExportFormat, columns: readonly string[] = COLUMNS): string {
  if (format === "ndjson") return "";
  const names = columns.map((name) => (format === "spreadsheet" ? spreadsheetField(name, "") : csvField(name)));
  return `${format === "spreadsheet" ? BYTE_ORDER_MARK : ""}${names.join(",")}\r\n`;
}

/** The first of these columns that no export has; undefined: all are known. */
function unknownColumn(columns: readonly string[]): string | undefined {
  return columns.find((name) => !isMember(name) && metadataNameOf(name) === undefined);
}

/**
 * Yields the parts of an export; "" after a step without text. The generator throws at its end where blocks are
 * damaged, so that nobody takes the export for complete.
 */
export function exportText(
  { format, columns, scope, visible }: ExportRequest,
  { source, rules: allRules, now, history }: ExportTextOptions,
): ExportedText | QueryRefusal {
  const { project } = scope;
  const rules = visibleRules(allRules, visible);
  const refusal = refuseUnknownProject(project, rules, () =>
    visibleNames([...new Set([...source.projects(), ...(history?.projects ?? [])])], visible),
  );
  if (refusal !== undefined) return refusal;
  const resolved = resolveScope(scope, rules, now);
  if (isRefusal(resolved)) return resolved;
  const unknown = unknownColumn(columns ?? []);
  if (unknown !== undefined) {
    return { code: "unknown_field", message: `columns: there is no field ${JSON.stringify(unknown)}` };
  }
  const { search, from, to, shownFrom } = resolved;
  const lineOf = lineFormatter(format, columns);
  const damaged = [...source.damagedZoneMaps()];
  const local = (after?: number) =>
    exportLines(source, {
      ...(after === undefined ? {} : { after }),
      filter: { project, visible, from, to, search, expiredBefore: shownFrom },
      lineOf,
      onDamaged: ({ id }) => {
        if (!damaged.includes(id)) damaged.push(id);
      },
      windowBytes: WINDOW_BYTES,
    });
  const lines = history === undefined ? local() : joinedLines(history, resolved, local, lineOf);
  return partsOf(lines, exportHeader(format, columns), damaged);
}

/** Text of an export; or what to wait for before more comes. */
export type ExportedText = Generator<string | Promise<void>>;

/**
 * Lines in the order of ids: of nodes with lower numbers, of this one, of those with higher ones. What was shipped while
 * the history was read is read there, too: it may not be in the data file any more.
 */
export function* joinedLines(
  history: ExportHistory,
  scope: Scope,
  local: (after: number) => Generator<string[]>,
  lineOf: (record: ShownRecord) => string,
): Generator<string[] | Promise<void>> {
  const linesOf = function* (records: RecordStream): Generator<string[] | Promise<void>> {
    for (const some of records) yield some instanceof Promise ? some : some.map(lineOf);
  };
  let upTo = 0;
  for (let next = history.shippedUpTo(); next > upTo; next = history.shippedUpTo()) {
    yield* linesOf(history.inOrder(scope, upTo, next));
    upTo = next;
  }
  yield* local(upTo);
  const after = (Math.floor(upTo / IDS_PER_NODE) + 1) * IDS_PER_NODE - 1;
  yield* linesOf(history.inOrder(scope, after, Number.MAX_SAFE_INTEGER));
}

function* partsOf(
  windows: Generator<string[] | Promise<void>>,
  header: string,
  damaged: readonly number[],
): ExportedText {
  let text = header;
  for (const lines of windows) {
    if (lines instanceof Promise) {
      yield lines;
      continue;
    }
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

/** Tells a spreadsheet that the text is UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";
const TIMES: ReadonlySet<string> = new Set(["time", "receivedAt", "startTime", "endTime"]);
/**
 * What a spreadsheet takes, or may take, for a formula: one of its signs, also in full width, after whatever a
 * spreadsheet ignores; and a tab or a line end at the beginning. Source:
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
const FORMULA = /^(?:[\s\p{Cc}\p{Cf}"']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/u;

type Member = (typeof COLUMNS)[number];
type CsvValue = string | number | undefined;

interface Column {
  readonly name: string;
  readonly valueOf: (record: ShownRecord) => CsvValue;
}

function isMember(name: string): name is Member {
  return (COLUMNS as readonly string[]).includes(name);
}

/** The name below the metadata, without quotes: "a.b" of metadata.a.b. Undefined for any other column. */
function metadataNameOf(column: string): string | undefined {
  if (!column.startsWith(METADATA_PREFIX)) return undefined;
  const written = column.slice(METADATA_PREFIX.length);
  return written.startsWith('"') ? unquote(written) : written || undefined;
}

function columnOf(name: string): Column {
  if (isMember(name)) return { name, valueOf: name === "metadata" ? metadataText : (record) => record[name] };
  const path = metadataNameOf(name);
  return { name, valueOf: ({ metadata }) => metadataValue(metadata, path ?? "") };
}

function metadataText({ metadata }: ShownRecord): CsvValue {
  return metadata === undefined ? undefined : JSON.stringify(metadata);
}

/** Several values are one text with commas; a list or an object is its JSON. */
function metadataValue(metadata: ShownRecord["metadata"], path: string): CsvValue {
  const values: CsvValue[] = [];
  forEachValueAt(metadata, path, (value) => {
    values.push(typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value));
  });
  return values.length > 1 ? values.join(", ") : values[0];
}

/** As csvField, with times as ISO 8601 and a quote before what would be a formula. */
function spreadsheetField(value: CsvValue, column: string): string {
  if (typeof value === "number") return TIMES.has(column) ? new Date(value).toISOString() : String(value);
  return csvField(value !== undefined && FORMULA.test(value) ? `'${value}` : value);
}

/** An absent member is an empty field, an empty text is `""`. */
function csvField(value: string | number | undefined): string {
  if (value === undefined) return "";
  const text = String(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
