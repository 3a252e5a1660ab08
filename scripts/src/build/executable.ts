// Sources in, executables out, for this machine or another. Beside the sources only package.json's version and git's
// commit go in. An executable appears under its name complete or not at all.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { PACK_FILE } from "../../../src/runtime/assets.ts";
import { LIBRARY_PACK_FILE } from "../../../src/runtime/client_library.ts";
import { EXECUTABLE, ROOT } from "../command.ts";
import { currentCommit, packageVersion } from "../version.ts";
import { buildWeb } from "./web.ts";

/** A system that an executable is built for. */
export interface Target {
  /** As in the names of archives: "linux-x64". Absent: this machine. */
  readonly platform?: string;
  /** Path of the executable. */
  readonly file: string;
}

const DIST = join(ROOT, "dist");

export const NATIVE: Target = { file: EXECUTABLE };

/** All that a release is made for. Bun calls them the same, after "bun-". */
export const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "windows-x64"] as const;
export type Platform = (typeof PLATFORMS)[number];

/**
 * What an executable may have. Some 107 MB of it are Bun's own runtime for Linux x64, the platform that tests measure;
 * our part is 23 MB, most of it the bytecode that makes starts quick: each thread has its own of what it shares with
 * others. 3 % above today's 130.5 MB: a dependency of more than 4 MB must be decided on.
 */
export const EXECUTABLE_BYTES_MAX = 134_500_000;
/** What the archive of a platform may have: 3 % above today's 64.5 MB, so that a download stays a matter of seconds. */
export const ARCHIVE_BYTES_MAX = 66_500_000;

export function targetOf(platform: Platform): Target {
  return { platform, file: join(DIST, `simplelogs-${platform}${platform.startsWith("windows") ? ".exe" : ""}`) };
}

/** The process and its threads: a thread's module must be an entry point of its own to be in the executable. */
const ENTRY_POINTS = [
  "src/main.ts",
  "src/threads/writer/writer.ts",
  "src/threads/compactor/compactor.ts",
  "src/threads/shipper/shipper.ts",
  "src/threads/reader/reader.ts",
];

/** The app in the browser and the client library, put into the executable as they are. */
const PACKS = [join("dist", "web", PACK_FILE), join("dist", "client", LIBRARY_PACK_FILE)];

/**
 * An executable must not run what lies in the folder it is started in, so both autoloads are off. Measured with a small
 * Elysia application: bytecode takes the start from 40 ms to 15 ms for 2.5 MB. Identifiers are kept and the source map
 * goes in (0.5 MB), so a stack trace in the log names files and lines.
 */
const BUILD_OPTIONS = [
  "--compile",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--format=esm",
  "--bytecode",
  "--minify-whitespace",
  "--minify-syntax",
  "--sourcemap=inline",
  // A thread's module is found again by its place under src/, and the packs, which lie elsewhere, by their names.
  "--root=src",
  "--asset-naming=[name].[ext]",
  // Asked for by the sketches' protobuf form alone, which nothing here uses.
  "--external=protobufjs/minimal",
];

/** Builds an executable. The packs must be there. @throws Error where Bun cannot build it. */
export function buildExecutable({ file, platform }: Target): void {
  mkdirSync(DIST, { recursive: true });
  const workshop = mkdtempSync(join(DIST, ".build-"));
  try {
    const outfile = join(workshop, "simplelogs");
    const defines = { SIMPLELOGS_VERSION: packageVersion(ROOT), SIMPLELOGS_COMMIT: currentCommit(ROOT) };
    const commandLine = [
      "build",
      ...BUILD_OPTIONS,
      ...(platform === undefined ? [] : [`--target=bun-${platform}`]),
      ...Object.entries(defines).map(([name, value]) => `--define=${name}=${JSON.stringify(value)}`),
      `--outfile=${outfile}`,
      ...ENTRY_POINTS,
      ...PACKS,
    ];
    const run = spawnSync(process.execPath, commandLine, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
    });
    // For Windows, Bun adds the extension.
    const built = [outfile, `${outfile}.exe`].find((path) => existsSync(path));
    if (run.status !== 0 || built === undefined) {
      const hint = `; for another system, Bun ${process.versions.bun} gets its runtime from the npm registry`;
      throw new Error(
        `cannot build ${file}: \`bun build\` failed, see above${platform === undefined ? "" : hint}\n${run.stdout}`.trimEnd(),
      );
    }
    renameSync(built, file);
    console.log(`built ${file.slice(ROOT.length + 1)} (${Math.round(statSync(file).size / 1e6)} MB)`);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Builds what the executable holds beside its program: the app in the browser and the client library. */
export function buildPacks(): void {
  const version = packageVersion(ROOT);
  buildWeb(ROOT, version);
  // By a process of its own: in this one, which may have begun before the packages were there, Bun would not find them.
  const run = spawnSync(process.execPath, ["scripts/src/build/client_package.ts", version], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.status !== 0) throw new Error("cannot build the client library, see above");
}
