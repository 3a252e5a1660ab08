// Damages the write-ahead log as a crash can: cut anywhere, with rubbish at its end, with one bit changed, or gone; its
// index gone or rubbish. Each damage is done to a copy of one data file whose server was killed under load. The server
// must open each copy with whole transactions up to some moment and right counters, and store the rest once when
// clients send again.
//
// Only what was not copied back yet can be missing in reality: SQLite makes the log safe before it copies. A log cut
// before that is damage, and may be refused, but never silently taken.

import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShownRecord } from "../../../src/core/record.ts";
import { Load } from "../../../test/support/load.ts";
import { integer, pick, type Random, seededRandom } from "../../../test/support/random.ts";
import { configText, TestServer, withServer } from "../../../test/support/server.ts";
import { pause } from "../command.ts";
import { examine, examineAtRest, examineLog, Findings, takeStock } from "./findings.ts";

/**
 * SQLite's format: bytes of the log's header and of a frame's, and where the index has the number of frames that were
 * copied back.
 */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const BACKFILL_AT = 96;
const PAGE_SIZE_AT = 8;
/** Copies of one file. */
const FILE_ROUNDS = 10;
const RUBBISH_BYTES_MAX = 20_000;

const DAMAGES = [
  "cut",
  "cut",
  "cut",
  "rubbish",
  "cut and rubbish",
  "bit",
  "gone",
  "index gone",
  "index rubbish",
] as const;
type Damage = (typeof DAMAGES)[number];

function randomBytes(random: Random, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => integer(random, 255));
}

/** The first byte of the log that was not copied back into the file yet. */
function uncopiedFrom(dataFile: string): number {
  const log = readFileSync(`${dataFile}-wal`);
  const index = readFileSync(`${dataFile}-shm`);
  const frames = index.readUInt32LE(BACKFILL_AT);
  return frames === 0 ? 0 : LOG_HEADER_BYTES + frames * (FRAME_HEADER_BYTES + log.readUInt32BE(PAGE_SIZE_AT));
}

/** Damages a copy's log no earlier than at byte `from`. */
function damage(dataFile: string, kind: Damage, from: number, random: Random): void {
  const log = `${dataFile}-wal`;
  const { size } = statSync(log);
  const at = from + integer(random, size - from);
  if (kind === "cut" || kind === "cut and rubbish") truncateSync(log, at);
  if (kind === "rubbish" || kind === "cut and rubbish") {
    writeFileSync(log, randomBytes(random, 1 + integer(random, RUBBISH_BYTES_MAX)), { flag: "a" });
  }
  if (kind === "bit") {
    const bytes = readFileSync(log);
    const place = Math.min(at, size - 1);
    bytes[place] = (bytes[place] as number) ^ (1 << integer(random, 7));
    writeFileSync(log, bytes);
  }
  if (kind === "gone") rmSync(log);
  const index = `${dataFile}-shm`;
  // Whoever opens the file after a crash makes the index anew. Only processes that share it use it.
  if (kind === "index gone" || kind === "gone") rmSync(index, { force: true });
  if (kind === "index rubbish") writeFileSync(index, randomBytes(random, statSync(index).size));
}

/** The records are those of the whole file up to some id, each as it was. */
function examinePrefix(
  records: readonly ShownRecord[],
  whole: readonly ShownRecord[],
  findings: Findings,
  where: string,
): void {
  const last = records.at(-1)?.id ?? 0;
  const expected = whole.filter((record) => record.id <= last);
  const isSame = JSON.stringify(records) === JSON.stringify(expected);
  if (!isSame) findings.add("changed", where, [`${records.length} records up to ${last}, expected ${expected.length}`]);
}

async function oneCopy(
  killed: TestServer,
  whole: readonly ShownRecord[],
  load: Load,
  from: number,
  random: Random,
  findings: Findings,
): Promise<void> {
  const kind = pick(
    random,
    DAMAGES.filter((one) => one !== "gone" || from === 0),
  );
  const where = `round ${findings.rounds + 1} (${kind})`;
  const server = new TestServer(mkdtempSync(join(tmpdir(), "simplelogs-log-")), configText());
  try {
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(killed.dataFile + suffix)) copyFileSync(killed.dataFile + suffix, server.dataFile + suffix);
    }
    damage(server.dataFile, kind, from, random);
    await server.start();
    const stock = await takeStock(server, load);
    // What was cut off is lost. The rest must be whole.
    examine({ ...stock, answered: new Set() }, load, { findings, where });
    examinePrefix(stock.records, whole, findings, where);
    await load.sendAllAgain(server);
    await examineAtRest(server, load, { findings, where: `${where}, sent again` });
    findings.expect((await server.stop()) === 0, where, "SIGTERM did not end it with 0");
    const doctor = await server.command("doctor", "--json");
    findings.expect(doctor.exitCode === 0, where, `doctor found: ${doctor.stdout}${doctor.stderr}`);
    examineLog(server, findings, where);
    findings.rounds += 1;
  } catch (error) {
    findings.add("other", where, [error instanceof Error ? error.message : String(error)]);
    findings.rounds += 1;
  } finally {
    await server.kill();
    rmSync(server.folder, { recursive: true, force: true });
  }
}

async function oneFile(rounds: number, random: Random, findings: Findings): Promise<void> {
  await withServer(configText(), async (killed) => {
    const load = new Load(killed, {
      random: seededRandom(integer(random, 2 ** 31)),
      clients: 4,
      entriesMax: 20,
      sendsTimings: true,
      pauseMs: 4,
      keepsAll: true,
    });
    load.start();
    await pause(300 + integer(random, 700));
    await killed.kill();
    // Batches on their way stay unanswered: they may be stored or not.
    await load.stop(true);
    const from = uncopiedFrom(killed.dataFile);
    const wholeCopy = new TestServer(mkdtempSync(join(tmpdir(), "simplelogs-log-")), configText());
    try {
      for (const suffix of ["", "-wal"]) copyFileSync(killed.dataFile + suffix, wholeCopy.dataFile + suffix);
      await wholeCopy.start();
      const whole = await wholeCopy.export();
      await wholeCopy.kill();
      for (let round = 0; round < rounds; round++) await oneCopy(killed, whole, load, from, random, findings);
    } finally {
      await wholeCopy.kill();
      rmSync(wholeCopy.folder, { recursive: true, force: true });
    }
    findings.count(load);
  });
}

export async function tortureByLog(rounds: number, random: Random): Promise<Findings> {
  const findings = new Findings("damaged log");
  while (findings.rounds < rounds) await oneFile(Math.min(FILE_ROUNDS, rounds - findings.rounds), random, findings);
  return findings;
}
