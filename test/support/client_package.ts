// The npm package that the build made, installed as its users do: from the tarball alone.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "./folder.ts";
import { run } from "./run.ts";

const ROOT = join(import.meta.dir, "../..");
const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };

export const TARBALL = join(ROOT, "dist", `simplelogs-${version}.tgz`);

/** Whether there is a Node with its npm: the checkout needs one of Node and Bun. */
export function hasNode(): boolean {
  return spawnSync("npm", ["--version"]).status === 0;
}

/** Installs the tarball in a new folder that is removed afterwards; nothing is asked of a registry. */
export function withPackage<T>(work: (folder: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    writeFileSync(join(folder, "package.json"), '{"private": true, "type": "module"}\n');
    const [program, ...line] = hasNode()
      ? ["npm", "install", "--no-audit", "--no-fund", "--offline", TARBALL]
      : [process.execPath, "add", TARBALL];
    const { exitCode, stdout, stderr } = await run(program, line, { cwd: folder });
    if (exitCode !== 0) throw new Error(`cannot install the package:\n${stdout}${stderr}`);
    return work(folder);
  });
}
