// What keeps a checkout from being released, in git repositories of its own.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { releaseProblems } from "../../../../scripts/src/release/problems.ts";
import { withFolder } from "../../../support/folder.ts";

const CHANGELOG = "# Changelog\n\n## [0.2.0] - 2026-11-30\n\n- New.\n";

/** Runs `work` in a clean repository with one commit. */
function withRepository(work: (root: string, git: (...commandLine: string[]) => void) => void): Promise<void> {
  return withFolder((root) => {
    const git = (...commandLine: string[]) => {
      const person = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
      const { status, stderr } = spawnSync("git", ["-C", root, ...person, ...commandLine], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
    };
    git("init", "--quiet");
    writeFileSync(join(root, "CHANGELOG.md"), CHANGELOG);
    git("add", ".");
    git("commit", "--quiet", "--message=first");
    work(root, git);
  });
}

describe("a checkout can be released", () => {
  test("when it is clean, its version is described, and no tag is of it", () =>
    withRepository((root, git) => {
      git("tag", "v0.1.0");
      expect(releaseProblems(root, "0.2.0")).toEqual([]);
    }));
});

describe("a checkout cannot be released", () => {
  test("when files are changed or new", () =>
    withRepository((root) => {
      writeFileSync(join(root, "CHANGELOG.md"), `${CHANGELOG}\n`);
      writeFileSync(join(root, "new.ts"), "");
      expect(releaseProblems(root, "0.2.0")).toEqual([
        "files differ from the commit (CHANGELOG.md, new.ts): commit or stash them",
      ]);
      for (let index = 0; index < 9; index++) writeFileSync(join(root, `n${index}.ts`), "");
      expect(releaseProblems(root, "0.2.0")).toEqual([expect.stringMatching(/\(CHANGELOG\.md, n0\.ts.* and 6 more\)/)]);
    }));

  test("when the changelog says nothing about the version, or its tag exists: everything is said at once", () =>
    withRepository((root, git) => {
      git("tag", "v0.3.0");
      expect(releaseProblems(root, "0.3.0")).toEqual([
        'CHANGELOG.md says nothing about 0.3.0: give it a section "## [0.3.0] - YYYY-MM-DD"',
        "the tag v0.3.0 exists: 0.3.0 is released, so raise the version in package.json",
      ]);
    }));

  test("when it is no git checkout, or has no commit", () =>
    withFolder((folder) => {
      const problem = `${folder} is not a git checkout with a commit: the archives carry the commit and its time`;
      expect(releaseProblems(folder, "0.2.0")).toEqual([problem]);
      spawnSync("git", ["init", "--quiet", folder]);
      expect(releaseProblems(folder, "0.2.0")).toEqual([problem]);
    }));
});
