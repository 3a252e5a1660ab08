// Deletes from the tables beside blocks: dropped entries, batches that were set aside, pending timings, and names of
// touchpoints that nobody registered and no record carries any more. A dropped entry that was cut off cannot be
// searched: it is deleted if its times fit. Unused names are found in the blocks that are left, so an erasure that was
// interrupted and runs again finds them all.

import { openBlock } from "../../block/open_block.ts";
import { type ErasedTiming, isOpenTiming, parsePendingTiming, unpairedRecord } from "../../commit/pending_timing.ts";
import type { Source } from "../../core/entry.ts";
import { monthOf } from "../../core/instant.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { type Kind, LEVELS, SOURCES, type StoredRecord } from "../../core/record.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { loadChunks } from "../block_table.ts";
import type { StoreWriter } from "../store_writer.ts";
import { isDamage } from "./blocks.ts";
import {
  type Candidate,
  type EraseProgress,
  type EraseScope,
  isInTimes,
  matchingCandidates,
  progress,
  securely,
} from "./scope.ts";

/** Rows of `rejections` and of `set_aside` that belong to the scope. */
export interface RejectedToErase {
  readonly rejections: readonly number[];
  readonly setAside: readonly number[];
}

interface TextRow extends EntryRow {
  readonly id: number;
  readonly text: string;
}

/** Finds them; `project` is the scope's row of `projects`. */
export function findRejected(database: Database, project: number, scope: EraseScope): RejectedToErase {
  const find = (table: string, column: string) => {
    const sql = `SELECT id, api_key AS apiKey, received_at AS receivedAt, ${column} AS text FROM ${table} WHERE project = ?`;
    return matchingTexts(scope, database.query(sql).all(project) as TextRow[]);
  };
  return { rejections: find("rejections", "entry"), setAside: find("set_aside", "body") };
}

function matchingTexts(scope: EraseScope, rows: readonly TextRow[]): number[] {
  const candidates: Candidate[] = [];
  const unjudged = new Set<number>();
  for (const row of rows) {
    const records = recordsOfText(row.text, row);
    const times = [row.receivedAt, ...(records ?? []).map((record) => record.time)];
    if (!times.some((time) => isInTimes(scope, time))) continue;
    if (records === undefined) unjudged.add(row.id);
    else candidates.push({ id: row.id, records });
  }
  const matching = matchingCandidates(scope, candidates);
  return rows.map((row) => row.id).filter((id) => matching.has(id) || unjudged.has(id));
}

/** Within a transaction. */
export function removeRejected(database: Database, { rejections, setAside }: RejectedToErase): void {
  const removeRejection = database.query("DELETE FROM rejections WHERE id = ?");
  for (const id of rejections) removeRejection.run(id);
  const removeSetAside = database.query("DELETE FROM set_aside WHERE id = ?");
  for (const id of setAside) removeSetAside.run(id);
}

/** What waits and belongs to the scope, of the first so many items after an id; undefined past the last item. */
export function findPending(
  database: Database,
  scope: EraseScope,
  { after, upTo, limit }: { readonly after: number; readonly upTo: number; readonly limit: number },
): { readonly last: number; readonly erased: readonly ErasedTiming[] } | undefined {
  const sql = "SELECT id, item FROM waiting WHERE id > ? AND id <= ? ORDER BY id LIMIT ?";
  const rows = database.query(sql).all(after, upTo, limit) as { id: number; item: string }[];
  const last = rows.at(-1)?.id;
  if (last === undefined) return undefined;
  const pending = new Map<number, ErasedTiming>();
  const candidates: Candidate[] = [];
  for (const { id, item } of rows) {
    const timing = parsePendingTiming(item);
    if (timing === undefined || timing.project !== scope.project || !isInTimes(scope, timing.entry.time)) continue;
    const { project, entry } = timing;
    candidates.push({ id, records: [{ id: 0, ...unpairedRecord(entry) }] });
    pending.set(id, { id, project, month: monthOf(entry.receivedAt), isOpen: isOpenTiming(entry) });
  }
  const matching = matchingCandidates(scope, candidates);
  return { last, erased: [...pending.values()].filter(({ id }) => matching.has(id)) };
}

