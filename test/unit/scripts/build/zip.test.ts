// ZIP archives as Python's own module reads them, which checks every checksum.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveFile } from "../../../../scripts/src/build/tarball.ts";
import { makeZip } from "../../../../scripts/src/build/zip.ts";
import { withFolder } from "../../../support/folder.ts";

const FILES: readonly ArchiveFile[] = [
  { path: "simplelogs.exe", bytes: new Uint8Array(70_000).fill(7), isExecutable: true },
  { path: "docs/é.md", bytes: new TextEncoder().encode("text") },
  { path: "empty", bytes: new Uint8Array() },
];
const PROGRAM = `
import hashlib, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
files = [[i.filename, oct(i.external_attr >> 16), list(i.date_time), hashlib.sha256(archive.read(i)).hexdigest()] for i in archive.infolist()]
print(json.dumps(files))
`;

describe("a zip archive", () => {
  test("holds its files byte by byte, in the order of their paths, with mode and time", () =>
    withFolder((folder) => {
      const path = join(folder, "a.zip");
      const modifiedAtSeconds = Date.UTC(2026, 10, 30, 12, 34, 57) / 1_000;
      writeFileSync(path, makeZip(FILES, { folder: "simplelogs", modifiedAtSeconds }));
      const { status, stdout, stderr } = spawnSync("python3", ["-c", PROGRAM, path], { encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
      const digest = (bytes: Uint8Array) => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
      const time = [2026, 11, 30, 12, 34, 56];
      const [executable, page, empty] = FILES.map(({ bytes }) => digest(bytes));
      expect(JSON.parse(stdout)).toEqual([
        ["simplelogs/docs/é.md", "0o100644", time, page],
        ["simplelogs/empty", "0o100644", time, empty],
        ["simplelogs/simplelogs.exe", "0o100755", time, executable],
      ]);
    }));

  test("is the same for the same files, in whatever order they come", () => {
    expect(makeZip(FILES.toReversed(), {})).toEqual(makeZip(FILES, {}));
    expect(makeZip(FILES.slice(1), {})).not.toEqual(makeZip(FILES, {}));
  });
});
