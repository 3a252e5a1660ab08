// The machine's clock set ahead and back, by hours, days and decades, under load and across restarts and kill -9. For
// that, nothing may be lost, deleted by age, stored twice or left unpaired. libfaketime sets the clock of the server
// alone; clients send right times.

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { untilTrue } from "../../../test/support/condition.ts";
import { Load } from "../../../test/support/load.ts";
import { integer, pick, type Random, seededRandom } from "../../../test/support/random.ts";
import { configText, type TestServer, withStoppedServer } from "../../../test/support/server.ts";
import { pause } from "../command.ts";
import { examine, examineAtRest, examineHistory, examineLog, Findings, takeStock } from "./findings.ts";

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const YEAR_S = 365 * DAY_S;
/** Where the clock can be, in s from the right time. */
const OFFSETS_S = [2, HOUR_S, 5 * HOUR_S, DAY_S, 45 * DAY_S, 3 * YEAR_S, 30 * YEAR_S, 73 * YEAR_S];
/**
 * Repetitions are recognised this far back. A jump ahead between two processes by more, up to a day, counts as time in
 * which the server was off.
 */
const WINDOW_S = 300;
/** Jumps on one data file. */
const FILE_ROUNDS = 8;

/** Sets the clock of a server that runs, or that will be started; `offsetS` from the right time. */
export function setClock(server: TestServer, library: string, offsetS: number): void {
  const file = join(server.folder, "clock");
  // Never read half written: an empty file is the right time.
  writeFileSync(`${file}.new`, `${offsetS < 0 ? "" : "+"}${offsetS}\n`);
  renameSync(`${file}.new`, file);
  server.environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
}

type Kind = "running" | "restart" | "kill -9";

async function jump(
  server: TestServer,
  library: string,
  offsetS: number,
  kind: Kind,
  findings: Findings,
): Promise<void> {
  if (kind === "restart") findings.expect((await server.stop()) === 0, kind, "SIGTERM did not end it with 0");
  if (kind === "kill -9") {
    await server.kill();
    findings.kills += 1;
  }
  setClock(server, library, offsetS);
  if (kind !== "running") await server.start();
}

async function oneRound(
  server: TestServer,
  library: string,
  load: Load,
  offsets: { before: number },
  random: Random,
  findings: Findings,
): Promise<string> {
  const offsetS = pick(random, [0, pick(random, OFFSETS_S), -pick(random, OFFSETS_S.slice(0, -1))]);
  const kind = pick(random, ["running", "running", "running", "restart", "kill -9"] as const);
  const round = findings.rounds;
  const endTime = Date.now();
  // Its start comes after the jump, and must still pair with it.
  await server.send([{ key: `early end ${round}`, endTime, timestamp: endTime }]);
  const aheadS = offsetS - offsets.before;
  const isRemembered = kind === "running" || aheadS <= WINDOW_S || aheadS > DAY_S;
  // Otherwise the load would repeat a batch to a server that must believe that hours have passed.
  if (!isRemembered) await load.stop();
  await jump(server, library, offsetS, kind, findings);
  if (!isRemembered) load.start();
  await server.send([{ key: `early end ${round}`, startTime: endTime - 5, timestamp: endTime }]);
  if (isRemembered) await load.sendRecentAgain();
  await pause(100 + integer(random, 300));
  const where = `round ${round + 1} (from ${offsets.before} s to ${offsetS} s, ${kind})`;
  offsets.before = offsetS;
  findings.rounds += 1;
  return where;
}

async function oneServer(library: string, rounds: number, random: Random, findings: Findings): Promise<void> {
  await withStoppedServer(configText(), async (server) => {
    setClock(server, library, 0);
    await server.start();
    const load = new Load(server, {
      random: seededRandom(integer(random, 2 ** 31)),
      clients: 4,
      entriesMax: 20,
      sendsTimings: true,
      pauseMs: 5,
    });
    load.start();
    // Before anything is stored, nothing shows that the clock is wrong.
    await untilTrue("batches are accepted", () => load.accepted.size > 500);
    const offsets = { before: 0 };
    const first = findings.rounds;
    let history: ReadonlyMap<number, string> = new Map();
    for (let round = 0; round < rounds; round++) {
      const where = await oneRound(server, library, load, offsets, random, findings);
      // The export runs with the right clock, so it hides nothing.
      const stock = await takeStock(server, load);
      examine(stock, load, { findings, where });
      history = examineHistory(history, stock.records, findings, where);
    }
    setClock(server, library, 0);
    await pause(200);
    await load.stop();
    const where = `at the right time again, after round ${findings.rounds}`;
    await examineAtRest(server, load, { findings, where });
    const ends = (await server.export()).filter((record) => record.key?.startsWith("early end ") === true);
    const wrong = ends.filter((record) => record.status !== "completed" || record.duration !== 5);
    findings.add("unpaired", where, wrong);
    findings.expect(
      ends.length === findings.rounds - first,
      where,
      `${ends.length} timings of ${findings.rounds - first}`,
    );
    examineLog(server, findings, where, /clock was set|is the clock behind/);
    findings.count(load);
  });
}

export async function tortureByClock(library: string, rounds: number, random: Random): Promise<Findings> {
  const findings = new Findings("clock set");
  while (findings.rounds < rounds) {
    await oneServer(library, Math.min(FILE_ROUNDS, rounds - findings.rounds), random, findings);
  }
  findings.notes.push(`${findings.kills} kills`);
  return findings;
}
