// The client library as the build packed it: embedded in the executable, or, from source, dist/client/sdk.pack. One
// pack in; out come the files with a finished body for each content coding, the npm package among them, under the paths
// that they are served at.

import { createHash } from "node:crypto";
import { type FileBodies, loadPack, type PackedBodies, packBodies, unpackBodies } from "./assets.ts";

/** Base name of the pack, in dist/client and in the executable. */
export const LIBRARY_PACK_FILE = "sdk.pack";

/**
 * Where the library is served; what is in it has a short life in caches, what is in its folder of a version an endless
 * one.
 */
export const LIBRARY_PATH = "/sdk/";

/** The npm package among the files. */
export const NPM_PACKAGE_FILE = "simplelogs.tgz";

/** Its name in dist/ and in a folder of its user's. */
export function npmPackageFile(version: string): string {
  return `simplelogs-${version}.tgz`;
}

/** One file of the library. */
export interface LibraryFile {
  /** Without a folder: "simplelogs.js". */
  readonly name: string;
  /** Content-Type. */
  readonly type: string;
  readonly bodies: FileBodies;
}

export interface ClientLibrary {
  /** Of the program that it was built with: "0.2.0". */
  readonly version: string;
  readonly files: readonly LibraryFile[];
}

interface PackedLibrary {
  readonly version: string;
  readonly files: readonly (Omit<LibraryFile, "bodies"> & { readonly bodies: PackedBodies })[];
}

/** The pack's text for this library. */
export function packLibrary({ version, files }: ClientLibrary): string {
  const packed: PackedLibrary = { version, files: files.map((file) => ({ ...file, bodies: packBodies(file.bodies) })) };
  return JSON.stringify(packed);
}

/** The library of a pack's text. */
export function unpackLibrary(text: string): ClientLibrary {
  const { version, files } = JSON.parse(text) as PackedLibrary;
  return { version, files: files.map((file) => ({ ...file, bodies: unpackBodies(file.bodies) })) };
}

/** The library; undefined where nothing was built. Rejects when the pack cannot be read. */
export async function loadClientLibrary(): Promise<ClientLibrary | undefined> {
  const text = await loadPack("client", LIBRARY_PACK_FILE);
  return text === undefined ? undefined : unpackLibrary(text);
}

/** Where a file is served: with a version, the path whose contents never change. */
export function libraryPath(name: string, version?: string): string {
  return version === undefined ? `${LIBRARY_PATH}${name}` : `${LIBRARY_PATH}${version}/${name}`;
}

/** What a page's `integrity` says of the file. Source: https://www.w3.org/TR/sri-2/ */
export function integrityOf(
  { bodies }: Pick<LibraryFile, "bodies">,
  algorithm: "sha256" | "sha384" = "sha384",
): string {
  return `${algorithm}-${createHash(algorithm).update(bodies.identity).digest("base64")}`;
}

/** Bytes that a browser loads, in the smallest coding. */
export function loadedBytesOf({ bodies }: Pick<LibraryFile, "bodies">): number {
  return Math.min(...Object.values(bodies).map((body) => body.byteLength));
}
