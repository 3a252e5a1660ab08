// A pending timing as the data file has it: a start or an end that waits for its other half, one JSON text a row.
// Ingest writes it; ingest reads it at a start, readers for queries, erasures and checks while the server runs. All of
// them use the one parser below.
//
// Texts of clients stand in it with eleven characters before them, and metadata as the text of its JSON: JSON.parse
// puts texts of up to ten characters into a table of the engine, whose hash has no secret. Measured (Bun 1.4.5): 20,000
// rows with keys of one hash took 16 s to read, and take 0.2 s so. Metadata is parsed at its first use.

import type { Source } from "../core/entry.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { LEVELS, SOURCES, type StoredRecord, type TimingStatus } from "../core/record.ts";

type HalfFields = Omit<StoredRecord, "id" | "kind">;

/** A start without its end. */
export interface StartEntry extends HalfFields {
  readonly kind: "start";
  readonly startTime: number;
  /** Whether it was stored at once, as a record of its own. */
  readonly standalone: boolean;
}

/** An end without its start. */
export interface EndEntry extends HalfFields {
  readonly kind: "end";
  readonly endTime: number;
}

/** What a row says. */
export interface StoredTiming {
  readonly project: string;
  readonly keyType: Source;
  /** Keyed hash of who sent it; undefined where version 0.1 wrote the row. */
  readonly sender: number | undefined;
  /** What it counts against the limits; undefined where version 0.1 wrote the row. */
  readonly bytes: number | undefined;
  /** When it was received by the steady clock, Unix ms. */
  readonly arrivedAt: number;
  readonly entry: StartEntry | EndEntry;
}

/** A pending start, as queries see it. */
export interface OpenStart {
  readonly project: string;
  readonly start: StartEntry;
}

/** A pending timing that was erased. */
export interface ErasedTiming {
  readonly id: number;
  readonly project: string;
  /** UTC month of its receipt, "2026-11". */
  readonly month: string;
  /** Whether it was open: neither stored nor dropped. */
  readonly isOpen: boolean;
}

/** What stands before each text of an entry: eleven characters. */
const PREFIX = {
  touchpoint: "touchpoint:",
  key: "key:       ",
  message: "message:   ",
  metadata: "metadata:  ",
} as const;
const PREFIX_LENGTH = PREFIX.touchpoint.length;

/** `arrivedAt` is written only where it differs from the wall clock's receipt by this, in ms. */
const ARRIVAL_MS_OFF_MAX = 1_000;

/** The text of a row. */
export function writePendingTiming({ project, keyType, sender, bytes, arrivedAt, entry }: StoredTiming): string {
  const { touchpoint, key, message, metadata, receivedAt } = entry;
  const written = {
    ...entry,
    touchpoint: touchpoint === undefined ? undefined : PREFIX.touchpoint + touchpoint,
    key: key === undefined ? undefined : PREFIX.key + key,
    message: message === undefined ? undefined : PREFIX.message + message,
    metadata: metadata === undefined ? undefined : PREFIX.metadata + JSON.stringify(metadata),
  };
  const arrival = Math.abs(arrivedAt - receivedAt) < ARRIVAL_MS_OFF_MAX ? undefined : arrivedAt;
  return JSON.stringify({ project, keyType, sender, arrivedAt: arrival, bytes, hasPrefixes: true, entry: written });
}

/** Reads a row; undefined where it is damaged. Damaged metadata alone reads as none. */
export function parsePendingTiming(item: string): StoredTiming | undefined {
  const row = parse(item);
  if (!isJsonObject(row)) return undefined;
  const { project, keyType: type, sender, bytes, arrivedAt, hasPrefixes, entry: written } = row;
  const keyType = SOURCES.find((source) => source === type);
  if (typeof project !== "string" || keyType === undefined || !isJsonObject(written)) return undefined;
  const entry = entryOf(written, keyType, hasPrefixes === true);
  if (entry === undefined) return undefined;
  return {
    project,
    keyType,
    sender: numberOf(sender),
    bytes: numberOf(bytes),
    arrivedAt: numberOf(arrivedAt) ?? entry.receivedAt,
    entry,
  };
}

/** Whether a pending timing is open: received, and neither stored nor dropped. A standalone start is stored already. */
export function isOpenTiming(entry: StartEntry | EndEntry): boolean {
  return entry.kind === "end" || !entry.standalone;
}

/** The record of a start or an end by itself. Default for `status`: what it has if its other half never comes. */
export function unpairedRecord(
  entry: StartEntry | EndEntry,
  status: Exclude<TimingStatus, "completed"> = unpairedStatus(entry),
): Omit<StoredRecord, "id"> {
  return {
    kind: status,
    time: entry.time,
    receivedAt: entry.receivedAt,
    source: entry.source,
    keyType: entry.keyType,
    apiKey: entry.apiKey,
    touchpoint: entry.touchpoint,
    key: entry.key,
    level: entry.level,
    message: entry.message,
    startTime: entry.startTime,
    endTime: entry.endTime,
    duration: undefined,
    metadata: entry.metadata,
  };
}

function unpairedStatus(entry: StartEntry | EndEntry): "started" | "unfinished" | "orphaned" {
  if (entry.kind === "end") return "orphaned";
  return entry.standalone ? "started" : "unfinished";
}

/** Version 0.1 wrote texts and metadata as they are, without prefixes. */
function entryOf(written: JsonObject, keyType: Source, hasPrefixes: boolean): StartEntry | EndEntry | undefined {
  const startTime = numberOf(written["startTime"]);
  const endTime = numberOf(written["endTime"]);
  const at = written["kind"] === "start" ? startTime : written["kind"] === "end" ? endTime : undefined;
  if (at === undefined) return undefined;
  const text = (name: "touchpoint" | "key" | "message") => {
    const value = written[name];
    return typeof value === "string" ? (hasPrefixes ? value.slice(PREFIX_LENGTH) : value).toWellFormed() : undefined;
  };
  const { apiKey } = written;
  const fields = {
    time: numberOf(written["time"]) ?? at,
    receivedAt: numberOf(written["receivedAt"]) ?? at,
    source: SOURCES.find((source) => source === written["source"]) ?? "server",
    keyType,
    apiKey: typeof apiKey === "string" ? apiKey : "",
    touchpoint: text("touchpoint"),
    key: text("key"),
    level: LEVELS.find((level) => level === written["level"]),
    message: text("message"),
    duration: undefined,
  };
  const entry =
    written["kind"] === "start"
      ? { kind: "start" as const, ...fields, startTime: at, endTime, standalone: written["standalone"] === true }
      : { kind: "end" as const, ...fields, startTime, endTime: at };
  return withMetadata(entry, written["metadata"], hasPrefixes);
}

/** Parses metadata when it is used. A function of its own, so that the getter holds nothing else of the row. */
function withMetadata(
  entry: Omit<StartEntry, "metadata"> | Omit<EndEntry, "metadata">,
  metadata: unknown,
  hasPrefixes: boolean,
): StartEntry | EndEntry {
  return Object.defineProperty(entry, "metadata", {
    enumerable: true,
    get: () => {
      const value = hasPrefixes && typeof metadata === "string" ? parse(metadata.slice(PREFIX_LENGTH)) : metadata;
      return isJsonObject(value) ? value : undefined;
    },
  }) as StartEntry | EndEntry;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
