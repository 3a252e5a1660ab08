// The packages from PyPI that Python senders need: exactly what requirements.txt names, in a folder of their own under
// .bun.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunResult, run } from "../support/run.ts";

const REQUIREMENTS = join(import.meta.dir, "requirements.txt");
const FOLDER = join(import.meta.dir, "../../.bun/senders-python");
const INSTALL_MS_MAX = 300_000;

export const PYTHON = process.env["SIMPLELOGS_TEST_PYTHON"] ?? "python3";

/** Installs the packages where they are not yet, and gives their folder. Throws when they cannot be had. */
export async function installPythonPackages(): Promise<string> {
  const { stdout: version } = await run(PYTHON, ["--version"]);
  const wanted = createHash("sha256").update(version).update(readFileSync(REQUIREMENTS)).digest("hex");
  const stamp = join(FOLDER, ".simplelogs-requirements");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return FOLDER;
  rmSync(FOLDER, { recursive: true, force: true });
  const options = [
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--target",
    FOLDER,
    "--requirement",
    REQUIREMENTS,
  ];
  const { exitCode, stderr } = await run(PYTHON, ["-m", "pip", "install", ...options], { timeoutMs: INSTALL_MS_MAX });
  if (exitCode !== 0) throw new Error(`cannot install ${REQUIREMENTS}:\n${stderr}`);
  writeFileSync(stamp, wanted);
  return FOLDER;
}

/** Runs a program with these packages to its end; `variables` are its environment beside PATH. */
export async function runPythonSender(
  program: string,
  variables: Readonly<Record<string, string>>,
): Promise<RunResult> {
  const environment = {
    PATH: process.env["PATH"] ?? "",
    PYTHONPATH: await installPythonPackages(),
    PYTHONUTF8: "1",
    PYTHONDONTWRITEBYTECODE: "1",
    ...variables,
  };
  return run(PYTHON, ["-"], { input: program, environment });
}
