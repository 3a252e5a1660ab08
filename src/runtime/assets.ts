// The app's files as the build packed them: embedded in the executable, or, from source, dist/web/app.pack. One pack
// in, files with a finished body for each content coding out.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { embeddedText } from "#runtime/embedded.ts";

/** Base name of the pack, in dist/web and in the executable. */
export const PACK_FILE = "app.pack";

/** Content codings, the smallest result first. */
export const CODINGS = ["br", "gzip", "identity"] as const;
export type Coding = (typeof CODINGS)[number];

/** A file in each coding; another than "identity" only where it is smaller. */
export type FileBodies = Readonly<Partial<Record<Coding, Uint8Array<ArrayBuffer>>>> & {
  readonly identity: Uint8Array<ArrayBuffer>;
};

/** The same in base64. */
export type PackedBodies = Readonly<Partial<Record<Coding, string>>> & { readonly identity: string };

/** One file of the app. */
export interface AppFile {
  /** As it is asked for: "/assets/main-1a2b3c.js". */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** Its name changes with its contents. */
  readonly isImmutable: boolean;
  readonly bodies: FileBodies;
}

interface PackedFile extends Omit<AppFile, "bodies"> {
  readonly bodies: PackedBodies;
}

/** The pack's text for these files. */
export function packFiles(files: readonly AppFile[]): string {
  const packed = files.map(({ bodies, ...file }): PackedFile => ({ ...file, bodies: packBodies(bodies) }));
  return JSON.stringify(packed);
}

/** The app's files; undefined where nothing was built. Rejects when the pack cannot be read. */
export async function loadAppFiles(): Promise<readonly AppFile[] | undefined> {
  const text = await loadPack("web", PACK_FILE);
  return text === undefined ? undefined : unpackFiles(text);
}

/** The files of a pack's text. */
export function unpackFiles(text: string): readonly AppFile[] {
  const packed = JSON.parse(text) as readonly PackedFile[];
  return packed.map(({ bodies, ...file }) => ({ ...file, bodies: unpackBodies(bodies) }));
}

/** A pack's text by its base name: of the executable, or of that folder of dist/. Undefined where nothing was built. */
export async function loadPack(folder: string, name: string): Promise<string | undefined> {
  const embedded = await embeddedText(name);
  if (embedded !== undefined) return embedded;
  // From source: the root of the checkout is two folders up.
  try {
    return await readFile(join(import.meta.dirname, "..", "..", "dist", folder, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export function packBodies(bodies: FileBodies): PackedBodies {
  return { ...mapBodies(bodies, toBase64), identity: toBase64(bodies.identity) };
}

export function unpackBodies(bodies: PackedBodies): FileBodies {
  return { ...mapBodies(bodies, fromBase64), identity: fromBase64(bodies.identity) };
}

function mapBodies<From, To>(bodies: Readonly<Partial<Record<Coding, From>>>, map: (body: From) => To) {
  const mapped: Partial<Record<Coding, To>> = {};
  for (const coding of CODINGS) {
    const body = bodies[coding];
    if (body !== undefined) mapped[coding] = map(body);
  }
  return mapped;
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "base64"));
}
