// What keeps a checkout from being released.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { git } from "../version.ts";
import { changelogSection } from "./changelog.ts";

/** So many changed files are named. */
const FILES_MAX = 5;

/** The tag of a version. */
export function tagOf(version: string): string {
  return `v${version}`;
}

/**
 * Every reason why `version` cannot be released from this checkout, each with what to do about it; none where it can.
 */
export function releaseProblems(root: string, version: string): string[] {
  const changes = git(root, "status", "--porcelain");
  if (changes === undefined || git(root, "rev-parse", "HEAD") === undefined) {
    return [`${root} is not a git checkout with a commit: the archives carry the commit and its time`];
  }
  const problems: string[] = [];
  if (changes !== "") {
    const files = changes.split("\n").map((line) => line.trim().replace(/^\S+\s+/, ""));
    const more = files.length > FILES_MAX ? ` and ${files.length - FILES_MAX} more` : "";
    problems.push(
      `files differ from the commit (${files.slice(0, FILES_MAX).join(", ")}${more}): commit or stash them`,
    );
  }
  if (changelogSection(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version) === "") {
    problems.push(`CHANGELOG.md says nothing about ${version}: give it a section "## [${version}] - YYYY-MM-DD"`);
  }
  const tag = tagOf(version);
  if (git(root, "rev-parse", "--quiet", "--verify", `refs/tags/${tag}`) !== undefined) {
    problems.push(`the tag ${tag} exists: ${version} is released, so raise the version in package.json`);
  }
  return problems;
}
