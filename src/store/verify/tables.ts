// What is beside blocks, and SQLite's own pages: whether all of it is there and agrees.

import { isOpenTiming, parsePendingTiming } from "../../commit/pending_timing.ts";
import { isViewAddress } from "../../core/views.ts";
import type { Database } from "../../runtime/contract/database.ts";
import { hasTable, isCorruption } from "../database.ts";
import { CHUNKS_MAX } from "../schema.ts";

/** Something that is wrong, or may become so, and what to do about it. */
export interface Finding {
  /** A "warning" works for now; a "problem" is wrong. */
  readonly severity: "warning" | "problem";
  readonly what: string;
  readonly advice: string;
}

/** Faults of pages that SQLite lists at most. */
const PAGE_FAULTS_MAX = 10;

const DAMAGED =
  "stop the server, keep a copy of the file, and restore a backup; `simplelogs export` saves what can still be read";

/** Whether every page is a part of what it should be. Reads the whole file in one transaction. */
export function checkPages(database: Database): Finding[] {
  const faults = orCorruption(
    () => database.query(`PRAGMA quick_check(${PAGE_FAULTS_MAX})`).values().flat() as string[],
  );
  return faults
    .filter((fault) => fault !== "ok")
    .map((fault) => ({ severity: "problem", what: `the file's pages are damaged: ${fault}`, advice: DAMAGED }));
}

/** Whether the next record gets an id that none has. */
export function checkNextId(database: Database): Finding[] {
  const sql =
    "SELECT coalesce((SELECT value FROM meta WHERE name = 'next_record_id'), 1) AS next, " +
    "(SELECT max(id_max) FROM blocks) AS last";
  const [row] = orCorruption(() => database.query(sql).all()) as { next: number; last: number | null }[] | string[];
  if (typeof row !== "object" || (Number.isSafeInteger(row.next) && row.next > (row.last ?? 0))) return [];
  const what = `the next record would get the id ${row.next}, and there are ids up to ${row.last} already`;
  return [{ severity: "problem", what, advice: DAMAGED }];
}

/** Whether every chunk belongs to a block. */
export function checkChunks(database: Database): Finding[] {
  const sql = `SELECT count(*) FROM pieces WHERE key / ${CHUNKS_MAX} NOT IN (SELECT id FROM blocks)`;
  const [count] = orCorruption(() => database.query(sql).values().flat() as number[]);
  if (typeof count !== "number" || count === 0) return [];
  const advice = "nothing is missing by it, and nothing removes them; please report it as a fault of the program";
  return [{ severity: "warning", what: `${count} chunks belong to no block and only take up room`, advice }];
}

/** Whether every saved view opens a page of the app. */
export function checkViews(database: Database): Finding[] {
  if (!hasTable(database, "views")) return [];
  const rows = orCorruption(() => database.query("SELECT name, address FROM views ORDER BY name").all()) as (
    | { readonly name: string; readonly address: string }
    | string
  )[];
  return rows.flatMap((row): Finding[] => {
    if (typeof row === "string") {
      return [{ severity: "problem", what: `the saved views cannot be read: ${row}`, advice: DAMAGED }];
    }
    if (isViewAddress(row.address)) return [];
    const what = `the saved view ${JSON.stringify(row.name)} opens nothing: its address is no page of the app`;
    return [{ severity: "warning", what, advice: "delete it in the app, or save it again" }];
  });
}

/** Whether received = stored + open + dropped, and what waits can be read. */
export function checkCounters(database: Database): Finding[] {
  database.run("BEGIN");
  try {
    const findings: Finding[] = [];
    const usage = database.query("SELECT name, sum(value) AS value FROM usage GROUP BY name").all() as Counter[];
    const sumOf = (isMeant: (name: string) => boolean) =>
      usage.filter(({ name }) => isMeant(name)).reduce((sum, { value }) => sum + value, 0);
    const [received, stored] = [sumOf((name) => name === "received"), sumOf((name) => name === "stored")];
    const dropped = sumOf((name) => name.startsWith("dropped."));
    const items = database.query("SELECT item FROM waiting").values().flat() as string[];
    const pending = items.map((item) => parsePendingTiming(item));
    const unreadable = pending.filter((timing) => timing === undefined).length;
    if (unreadable > 0) {
      const what = `${unreadable} entries that wait for their other half cannot be read`;
      findings.push({ severity: "problem", what, advice: DAMAGED });
    }
    const open = pending.filter((timing) => timing !== undefined && isOpenTiming(timing.entry)).length;
    const gap = received - stored - dropped - open;
    // What cannot be read may have been open.
    if (gap < 0 || gap > unreadable) {
      const what = `the sum of the counters does not close: received ${received} = stored ${stored} + open ${open} + dropped ${dropped} leaves ${gap} over`;
      const advice =
        "no record is touched by it, but the figures of usage and metrics are wrong; please report it as a fault of the program";
      findings.push({ severity: "problem", what, advice });
    }
    return findings;
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return [{ severity: "problem", what: `the counters cannot be read: ${error.message}`, advice: DAMAGED }];
  } finally {
    database.run("COMMIT");
  }
}

interface Counter {
  readonly name: string;
  readonly value: number;
}

/** What was read; or what SQLite says of its pages, as a text. */
function orCorruption<T>(read: () => T[]): (T | string)[] {
  try {
    return read();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    return [error.message];
  }
}
