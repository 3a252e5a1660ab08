// src/web in, dist/web/app.pack out: one script, one style sheet, a page and an icon, minified, named by their
// contents, and compressed once here instead of at every request.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { type AppFile, PACK_FILE, packFiles } from "../../../src/runtime/assets.ts";
import { bodiesOf, bundle, writeWhole } from "./files.ts";

/** All script together, compressed with gzip, in bytes: what the app may cost on a slow line. */
const SCRIPT_BYTES_MAX = 150_000;

const OPTIONS = ["--target=browser", "--format=esm", "--minify", '--define=process.env.NODE_ENV="production"'];

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Bundles and packs. Throws Error when the bundler fails or the script is too large. */
export function buildWeb(root: string, version: string): void {
  const source = join(root, "src", "web");
  const script = minified(root, bundle(root, join(source, "main.tsx"), OPTIONS));
  // It would be a tenth of the script, and the app checks nothing with it.
  if (script.includes("TypeBox.Kind")) throw new Error("the app's script has TypeBox in it: use `import type`");
  const style = bundle(root, join(source, "styles", "app.css"), OPTIONS);
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
  writeWhole(join(root, "dist", "web", PACK_FILE), packFiles(files));
  console.log(`built dist/web/${PACK_FILE} (${Math.round(scriptBytes / 1000)} kB of script compressed)`);
}

/**
 * Makes a script smaller. Measured on this one, with gzip: Bun's own minifier 149.8 kB, terser after it 143.8. In a
 * process of its own, as the bundler is.
 * @throws Error with what terser says.
 */
function minified(root: string, script: string): string {
  const run = spawnSync(process.execPath, ["node_modules/terser/bin/terser", "--module", "--compress", "--mangle"], {
    cwd: root,
    input: script,
    encoding: "utf8",
    maxBuffer: SCRIPT_BYTES_MAX * 20,
  });
  if (run.status !== 0) throw new Error(`cannot minify the app's script:\n${run.stderr}`);
  return run.stdout;
}

function named(name: string, extension: string, text: string): AppFile {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return fileOf(`/assets/${name}-${digest}${extension}`, text, true);
}

function fileOf(path: string, text: string, isImmutable: boolean): AppFile {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`${path} has no known type`);
  return { path, type, isImmutable, bodies: bodiesOf(new TextEncoder().encode(text)) };
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
