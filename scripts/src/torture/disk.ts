// A disk that fills up at random points under load, to the last byte or nearly, and is freed again: by itself, across
// kill -9 and a start while it is full. Nothing that was answered 202 may be lost, and the server must come back
// without help.

import { Load } from "../../../test/support/load.ts";
import { integer, type Random, seededRandom } from "../../../test/support/random.ts";
import { configText, TestServer } from "../../../test/support/server.ts";
import { type SmallDisk, withSmallDisk } from "../../../test/support/small_disk.ts";
import { pause } from "../command.ts";
import { examine, examineAtRest, examineLog, Findings, readiness, takeStock } from "./findings.ts";

const MIB = 2 ** 20;
/** The reserve file takes 8 MiB of it. */
const DISK_BYTES = 48 * MIB;
/** How often one disk is filled. What is stored stays on it. */
const DISK_ROUNDS = 5;
/** The file that fills the disk leaves at most so much room. */
const LEFT_BYTES_MAX = MIB;
const FULL_MS_MAX = 60_000;
const FREED_MS_MAX = 40_000;

/**
 * Fills the disk until the server says that it cannot write. It is filled again and again, because the server frees its
 * reserve.
 */
async function fill(disk: SmallDisk, server: TestServer, random: Random): Promise<boolean> {
  const endAt = performance.now() + FULL_MS_MAX;
  const leaveBytes = integer(random, LEFT_BYTES_MAX);
  while (performance.now() < endAt) {
    disk.growBallast(Math.max(0, disk.freeBytes - leaveBytes));
    if ((await readiness(server, 503, 100)) === 503) {
      // The server frees its reserve once and goes on for a while. The disk is full when that is used up too.
      await pause(700);
      disk.growBallast(disk.freeBytes);
      if ((await readiness(server, 503, 0)) === 503) return true;
    }
  }
  return false;
}

async function oneRound(
  disk: SmallDisk,
  server: TestServer,
  load: Load,
  random: Random,
  findings: Findings,
): Promise<void> {
  const isKilled = random() < 0.5;
  const where = `round ${findings.rounds + 1}${isKilled ? " (kill -9 while full)" : ""}`;
  await pause(integer(random, 600));
  findings.expect(await fill(disk, server, random), where, "/readyz is never 503 on a full disk");
  const health = await fetch(`${server.url}/healthz`);
  await health.text();
  findings.expect(health.status === 200, where, `/healthz is ${health.status} on a full disk`);
  if (isKilled) {
    await server.kill();
    disk.growBallast(disk.freeBytes);
    await server.start();
    findings.kills += 1;
  }
  // What was answered last may not be readable before there is room. What can be read must be whole.
  const full = await takeStock(server, load);
  examine({ ...full, answered: new Set() }, load, { findings, where: `${where}, full` });
  const answered = load.deliveries.length;
  disk.removeBallast();
  const status = await readiness(server, 200, FREED_MS_MAX);
  findings.expect(status === 200, where, `/readyz is ${status} long after there is room again`);
  const endAt = performance.now() + FREED_MS_MAX;
  while (load.deliveries.length < answered + 10 && performance.now() < endAt) await pause(10);
  findings.expect(load.deliveries.length >= answered + 10, where, "no batch is accepted after there is room again");
  examine(await takeStock(server, load), load, { findings, where: `${where}, freed` });
  findings.rounds += 1;
}

async function oneDisk(rounds: number, random: Random, findings: Findings): Promise<void> {
  await withSmallDisk(DISK_BYTES, async (disk) => {
    const server = new TestServer(disk.folder, configText());
    try {
      await server.start();
      const load = new Load(server, {
        random: seededRandom(integer(random, 2 ** 31)),
        clients: 4,
        entriesMax: 6,
        ballastBytes: 3_000,
        pauseMs: 10,
      });
      load.start();
      for (let round = 0; round < rounds; round++) await oneRound(disk, server, load, random, findings);
      await load.stop();
      const where = `after round ${findings.rounds}`;
      await examineAtRest(server, load, { findings, where });
      findings.expect((await server.stop()) === 0, where, "SIGTERM did not end it with 0");
      examineLog(server, findings, where, /^cannot write|cannot be written|no room|were not merged/);
      const doctor = await server.command("doctor", "--json");
      const wrong = findingsOf(doctor.stdout).filter(
        (finding) => finding.severity === "problem" && finding.check !== "free space",
      );
      findings.add("other", where, wrong);
      findings.count(load);
    } finally {
      await server.kill();
    }
  });
}

/** The findings of doctor. */
function findingsOf(json: string): { readonly severity: string; readonly check: string }[] {
  return (JSON.parse(json) as { readonly findings: { severity: string; check: string }[] }).findings;
}

export async function tortureByDisk(rounds: number, random: Random): Promise<Findings> {
  const findings = new Findings("disk full");
  while (findings.rounds < rounds) await oneDisk(Math.min(DISK_ROUNDS, rounds - findings.rounds), random, findings);
  findings.notes.push(`${findings.kills} kills while full`);
  return findings;
}
