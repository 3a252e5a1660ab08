// The sources of the client library in; out come dist/client/sdk.pack, each file compressed once here instead of at
// every request, and the npm package, all that a bundler wants in one tarball. The same input gives the same bytes. A
// process of its own, which begins when the packages are there: `bun scripts/src/build/client_package.ts VERSION`.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientLibrary,
  LIBRARY_PACK_FILE,
  type LibraryFile,
  NPM_PACKAGE_FILE,
  npmPackageFile,
  packLibrary,
} from "../../../src/runtime/client_library.ts";
import { ROOT } from "../command.ts";
import { buildClient, OUTPUTS, sizeText } from "./client.ts";
import { bodiesOf, writeWhole } from "./files.ts";
import { type ArchiveFile, makeTarball } from "./tarball.ts";

const SCRIPT = "text/javascript; charset=utf-8";
const TYPES = "application/typescript; charset=utf-8";
const PYTHON = "text/x-python; charset=utf-8";
const PACKAGE_TYPE = "application/gzip";
/** What people look for stands first in lists. */
const FIRST = ["simplelogs.js", "simplelogs.mjs", "node.mjs"];

/** Packs what scripts/src/build/client.ts has made, and the Python module; `version` of the program. */
function packClient(root: string, version: string): void {
  const folder = join(root, "dist", "client");
  const inOrder = OUTPUTS.toSorted((one, other) => rankOf(one.file) - rankOf(other.file));
  const scripts = inOrder.map(({ file }) => fileOf(folder, file, SCRIPT));
  const types = inOrder.map((output) => fileOf(folder, output.types, TYPES));
  const python = fileOf(join(root, "src", "client", "python"), "simplelogs.py", PYTHON);
  const tarball = makeTarball(
    [
      ...[...scripts, ...types].map(({ name, bodies }) => ({ path: name, bytes: bodies.identity })),
      { path: "package.json", bytes: bytesOf(`${JSON.stringify(packageManifest(root, version), undefined, 2)}\n`) },
      textFile(root, "README.md", join("src", "client", "README.md")),
      textFile(root, "LICENSE", "LICENSE"),
      // Its code is in vitals.js.
      textFile(root, "LICENSE.web-vitals", join("node_modules", "web-vitals", "LICENSE")),
    ],
    // npm wants every file below it.
    { folder: "package" },
  );
  const npmPackage = { name: NPM_PACKAGE_FILE, type: PACKAGE_TYPE, bodies: { identity: tarball } };
  const library: ClientLibrary = { version, files: [...scripts, npmPackage, python, ...types] };
  writeWhole(join(folder, LIBRARY_PACK_FILE), packLibrary(library));
  const target = join("dist", npmPackageFile(version));
  writeWhole(join(root, target), tarball);
  console.log(`built ${target} (${Math.round(tarball.byteLength / 1000)} kB)`);
}

function rankOf(file: string): number {
  return FIRST.includes(file) ? FIRST.indexOf(file) : FIRST.length;
}

function fileOf(folder: string, name: string, type: string): LibraryFile {
  return { name, type, bodies: bodiesOf(new Uint8Array(readFileSync(join(folder, name)))) };
}

/** What npm, Node, TypeScript and bundlers read. */
function packageManifest(root: string, version: string) {
  const { license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { license: string };
  return {
    name: "simplelogs",
    version,
    description: "Logs and timings to a SimpleLogs server, from browsers, Node.js, Bun and Deno",
    license: `${license} AND Apache-2.0`,
    type: "module",
    // The scripts work when they are loaded, web vitals among them, which the module loads.
    sideEffects: OUTPUTS.filter(({ format }) => format === "iife").map(({ file }) => `./${file}`),
    engines: { node: ">=18" },
    // For tools that know no exports.
    main: "./node.mjs",
    module: "./simplelogs.mjs",
    types: "./simplelogs.d.mts",
    exports: {
      // Bun and Deno are servers too, and take "node".
      ".": { node: moduleOf("node"), default: moduleOf("simplelogs") },
      "./node": moduleOf("node"),
      "./browser": moduleOf("simplelogs"),
      "./vitals": { types: "./vitals.d.ts", default: "./vitals.js" },
      "./package.json": "./package.json",
    },
  };
}

function moduleOf(name: string) {
  return { types: `./${name}.d.mts`, default: `./${name}.mjs` };
}

function textFile(root: string, path: string, from: string): ArchiveFile {
  return { path, bytes: new Uint8Array(readFileSync(join(root, from))) };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const version = process.argv[2];
if (version === undefined) throw new Error("which version?");
for (const size of await buildClient(ROOT)) console.log(`built dist/client/${sizeText(size)}`);
packClient(ROOT, version);
