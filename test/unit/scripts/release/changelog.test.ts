import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { changelogSection } from "../../../../scripts/src/release/changelog.ts";
import { packageVersion } from "../../../../scripts/src/version.ts";

const CHANGELOG = `# Changelog

## [Unreleased]

## [0.10.0] - 2027-01-01

### Added

- A tenth.

## 0.1.0

- A first.

## [0.0.9] - 2026-01-01
`;
const ROOT = join(import.meta.dir, "../../../..");

describe("the section of a version", () => {
  test("is everything below its heading, in both spellings of it", () => {
    expect(changelogSection(CHANGELOG, "0.10.0")).toBe("### Added\n\n- A tenth.");
    expect(changelogSection(CHANGELOG, "0.1.0")).toBe("- A first.");
  });

  test("is empty where nothing is below the heading, or no heading is of this version", () => {
    for (const version of ["0.0.9", "0.1", "0.1.00", "0.10", "1.0.0", "Unreleased"]) {
      expect(changelogSection(CHANGELOG, version)).toBe("");
    }
  });

  test("is there for the version in package.json", () => {
    expect(changelogSection(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8"), packageVersion(ROOT))).not.toBe("");
  });
});
