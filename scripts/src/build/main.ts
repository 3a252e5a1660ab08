// Builds dist/simplelogs for this machine, or one executable for each system, and says when that is not needed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { PACK_FILE } from "../../../src/runtime/assets.ts";
import { LIBRARY_PACK_FILE, npmPackageFile } from "../../../src/runtime/client_library.ts";
import { ROOT, runCommand } from "../command.ts";
import { installPackages } from "../packages.ts";
import { packageVersion } from "../version.ts";
import { buildExecutable, buildPacks, NATIVE, PLATFORMS, targetOf } from "./executable.ts";

/** What an executable is made from beside src/. */
const OTHER_SOURCES: readonly string[] = ["package.json", "bun.lock", "tsconfig.json", "LICENSE"];

const HELP = `Usage: scripts/build [--all | --if-stale | --web]

Builds dist/simplelogs for this machine, and the client library's npm package, dist/simplelogs-VERSION.tgz.

  --all        build an executable for each of ${PLATFORMS.join(", ")}
  --if-stale   build only when a source is other than at the last build
  --web        build only what a server run from source serves: the app in the browser, dist/web/${PACK_FILE}, and the client library,
               dist/client/${LIBRARY_PACK_FILE}
  --help       show this
`;

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

function main(): void {
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
  if (values.web === true) {
    buildPacks();
    return;
  }
  if (values.all === true) {
    buildPacks();
    for (const platform of PLATFORMS) buildExecutable(targetOf(platform));
    return;
  }
  // Taken before the build: a source that changes meanwhile makes the result stale, not fresh.
  const digest = sourceDigest();
  const stamp = join(ROOT, "dist", ".sources");
  const made = [stamp, NATIVE.file, join(ROOT, "dist", npmPackageFile(packageVersion(ROOT)))];
  const isFresh = made.every((file) => existsSync(file)) && readFileSync(stamp, "utf8") === digest;
  if (values["if-stale"] === true && isFresh) return;
  rmSync(stamp, { force: true });
  buildPacks();
  buildExecutable(NATIVE);
  writeFileSync(stamp, digest);
}

await runCommand(main);
