// Single bits of a data file turned over at random: whatever is asked then, no record is shown that was not stored,
// nothing is left out in silence, nothing but a clear error is thrown, and doctor's look finds what the answers lack.

import { describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OperatingError } from "../../src/core/errors.ts";
import type { QueryRequest, QueryScope } from "../../src/core/queries.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse, ScanWarnings } from "../../src/core/responses.ts";
import type { ReadRules } from "../../src/query/scan/scope.ts";
import { StatisticsCache } from "../../src/query/scan/statistics_cache.ts";
import { exportText } from "../../src/query/stream/export_text.ts";
import { isStoreError, openForWriting } from "../../src/store/database.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, mergeNow, NOW, recordOf } from "../support/groups.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { runQuery } from "../support/run_query.ts";

const FLIPS = 200;
const PAGE_BYTES = 4_096;
/** The first byte of a page that holds rows of a table; SQLite's file format. */
const TABLE_LEAF = 13;
const RULES: ReadRules = {
  projects: {},
  defaultProject: { retentionMs: 1e12, monthlyEntries: undefined, overage: "continue" },
};
const WORDS = ["alpha", "bravo", "charlie", "delta", "timeout", "refused"];

function scope(q: string, project?: string): QueryScope {
  return { project, q, from: undefined, to: undefined };
}

const QUESTIONS: readonly QueryRequest[] = [
  { kind: "entries", scope: scope(""), limit: 1_000, cursor: undefined },
  { kind: "entries", scope: scope("level:error", "shop"), limit: 1_000, cursor: undefined },
  { kind: "entries", scope: scope("timeout -refused"), limit: 1_000, cursor: undefined },
  { kind: "entries", scope: scope("metadata.n:>100"), limit: 1_000, cursor: undefined },
  { kind: "histogram", scope: scope(""), intervalMs: 3_600_000 },
  { kind: "histogram", scope: scope("charlie", "shop"), intervalMs: 3_600_000 },
  { kind: "timings", scope: scope(""), byCategory: false },
  { kind: "fields", scope: scope("") },
  { kind: "values", scope: scope(""), field: "metadata.word", limit: 100 },
];

function randomText(random: Random): string {
  return Array.from({ length: 2 + integer(random, 6) }, () => pick(random, WORDS)).join(" ");
}

/** Blocks of every kind: packed ones, merged ones, one that is large enough for a text filter. */
function makeFile(file: string, random: Random): void {
  const store = new StoreWriter(file, "write", "run");
  let id = 1;
  const commit = (project: string, count: number, time: number) => {
    const records = Array.from({ length: count }, () => {
      const isTiming = random() < 0.3;
      return recordOf(id++, {
        time: time + integer(random, 3_600_000),
        kind: isTiming ? "completed" : "log",
        level: pick(random, ["debug", "info", "warn", "error"] as const),
        touchpoint: pick(random, ["api/orders", "api/users", "db/query"]),
        message: randomText(random),
        key: random() < 0.2 ? `key-${id}` : undefined,
        duration: isTiming ? integer(random, 5_000) : undefined,
        metadata: { n: id, word: pick(random, WORDS), nested: { isDeep: random() < 0.5 } },
      });
    });
    store.commit(groupOf(project, records));
  };
  for (let part = 0; part < 3; part++) commit("shop", 3_000, NOW - 3 * 86_400_000);
  while (mergeNow(store));
  for (let part = 0; part < 3; part++) commit("blog", 200, NOW - 86_400_000);
  while (mergeNow(store));
  for (let part = 0; part < 6; part++) commit(pick(random, ["shop", "blog"]), 1 + integer(random, 50), NOW - 7_200_000);
  store.close();
}

/** Numbers of the pages that hold blocks, and of all others. */
function pagesOf(file: string): { readonly blocks: number[]; readonly others: number[] } {
  const database = openForWriting(file, "write");
  const numbers = (where: string) =>
    database.query(`SELECT pageno FROM dbstat WHERE ${where} ORDER BY pageno`).values().flat() as number[];
  const pages = {
    blocks: numbers("name IN ('pieces', 'blocks')"),
    others: numbers("name NOT IN ('pieces', 'blocks')"),
  };
  database.close();
  return pages;
}

/** A bit of a file: the page's number, the byte in it, and which of its bits. */
type Place = readonly [page: number, byte: number, bit: number];

/** The bits of all record headers, which say what types a row's values have, on the leaves of tables. */
function headerBits(file: string, pages: readonly number[]): Place[] {
  const bytes = readFileSync(file);
  return pages.flatMap((page) => {
    const start = (page - 1) * PAGE_BYTES;
    const head = page === 1 ? 100 : 0;
    if (bytes[start + head] !== TABLE_LEAF) return [];
    const places: Place[] = [];
    const count = bytes.readUInt16BE(start + head + 3);
    for (let cell = 0; cell < count; cell++) {
      let at = bytes.readUInt16BE(start + head + 8 + 2 * cell);
      // The payload's length and the row's id stand before the record.
      for (let varint = 0; varint < 2; varint++) while ((bytes[start + at++] as number) >= 0x80);
      const length = bytes[start + at] as number;
      for (let byte = at; byte < at + length; byte++) for (let bit = 0; bit < 8; bit++) places.push([page, byte, bit]);
    }
    return places;
  });
}

