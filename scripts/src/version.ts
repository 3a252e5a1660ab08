// What this checkout is: its version, which package.json alone says, and its commit.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What git prints; undefined where it fails, or is not there. */
export function git(root: string, ...commandLine: string[]): string | undefined {
  const run = spawnSync("git", ["-C", root, ...commandLine], { encoding: "utf8" });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** The commit, marked when files differ from it; "" where there is no git or no commit. */
export function currentCommit(root: string): string {
  const commit = git(root, "rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "";
  return git(root, "status", "--porcelain") === "" ? commit : `${commit}-dirty`;
}

/**
 * A number below 2^32 that is the same wherever the same files are committed; undefined where files differ from the
 * commit, or there is no git.
 */
export function contentNumber(root: string): number | undefined {
  const tree = git(root, "rev-parse", "HEAD^{tree}");
  return tree === undefined || git(root, "status", "--porcelain") !== "" ? undefined : Number(`0x${tree.slice(0, 8)}`);
}

/** @throws Error where package.json has none. */
export function packageVersion(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version?: unknown };
  if (typeof version === "string") return version;
  throw new Error("cannot read the version: package.json has no string `version`");
}
