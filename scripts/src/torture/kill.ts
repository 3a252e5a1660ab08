// kill -9 at random moments, again and again on one data file: under load, while the file is opened, within a stop, and
// while a quiet server merges. After each, everything that was answered 202 is compared with what is there.
//
// Under memory, what still waited may be lost: for each client the latest batches, never one before another that is
// there, and no more than the queue holds.

import { untilTrue } from "../../../test/support/condition.ts";
import { Load } from "../../../test/support/load.ts";
import { integer, pick, type Random, seededRandom } from "../../../test/support/random.ts";
import { configText, type TestServer, withServer } from "../../../test/support/server.ts";
import { pause } from "../command.ts";
import { examine, examineAtRest, examineHistory, examineLog, Findings, type Stock, takeStock } from "./findings.ts";

export type Durability = "sync" | "write" | "memory";

/** Kills on one data file: few enough that comparing stays fast. */
const FILE_ROUNDS = 12;
/** Entries that fit into the queue: a batch has up to 150, of some hundred bytes each. */
const QUEUE_BYTES = "64KiB";
const QUEUE_ENTRIES = 2_000;
/** Batches of logs that are answered before each kill, so that there is something to lose. */
const ROUND_BATCHES = 11;
const BRIEF_KEY = "sk_brief0123456789abcdef";

/** Most of them under load, where most can go wrong. */
const MOMENTS = ["load", "load", "load", "load", "load", "start", "start", "start", "stop", "stop", "quiet"] as const;
type Moment = (typeof MOMENTS)[number];

/** The same records are also sent to a project that keeps them for a second, so that retention is at work. */
function configOf(durability: Durability): string {
  return configText({
    tables: `[[keys]]
name = "brief"
project = "brief"
server = "${BRIEF_KEY}"
[projects.brief]
retention = "1s"
[queue]
bytes = "${QUEUE_BYTES}"
[storage]
durability = "${durability}"`,
  });
}

async function sendBrief(server: TestServer, round: number): Promise<void> {
  const entries = Array.from({ length: 20 }, (_, index) => ({ message: `brief ${round} ${index}` }));
  await (await server.post({ key: BRIEF_KEY, source: "server", entries })).text();
}

/** Kills the server at this moment. Returns the ids of all processes that were killed. */
async function kill(server: TestServer, moment: Moment, random: Random): Promise<number[]> {
  const killed = [server.pid];
  if (moment === "quiet") {
    // A quiet server begins to merge after two seconds.
    await pause(2_000 + integer(random, 500));
    await server.kill();
    return killed;
  }
  await pause(30 + integer(random, 370));
  if (moment === "stop") {
    server.signal("SIGTERM");
    await pause(integer(random, 40));
  }
  await server.kill();
  if (moment !== "start") return killed;
  const times = 1 + integer(random, 3);
  for (let time = 0; time < times; time++) {
    const isStarted = server.start().then(
      () => true,
      () => false,
    );
    killed.push(server.pid);
    await pause(integer(random, 200));
    await server.kill();
    await isStarted;
  }
  return killed;
}

/**
 * What waited when a process was killed under memory: the names of the batches that are gone. Faults where a batch is
 * gone and a later one of the same client is there.
 */
function lostWaiting(load: Load, process: number, stock: Stock, findings: Findings, where: string): string[] {
  const seen = new Set(stock.records.map((record) => record.message));
  const gone: string[] = [];
  const clientsWithLoss = new Set<number>();
  let entries = 0;
  for (const delivery of load.deliveries.filter((one) => one.process === process)) {
    if (!seen.has(`${delivery.name} entry 0`)) {
      clientsWithLoss.add(delivery.client);
      gone.push(delivery.name);
      entries += delivery.entries;
    } else if (clientsWithLoss.has(delivery.client)) {
      findings.add("lost", where, [`${delivery.name} is there, one before it is not`]);
    }
  }
  findings.lostWaiting += entries;
  findings.expect(entries <= QUEUE_ENTRIES, where, `${entries} entries are gone, more than the queue holds`);
  return gone;
}

async function oneFile(durability: Durability, rounds: number, random: Random, findings: Findings): Promise<void> {
  await withServer(configOf(durability), async (server) => {
    const isMemory = durability === "memory";
    // Few large batches, so that some wait at a kill.
    const shape = isMemory ? { entriesMax: 150, pauseMs: 40 } : { entriesMax: 20, pauseMs: 4 };
    const load = new Load(server, {
      random: seededRandom(integer(random, 2 ** 31)),
      clients: 6,
      sendsTimings: !isMemory,
      ...shape,
    });
    const mayBeLost = isMemory ? new Set<string>() : undefined;
    let history: ReadonlyMap<number, string> = new Map();
    load.start();
    for (let round = 0; round < rounds; round++) {
      const moment = pick(random, MOMENTS);
      const answered = load.deliveries.length + ROUND_BATCHES;
      await untilTrue("batches are accepted", () => load.deliveries.length >= answered);
      const where = `round ${findings.rounds + 1} (${moment})`;
      await sendBrief(server, findings.rounds);
      if (moment === "quiet") await load.stop();
      const killed = await kill(server, moment, random);
      await server.start();
      findings.rounds += 1;
      findings.kills += killed.length;
      if (moment === "quiet") load.start();
      // Under memory, lost batches would now be stored, as they should.
      if (!isMemory) await load.sendRecentAgain();
      const stock = await takeStock(server, load);
      for (const process of isMemory ? killed : []) {
        for (const name of lostWaiting(load, process, stock, findings, where)) mayBeLost?.add(name);
      }
      examine(stock, load, { findings, where, mayBeLost });
      history = examineHistory(history, stock.records, findings, where);
    }
    await load.stop();
    const where = `after round ${findings.rounds}`;
    await examineAtRest(server, load, { findings, where, mayBeLost });
    findings.expect((await server.stop()) === 0, where, "SIGTERM did not end it with 0");
    const doctor = await server.command("doctor", "--json");
    findings.expect(doctor.exitCode === 0, where, `doctor found: ${doctor.stdout}${doctor.stderr}`);
    examineLog(server, findings, where);
    findings.count(load);
  });
}

/** Kills at least so many times, over several data files. */
export async function tortureByKill(durability: Durability, rounds: number, random: Random): Promise<Findings> {
  const findings = new Findings(`kill -9, ${durability}`);
  while (findings.rounds < rounds) {
    await oneFile(durability, Math.min(FILE_ROUNDS, rounds - findings.rounds), random, findings);
  }
  findings.notes.push(`${findings.kills} kills`);
  if (durability === "memory")
    findings.notes.push(`${findings.lostWaiting} entries waited at a kill and are gone, as they may be`);
  return findings;
}