type Told = { readonly answer: string; readonly isTold: boolean } | { readonly error: string };

/** What is answered, and whether it says that something is missing; an error that is none of ours is thrown. */
function ask(work: () => Told): Told {
  try {
    return work();
  } catch (error) {
    if (error instanceof OperatingError || isStoreError(error)) return { error: error.message };
    throw error;
  }
}

function answersOf(file: string): Told[] {
  const opened: DataReader[] = [];
  const first = ask(() => {
    opened.push(new DataReader(file));
    return { answer: "", isTold: false };
  });
  const [reader] = opened;
  if (reader === undefined) return [first];
  const cache = new StatisticsCache();
  const options = { source: reader.blocks, tables: reader.tables, cache, rules: RULES, now: NOW, limitMs: 1e9 };
  try {
    const answers = QUESTIONS.map((request) =>
      ask(() => {
        const outcome = runQuery(request, options);
        if (!outcome.ok) return { error: outcome.refusal.message };
        const { damagedBlocks, ...answer } = outcome.answer as ScanWarnings;
        return { answer: JSON.stringify(answer), isTold: damagedBlocks !== undefined };
      }),
    );
    return [...answers, ask(() => exportOf(reader))];
  } finally {
    reader.close();
  }
}

/** An export that throws in the end tells that something is missing. */
function exportOf({ blocks }: DataReader): Told {
  const texts = exportText({ format: "ndjson", scope: scope("") }, { source: blocks, rules: RULES, now: NOW });
  if ("code" in texts) return { error: texts.message };
  let text = "";
  try {
    for (const part of texts) if (typeof part === "string") text += part;
    return { answer: text, isTold: false };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { answer: text, isTold: true };
  }
}

function recordsIn(told: Told | undefined, isExport: boolean): ShownRecord[] {
  if (told === undefined || "error" in told) return [];
  if (!isExport) return (JSON.parse(told.answer) as Partial<EntriesResponse>).entries?.slice() ?? [];
  const lines = told.answer.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ShownRecord);
}

function findingsOf(file: string): number {
  try {
    const steps = verifyData(file);
    for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value.findings.length;
  } catch (error) {
    if (error instanceof OperatingError || isStoreError(error)) return 1;
    throw error;
  }
}

function flip(file: string, page: number, offset: number, bit: number): void {
  const bytes = readFileSync(file);
  const at = (page - 1) * PAGE_BYTES + offset;
  bytes[at] = (bytes[at] as number) ^ (1 << bit);
  writeFileSync(file, bytes);
}

/** Everything that is wrong with what a damaged file says; empty is right. */
function judge(
  whole: readonly Told[],
  stored: ReadonlyMap<number, string>,
  file: string,
): { readonly wrong: string[]; readonly differs: boolean } {
  const wrong: string[] = [];
  const answers = answersOf(file);
  let differs = answers.length !== whole.length;
  for (const [index, told] of answers.entries()) {
    const name = JSON.stringify(QUESTIONS[index] ?? "export");
    if ("error" in told) {
      differs = true;
      continue;
    }
    const before = whole[index] as Told;
    if ("error" in before || told.answer !== before.answer) {
      differs = true;
      if (!told.isTold) wrong.push(`${name}: another answer, and nothing said`);
    }
    for (const record of recordsIn(told, index === QUESTIONS.length)) {
      const text = JSON.stringify(record);
      if (stored.get(record.id) !== text) wrong.push(`${name}: not as stored: ${text.slice(0, 200)}`);
    }
  }
  if (differs && findingsOf(file) === 0) wrong.push("doctor finds nothing");
  return { wrong, differs };
}

function fuzz(which: "blocks" | "others", where: "anywhere" | "record headers"): Promise<void> {
  const random = seededRandom(runSeed(`corruption of ${which}, ${where}`));
  return withFolder((folder) => {
    const [pristine, file] = [join(folder, "pristine.db"), join(folder, "data.db")];
    makeFile(pristine, random);
    const pages = pagesOf(pristine)[which];
    const whole = answersOf(pristine);
    expect(findingsOf(pristine)).toBe(0);
    const stored = new Map(recordsIn(whole.at(-1), true).map((record) => [record.id, JSON.stringify(record)]));
    expect(stored.size).toBeGreaterThan(9_600);
    const headers = where === "record headers" ? headerBits(pristine, pages) : [];
    const wrong: string[] = [];
    let changed = 0;
    for (let number = 0; number < FLIPS; number++) {
      copyFileSync(pristine, file);
      const anywhere = [pick(random, pages), integer(random, PAGE_BYTES - 1), integer(random, 7)] as const;
      const place = where === "anywhere" ? anywhere : pick(random, headers);
      flip(file, ...place);
      const found = judge(whole, stored, file);
      if (found.differs) changed++;
      wrong.push(...found.wrong.map((what) => `flip ${number} (page, byte, bit ${place.join(", ")}): ${what}`));
    }
    expect(wrong).toEqual([]);
    // Otherwise it has looked at nothing.
    expect(changed).toBeGreaterThan(which === "blocks" ? FLIPS / 4 : 0);
  });
}

describe("a flipped bit", () => {
  test("in a block is reported, and its record is never shown", () => fuzz("blocks", "anywhere"), 300_000);
  test("in the header of a block's row is reported too", () => fuzz("blocks", "record headers"), 300_000);
});