/** The id of the last item that waits, 0 for none. */
export function lastPendingId(database: Database): number {
  return (database.query("SELECT coalesce(max(id), 0) AS last FROM waiting").get() as { last: number }).last;
}

/** Within a transaction. What was open counts as stored, so that the sum of the counters stays closed. */
export function removePending(database: Database, project: number, erased: readonly ErasedTiming[]): void {
  const remove = database.query("DELETE FROM waiting WHERE id = ?");
  const count = database.query(
    "INSERT INTO usage (project, month, name, value) VALUES (?, ?, 'stored', 1) " +
      "ON CONFLICT (project, month, name) DO UPDATE SET value = value + 1",
  );
  for (const { id, month, isOpen } of erased) {
    remove.run(id);
    if (isOpen) count.run(project, month);
  }
}

/** Which touchpoints of a project had ambiguous pairs: names that its entries brought. Within a transaction. */
export function removeAmbiguous(database: Database, project: number): void {
  database.query("DELETE FROM ambiguous WHERE project = ?").run(project);
}

/** The names of a project that nobody registered: what its entries brought. Within a transaction. */
export function removeUnregistered(database: Database, project: number): string[] {
  database.query("DELETE FROM client_touchpoints WHERE project = ?").run(project);
  const sql = "DELETE FROM touchpoints WHERE project = ? AND registered = 0 RETURNING name";
  return (database.query(sql).all(project) as { name: string }[]).map((row) => row.name);
}

/** So many blocks that came meanwhile are looked at in one step, so that under load there is an end to it. */
const LAST_BLOCKS_MAX = 8;

/** Removes them; what comes behind the last step comes behind the removal too. */
export function* removeUnusedNames(
  store: StoreWriter,
  project: number,
  usedElsewhere: readonly string[] = [],
): Generator<EraseProgress, string[]> {
  const { database } = store;
  const sql = "SELECT name FROM touchpoints WHERE project = ? AND registered = 0";
  const unused = new Set((database.query(sql).all(project) as { name: string }[]).map(({ name }) => name));
  for (const name of usedElsewhere) unused.delete(name);
  const list = database.query("SELECT id, records FROM blocks WHERE project = ? AND id >= ? ORDER BY id");
  for (let from = 0; unused.size > 0; ) {
    const blocks = list.all(project, from) as { id: number; records: number }[];
    for (const [index, { id, records }] of blocks.entries()) {
      for (const name of namesIn(database, id, records)) unused.delete(name);
      from = id + 1;
      if (unused.size === 0) break;
      if (blocks.length > LAST_BLOCKS_MAX) yield progress("blocks", index + 1, blocks.length);
    }
    if (blocks.length <= LAST_BLOCKS_MAX) break;
  }
  if (unused.size === 0) return [];
  const remove = database.query("DELETE FROM touchpoints WHERE project = ? AND name = ? AND registered = 0");
  const removeClients = database.query("DELETE FROM client_touchpoints WHERE project = ? AND name = ?");
  const removeAll = () => {
    for (const name of unused) {
      remove.run(project, name);
      removeClients.run(project, name);
    }
  };
  securely(database, () => store.transaction(removeAll));
  return [...unused];
}

function namesIn(database: Database, block: number, records: number): readonly string[] {
  try {
    const chunks = loadChunks(database, block);
    // Retention may have removed it meanwhile.
    if (chunks.length === 0) return [];
    return openBlock(chunks, records).touchpoint().dictionary;
  } catch (error) {
    // A name that is taken from the list comes back with the next record that carries it.
    if (isDamage(error)) return [];
    throw error;
  }
}

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
