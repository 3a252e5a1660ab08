// The frameworks and logging libraries that the client library is tested with, from npm: exactly what
// test/client/bun.lock names, in a folder of their own under .bun, so that the project's own packages stay few.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const SOURCE = join(ROOT, "test/client");
const FOLDER = join(ROOT, ".bun/client-peers");
const STAMP = join(FOLDER, ".simplelogs-lock");
const FILES = ["package.json", "bun.lock"];

function digest(): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.bun}\n`);
  for (const file of FILES) hash.update(readFileSync(join(SOURCE, file)));
  return hash.digest("hex");
}

/** Installs them where they are not yet; an unchanged lock file costs no network. Throws when they cannot be had. */
function installPeers(): void {
  const wanted = digest();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  rmSync(STAMP, { force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const file of FILES) copyFileSync(join(SOURCE, file), join(FOLDER, file));
  const environment = { ...process.env, BUN_INSTALL_CACHE_DIR: join(ROOT, ".bun/cache") };
  const install = spawnSync(
    process.execPath,
    ["install", "--frozen-lockfile", "--ignore-scripts", "--linker=hoisted", "--silent"],
    { cwd: FOLDER, env: environment, encoding: "utf8" },
  );
  if (install.status !== 0) throw new Error(`cannot install the packages of test/client:\n${install.stderr}`);
  writeFileSync(STAMP, wanted);
}

/** Gives `work` a new folder from which every one of these packages is found, and removes it afterwards. */
export async function withPeers<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  installPeers();
  const folder = mkdtempSync(join(FOLDER, "run-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
