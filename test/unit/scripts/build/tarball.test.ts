// Tarballs, of the npm package and of releases: what is in them, and that nothing else is.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type ArchiveFile, makeTarball } from "../../../../scripts/src/build/tarball.ts";
import { withFolder } from "../../../support/folder.ts";

const file = (path: string, bytes: number): ArchiveFile => ({ path, bytes: new Uint8Array(bytes).fill(bytes % 256) });
const FILES = [file("package.json", 1), file("b.mjs", 512), file("a.d.mts", 0), file("c/d.js", 20_000)];

const NPM = { folder: "package" };

describe("a tarball", () => {
  test("unpacks to its files below package/, byte by byte", () =>
    withFolder((folder) => {
      writeFileSync(join(folder, "package.tgz"), makeTarball(FILES, NPM));
      const { status, stdout, stderr } = spawnSync("tar", ["xvzf", "package.tgz"], { cwd: folder, encoding: "utf8" });
      expect([status, stderr, stdout.trim().split("\n")]).toEqual([
        0,
        "",
        ["package/a.d.mts", "package/b.mjs", "package/c/d.js", "package/package.json"],
      ]);
      for (const { path, bytes } of FILES) {
        expect(new Uint8Array(readFileSync(join(folder, "package", path)))).toEqual(new Uint8Array(bytes));
      }
    }));

  test("is the same for the same files, in whatever order they come", () => {
    expect(makeTarball(FILES.toReversed(), NPM)).toEqual(makeTarball(FILES, NPM));
    expect(makeTarball(FILES.slice(1), NPM)).not.toEqual(makeTarball(FILES, NPM));
  });

  test("holds no time, no owner and no name of a system", () => {
    const packed = makeTarball(FILES, NPM);
    expect([...packed.slice(4, 8), packed[9]]).toEqual([0, 0, 0, 0, 255]);
    const tar = gunzipSync(packed);
    expect(tar.length % 10_240).toBe(0);
    expect(tar.toString("latin1", 100, 148)).toBe("0000644\x000000000\x000000000\x0000000000000\x0003560116604\x00");
    expect(tar.toString("latin1", 265, 345)).toBe("\0".repeat(80));
  });

  test("has files that can be run, and the time that is given", () =>
    withFolder((folder) => {
      const files = [{ ...file("run", 3), isExecutable: true }, file("read", 3)];
      writeFileSync(join(folder, "a.tar.gz"), makeTarball(files, { modifiedAtSeconds: 1_700_000_000 }));
      expect(spawnSync("tar", ["xzf", "a.tar.gz"], { cwd: folder }).status).toBe(0);
      const facts = ["run", "read"].map((name) => {
        const { mode, mtimeMs } = statSync(join(folder, name));
        return [mode & 0o777, mtimeMs];
      });
      expect(facts).toEqual([
        [0o755, 1.7e12],
        [0o644, 1.7e12],
      ]);
    }));

  test("takes no path that its header has no room for", () => {
    expect(() => makeTarball([file("x".repeat(92), 1)], NPM)).not.toThrow();
    expect(() => makeTarball([file("x".repeat(93), 1)], NPM)).toThrow("too long");
  });
});
