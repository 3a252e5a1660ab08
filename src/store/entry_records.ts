// An entry that was never stored, seen as the record that it would have become: so that what is asked of records can be asked of
// dropped entries and of what waits. In: an entry's JSON, or a whole batch's. Out: records without meaning of their own; where the
// entry leaves open what it would have been, one for each case.

import { readWaitingRow } from "../commit/pending_timing.ts";
import type { Source } from "../core/entry.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { type Kind, LEVELS, SOURCES, type StoredRecord } from "../core/record.ts";

/** What a row says of its entry. Unix ms. */
export interface EntryRow {
  readonly apiKey: string;
  readonly receivedAt: number;
}

/** The records of the entry, or of all entries of a batch; undefined where the text is no such JSON: it was cut off. */
export function recordsOfText(text: string, row: EntryRow): StoredRecord[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const entries = isJsonObject(value) && Array.isArray(value["entries"]) ? (value["entries"] as unknown[]) : [value];
  if (!entries.every(isJsonObject)) return undefined;
  const batch = isJsonObject(value) ? value : {};
  // A rejection does not say which key of the pair sent it.
  return entries.flatMap((entry) =>
    SOURCES.flatMap((keyType) => recordsOfEntry(entry, row, keyType, sourceOf(batch, "source"))),
  );
}

/** The record of a start or an end that waits, as the worker wrote it down; undefined where the text is damaged. */
export function recordOfWaiting(item: string): WaitingRecord | undefined {
  const read = readWaitingRow(item);
  if (read === undefined) return undefined;
  const { entry, project } = read;
  const row = { apiKey: textOf(entry, "apiKey") ?? "", receivedAt: numberOf(entry, "receivedAt") ?? 0 };
  const isOpen = entry["kind"] === "end" || entry["standalone"] !== true;
  const keyType = SOURCES.find((type) => type === read.keyType);
  const [record] = recordsOfEntry(entry, row, keyType, sourceOf(entry, "source"));
  if (record === undefined) return undefined;
  // It has no level but its own, and the time that pairing goes by.
  return { project, isOpen, record: { ...record, time: numberOf(entry, "time") ?? record.time } };
}

export interface WaitingRecord {
  readonly project: string;
  /** Whether it is neither stored nor dropped: a standalone start is stored already. */
  readonly isOpen: boolean;
  readonly record: StoredRecord;
}

function recordsOfEntry(
  entry: JsonObject,
  row: EntryRow,
  keyType: Source | undefined,
  batchSource: Source | undefined,
): StoredRecord[] {
  const [timestamp, startTime, endTime, duration] = ["timestamp", "startTime", "endTime", "duration"].map((name) =>
    numberOf(entry, name),
  );
  const kind = kindOf(startTime, endTime, duration, entry["standalone"] === true);
  const level = LEVELS.find((name) => name === entry["level"]) ?? (kind === "log" ? "info" : undefined);
  const source = sourceOf(entry, "source") ?? batchSource;
  const record = {
    id: 0,
    kind,
    time: timestamp ?? startTime ?? endTime ?? row.receivedAt,
    receivedAt: row.receivedAt,
    keyType,
    apiKey: row.apiKey,
    touchpoint: textOf(entry, "touchpoint"),
    key: textOf(entry, "key"),
    level,
    message: textOf(entry, "message"),
    startTime,
    endTime,
    duration: duration ?? (startTime === undefined || endTime === undefined ? undefined : endTime - startTime),
    metadata: isJsonObject(entry["metadata"]) ? entry["metadata"] : undefined,
  };
  return (source === undefined ? SOURCES : [source]).map((one) => ({ ...record, source: one }));
}

function kindOf(
  startTime: number | undefined,
  endTime: number | undefined,
  duration: number | undefined,
  isStandalone: boolean,
): Kind {
  if (duration !== undefined || (startTime !== undefined && endTime !== undefined)) return "completed";
  if (startTime !== undefined) return isStandalone ? "started" : "unfinished";
  return endTime === undefined ? "log" : "orphaned";
}

function sourceOf(entry: JsonObject, name: "source" | "keyType"): Source | undefined {
  return SOURCES.find((source) => source === entry[name]);
}

function numberOf(entry: JsonObject, name: string): number | undefined {
  const value = entry[name];
  return typeof value === "number" ? value : undefined;
}

function textOf(entry: JsonObject, name: string): string | undefined {
  const value = entry[name];
  return typeof value === "string" && value !== "" ? value.toWellFormed() : undefined;
}
