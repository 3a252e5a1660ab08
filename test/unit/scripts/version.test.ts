import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentNumber, git } from "../../../scripts/src/version.ts";
import { withFolder } from "../../support/folder.ts";

test("a checkout's number is that of its committed files, and there is none while files differ from them", () =>
  withFolder((folder) => {
    const file = join(folder, "a.txt");
    const commit = (text: string) => {
      writeFileSync(file, text);
      git(folder, "add", "--all");
      git(folder, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--message=a");
      return contentNumber(folder);
    };
    expect(contentNumber(folder)).toBeUndefined();
    git(folder, "init");
    const first = commit("one");
    const second = commit("two");
    // Another commit of the same files.
    expect([typeof first, commit("one")]).toEqual(["number", first]);
    expect(second).not.toBe(first);
    writeFileSync(file, "three");
    expect(contentNumber(folder)).toBeUndefined();
  }));
