// Programs of the system that some tests need: installed from its packages where they are not there yet and the test
// may, else said to be missing.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Makes sure that a program is there, of a package of Debian. Throws when it cannot be had. */
export function requireProgram(path: string, packages: readonly string[]): string {
  if (existsSync(path)) return path;
  const names = packages.join(" ");
  if (process.getuid?.() !== 0) throw new Error(`${path} is missing: run apt-get install ${names}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const commandLine of [
    ["update", "-qq"],
    ["install", "-qq", "--yes", "--no-install-recommends", ...packages],
  ]) {
    const { status, stderr } = spawnSync("apt-get", commandLine, { env: environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`apt-get ${commandLine[0]} failed; ${path} is missing:\n${stderr}`);
  }
  if (!existsSync(path)) throw new Error(`${path} is not in ${names}`);
  return path;
}
