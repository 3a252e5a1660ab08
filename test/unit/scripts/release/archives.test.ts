// What is handed out for a release, made of small files in place of executables.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PLATFORMS, type Platform } from "../../../../scripts/src/build/executable.ts";
import {
  checksums,
  containerContext,
  containerDockerfile,
  platformArchive,
  type Release,
  type ReleaseFile,
} from "../../../../scripts/src/release/archives.ts";
import { withFolder } from "../../../support/folder.ts";

const ROOT = join(import.meta.dir, "../../../..");
const RELEASE: Release = { root: ROOT, version: "9.8.7", modifiedAtSeconds: 1_700_000_000 };
const DOCUMENTS = ["CHANGELOG.md", "LICENSE", "README.md", "docs", "simplelogs.example.toml"];

/** Unpacks an archive into a folder of its own; the files and folders in it. */
function unpack(folder: string, { name, bytes }: ReleaseFile): string {
  const inside = join(folder, `of ${name}`);
  mkdirSync(inside);
  writeFileSync(join(folder, name), bytes);
  const code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall()";
  const commandLine = name.endsWith(".zip") ? ["python3", "-c", code, `../${name}`] : ["tar", "xzf", `../${name}`];
  const [program = "", ...rest] = commandLine;
  const { status, stderr } = spawnSync(program, rest, { cwd: inside, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return inside;
}

function withExecutables(work: (folder: string, executables: ReadonlyMap<Platform, string>) => void): Promise<void> {
  return withFolder((folder) => {
    const executables = new Map(PLATFORMS.map((platform) => [platform, join(folder, `built-${platform}`)] as const));
    for (const [platform, file] of executables) writeFileSync(file, `executable of ${platform}`);
    work(folder, executables);
  });
}

describe("the archive of a platform", () => {
  test("is one folder with the executable and its documents", () =>
    withExecutables((folder, executables) => {
      const seen = [...executables].map(([platform, file]) => {
        const archive = platformArchive(RELEASE, platform, file);
        const inside = unpack(folder, archive);
        const [top = "", ...others] = readdirSync(inside);
        expect(others).toEqual([]);
        const names = readdirSync(join(inside, top));
        const [executable = ""] = names.filter((name) => name.startsWith("simplelogs") && !/toml|service/.test(name));
        expect(readFileSync(join(inside, top, executable), "utf8")).toBe(`executable of ${platform}`);
        if (!archive.name.endsWith(".zip")) {
          expect(statSync(join(inside, top, executable)).mode & 0o777).toBe(0o755);
        }
        const all = (docs: string) => readdirSync(docs, { recursive: true, encoding: "utf8" }).toSorted();
        expect(all(join(inside, top, "docs"))).toEqual(all(join(ROOT, "docs")));
        return [archive.name, top, names.toSorted()];
      });
      const unix = (platform: string, more: readonly string[] = []) => [
        `simplelogs-9.8.7-${platform}.tar.gz`,
        `simplelogs-9.8.7-${platform}`,
        [...DOCUMENTS, "simplelogs", ...more].toSorted(),
      ];
      expect(seen).toEqual([
        unix("linux-x64", ["simplelogs.service"]),
        unix("linux-arm64", ["simplelogs.service"]),
        unix("darwin-x64"),
        unix("darwin-arm64"),
        [
          "simplelogs-9.8.7-windows-x64.zip",
          "simplelogs-9.8.7-windows-x64",
          [...DOCUMENTS, "simplelogs.exe"].toSorted(),
        ],
      ]);
    }));

  test("has the same bytes each time it is made", () =>
    withExecutables((_folder, executables) => {
      for (const [platform, file] of executables) {
        expect(platformArchive(RELEASE, platform, file)).toEqual(platformArchive(RELEASE, platform, file));
      }
    }));
});

describe("the context for container images", () => {
  test("is a Dockerfile beside an executable for each platform that has an image", () =>
    withExecutables((folder, executables) => {
      const inside = unpack(folder, containerContext(RELEASE, executables) as ReleaseFile);
      expect(readdirSync(inside).toSorted()).toEqual(["Dockerfile", "LICENSE", "linux"]);
      for (const [architecture, platform] of Object.entries({ amd64: "linux-x64", arm64: "linux-arm64" })) {
        const path = join(inside, "linux", architecture, "simplelogs");
        expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual([`executable of ${platform}`, 0o755]);
      }
      const only = new Map([...executables].filter(([platform]) => !platform.startsWith("linux")));
      expect(containerContext(RELEASE, only)).toBeUndefined();
    }));

  test("has the last stage of the Dockerfile that builds from the sources, and copies instead of building", () => {
    const dockerfile = readFileSync(join(ROOT, "scripts/Dockerfile"), "utf8");
    const text = containerDockerfile(dockerfile);
    const lines = text.split("\n");
    expect(lines.filter((line) => /^(FROM|COPY|ARG)/.test(line))).toEqual([
      "FROM debian:trixie-slim",
      "ARG TARGETARCH",
      "COPY linux/${TARGETARCH}/simplelogs /usr/local/bin/simplelogs",
    ]);
    const added = new Set(lines.filter((line) => !dockerfile.includes(line)));
    expect([...added].filter((line) => !line.startsWith("#"))).toEqual([
      "ARG TARGETARCH",
      "COPY linux/${TARGETARCH}/simplelogs /usr/local/bin/simplelogs",
    ]);
    expect(
      lines.filter((line) => /^(USER|HEALTHCHECK|ENTRYPOINT|CMD|STOPSIGNAL|VOLUME|EXPOSE)/.test(line)),
    ).toHaveLength(7);
    expect(() => containerDockerfile("FROM debian:trixie-slim\nRUN true\n")).toThrow("no stage that copies");
  });
});

test("the checksums are those that sha256sum finds, and it finds a changed file", () =>
  withFolder((folder) => {
    const files = ["b.zip", "a.tar.gz"].map((name) => ({ name, bytes: new TextEncoder().encode(`bytes of ${name}`) }));
    for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
    writeFileSync(join(folder, "SHA256SUMS"), checksums(files));
    const check = () =>
      spawnSync("sha256sum", ["--check", "--strict", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
    expect([check().status, check().stdout]).toEqual([0, "a.tar.gz: OK\nb.zip: OK\n"]);
    writeFileSync(join(folder, "a.tar.gz"), "other bytes");
    expect(check().status).toBe(1);
  }));
