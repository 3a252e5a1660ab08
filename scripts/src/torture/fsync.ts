// Shows what kill -9 cannot: that a 202 waits for the disk. It traces the system calls of a server that gets batches
// one after another. Under "sync" the log must be synced between the last write to it and each response; under "write"
// it need not be.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { untilTrue } from "../../../test/support/condition.ts";
import { configText, TestServer } from "../../../test/support/server.ts";
import { Findings } from "./findings.ts";

const BATCHES = 40;

/** Lines of `strace -f -y`: a thread, a call, and its first argument with the path behind it. */
const LOG_WRITE = /\b(?:pwrite64|pwritev2?|write|writev)\(\d+<[^>]*simplelogs\.db-wal>/;
const LOG_SYNC = /\b(?:fdatasync|fsync)\(\d+<[^>]*simplelogs\.db-wal>/;
/** A call that another thread's call interrupts ends on a line of its own. */
const SYNC_ENDED = /<\.\.\. (?:fdatasync|fsync) resumed>/;
const ANSWER = /HTTP\/1\.1 202/;

/** Counts the responses, and those that left before their batch was synced. */
export function answersBeforeSync(trace: string): { readonly answers: number; readonly early: number } {
  let isWritten = false;
  let isSyncing = false;
  let isSynced = false;
  let answers = 0;
  let early = 0;
  for (const line of trace.split("\n")) {
    if (LOG_WRITE.test(line)) {
      isWritten = true;
      isSynced = false;
    } else if (LOG_SYNC.test(line)) {
      isSyncing = line.includes("<unfinished");
      isSynced = !isSyncing;
    } else if (isSyncing && SYNC_ENDED.test(line)) {
      isSyncing = false;
      isSynced = true;
    } else if (ANSWER.test(line)) {
      answers += 1;
      if (!isWritten || !isSynced) early += 1;
      isWritten = false;
    }
  }
  return { answers, early };
}

/** Resolves when strace follows every thread of the process. `ended` resolves when the process has ended. */
async function attach(strace: string, commandLine: readonly string[]): Promise<{ readonly ended: Promise<void> }> {
  const child = spawn(strace, commandLine, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let hasEnded = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      hasEnded = true;
      resolve();
    };
    child.on("error", end);
    child.on("close", end);
  });
  await untilTrue("strace is attached", () => said.includes("attached") || hasEnded, 10_000);
  if (hasEnded) throw new Error(`cannot trace the server: ${said}`);
  return { ended };
}

/** The system calls while batches are sent one by one. */
async function traceOf(strace: string, durability: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-fsync-"));
  const trace = join(folder, "trace");
  const calls = "trace=pwrite64,pwritev,pwritev2,write,writev,fsync,fdatasync,sendto,sendmsg";
  const server = new TestServer(folder, configText({ tables: `[storage]\ndurability = "${durability}"` }));
  try {
    await server.start();
    const { ended } = await attach(strace, [
      "-f",
      "-y",
      "-s",
      "16",
      "-e",
      calls,
      "-o",
      trace,
      "-p",
      String(server.pid),
    ]);
    for (let batch = 0; batch < BATCHES; batch++) await server.send([{ message: `batch ${batch}` }]);
    await server.stop();
    await ended;
    return readFileSync(trace, "utf8");
  } finally {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function tortureByTrace(strace: string): Promise<Findings> {
  const findings = new Findings("synced before 202");
  const sync = answersBeforeSync(await traceOf(strace, "sync"));
  findings.rounds = 1;
  findings.batches = sync.answers;
  findings.entries = sync.answers;
  findings.expect(sync.answers === BATCHES, "sync", `the trace shows ${sync.answers} answers of ${BATCHES}`);
  findings.expect(sync.early === 0, "sync", `${sync.early} answers left before their batch was synced`);
  // Shows that the trace would reveal an early response.
  const write = answersBeforeSync(await traceOf(strace, "write"));
  findings.expect(
    write.early > BATCHES / 2,
    "write",
    `only ${write.early} answers left before a sync: is it seen at all?`,
  );
  findings.notes.push(
    `of ${BATCHES} answers ${sync.early} left before the disk had the batch; under "write" ${write.early}`,
  );
  return findings;
}
