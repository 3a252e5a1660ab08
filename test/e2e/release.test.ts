// The archive of this machine's platform: its checksum holds, what it unpacks to runs, and neither is larger than it
// may be.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ARCHIVE_BYTES_MAX, EXECUTABLE_BYTES_MAX, PLATFORMS } from "../../scripts/src/build/executable.ts";
import { EXECUTABLE, ROOT } from "../../scripts/src/command.ts";
import { checksums, platformArchive } from "../../scripts/src/release/archives.ts";
import { packageVersion } from "../../scripts/src/version.ts";
import { withFolder } from "../support/folder.ts";
import { run } from "../support/run.ts";

const system = process.platform === "win32" ? "windows" : process.platform;
const platform = PLATFORMS.find((name) => name === `${system}-${process.arch}`);

describe("the archive of this platform", () => {
  test(
    "matches its checksum, has an allowed size, and contains an executable that prints its version",
    () =>
      withFolder(async (folder) => {
        if (platform === undefined) throw new Error(`no release is made for ${system}-${process.arch}`);
        const release = { root: ROOT, version: packageVersion(ROOT), modifiedAtSeconds: 1_700_000_000 };
        const archive = platformArchive(release, platform, EXECUTABLE);
        expect(archive.bytes.byteLength).toBeLessThanOrEqual(ARCHIVE_BYTES_MAX);
        writeFileSync(join(folder, archive.name), archive.bytes);
        writeFileSync(join(folder, "SHA256SUMS"), checksums([archive]));
        for (const commandLine of [
          ["sha256sum", "--check", "--strict", "SHA256SUMS"],
          ["tar", "xf", archive.name],
        ]) {
          const [program = "", ...rest] = commandLine;
          expect(spawnSync(program, rest, { cwd: folder, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
        }
        const unpacked = join(folder, `simplelogs-${release.version}-${platform}`);
        const { exitCode, stdout } = await run(join(unpacked, "simplelogs"), ["--version"], { cwd: unpacked });
        expect([exitCode, stdout.split(/[ \n]/).slice(0, 2)]).toEqual([0, ["simplelogs", release.version]]);
      }),
    60_000,
  );
});

test("the executable has an allowed size", () => {
  expect(statSync(EXECUTABLE).size).toBeLessThanOrEqual(EXECUTABLE_BYTES_MAX);
});
