// What is stored. A record is one log, or one timing in one of four states; the codes below are written into blocks, so
// a code never changes its meaning.

import type { Static } from "@sinclair/typebox";
import type { JsonObject } from "./json.ts";
import type { RecordSchema } from "./responses.ts";

/** The two kinds of key and of sender. */
export const SOURCES = ["server", "client"] as const;
/** The severities of the specification, least first. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;

export type Source = (typeof SOURCES)[number];
export type Level = (typeof LEVELS)[number];

/** Index = code in the block's `kind` column. "log" is a log, all others are timings of that status. */
export const KINDS = ["log", "completed", "started", "unfinished", "orphaned"] as const;
export type Kind = (typeof KINDS)[number];
export type TimingStatus = Exclude<Kind, "log">;

/**
 * A record on its way into a block: what the worker makes of entries. Absent fields are undefined. Times in Unix ms.
 */
export interface StoredRecord {
  readonly id: number;
  readonly kind: Kind;
  readonly time: number;
  readonly receivedAt: number;
  /** As its sender says: the entry's, or its batch's. */
  readonly source: Source;
  /**
   * Which key of the pair sent it; of a pair of halves "client" where either came with one. Undefined where an older
   * version stored it.
   */
  readonly keyType?: Source | undefined;
  /** Name of the key pair that sent it. */
  readonly apiKey: string;
  readonly touchpoint: string | undefined;
  readonly key: string | undefined;
  readonly level: Level | undefined;
  readonly message: string | undefined;
  readonly startTime: number | undefined;
  readonly endTime: number | undefined;
  readonly duration: number | undefined;
  readonly metadata: JsonObject | undefined;
}

/** A record as it is shown: export, read API and live tail all give exactly this, absent fields left out. */
export type ShownRecord = Static<typeof RecordSchema>;

/** Gives a record its shown form, members in the contract's order. */
export function showRecord(project: string, record: StoredRecord): ShownRecord {
  const shown: ShownRecord = {
    id: record.id,
    project,
    apiKey: record.apiKey,
    kind: record.kind === "log" ? "log" : "timing",
    ...(record.kind === "log" ? {} : { status: record.kind }),
    time: record.time,
    receivedAt: record.receivedAt,
    source: record.source,
  };
  if (record.keyType !== undefined) shown.keyType = record.keyType;
  if (record.touchpoint !== undefined) shown.touchpoint = record.touchpoint;
  if (record.key !== undefined) shown.key = record.key;
  if (record.level !== undefined) shown.level = record.level;
  if (record.message !== undefined) shown.message = record.message;
  if (record.startTime !== undefined) shown.startTime = record.startTime;
  if (record.endTime !== undefined) shown.endTime = record.endTime;
  if (record.duration !== undefined) shown.duration = record.duration;
  if (record.metadata !== undefined) shown.metadata = record.metadata;
  return shown;
}

/**
 * Whether the record says something else of what sent it than its key does: "client key, source server"; undefined
 * where not.
 */
export function otherSource({ source, keyType }: Pick<ShownRecord, "source" | "keyType">): string | undefined {
  return keyType === undefined || keyType === source ? undefined : `${keyType} key, source ${source}`;
}
