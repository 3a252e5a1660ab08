// Attacks on the memory of readers, with data that makes responses or the work for them large. Each stores its data,
// and then sends as many queries as a crowd of readers would.

import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { processState } from "../../../test/support/raw_probe.ts";
import { ADMIN_TOKEN, ENQUEUE_PATH, SERVER_KEY, type TestServer } from "../../../test/support/server.ts";
import type { Attack, Outcome } from "./attack.ts";

/** Resident memory of the whole process while it answers, in MB. */
const PEAK_MB_MAX = 700;
/** How long an answer may take, in ms: the time limit of queries, and a step. */
const ANSWER_MS_MAX = 18_000;
/** How long merges have after the last batch, in ms. */
const SETTLE_MS = 6_000;

interface Answers {
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytesMax: number;
  readonly msMax: number;
}

async function store(server: TestServer, entries: readonly string[], perBody: number): Promise<number> {
  for (let from = 0; from < entries.length; from += perBody) {
    const text = `{"key":"${SERVER_KEY}","source":"server","entries":[${entries.slice(from, from + perBody).join()}]}`;
    const body = gzipSync(text, { level: 1 });
    for (;;) {
      const headers = { "content-encoding": "gzip", connection: "close" };
      const answer = await fetch(server.url + ENQUEUE_PATH, { method: "POST", body, headers });
      await answer.text();
      if (answer.status === 202) break;
      if (answer.status !== 503) throw new Error(`a batch was answered ${answer.status}`);
      await new Promise((wake) => setTimeout(wake, 200));
    }
  }
  return entries.length;
}

/** Asks for all paths at once. */
async function ask(server: TestServer, paths: readonly string[]): Promise<Answers> {
  const statuses: Record<string, number> = {};
  let [bytesMax, msMax] = [0, 0];
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, connection: "close" };
  await Promise.all(
    paths.map(async (path) => {
      const startedAt = performance.now();
      const answer = await fetch(`${server.url}/api/v1/${path}`, { headers });
      const { byteLength } = await answer.arrayBuffer();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      bytesMax = Math.max(bytesMax, byteLength);
      msMax = Math.max(msMax, performance.now() - startedAt);
    }),
  );
  return { statuses, bytesMax, msMax };
}

/** Lets the process forget its highest memory so far (proc(5), clear_refs). */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

interface Round {
  readonly name: string;
  readonly paths: readonly string[];
  /** False: it takes as long as there is data. */
  readonly isQuery?: boolean;
}

async function besieged(server: TestServer, stored: number, rounds: readonly Round[]): Promise<Outcome> {
  const stepMb = processState(server.pid).peakMb;
  await new Promise((wake) => setTimeout(wake, SETTLE_MS));
  const notes = [`stored at ${stepMb} MB`];
  const broken: string[] = [];
  for (const { name, paths, isQuery = true } of rounds) {
    forgetPeak(server.pid);
    const { statuses, bytesMax, msMax } = await ask(server, paths);
    const { peakMb } = processState(server.pid);
    notes.push(
      `${paths.length} × ${name}: ${peakMb} MB, ${(bytesMax / 1e6).toFixed(1)} MB an answer, ${(msMax / 1e3).toFixed(1)} s, ${JSON.stringify(statuses)}`,
    );
    if (peakMb > PEAK_MB_MAX) broken.push(`${name}: it took ${peakMb} MB`);
    if (msMax > ANSWER_MS_MAX && isQuery) broken.push(`${name}: an answer took ${(msMax / 1e3).toFixed(1)} s`);
    if (Object.keys(statuses).some((status) => status !== "200")) broken.push(`${name}: ${JSON.stringify(statuses)}`);
  }
  return { notes: notes.join("; "), broken, stored };
}

function times(count: number, path: string): string[] {
  return Array.from({ length: count }, () => path);
}

