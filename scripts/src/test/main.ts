// The one command that checks everything. Stages run in order, each printed with its time. A stage before the tests that fails ends
// the run; a suite that fails does not, so one run shows every failure, once more at its end, where a log that was cut short still has
// them. Ends with "N passed, N failed" and exits 1 if anything failed.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../command.ts";
import { installPackages } from "../packages.ts";
import { provideTools } from "../tools.ts";
import type { Count } from "./report.ts";
import { findSuites, runSuite, type Suite } from "./suites.ts";

const HELP = `Usage: scripts/test [PATH…] [OPTION…]

Installs what is needed; checks format, lint and types; builds; runs the tests.

  PATH     run only the test files whose path contains it: scripts/test unit/queue
  OPTION   goes to \`bun test\` as it is: scripts/test unit/queue --test-name-pattern="whole batch"
`;

interface Check {
  readonly name: string;
  readonly commandLine: readonly string[];
  /** What mends it, where a command does. */
  readonly hint: string;
}

/** The programs of npm packages are run by Bun itself (--bun), so that no Node is needed. */
const CHECKS: readonly Check[] = [
  {
    name: "format",
    commandLine: ["run", "--bun", "biome", "ci", ...(process.stdout.isTTY ? [] : ["--colors=off"]), "."],
    hint: "; `bun run --bun biome check --write .` formats and sorts imports",
  },
  { name: "lint", commandLine: ["run", "--bun", "oxlint"], hint: "" },
  { name: "types", commandLine: ["run", "--bun", "tsc"], hint: "" },
  // With a browser's names instead of a server's.
  { name: "types of the app", commandLine: ["run", "--bun", "tsc", "--project", "src/web"], hint: "" },
  { name: "types of the client", commandLine: ["run", "--bun", "tsc", "--project", "src/client"], hint: "" },
  { name: "build", commandLine: ["scripts/src/build/main.ts", "--if-stale"], hint: "" },
];

function check({ commandLine, hint }: Check): void {
  const run = spawnSync(process.execPath, commandLine, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  if (run.status !== 0) throw new Error(`see above${hint}`);
}

function stage<Result>(name: string, work: () => Result): Result {
  console.log(`\n== ${name}`);
  const startedAtMs = performance.now();
  try {
    return work();
  } catch (error) {
    throw new Error(`${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    console.log(`== ${name}: ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  }
}

/** @returns how often the suites passed and failed, whatever happened. */
function runSuites(suites: readonly Suite[], options: readonly string[]): Count {
  const tools = stage("tools", () => provideTools(suites.map((suite) => suite.name)));
  const environment = { ...process.env, ...tools };
  const reports = mkdtempSync(join(tmpdir(), "simplelogs-test-"));
  try {
    let total: Count = { passed: 0, failed: 0, failures: [] };
    for (const suite of suites) {
      const count = stage(`${suite.name} tests`, () =>
        runSuite({
          root: ROOT,
          suite,
          options,
          environment,
          reportFile: join(reports, `${suite.name}.xml`),
          output: "inherit",
        }),
      );
      console.log(`== ${suite.name} tests: ${count.passed} of ${count.passed + count.failed} passed`);
      total = {
        passed: total.passed + count.passed,
        failed: total.failed + count.failed,
        failures: [...total.failures, ...count.failures.map((failure) => `${suite.name}: ${failure}`)],
      };
    }
    return total;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

function main(): Count {
  const commandLine = process.argv.slice(2);
  const firstOption = commandLine.findIndex((argument) => argument.startsWith("-"));
  const filters = firstOption === -1 ? commandLine : commandLine.slice(0, firstOption);
  const options = firstOption === -1 ? [] : commandLine.slice(firstOption);
  const suites = findSuites(ROOT, filters);
  if (suites.length === 0) throw new Error(`no test file's path contains ${filters.join(" or ")}`);
  stage("packages", () => installPackages(ROOT));
  for (const item of CHECKS) stage(item.name, () => check(item));
  return runSuites(suites, options);
}

if (process.argv.includes("--help")) {
  process.stdout.write(HELP);
} else {
  let total: Count;
  try {
    total = main();
  } catch (error) {
    total = { passed: 0, failed: 1, failures: [error instanceof Error ? error.message : String(error)] };
  }
  for (const failure of total.failures) console.log(`\nFAILED ${failure}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
