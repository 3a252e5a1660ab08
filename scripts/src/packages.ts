// Installs the npm packages that bun.lock names, and nothing else: the lock file is never changed here. Safe to call every time:
// an unchanged lock file and an unchanged node_modules cost a few milliseconds and no network.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Inside node_modules, so that it goes with it. */
const STAMP = join("node_modules", ".simplelogs-lock");

/** What the installed packages depend on, as a SHA-256. */
function lockDigest(root: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.bun}\n`);
  for (const file of ["package.json", "bun.lock"]) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/**
 * Makes node_modules what bun.lock says.
 * @throws Error when the lock file and package.json disagree, or a package cannot be had.
 */
export function installPackages(root: string): void {
  const digest = lockDigest(root);
  const stamp = join(root, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  const environment = { ...process.env };
  // Without a home, Bun's cache goes beside the Bun that we installed.
  if (process.env["HOME"] === undefined || !existsSync(process.env["HOME"])) {
    environment["BUN_INSTALL_CACHE_DIR"] = join(root, ".bun", "cache");
  }
  const install = spawnSync(process.execPath, ["install", "--frozen-lockfile", "--ignore-scripts"], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (install.status !== 0) {
    throw new Error(
      "cannot install the npm packages: `bun install --frozen-lockfile` failed, see above; where it says that the lock file " +
        "had changes, run `bun install` and commit bun.lock, otherwise check the registry settings and the network",
    );
  }
  writeFileSync(stamp, digest);
}
