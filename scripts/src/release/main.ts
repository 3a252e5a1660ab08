// Makes what is handed out for a version. Only a clean checkout of a version that is described and not released yet
// gives a release, and its folder appears complete or not at all. Uploading is left to people.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { npmPackageFile } from "../../../src/runtime/client_library.ts";
import { buildExecutable, buildPacks, PLATFORMS, type Platform, targetOf } from "../build/executable.ts";
import { oneOf, ROOT, runCommand } from "../command.ts";
import { installPackages } from "../packages.ts";
import { git, packageVersion } from "../version.ts";
import { checksums, containerContext, platformArchive, type Release, type ReleaseFile } from "./archives.ts";
import { changelogSection } from "./changelog.ts";
import { releaseProblems, tagOf } from "./problems.ts";

const HELP = `Usage: scripts/release [OPTION…]

Makes what is handed out for package.json's version, in dist/release/VERSION: for each platform an archive with the executable, the
licence, the documentation and an example of the configuration; the npm package of the client library; the context for container
images; SHA256SUMS; and the changelog's section as RELEASE_NOTES.md. Nothing is uploaded, and no tag is made.

It refuses a checkout with changes that are not committed, a version that the changelog does not describe, and one whose tag exists.

  --platform NAME  only this one, or several of them (default: ${PLATFORMS.join(", ")})
  --out DIR        where the folder VERSION is made (default: dist/release)
  --help           show this
`;

function main(): void {
  const { values } = parseArgs({
    options: {
      platform: { type: "string", multiple: true },
      out: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const platforms = (values.platform ?? PLATFORMS).map((name) => oneOf("platform", name, PLATFORMS));
  const version = packageVersion(ROOT);
  const folder = join(resolve(values.out ?? join(ROOT, "dist", "release")), version);
  const refuse = (problems: readonly string[]) => {
    if (problems.length === 0) return;
    throw new Error(`cannot release ${version}:\n${problems.map((one) => `  ${one}`).join("\n")}`);
  };
  const isTaken = existsSync(folder) ? [`${folder} exists: remove it, or name another folder with --out`] : [];
  refuse([...releaseProblems(ROOT, version), ...isTaken]);
  installPackages(ROOT);
  const modifiedAtSeconds = Number(git(ROOT, "log", "-1", "--format=%ct"));
  const archives = filesOf({ root: ROOT, version, modifiedAtSeconds }, platforms);
  // A file that was changed meanwhile may be in the executables.
  refuse(releaseProblems(ROOT, version));
  const files = write(folder, archives);
  for (const { name, bytes } of files) console.log(`${name} (${(bytes.byteLength / 1e6).toFixed(1)} MB)`);
  console.log(
    `\n${folder} is complete. To release it: git tag ${tagOf(version)}, push the tag, and upload these files.`,
  );
}

function filesOf(release: Release, platforms: readonly Platform[]): ReleaseFile[] {
  const { root, version } = release;
  buildPacks();
  const executables = new Map(platforms.map((platform) => [platform, targetOf(platform)]));
  for (const target of executables.values()) buildExecutable(target);
  const paths = new Map([...executables].map(([platform, { file }]) => [platform, file]));
  const context = containerContext(release, paths);
  const npmPackage = npmPackageFile(version);
  return [
    ...[...paths].map(([platform, file]) => platformArchive(release, platform, file)),
    { name: npmPackage, bytes: readFileSync(join(root, "dist", npmPackage)) },
    ...(context === undefined ? [] : [context]),
  ];
}

/** Writes the files, their checksums and the notes into a new folder. Returns all of them. */
function write(folder: string, archives: readonly ReleaseFile[]): ReleaseFile[] {
  const textFile = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
  const notes = changelogSection(readFileSync(join(ROOT, "CHANGELOG.md"), "utf8"), packageVersion(ROOT));
  const files = [...archives, textFile("SHA256SUMS", checksums(archives)), textFile("RELEASE_NOTES.md", `${notes}\n`)];
  const unfinished = `${folder}.partial-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  for (const { name, bytes } of files) writeFileSync(join(unfinished, name), bytes);
  renameSync(unfinished, folder);
  return files;
}

await runCommand(main);
