// What the builders of the app and of the client library share: bundling, compressing and writing files.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { FileBodies } from "../../../src/runtime/assets.ts";

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const GZIP = { level: constants.Z_BEST_COMPRESSION };

/**
 * Bundles a source file with these options of `bun build`. A process of its own does it: in this one, which may have
 * begun before the packages were there, Bun would not find them.
 * @throws Error with what the bundler says.
 */
export function bundle(root: string, entry: string, options: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-bundle-"));
  try {
    const outfile = join(folder, "bundle");
    const run = spawnSync(process.execPath, ["build", ...options, `--outfile=${outfile}`, entry], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
    if (run.status !== 0) throw new Error(`cannot bundle ${entry}:\n${run.stderr}${run.stdout}`);
    return readFileSync(outfile, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A file in every content coding that it is served in, compressed as far as each goes. A coding that makes it no
 * smaller is left out.
 */
export function bodiesOf(identity: Uint8Array<ArrayBuffer>): FileBodies {
  const br = new Uint8Array(brotliCompressSync(identity, BROTLI));
  const gzip = new Uint8Array(gzipSync(identity, GZIP));
  return {
    ...(br.byteLength < identity.byteLength ? { br } : {}),
    ...(gzip.byteLength < identity.byteLength ? { gzip } : {}),
    identity,
  };
}

/** Writes a file, so that it is complete under its name or not there. */
export function writeWhole(file: string, contents: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = join(dirname(file), `.${basename(file)}-${process.pid}`);
  writeFileSync(unfinished, contents);
  renameSync(unfinished, file);
}
