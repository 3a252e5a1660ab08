// src/client in, dist/client out: the client library as it is served and packed, each file minified, with its types
// beside it. A file that is loaded by another carries its hash there, so that a page's policy can list hashes.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { minify } from "terser";
import { declarationsOf } from "./client_types.ts";
import { bodiesOf, bundle, writeWhole } from "./files.ts";

/** One file of dist/client. */
interface Output {
  readonly file: string;
  /** Under src/client. */
  readonly entry: string;
  readonly types: string;
  readonly format: "iife" | "esm";
  /** Its own properties get short names, the same ones in all files that say so. */
  readonly hasShortNames?: boolean;
  readonly target: "browser" | "node";
  /** Compressed with brotli, in bytes; absent: no limit. */
  readonly bytesMax?: number;
  /** The constant in its source that holds the hash of another file. */
  readonly integrity?: { readonly name: string; readonly of: string };
}

/** In this order: a file comes after those whose hash it carries. */
export const OUTPUTS: readonly Output[] = [
  { file: "vitals.js", entry: "vitals.ts", types: "vitals.d.ts", format: "iife", target: "browser", bytesMax: 3_686 },
  {
    file: "deferred.js",
    entry: "deferred.ts",
    types: "deferred.d.ts",
    format: "iife",
    hasShortNames: true,
    target: "browser",
    integrity: { name: "VITALS_INTEGRITY", of: "vitals.js" },
  },
  {
    file: "simplelogs.js",
    entry: "browser.ts",
    types: "simplelogs.d.ts",
    format: "iife",
    hasShortNames: true,
    target: "browser",
    bytesMax: 4_096,
    integrity: { name: "DEFERRED_INTEGRITY", of: "deferred.js" },
  },
  { file: "simplelogs.mjs", entry: "esm.ts", types: "simplelogs.d.mts", format: "esm", target: "browser" },
  { file: "node.mjs", entry: "node.ts", types: "node.d.mts", format: "esm", target: "node", bytesMax: 6_144 },
];

/**
 * Properties that only the script tag's files know, all of the library's own: they get short names. A name that
 * applications or browsers use must not be here.
 */
const OWN_PROPERTIES: readonly string[] = [
  ..."isTried onSettled takeBack sequence hasOwnKey beganMs isFailing countDropped adopt take fail".split(" "),
  ..."configure renewSession platform context later options release capture until write sender post retryAfter bytes entry".split(
    " ",
  ),
];

/** What a page loads: bytes of a file as it is, and compressed. */
export interface Size {
  readonly file: string;
  readonly plain: number;
  readonly gzip: number;
  readonly brotli: number;
}

/**
 * Bundles, minifies and writes. Returns the sizes.
 * @throws Error when the bundler fails or a file is larger than its limit.
 */
export async function buildClient(root: string): Promise<Size[]> {
  const folder = join(root, "dist", "client");
  const hashes = new Map<string, string>();
  // Shared, so that the script tag's files agree on the short names.
  const nameCache: { vars?: unknown; props?: unknown } = {};
  const sizes: Size[] = [];
  const texts = new Map<string, string>();
  for (const output of OUTPUTS) {
    const entry = join(root, "src", "client", output.entry);
    if (!existsSync(entry)) continue;
    const text = await minified(bundleOf(root, entry, output, hashes), output, nameCache);
    delete nameCache.vars;
    hashes.set(output.file, `sha256-${createHash("sha256").update(text).digest("base64")}`);
    const size = sizeOf(output.file, text);
    const { bytesMax = Number.POSITIVE_INFINITY } = output;
    if (size.brotli > bytesMax) {
      throw new Error(
        `dist/client/${output.file} has ${size.brotli} bytes compressed with brotli, at most ${bytesMax}`,
      );
    }
    sizes.push(size);
    texts.set(output.file, text).set(output.types, declarationsOf(root, `src/client/${output.entry}`));
  }
  // All or nothing: they carry one another's hashes.
  for (const [file, text] of texts) writeWhole(join(folder, file), text);
  return sizes;
}

/** "simplelogs.js 9326 bytes, gzip 4488, brotli 4090". */
export function sizeText({ file, plain, gzip, brotli }: Size): string {
  return `${file} ${plain} bytes, gzip ${gzip}, brotli ${brotli}`;
}

/** Of a text as a server sends it: both at their best. */
export function sizeOf(file: string, text: string): Size {
  const { identity, gzip = identity, br = identity } = bodiesOf(new TextEncoder().encode(text));
  return { file, plain: identity.byteLength, gzip: gzip.byteLength, brotli: br.byteLength };
}

function bundleOf(root: string, entry: string, output: Output, hashes: ReadonlyMap<string, string>): string {
  const { target, format, integrity } = output;
  const options = [`--target=${target}`, `--format=${format}`, "--external=./vitals*"];
  if (integrity !== undefined) {
    options.push(`--define=${integrity.name}=${JSON.stringify(hashes.get(integrity.of) ?? "")}`);
  }
  // What is left outside is found under its built name.
  return bundle(root, entry, options).replaceAll('"./vitals.ts"', '"./vitals.js"');
}

/**
 * Measured on simplelogs.js, brotli: Bun's own minifier 4,383 bytes, terser 4,184, with short names for own properties
 * 4,079. Not for the modules: their names are those of applications.
 */
async function minified(text: string, { format, hasShortNames = false }: Output, nameCache: object): Promise<string> {
  // `builtins`: a name that some part of a browser has too, but none that is used here.
  const properties = { regex: new RegExp(`^(${OWN_PROPERTIES.join("|")})$`), builtins: true };
  const { code } = await minify(text, {
    ecma: 2020,
    module: format === "esm",
    toplevel: true,
    compress: {
      passes: 4,
      unsafe: true,
      unsafe_arrows: true,
      pure_getters: true,
      inline: 1 as never,
      hoist_funs: false,
      side_effects: false,
      keep_fargs: false,
    },
    ...(hasShortNames ? { nameCache, mangle: { properties } } : {}),
  });
  if (code === undefined) throw new Error("terser made nothing");
  return code;
}
