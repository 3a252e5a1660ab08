// Stops the process for seconds under load (SIGSTOP, then SIGCONT), as a suspended machine or a debugger does. No
// request may be refused for that, no thread taken for dead, timers must go on, and the server must be ready at once.

import { Load } from "../../../test/support/load.ts";
import { integer, type Random, seededRandom } from "../../../test/support/random.ts";
import { configText, type TestServer, withServer } from "../../../test/support/server.ts";
import { pause } from "../command.ts";
import { examineAtRest, examineLog, Findings, readiness } from "./findings.ts";

/** What was sent before is refused 10 s after it came: this leaves a busy machine time to answer it. */
const HELD_MS_MAX = 6_000;
/** An end that has waited longer is orphaned. Shorter than some stops, longer than others. */
const GRACE_MS = 4_000;
const READY_MS_MAX = 20_000;

/** An end without its start, and a start that its end finds after the stop. */
async function sendOpen(server: TestServer, round: number): Promise<void> {
  await server.send([
    { key: `lone end ${round}`, endTime: Date.now() },
    { key: `held ${round}`, startTime: Date.now() },
  ]);
}

async function oneRound(server: TestServer, load: Load, heldMs: number, findings: Findings): Promise<void> {
  const round = findings.rounds;
  const where = `round ${round + 1} (${heldMs} ms)`;
  await pause(200);
  await sendOpen(server, round);
  server.signal("SIGSTOP");
  try {
    await pause(heldMs);
  } finally {
    server.signal("SIGCONT");
  }
  const status = await readiness(server, 200, READY_MS_MAX);
  findings.expect(status === 200, where, `/readyz is ${status} after SIGCONT`);
  const answered = load.deliveries.length;
  await server.send([{ key: `held ${round}`, endTime: Date.now() }]);
  const endAt = performance.now() + READY_MS_MAX;
  while (load.deliveries.length < answered + 20 && performance.now() < endAt) await pause(10);
  findings.expect(load.deliveries.length >= answered + 20, where, "no batch is accepted after SIGCONT");
  findings.rounds += 1;
}

/**
 * Every start that was held is paired, every lone end orphaned, once, and nothing else waits than the load's own last
 * starts.
 */
async function examineTimers(server: TestServer, load: Load, findings: Findings, where: string): Promise<void> {
  const expected = load.started.size - load.ended.size;
  const endAt = performance.now() + GRACE_MS + READY_MS_MAX;
  const openOf = async () => (await server.metrics()).get("simplelogs_entries_open") ?? Number.NaN;
  while ((await openOf()) > expected && performance.now() < endAt) await pause(50);
  const open = await openOf();
  findings.expect(open === expected, where, `${open} entries wait, expected ${expected}`);
  const records = await server.export();
  for (const [key, status] of [
    ["lone end", "orphaned"],
    ["held", "completed"],
  ] as const) {
    const found = records.filter((record) => record.key?.startsWith(`${key} `));
    const wrong = found.filter((record) => record.status !== status).map((record) => record.key);
    findings.add("unpaired", where, wrong);
    findings.expect(found.length === findings.rounds, where, `${found.length} records of ${findings.rounds}: ${key}`);
  }
}

/** `heldMs` of each round is random, 1 to 6 s. */
export async function tortureByStop(rounds: number, random: Random): Promise<Findings> {
  const findings = new Findings("SIGSTOP");
  const config = configText({ tables: `[timings]\norphan_grace = "${GRACE_MS}ms"` });
  await withServer(config, async (server) => {
    const load = new Load(server, {
      random: seededRandom(integer(random, 2 ** 31)),
      clients: 6,
      entriesMax: 20,
      sendsTimings: true,
      pauseMs: 2,
    });
    load.start();
    for (let round = 0; round < rounds; round++) {
      await oneRound(server, load, 1_000 + integer(random, HELD_MS_MAX - 1_000), findings);
    }
    await load.stop();
    const where = `after round ${findings.rounds}`;
    const statuses = [...load.statuses.keys()].filter((status) => status !== 202);
    findings.expect(statuses.length === 0, where, `requests were answered ${statuses.join()}`);
    await examineTimers(server, load, findings, where);
    await examineAtRest(server, load, { findings, where });
    examineLog(server, findings, where);
    findings.count(load);
  });
  return findings;
}
