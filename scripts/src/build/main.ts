// Sources in, executables out: dist/simplelogs for this machine, or with --all one for each system. Beside the sources only
// package.json's version and git's commit go in. An executable appears under its name complete or not at all.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { PACK_FILE } from "../../../src/runtime/assets.ts";
import { LIBRARY_PACK_FILE, npmPackageFile } from "../../../src/runtime/client_library.ts";
import { ROOT, runCommand } from "../command.ts";
import { installPackages } from "../packages.ts";
import { buildWeb } from "./web.ts";

interface Target {
  /** Under dist/, as it is handed out. */
  readonly file: string;
  /** Bun's name of the system; absent: this machine. */
  readonly bunTarget?: string;
}

const DIST = join(ROOT, "dist");

/** The process and its threads: a thread's module must be an entry point of its own to be in the executable. */
const ENTRY_POINTS = [
  "src/main.ts",
  "src/threads/writer/writer.ts",
  "src/threads/compactor/compactor.ts",
  "src/threads/reader/reader.ts",
];

/** The app in the browser and the client library, put into the executable as they are. */
const PACKS = [join("dist", "web", PACK_FILE), join("dist", "client", LIBRARY_PACK_FILE)];

const NATIVE: Target = { file: process.platform === "win32" ? "simplelogs.exe" : "simplelogs" };

const RELEASES: readonly Target[] = [
  { file: "simplelogs-linux-x64", bunTarget: "bun-linux-x64" },
  { file: "simplelogs-linux-arm64", bunTarget: "bun-linux-arm64" },
  { file: "simplelogs-darwin-x64", bunTarget: "bun-darwin-x64" },
  { file: "simplelogs-darwin-arm64", bunTarget: "bun-darwin-arm64" },
  { file: "simplelogs-windows-x64.exe", bunTarget: "bun-windows-x64" },
];

/**
 * An executable must not run what lies in the folder it is started in, so both autoloads are off. Measured with a small Elysia
 * application: bytecode takes the start from 40 ms to 15 ms for 2.5 MB. Identifiers are kept and the source map goes in (0.5 MB), so
 * a stack trace in the log names files and lines.
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

/** What an executable is made from beside src/. */
const OTHER_SOURCES: readonly string[] = ["package.json", "bun.lock", "tsconfig.json", "LICENSE"];

const HELP = `Usage: scripts/build [--all | --if-stale | --web]

Builds dist/simplelogs for this machine, and the client library's npm package, dist/simplelogs-VERSION.tgz.

  --all        build ${RELEASES.map(({ file }) => `dist/${file}`).join(", ")}
  --if-stale   build only when a source is other than at the last build
  --web        build only what a server run from source serves: the app in the browser, dist/web/${PACK_FILE}, and the client library,
               dist/client/${LIBRARY_PACK_FILE}
  --help       show this
`;

function git(...commandLine: string[]): string | undefined {
  const run = spawnSync("git", ["-C", ROOT, ...commandLine], { encoding: "utf8" });
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** The checkout's commit, marked when files differ from it; "" where there is no git or no commit. */
function currentCommit(): string {
  const commit = git("rev-parse", "--short=12", "HEAD");
  if (commit === undefined) return "";
  return git("status", "--porcelain") === "" ? commit : `${commit}-dirty`;
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  if (
    typeof manifest === "object" &&
    manifest !== null &&
    "version" in manifest &&
    typeof manifest.version === "string"
  ) {
    return manifest.version;
  }
  throw new Error("cannot read the version: package.json has no string `version`");
}

/** All that an executable is made from, as a SHA-256. */
function sourceDigest(): string {
  const hash = createHash("sha256").update(`${process.versions.bun}\n`);
  const sources = ["src", "scripts/src/build"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const inputs = [...sources, ...OTHER_SOURCES.map((file) => join(ROOT, file))];
  for (const file of inputs.sort())
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

function build(target: Target, defines: readonly string[]): void {
  mkdirSync(DIST, { recursive: true });
  const workshop = mkdtempSync(join(DIST, ".build-"));
  try {
    const outfile = join(workshop, target.file);
    const system = target.bunTarget === undefined ? [] : [`--target=${target.bunTarget}`];
    const commandLine = [
      "build",
      ...BUILD_OPTIONS,
      ...system,
      ...defines,
      `--outfile=${outfile}`,
      ...ENTRY_POINTS,
      ...PACKS,
    ];
    const run = spawnSync(process.execPath, commandLine, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      encoding: "utf8",
    });
    if (run.status !== 0 || !existsSync(outfile)) {
      const hint =
        target.bunTarget === undefined
          ? ""
          : `; for another system, Bun ${process.versions.bun} gets its runtime from the npm registry`;
      throw new Error(
        `cannot build dist/${target.file}: \`bun build\` failed, see above${hint}\n${run.stdout}`.trimEnd(),
      );
    }
    renameSync(outfile, join(DIST, target.file));
    console.log(`built dist/${basename(target.file)} (${Math.round(statSync(join(DIST, target.file)).size / 1e6)} MB)`);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** What the executable holds beside its program. */
function buildPacks(): void {
  const version = packageVersion();
  buildWeb(ROOT, version);
  // By a process of its own: in this one, which may have begun before the packages were there, Bun would not find them.
  const run = spawnSync(process.execPath, ["scripts/src/build/client_package.ts", version], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (run.status !== 0) throw new Error("cannot build the client library, see above");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean" },
      "if-stale": { type: "boolean" },
      web: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  installPackages(ROOT);
  const defines = [
    `--define=SIMPLELOGS_VERSION=${JSON.stringify(packageVersion())}`,
    `--define=SIMPLELOGS_COMMIT=${JSON.stringify(currentCommit())}`,
  ];
  if (values.web === true) {
    buildPacks();
    return;
  }
  if (values.all === true) {
    buildPacks();
    for (const target of RELEASES) build(target, defines);
    return;
  }
  // Taken before the build: a source that changes meanwhile makes the result stale, not fresh.
  const digest = sourceDigest();
  const stamp = join(DIST, ".sources");
  const made = [stamp, join(DIST, NATIVE.file), join(DIST, npmPackageFile(packageVersion()))];
  const isFresh = made.every((file) => existsSync(file)) && readFileSync(stamp, "utf8") === digest;
  if (values["if-stale"] === true && isFresh) return;
  rmSync(stamp, { force: true });
  buildPacks();
  build(NATIVE, defines);
  writeFileSync(stamp, digest);
}

await runCommand(main);
