// The packages from npm that some suites test with: exactly what the suite's own bun.lock names, in a folder of their
// own under .bun, so that the project's packages stay few.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const FILES = ["package.json", "bun.lock"];

/** How long one process waits for another that installs, in ms. */
const LOCK_MS_MAX = 300_000;
const LOCK_POLL_MS = 200;

/** A suite with packages of its own. */
export type PackagedSuite = "clickhouse" | "client" | "senders";

function digest(source: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.bun}\n`);
  for (const file of FILES) hash.update(readFileSync(join(source, file)));
  return hash.digest("hex");
}

/**
 * Installs the packages of a suite where they are not yet, and gives their folder; an unchanged lock file costs no
 * network. Throws when they cannot be had.
 */
export function installPackages(suite: PackagedSuite): string {
  const source = join(ROOT, "test", suite);
  const folder = join(ROOT, ".bun", `${suite}-peers`);
  const stamp = join(folder, ".simplelogs-lock");
  const wanted = digest(source);
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (isInstalled()) return folder;
  mkdirSync(folder, { recursive: true });
  // Test files run side by side, and each may be the first.
  const lock = join(folder, ".installing");
  for (let waitedMs = 0; !tryLock(lock); waitedMs += LOCK_POLL_MS) {
    if (waitedMs > LOCK_MS_MAX) throw new Error(`another process has been installing for too long: remove ${lock}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
  try {
    if (!isInstalled()) install(suite, source, folder, stamp, wanted);
  } finally {
    rmSync(lock, { recursive: true });
  }
  return folder;
}

/** A folder is made by one process only. */
function tryLock(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}

function install(suite: PackagedSuite, source: string, folder: string, stamp: string, wanted: string): void {
  rmSync(stamp, { force: true });
  for (const file of FILES) copyFileSync(join(source, file), join(folder, file));
  const environment = { ...process.env, BUN_INSTALL_CACHE_DIR: join(ROOT, ".bun/cache") };
  const { status, stderr } = spawnSync(
    process.execPath,
    ["install", "--frozen-lockfile", "--ignore-scripts", "--linker=hoisted", "--silent"],
    { cwd: folder, env: environment, encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`cannot install the packages of test/${suite}:\n${stderr}`);
  writeFileSync(stamp, wanted);
}

/** Gives `work` a new folder from which every package of the suite is found, and removes it afterwards. */
export async function withPackages<Result>(
  suite: PackagedSuite,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(installPackages(suite), "run-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
