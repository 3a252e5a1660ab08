// Records as rows of the table, and back. In: the columns that `READ_COLUMNS` names, as JSONCompactEachRow gives them.
// Out: records whose ids are those that are shown; and blocks in memory, so that the same code reads records of
// ClickHouse and of the data file.

import { type ChunkSource, chunksInMemory } from "../block/codec/column_chunks.ts";
import { appendRecord, emptyColumns } from "../block/columns.ts";
import { BlockEncoder } from "../block/encode.ts";
import { OpenBlock } from "../block/open_block.ts";
import { zoneMapOf } from "../block/stats/zone_map.ts";
import type { JsonObject } from "../core/json.ts";
import type { Kind, Level, Source, StoredRecord } from "../core/record.ts";
import { IDS_PER_NODE } from "../query/scan/ids.ts";
import type { QueryBlock } from "../query/scan/source.ts";

/** What is selected for `recordOf`, in this order. */
export const READ_COLUMNS =
  "project, time, node, id, received_at, kind, level, source, key_type, api_key, touchpoint, key, has_message, " +
  "message, start_time, end_time, duration, has_metadata, metadata";
/** How many columns these are. */
export const READ_COLUMN_COUNT = READ_COLUMNS.split(", ").length;

/** A record and its project. Its id is the one that is shown. */
export interface FoundRecord {
  readonly project: string;
  readonly record: StoredRecord;
}

export function recordOf(row: readonly unknown[]): FoundRecord {
  const [project, time, node, id, receivedAt, kind, level, source, keyType, apiKey, touchpoint, key] = row;
  const [hasMessage, message, startTime, endTime, duration, hasMetadata, metadata] = row.slice(12);
  const record: StoredRecord = {
    id: (node as number) * IDS_PER_NODE + (id as number),
    kind: kind as Kind,
    time: time as number,
    receivedAt: receivedAt as number,
    source: source as Source,
    keyType: textOrNone(keyType) as Source | undefined,
    apiKey: apiKey as string,
    touchpoint: textOrNone(touchpoint),
    key: textOrNone(key),
    level: textOrNone(level) as Level | undefined,
    message: hasMessage === true ? (message as string) : undefined,
    startTime: numberOrNone(startTime),
    endTime: numberOrNone(endTime),
    duration: numberOrNone(duration),
    metadata: hasMetadata === true ? metadataOf(metadata as Readonly<Record<string, string>>) : undefined,
  };
  return { project: project as string, record };
}

function textOrNone(text: unknown): string | undefined {
  return text === "" ? undefined : (text as string);
}

function numberOrNone(value: unknown): number | undefined {
  return value === null ? undefined : (value as number);
}

/** Every member is an own one, also "__proto__". */
function metadataOf(members: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries<JsonObject[string]>(
    Object.entries(members).map(([name, json]) => [name, JSON.parse(json) as JsonObject[string]]),
  );
}

/** A block in memory: its zone map, and its columns. */
export interface MemoryBlock {
  readonly block: QueryBlock;
  readonly chunks: ChunkSource;
  readonly open: () => OpenBlock;
}

/** The block of some records of one project. */
export function memoryBlock(project: string, records: readonly StoredRecord[]): MemoryBlock {
  const columns = emptyColumns();
  for (const record of records) appendRecord(columns, record.id, record);
  const { chunks, rawBytes } = new BlockEncoder().packed(columns);
  const block = { ...zoneMapOf(columns), id: 0, project, rawBytes, isFinished: true };
  const source = chunksInMemory(chunks);
  return { block, chunks: source, open: () => new OpenBlock(source, records.length) };
}
