// The version is in one place, package.json. Documents that show it in an example show this one.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "../../../../scripts/src/version.ts";

const ROOT = join(import.meta.dir, "../../../..");
const VERSION = packageVersion(ROOT);
const DOCUMENTS = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];

/** Where a document shows a version of SimpleLogs: a path of the client library, or a file that is handed out. */
const SHOWN = /(?:\/sdk\/|simplelogs-)(\d+\.\d+\.\d+)/g;

describe("the version in package.json", () => {
  test("is the only one in examples", () => {
    const shown = DOCUMENTS.filter((name) => name.endsWith(".md")).flatMap((name) =>
      [...readFileSync(join(ROOT, name), "utf8").matchAll(SHOWN)].map(([, version]) => `${name}: ${version}`),
    );
    expect(shown.length).toBeGreaterThan(2);
    expect(shown.filter((text) => !text.endsWith(`: ${VERSION}`))).toEqual([]);
  });

  test("is the one of the changelog's newest section", () => {
    const [, newest] = /^## \[(\d[^\]]*)\]/m.exec(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")) ?? [];
    expect(newest).toBe(VERSION);
  });
});
