// The npm package that the build made, installed as its users do: from the tarball alone.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

/** One installation of the package, of which each test has a copy: installing takes a second. */
export class InstalledPackage {
  readonly #folder = mkdtempSync(join(tmpdir(), "simplelogs-package-"));

  /** Installs the tarball; nothing is asked of a registry. */
  async install(): Promise<void> {
    writeFileSync(join(this.#folder, "package.json"), '{"private": true, "type": "module"}\n');
    const [program, ...line] = hasNode()
      ? ["npm", "install", "--no-audit", "--no-fund", "--offline", TARBALL]
      : [process.execPath, "add", TARBALL];
    const { exitCode, stdout, stderr } = await run(program, line, { cwd: this.#folder });
    if (exitCode !== 0) throw new Error(`cannot install the package:\n${stdout}${stderr}`);
  }

  /** Gives `work` a new folder in which the package is installed, and removes it afterwards. */
  withCopy<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
    return withFolder((folder) => {
      cpSync(this.#folder, folder, { recursive: true });
      return work(folder);
    });
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
