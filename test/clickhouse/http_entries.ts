// Batches of random entries: hostile records as their senders would send them, with several keys of several projects.

import type { StoredRecord } from "../../src/core/record.ts";
import { integer, pick, type Random } from "../support/random.ts";
import { CLIENT_KEY, SERVER_KEY } from "../support/server.ts";
import { hostileRecords } from "./hostile_records.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ORIGIN = "http://localhost:3000";

/** The projects of the keys. */
export const PROJECTS = ["default", "shop", "Shop", "blog ß"] as const;

const serverKey = (at: number) => (at === 0 ? SERVER_KEY : `sk_${at}23456789abcdefghij`);
const clientKey = (at: number) => (at === 0 ? CLIENT_KEY : `ck_${at}23456789abcdefghij`);

/** The [[keys]] tables of all projects but the first, which every test's configuration has. */
export function keyTables(): string {
  const tables = PROJECTS.map((project, at) => {
    return `[[keys]]\nname = ${JSON.stringify(`keys of ${project}`)}\nproject = ${JSON.stringify(project)}
server = "${serverKey(at)}"\nclient = "${clientKey(at)}"\norigins = ["${ORIGIN}"]\n`;
  });
  return tables.slice(1).join("");
}

/** A request to the ingestion endpoint. */
export interface EntryBatch {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies with one entry each. */
  readonly alone: () => string[];
}

/** Numbers and members as no JavaScript program writes them. */
const RAW = [
  '"raw":12345678901234567890',
  '"raw":-0.0',
  '"raw":100e-2',
  '"raw":1E+2,"raw":[null,{}]',
  '"a":"first"',
  '"a":{"b":1},"a":null',
  '"\\u0061":2',
];

/** Batches with so many records' entries, about. @param now Unix ms: entries are older, or a day newer at most */
export function entryBatches(random: Random, now: number, count: number): EntryBatch[] {
  const from = now - 3 * DAY;
  const records = hostileRecords(random, count, from, pick(random, [3 * DAY, 4 * HOUR]));
  const batches: EntryBatch[] = [];
  for (let at = 0; at < records.length; ) {
    const some = records.slice(at, at + 1 + integer(random, 60));
    at += some.length;
    const project = integer(random, PROJECTS.length - 1);
    const source = random() < 0.7 ? "server" : "client";
    const key = source === "server" ? serverKey(project) : clientKey(project);
    const timestamp = random() < 0.3 ? { timestamp: from + integer(random, DAY) } : {};
    const entries = some.flatMap((record) => entriesOf(random, record, now)).map((entry) => written(random, entry));
    const head = JSON.stringify({ key, source, ...timestamp }).slice(0, -1);
    const bodyOf = (texts: readonly string[]) => `${head},"entries":[${texts.join(",")}]}`;
    batches.push({
      body: bodyOf(entries),
      headers: source === "client" ? { origin: ORIGIN } : {},
      alone: () => entries.map((entry) => bodyOf([entry])),
    });
  }
  return batches;
}

function written(random: Random, entry: object): string {
  const text = JSON.stringify(entry);
  return random() < 0.15 ? text.replace('"metadata":{"', () => `"metadata":{${pick(random, RAW)},"`) : text;
}

function entriesOf(random: Random, record: StoredRecord, now: number): object[] {
  const { kind, touchpoint, key, level, source } = record;
  const metadata = random() < 0.03 ? { ...record.metadata, ...wide(random) } : record.metadata;
  const message = random() < 0.02 ? `${record.message} ${"long ".repeat(integer(random, 20_000))}` : record.message;
  const time = random() < 0.1 ? farTime(random, now) : record.time;
  const named = { touchpoint, key, level, message, metadata, ...(random() < 0.2 ? { source } : {}) };
  if (kind === "log") {
    const timestamp = random() < 0.9 ? { timestamp: time } : {};
    return [{ ...named, ...timestamp }];
  }
  if (kind === "started") return [{ ...named, startTime: time, standalone: true }];
  if (kind === "unfinished") {
    // Nobody can end it; or it waits.
    return [{ ...named, ...(random() < 0.7 ? { touchpoint: undefined, key: undefined } : {}), startTime: time }];
  }
  if (kind === "orphaned") return [{ ...named, touchpoint: undefined, key: undefined, endTime: time }];
  const duration = record.duration ?? integer(random, 1_000);
  const endTime = Math.min(time + duration, 8.64e15);
  return pick(random, [
    () => [{ ...named, timestamp: time, duration }],
    () => [{ ...named, startTime: time, endTime, duration }],
    () => [{ ...named, startTime: time, endTime }],
    () => [
      { touchpoint, key, startTime: time, metadata },
      { ...named, endTime },
    ],
  ])();
}

/** More fields than a block has columns, or names and texts that are longer than what is shown of them. */
const wide = (random: Random): object =>
  pick(random, [
    () => Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`wide${at}`, integer(random, 3)])),
    () => ({ ["name ".repeat(integer(random, 500))]: "x", a: "text ".repeat(integer(random, 5_000)) }),
    () => ({ a: Array.from({ length: 100 }, () => ({ b: integer(random, 3) })) }),
    () => ({ a: { b: { c: { a: { b: { c: { a: { b: { c: { a: { b: 1 } } } } } } } } } } }),
  ])();

const farTime = (random: Random, now: number) =>
  pick(random, [
    now - integer(random, 3_000) * DAY,
    now + integer(random, 23) * HOUR,
    now - 2 * DAY,
    Math.floor((now - DAY) / DAY) * DAY,
    now - 0.5,
  ]);
