// A merged block with block statistics of the version before, as that version wrote it.

import { type ColumnChunk, compressChunk, STATISTICS_CHUNK } from "../../src/block/codec/column_chunks.ts";
import { appendRecord, type Columns, emptyColumns } from "../../src/block/columns.ts";
import { KINDS, LEVELS, type StoredRecord } from "../../src/core/record.ts";

const BYTES = `
AQIBYQFiKgAAAAAAAAAAAAAAAAAAAQEBAQEBAQEBAQEBAQECAgICAgICAgICAgICAggJCxARExgZGyEjSVlgCQsQERMYGRsgISNIUVkICRARExgZGyAhI0tRYQECAQEDAQECAQMBAQEBAwEBAgEBAg
EBAwEBAQEBAwECAQEDAQECAQEBAQMCKQwAAAAAAABNQAAAAAAAAPA/AAAAAAAAIkAABgCMAYoBUh4yAgICAgICACkMAAAAAAAATUAAAAAAAADwPwAAAAAAACJAAAYAjAGKAVIeMgICAgICAgEpDAAA
AAAAAE1AAAAAAAAA8D8AAAAAAAAiQAAGAIwBigFSHjICAgICAgLoBzzA1KLnDAAAAgACAAACAAIAAAIAAgAAAgACAAACAAIAAAIAAgAAAgACAAACAAIAAAIAAgAAAgACAAACAAIAAAIAERlICSMQGW
ELEQkYIRNZCREgGyEIGVEJIxAZIRFLCRghExkJEWAbIQgRWQkjEBkhC1EJGCETGREgSRshAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
AQoGYXBpS2V5PARraW5kPAZzb3VyY2U8BWxldmVsPAZzdGF0dXMwCnRvdWNocG9pbnQoB21lc3NhZ2U8CXN0YXJ0VGltZTAIZHVyYXRpb24kCm1ldGFkYXRhLm48
`;

/** The records that it is of. */
export function formerRecords(): StoredRecord[] {
  return Array.from({ length: 60 }, (_, index) => {
    const kind = KINDS[[0, 1, 1, 3, 1][index % 5] as number] as StoredRecord["kind"];
    const time = 1_718_900_000_000 + 400 * index;
    return {
      id: index + 1,
      kind,
      time,
      receivedAt: time + 5,
      source: index % 7 === 0 ? "client" : "server",
      apiKey: "web",
      touchpoint: ["a", "b", undefined][index % 3],
      key: undefined,
      level: LEVELS[index % 4],
      message: "hello",
      startTime: kind === "log" ? undefined : time,
      endTime: undefined,
      duration: kind === "completed" ? index % 10 : undefined,
      metadata: { n: index % 2 },
    };
  });
}

/** Their columns. */
export function formerColumns(): Columns {
  const columns = emptyColumns();
  for (const record of formerRecords()) appendRecord(columns, record.id, record);
  return columns;
}

export function formerSummary(): ColumnChunk {
  return compressChunk(STATISTICS_CHUNK, Buffer.from(BYTES, "base64"));
}
