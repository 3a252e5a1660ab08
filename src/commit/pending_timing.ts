// How a start or an end that waits stands in the data file: one JSON text, which the worker writes, and the worker, readers and
// erasures read. What clients wrote stands in it as texts of more than ten characters, whatever its own length, and metadata as the
// text of its JSON: JSON.parse keeps shorter texts in a table of the engine's, whose hash has no secret. Measured (Bun 1.4.5): 20,000
// rows with keys of one hash took 16 s to read, and take 0.2 s so. Metadata is parsed when somebody looks at it.

import { isJsonObject, type JsonObject } from "../core/json.ts";

/** What stands before each text of an entry: eleven characters. */
const PREFIX = {
  touchpoint: "touchpoint:",
  key: "key:       ",
  message: "message:   ",
  metadata: "metadata:  ",
} as const;
const PREFIX_LENGTH = PREFIX.touchpoint.length;

/** What both halves of a row are made of. */
export interface WaitingRow {
  readonly project: string;
  /** As the worker wrote it, or undefined; so are the others. */
  readonly keyType: unknown;
  readonly sender: unknown;
  /** What it counts against the limits. */
  readonly bytes: unknown;
  /** When it was received by the steady clock, Unix ms; absent where that is its `receivedAt`. */
  readonly arrivedAt?: unknown;
  /** Members as the worker has them. */
  readonly entry: JsonObject;
}

interface WaitingTexts {
  readonly touchpoint: string | undefined;
  readonly key: string | undefined;
  readonly message: string | undefined;
  readonly metadata: JsonObject | undefined;
}

/** The text of a row; `head` are its members beside the entry. */
export function writeWaitingRow(head: object, entry: WaitingTexts): string {
  const { touchpoint, key, message, metadata } = entry;
  const written = {
    ...entry,
    touchpoint: touchpoint === undefined ? undefined : PREFIX.touchpoint + touchpoint,
    key: key === undefined ? undefined : PREFIX.key + key,
    message: message === undefined ? undefined : PREFIX.message + message,
    metadata: metadata === undefined ? undefined : PREFIX.metadata + JSON.stringify(metadata),
  };
  return JSON.stringify({ ...head, hasPrefixes: true, entry: written });
}

/** Reads a row; undefined where it is damaged. Version 0.1 wrote the texts into the entry as they are. */
export function readWaitingRow(row: string): WaitingRow | undefined {
  const written = parse(row);
  if (!isJsonObject(written)) return undefined;
  const { project, keyType, sender, bytes, arrivedAt, entry, hasPrefixes } = written;
  if (typeof project !== "string" || !isJsonObject(entry)) return undefined;
  return { project, keyType, sender, bytes, arrivedAt, entry: hasPrefixes === true ? withoutPrefixes(entry) : entry };
}

function withoutPrefixes(entry: JsonObject): JsonObject {
  const text = (name: keyof typeof PREFIX) => {
    const value = entry[name];
    return typeof value === "string" ? value.slice(PREFIX_LENGTH) : undefined;
  };
  const read = { ...entry, touchpoint: text("touchpoint"), key: text("key"), message: text("message") };
  const metadata = text("metadata");
  if (metadata === undefined) return read;
  return Object.defineProperty(read, "metadata", {
    enumerable: true,
    get() {
      const parsed = parse(metadata);
      return isJsonObject(parsed) ? parsed : undefined;
    },
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
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
