// Finds the test suites, and runs one with `bun test`. A suite is a folder of test/; the files directly in test/ are one of their own,
// named "rules".

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Count, countResults } from "./report.ts";

export interface Suite {
  readonly name: string;
  /** Relative to the checkout, with "/". */
  readonly files: readonly string[];
  /** Environment variables of its own; one that begins with "./" is a path in the checkout. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Fast ones first; a suite that is not named here comes last. */
const ORDER = ["rules", "unit", "integration", "e2e", "deno", "client", "browser", "fuzz", "bench"];

/** A single test may take so long unless it says otherwise, in ms: generous, since CI machines are slow and shared. */
const TEST_MS_MAX = 60_000;
/** A suite that is still running then is ended and has failed, in ms. */
const SUITE_MS_MAX = 30 * 60_000;

/** Files of e2e that the suite of a runtime runs once more, with a server that runs from source on it: all that are about ingestion. */
const DENO_SUITE = "deno";
/** Starting takes Deno a second, so it is killed less often. */
const DENO_VARIABLES = { SIMPLELOGS_TEST_EXECUTABLE: "./test/deno/simplelogs", ROUNDS: "2" };
export const DENO_E2E_FILES: readonly string[] =
  "admission backup bodies corpus disk_full durability durability_stop examples export export_output first_run hostile_json keys overrides process reading reload sdk timings tls"
    .split(" ")
    .map((name) => `test/e2e/${name}.test.ts`);

const TEST_FILE = /\.test\.tsx?$/;

/** Every suite that has a test file whose path contains one of `filters` (none: every file); "deno" is all of that suite. */
export function findSuites(root: string, filters: readonly string[]): Suite[] {
  const all = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .filter((file) => TEST_FILE.test(file))
    .sort();
  const files = all.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  const suites = new Map<string, string[]>();
  for (const file of files) {
    const folders = file.split("/").slice(1, -1);
    const name = folders[0] ?? "rules";
    const members = suites.get(name);
    if (members === undefined) suites.set(name, [file]);
    else members.push(file);
  }
  const again = all.filter((file) => DENO_E2E_FILES.includes(file));
  if (again.length > 0 && (filters.length === 0 || filters.includes(DENO_SUITE))) {
    suites.set(DENO_SUITE, [...(suites.get(DENO_SUITE) ?? []), ...again]);
  }
  const rank = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return [...suites]
    .map(([name, members]) => ({
      name,
      files: members,
      ...(name === DENO_SUITE ? { variables: DENO_VARIABLES } : {}),
    }))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

export interface SuiteRun {
  readonly root: string;
  readonly suite: Suite;
  /** For `bun test`, as they are. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Made and read here. */
  readonly reportFile: string;
  /** Where the tests' own output goes: to ours, or nowhere. */
  readonly output: "inherit" | "ignore";
}

function absolute(root: string, variables: Readonly<Record<string, string>> = {}): Record<string, string> {
  const resolved = Object.entries(variables).map(([name, value]) => [
    name,
    value.startsWith("./") ? join(root, value) : value,
  ]);
  return Object.fromEntries(resolved) as Record<string, string>;
}

/** Runs one suite and counts its results, whatever becomes of it. */
export function runSuite({ root, suite, options, environment, reportFile, output }: SuiteRun): Count {
  rmSync(reportFile, { force: true });
  const commandLine = ["test", `--timeout=${TEST_MS_MAX}`, "--reporter=junit", `--reporter-outfile=${reportFile}`];
  const run = spawnSync(process.execPath, [...commandLine, ...options, ...suite.files.map((file) => `./${file}`)], {
    cwd: root,
    env: { ...environment, ...absolute(root, suite.variables) },
    stdio: ["ignore", output, output],
    timeout: SUITE_MS_MAX,
  });
  if (run.signal !== null) console.log(`${suite.name} was ended by ${run.signal}`);
  const report = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : undefined;
  return countResults(suite, report, run.status ?? 1, options.length > 0);
}
