// Executables in, what is handed out for them: an archive of each platform, the context that container images are built
// from, and the checksums of all. The same commit gives the same bytes: files stand in the order of their names and
// have the commit's time.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Platform } from "../build/executable.ts";
import { type ArchiveFile, type ArchiveOptions, makeTarball } from "../build/tarball.ts";
import { makeZip } from "../build/zip.ts";

/** What the archives of a release have in common. */
export interface Release {
  /** The checkout that the documents come from. */
  readonly root: string;
  readonly version: string;
  /** Of every file: the commit's time in Unix seconds. */
  readonly modifiedAtSeconds: number;
}

/** A file that is handed out. */
export interface ReleaseFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A Linux archive with an executable of 125 MB has 61 MB at this level of gzip. The highest, 9, makes 2 % less of it in
 * three times the time.
 */
const GZIP_LEVEL = 6;

const DOCUMENTS = ["LICENSE", "README.md", "CHANGELOG.md"];

/** How containers call the platforms that have an image. */
const CONTAINER_PLATFORMS: Partial<Record<Platform, string>> = {
  "linux-x64": "linux/amd64",
  "linux-arm64": "linux/arm64",
};

/** The archive of one platform: a folder with the executable, its documents and an example of the configuration. */
export function platformArchive(release: Release, platform: Platform, executable: string): ReleaseFile {
  const isWindows = platform.startsWith("windows");
  const folder = `simplelogs-${release.version}-${platform}`;
  const files: ArchiveFile[] = [
    {
      path: isWindows ? "simplelogs.exe" : "simplelogs",
      bytes: readFileSync(executable),
      isExecutable: true,
    },
    ...DOCUMENTS.map((path) => fileOf(release.root, path)),
    ...pagesOf(release.root).map((path) => fileOf(release.root, path)),
    fileOf(release.root, "scripts/simplelogs.example.toml", "simplelogs.example.toml"),
  ];
  if (platform.startsWith("linux")) {
    files.push(fileOf(release.root, "scripts/simplelogs.service", "simplelogs.service"));
  }
  const options: ArchiveOptions = { folder, modifiedAtSeconds: release.modifiedAtSeconds, level: GZIP_LEVEL };
  if (isWindows) return { name: `${folder}.zip`, bytes: makeZip(files, options) };
  return { name: `${folder}.tar.gz`, bytes: makeTarball(files, options) };
}

/** Every file of docs/, pictures and alert rules too, so that no link of the documentation leads nowhere. */
function pagesOf(root: string): string[] {
  return readdirSync(join(root, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .toSorted();
}

/**
 * What `docker buildx build` takes: a Dockerfile, and an executable for each platform that has an image.
 * @returns undefined where none of the executables is for such a platform.
 */
export function containerContext(
  release: Release,
  executables: ReadonlyMap<Platform, string>,
): ReleaseFile | undefined {
  const inImages = [...executables].flatMap(([platform, file]): ArchiveFile[] => {
    const folder = CONTAINER_PLATFORMS[platform];
    return folder === undefined
      ? []
      : [{ path: `${folder}/simplelogs`, bytes: readFileSync(file), isExecutable: true }];
  });
  if (inImages.length === 0) return undefined;
  const dockerfile = containerDockerfile(readFileSync(join(release.root, "scripts/Dockerfile"), "utf8"));
  const files = [
    { path: "Dockerfile", bytes: new TextEncoder().encode(dockerfile) },
    fileOf(release.root, "LICENSE"),
    ...inImages,
  ];
  const { modifiedAtSeconds, version } = release;
  return {
    name: `simplelogs-${version}-container.tar.gz`,
    bytes: makeTarball(files, { modifiedAtSeconds, level: GZIP_LEVEL }),
  };
}

/** The last stage of scripts/Dockerfile, which takes the executable from the context instead of building it. */
export function containerDockerfile(dockerfile: string): string {
  const stage = /^FROM (?!.* AS ).*[\s\S]*/m.exec(dockerfile)?.[0];
  const copied = stage?.replace(
    /^COPY --from=build \S+ (\S+)$/m,
    "# BuildKit sets it to the platform's processor.\nARG TARGETARCH\nCOPY linux/${TARGETARCH}/simplelogs $1",
  );
  if (copied === undefined || copied === stage)
    throw new Error("scripts/Dockerfile has no stage that copies the executable");
  return `# The executable in a small image, for linux/amd64 and linux/arm64. In the folder of this file:
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag simplelogs .

${copied}`;
}

/** The text of SHA256SUMS, which `sha256sum --check` reads. */
export function checksums(files: readonly ReleaseFile[]): string {
  const line = ({ name, bytes }: ReleaseFile) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
  return files
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(line)
    .join("");
}

function fileOf(root: string, from: string, path = from): ArchiveFile {
  return { path, bytes: readFileSync(join(root, from)) };
}
