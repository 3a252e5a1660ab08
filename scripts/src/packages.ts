// Installs the npm packages that bun.lock names, and nothing else: the lock file is never changed here. Safe to call
// every time: where nothing changed, `bun install` takes some 10 ms and no network.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes node_modules what bun.lock says.
 * @throws Error where the lock file and package.json disagree, or a package cannot be had.
 */
export function installPackages(root: string): void {
  const environment = { ...process.env };
  // Without a home, Bun's cache goes beside the Bun that find-bun has installed.
  if (process.env["HOME"] === undefined || !existsSync(process.env["HOME"])) {
    environment["BUN_INSTALL_CACHE_DIR"] = join(root, ".bun", "cache");
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["install", "--frozen-lockfile", "--ignore-scripts", "--no-progress"],
    { cwd: root, env: environment, encoding: "utf8" },
  );
  if (status === 0) return;
  throw new Error(
    `${stdout}${stderr}\ncannot install the npm packages: \`bun install --frozen-lockfile\` failed, see above; where it says that the ` +
      "lock file had changes, run `bun install` and commit bun.lock, otherwise check the registry settings and the network",
  );
}
