// The executable is started in whatever folder its user happens to be in: what lies there must neither run nor change
// its settings. A stand-in that is built with Bun's defaults shows that the trap would close.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXECUTABLE = join(import.meta.dir, "../../dist/simplelogs");

/** The configuration takes its token from the environment, so a check of it tells whether .env was read. */
const CONFIGURATION = 'admin_token = "${HOSTILE_TOKEN}"\n';
const TOKEN = "a-token-of-more-than-16-characters";

let folder = "";

beforeAll(() => {
  if (!existsSync(EXECUTABLE)) throw new Error(`${EXECUTABLE} is missing: run scripts/build`);
  folder = mkdtempSync(join(tmpdir(), "simplelogs-autoload-"));
  for (const name of [".env", ".env.local", ".env.production"])
    writeFileSync(join(folder, name), `HOSTILE_TOKEN=${TOKEN}\n`);
  writeFileSync(join(folder, "bunfig.toml"), 'preload = ["./hostile.ts"]\n');
  writeFileSync(
    join(folder, "hostile.ts"),
    'import { writeFileSync } from "node:fs";\nwriteFileSync("preload-ran", "");\nprocess.exit(86);\n',
  );
  writeFileSync(join(folder, "simplelogs.toml"), CONFIGURATION, { mode: 0o600 });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program in the hostile folder, with nothing in its environment but `environment`. */
function runThere(program: string, commandLine: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  rmSync(join(folder, "preload-ran"), { force: true });
  const run = spawnSync(program, commandLine, { cwd: folder, env: environment, encoding: "utf8", timeout: 30_000 });
  return { exitCode: run.status, output: run.stdout + run.stderr, preloadRan: existsSync(join(folder, "preload-ran")) };
}

describe("in a folder with a hostile .env and bunfig.toml, the executable", () => {
  test("runs no preload", () => {
    const { exitCode, preloadRan } = runThere(EXECUTABLE, ["--version"]);
    expect({ exitCode, preloadRan }).toEqual({ exitCode: 0, preloadRan: false });
  });

  test("reads no variable from .env", () => {
    const { exitCode, output, preloadRan } = runThere(EXECUTABLE, ["check"]);
    expect({ exitCode, preloadRan }).toEqual({ exitCode: 2, preloadRan: false });
    expect(output).toContain("HOSTILE_TOKEN");
    expect(output).not.toContain(TOKEN);
  });

  test("reads the same variable from its real environment", () => {
    const { exitCode, preloadRan } = runThere(EXECUTABLE, ["check"], { HOSTILE_TOKEN: TOKEN });
    expect({ exitCode, preloadRan }).toEqual({ exitCode: 0, preloadRan: false });
  });
});

describe("an executable that is built with Bun's defaults", () => {
  test("runs the preload, which shows that this test can fail", () => {
    const program = join(folder, "stand-in");
    writeFileSync(join(folder, "stand_in.ts"), "console.log(process.env.HOSTILE_TOKEN);\n");
    const build = spawnSync(
      process.execPath,
      ["build", "--compile", `--outfile=${program}`, join(folder, "stand_in.ts")],
      {
        cwd: tmpdir(),
      },
    );
    expect(build.status).toBe(0);
    const { exitCode, preloadRan } = runThere(program, []);
    expect({ exitCode, preloadRan }).toEqual({ exitCode: 86, preloadRan: true });
    rmSync(join(folder, "bunfig.toml"));
    expect(runThere(program, []).output).toBe(`${TOKEN}\n`);
  });
});
