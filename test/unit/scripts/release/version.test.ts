// The version is in one place, package.json. Examples in documents show no version of SimpleLogs, or this one.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "../../../../scripts/src/version.ts";

const ROOT = join(import.meta.dir, "../../../..");
const VERSION = packageVersion(ROOT);
const DOCUMENTS = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)];

/** Where a document shows a version of SimpleLogs: a path of the client library, or a file that is handed out. */
const SHOWN = /(?:\/sdk\/|simplelogs-)(\d+\.\d+\.\d+)/g;

/** Where this text shows a version that is not the current one. */
function otherVersions(text: string): string[] {
  return [...text.matchAll(SHOWN)].filter(([, version]) => version !== VERSION).map(([shown]) => shown);
}

describe("the version in package.json", () => {
  test("is the only one in examples", () => {
    const pages = DOCUMENTS.filter((name) => name.endsWith(".md"));
    const other = pages.map((name) => [name, otherVersions(readFileSync(join(ROOT, name), "utf8"))]);
    expect(other.filter(([, shown]) => shown?.length !== 0)).toEqual([]);
    expect(otherVersions(`/sdk/${VERSION}/simplelogs.js`)).toEqual([]);
    expect(otherVersions("a /sdk/0.0.9/simplelogs.js, simplelogs-0.0.9.tgz")).toHaveLength(2);
  });

  test("is the one of the changelog's newest section", () => {
    const [, newest] = /^## \[(\d[^\]]*)\]/m.exec(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8")) ?? [];
    expect(newest).toBe(VERSION);
  });
});
