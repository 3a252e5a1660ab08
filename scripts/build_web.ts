// src/web in, dist/web/app.pack out: one script, one style sheet, a page and an icon, minified, named by their contents, and
// compressed once here instead of at every request.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { type AppFile, PACK_FILE, packFiles } from "../src/runtime/assets.ts";

/** All script together, compressed with gzip, in bytes: what the app may cost on a slow line. */
const SCRIPT_BYTES_MAX = 150_000;

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Bundles and packs. Throws Error when the bundler fails or the script is too large. */
export async function buildWeb(root: string, version: string): Promise<void> {
  const source = join(root, "src", "web");
  const [script, style] = await Promise.all([
    bundle(join(source, "main.tsx")),
    bundle(join(source, "styles", "app.css")),
  ]);
  const scriptFile = named("main", ".js", script);
  const styleFile = named("app", ".css", style);
  const icon = named("icon", ".svg", readFileSync(join(source, "icon.svg"), "utf8"));
  const page = fill(readFileSync(join(source, "page.html"), "utf8"), {
    SCRIPT: scriptFile.path,
    STYLE: styleFile.path,
    ICON: icon.path,
    VERSION: version,
  });
  const files = [fileOf("/index.html", page, false), scriptFile, styleFile, icon];
  const scriptBytes = scriptFile.bodies.gzip?.byteLength ?? 0;
  if (scriptBytes > SCRIPT_BYTES_MAX) {
    throw new Error(`the app's script has ${scriptBytes} bytes compressed, at most ${SCRIPT_BYTES_MAX}`);
  }
  const folder = join(root, "dist", "web");
  mkdirSync(folder, { recursive: true });
  const unfinished = join(folder, `.${PACK_FILE}-${process.pid}`);
  writeFileSync(unfinished, packFiles(files));
  renameSync(unfinished, join(folder, PACK_FILE));
  console.log(`built dist/web/${PACK_FILE} (${Math.round(scriptBytes / 1000)} kB of script compressed)`);
}

async function bundle(entry: string): Promise<string> {
  const result = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    format: "esm",
    minify: true,
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    throw: false,
  });
  const [output, ...others] = result.outputs;
  if (!result.success || output === undefined || others.length > 0) {
    throw new Error(`cannot bundle ${entry}:\n${result.logs.map(String).join("\n")}`);
  }
  return output.text();
}

function named(name: string, extension: string, text: string): AppFile {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return fileOf(`/assets/${name}-${digest}${extension}`, text, true);
}

function fileOf(path: string, text: string, isImmutable: boolean): AppFile {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`${path} has no known type`);
  const identity = new TextEncoder().encode(text);
  const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return {
    path,
    type,
    isImmutable,
    bodies: {
      br: new Uint8Array(brotliCompressSync(identity, { params: quality })),
      gzip: new Uint8Array(gzipSync(identity, { level: constants.Z_BEST_COMPRESSION })),
      identity,
    },
  };
}

/** Replaces each `%NAME%`; a text that is not there, or left over, is a mistake. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  let text = template;
  for (const [name, value] of Object.entries(values)) {
    if (!text.includes(`%${name}%`)) throw new Error(`src/web/page.html has no %${name}%`);
    text = text.replaceAll(`%${name}%`, value);
  }
  return text;
}
