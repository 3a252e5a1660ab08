// The Node module as it is served: what scripts/build made, or, where a source is newer, built anew.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { buildClient } from "../../scripts/src/build/client.ts";

const ROOT = join(import.meta.dir, "../..");

let built: Promise<string> | undefined;

/** Text of /sdk/node.mjs. */
export function nodeModuleText(): Promise<string> {
  built ??= build();
  return built;
}

async function build(): Promise<string> {
  const file = join(ROOT, "dist/client/node.mjs");
  const sources = readdirSync(join(ROOT, "src/client"), { recursive: true, encoding: "utf8" });
  const changedAtMs = Math.max(...sources.map((source) => statSync(join(ROOT, "src/client", source)).mtimeMs));
  if (!existsSync(file) || statSync(file).mtimeMs <= changedAtMs) await buildClient(ROOT);
  return readFileSync(file, "utf8");
}
