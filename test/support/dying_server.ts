// The server as its users run it, but for its threads, which can be made to die: `serve` without a command line. Its
// arguments are names of threads and, each behind its own, the module that takes the thread's place, relative to this
// folder; and "idle" with the seconds after which a thread with nothing to do is ended.

import { writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startServer } from "../../src/app.ts";
import { loadSettings } from "../../src/config/load.ts";
import { THREADS, type ThreadName } from "../../src/core/telemetry.ts";
import { createLog } from "../../src/log/log.ts";

function threadsOf(words: readonly string[]): Partial<Record<ThreadName, URL>> {
  const threads: Partial<Record<ThreadName, URL>> = {};
  for (const thread of THREADS) {
    const at = words.indexOf(thread);
    if (at !== -1) threads[thread] = pathToFileURL(join(import.meta.dir, words[at + 1] ?? ""));
  }
  return threads;
}

function idleTicksOf(words: readonly string[]): number | undefined {
  const at = words.indexOf("idle");
  return at === -1 ? undefined : Number(words[at + 1]);
}

async function main(): Promise<void> {
  const loaded = await loadSettings(join(process.cwd(), "simplelogs.toml"), process.env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const log = createLog({ level: "info", isTerminal: false, write: (line) => void writeSync(2, line) });
  const stopAsked = Promise.withResolvers<void>();
  process.on("SIGTERM", () => stopAsked.resolve());
  const server = await startServer({
    settings: loaded.settings,
    environment: process.env,
    log,
    version: "dying",
    threads: threadsOf(process.argv.slice(2)),
    idleTicks: idleTicksOf(process.argv.slice(2)),
  });
  log("info", `listening on ${server.url}`);
  await stopAsked.promise;
  await server.stop();
}

if (import.meta.main) {
  await main();
  process.exit();
}
