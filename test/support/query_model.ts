// What questions should answer, by the simplest means: all records in one array, filtered, sorted and counted anew for
// each question.

import type { QueryScope } from "../../src/core/queries.ts";
import { type ShownRecord, type StoredRecord, showRecord } from "../../src/core/record.ts";

export interface ModelRecord {
  readonly project: string;
  readonly record: StoredRecord;
}

/** A search of the tests, and what it means. */
export interface ModelSearch {
  readonly q: string;
  readonly matches: (record: StoredRecord) => boolean;
}

export const MODEL_SEARCHES: readonly ModelSearch[] = [
  { q: "", matches: () => true },
  { q: "level:error", matches: ({ level }) => level === "error" },
  { q: "kind:timing", matches: ({ kind }) => kind !== "log" },
  {
    q: "kind:log level:warn,error",
    matches: ({ kind, level }) => kind === "log" && ["warn", "error"].includes(level ?? ""),
  },
  { q: "status:completed", matches: ({ kind }) => kind === "completed" },
  { q: "status:completed source:client", matches: ({ kind, source }) => kind === "completed" && source === "client" },
  { q: "keyType:client", matches: ({ keyType }) => keyType === "client" },
  { q: "-keyType:client level:info", matches: ({ keyType, level }) => keyType !== "client" && level === "info" },
  {
    q: "keyType:* source:server status:completed",
    matches: ({ keyType, source, kind }) => keyType !== undefined && source === "server" && kind === "completed",
  },
  { q: "touchpoint:api/*", matches: ({ touchpoint }) => touchpoint?.startsWith("api/") === true },
  { q: "-touchpoint:web", matches: ({ touchpoint }) => touchpoint !== "web" },
  {
    q: "touchpoint:db/query OR level:debug",
    matches: (record) => record.touchpoint === "db/query" || record.level === "debug",
  },
  { q: "duration:>500", matches: ({ duration }) => (duration ?? 0) > 500 },
  { q: "metadata.orderId:ord_3", matches: ({ metadata }) => metadata?.["orderId"] === "ord_3" },
  { q: "key:req-7", matches: ({ key }) => key === "req-7" },
  { q: "DEADLOCK", matches: (record) => textsOf(record).some((text) => text.toLowerCase().includes("deadlock")) },
  {
    q: '"connection refused"',
    matches: (record) => textsOf(record).some((text) => text.includes("connection refused")),
  },
  { q: "zyzzyva", matches: () => false },
];

function textsOf({ message = "", touchpoint = "", key = "", metadata = {} }: StoredRecord): string[] {
  return [message, touchpoint, key, ...Object.values(metadata).map(String)];
}

/** The records of a scope, newest first. */
export function inScope(records: readonly ModelRecord[], scope: QueryScope, search: ModelSearch): ModelRecord[] {
  const { project, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = scope;
  return records
    .filter((one) => project === undefined || one.project === project)
    .filter(({ record }) => record.time >= from && record.time < to && search.matches(record))
    .sort((a, b) => b.record.time - a.record.time || b.record.id - a.record.id);
}

export function shownAll(records: readonly ModelRecord[]): ShownRecord[] {
  return records.map(({ project, record }) => showRecord(project, record));
}

/** The value at index floor(q·(n−1)) of the sorted values. */
export function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] as number;
}
