// The app's files as the build packed them: embedded in the executable, or, from source, dist/web/app.pack. One pack in, files
// with a finished body for each content coding out.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { embeddedText } from "#runtime/embedded.ts";

/** Base name of the pack, in dist/web and in the executable. */
export const PACK_FILE = "app.pack";

/** Content codings, the smallest result first. */
export const CODINGS = ["br", "gzip", "identity"] as const;
export type Coding = (typeof CODINGS)[number];

/** One file of the app. */
export interface AppFile {
  /** As it is asked for: "/assets/main-1a2b3c.js". */
  readonly path: string;
  /** Content-Type. */
  readonly type: string;
  /** Its name changes with its contents. */
  readonly isImmutable: boolean;
  /** "identity" is always there; another only where it is smaller. */
  readonly bodies: Readonly<Partial<Record<Coding, Uint8Array<ArrayBuffer>>>>;
}

interface PackedFile extends Omit<AppFile, "bodies"> {
  /** Base64. */
  readonly bodies: Readonly<Partial<Record<Coding, string>>>;
}

/** The pack's text for these files. */
export function packFiles(files: readonly AppFile[]): string {
  const packed = files.map(({ bodies, ...file }): PackedFile => ({ ...file, bodies: mapBodies(bodies, toBase64) }));
  return JSON.stringify(packed);
}

/** The app's files; undefined where nothing was built. Rejects when the pack cannot be read. */
export async function loadAppFiles(): Promise<readonly AppFile[] | undefined> {
  const text = await packText();
  return text === undefined ? undefined : unpackFiles(text);
}

/** The files of a pack's text. */
export function unpackFiles(text: string): readonly AppFile[] {
  const packed = JSON.parse(text) as readonly PackedFile[];
  return packed.map(({ bodies, ...file }) => ({ ...file, bodies: mapBodies(bodies, fromBase64) }));
}

async function packText(): Promise<string | undefined> {
  const embedded = await embeddedText(PACK_FILE);
  if (embedded !== undefined) return embedded;
  // From source: the root of the checkout is two folders up.
  try {
    return await readFile(join(import.meta.dirname, "..", "..", "dist", "web", PACK_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
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