async function longNames(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 100 }, (_, index) => {
    const name = `${index}/`.repeat(31) + "x".repeat(4_990_000);
    return `{"touchpoint":"${name}","duration":5}`;
  });
  return besieged(server, await store(server, entries, 1), [
    { name: "touchpoints", paths: times(3, "touchpoints") },
    { name: "timings", paths: times(3, "timings?by=category") },
    { name: "values of touchpoint", paths: times(8, "fields/touchpoint/values?limit=1000") },
    { name: "pages", paths: times(8, "entries?limit=100") },
  ]);
}

async function touchpoints(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 1_300_000 }, (_, index) => `{"touchpoint":"t/${index}","duration":5}`);
  return besieged(server, await store(server, entries, 10_000), [
    { name: "timings", paths: times(3, "timings?by=category") },
    { name: "series by touchpoint", paths: times(3, "timings/series?by=touchpoint") },
    { name: "values of touchpoint", paths: times(16, "fields/touchpoint/values?limit=1000") },
  ]);
}

async function fieldNames(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 10_000 }, (_, entry) => {
    const members = Array.from({ length: 100 }, (__, index) => `"name${100 * entry + index}":${index}`);
    return `{"message":"m","metadata":{${members.join()}}}`;
  });
  const words = Array.from({ length: 50 }, (_, index) => `zy${index}`).join(" OR ");
  return besieged(server, await store(server, entries, 1_000), [
    { name: "fields", paths: times(8, "fields") },
    { name: "values", paths: times(8, "fields/metadata.name77/values?limit=1000") },
    { name: "50 words", paths: times(8, `entries?q=${encodeURIComponent(words)}`) },
  ]);
}

async function longValues(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 1_500 }, (_, index) => {
    return `{"message":"${index} ${"lorem ipsum dolor ".repeat(11_000)}","metadata":{"v":[${index},"x"]}}`;
  });
  return besieged(server, await store(server, entries, 25), [
    { name: "values of message", paths: times(24, "fields/message/values?limit=1000") },
    { name: "searches", paths: times(24, "histogram?q=amet%20OR%20dolor") },
  ]);
}

async function longPages(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 60_000 }, (_, index) => {
    return `{"message":"${index}","metadata":{"text":"${"lorem ipsum ".repeat(400)}"}}`;
  });
  return besieged(server, await store(server, entries, 1_000), [
    { name: "pages of 10,000", paths: times(64, "entries?limit=10000") },
    { name: "exports", paths: times(8, "export?format=ndjson"), isQuery: false },
  ]);
}

async function manyTerms(server: TestServer): Promise<Outcome> {
  const entries = Array.from({ length: 10_000 }, (_, entry) => {
    const members = Array.from({ length: 300 }, (__, index) => `"n${(entry % 50) * 300 + index}":"v${index}"`);
    return `{"message":"m","metadata":{${members.join()}}}`;
  });
  const equal = times(50, "k").join(" OR ");
  const words = Array.from({ length: 50 }, (_, index) => `k${index}`).join(" OR ");
  const fields = Array.from({ length: 50 }, (_, index) => `metadata.n${300 * index + 299}:k`).join(" OR ");
  return besieged(server, await store(server, entries, 500), [
    { name: "k OR k …", paths: times(4, `entries?q=${encodeURIComponent(equal)}`) },
    { name: "50 words", paths: times(4, `entries?q=${encodeURIComponent(words)}`) },
    { name: "50 fields", paths: times(4, `entries?q=${encodeURIComponent(fields)}`) },
  ]);
}

export const MEMORY_ATTACKS: readonly Attack[] = [
  { name: "names", about: "100 touchpoints of 5 MB with 31 slashes, read", run: longNames },
  { name: "timings", about: "1.3 million touchpoints, read", run: touchpoints },
  { name: "fields", about: "a million names of metadata, read", run: fieldNames },
  { name: "values", about: "messages of 200 kB, 24 queries for their values at once", run: longValues },
  { name: "pages", about: "64 pages of 10,000 large records at once, and exports", run: longPages },
  { name: "terms", about: "searches of 50 terms over metadata that has no columns", run: manyTerms },
];
