// The one command that checks everything: packages, then format, lint, types and the build, then every test. A check
// that fails ends the run before the tests; a suite that fails does not, so one run shows every failure. Each is shown
// once more at the end, where a log that was cut short still has it. The last line is "N passed, N failed", and the
// exit code 1 if anything failed or nothing ran. A browser test that passes at the second attempt is listed as
// unstable.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../command.ts";
import { installPackages } from "../packages.ts";
import { provideTools } from "../tools.ts";
import { contentNumber } from "../version.ts";
import { type Count, failureText, sumOf } from "./report.ts";
import { runBun, runSuites } from "./run.ts";
import { findSuites } from "./suites.ts";

const HELP = `Usage: scripts/test [PATH…] [OPTION…]

Installs what is needed; checks format, lint and types; builds; runs the tests.

  PATH     run only the test files whose path contains it: scripts/test unit/queue
  OPTION   goes to \`bun test\` as it is: scripts/test unit/queue --test-name-pattern="whole batch"
`;

interface Check {
  readonly name: string;
  readonly commandLine: readonly string[];
  /** What mends it, where a command does. */
  readonly hint?: string;
}

/** The programs of npm packages are run by Bun itself (--bun), so that no Node is needed. */
const CHECKS: readonly Check[] = [
  { name: "types", commandLine: ["run", "--bun", "tsc"] },
  { name: "build", commandLine: ["scripts/src/build/main.ts", "--if-stale"] },
  { name: "lint", commandLine: ["run", "--bun", "oxlint"] },
  {
    name: "format",
    commandLine: ["run", "--bun", "biome", "ci", "--colors=off", "."],
    hint: "; `bun run --bun biome check --write .` formats and sorts imports",
  },
  // With a browser's names instead of a server's.
  { name: "types of the app", commandLine: ["run", "--bun", "tsc", "--project", "src/web"] },
  { name: "types of the client", commandLine: ["run", "--bun", "tsc", "--project", "src/client"] },
];

/** Runs one check. Where it fails, the beginning of its output is the reason. */
async function check({ name, commandLine, hint = "" }: Check, folder: string): Promise<Count> {
  const outputFile = join(folder, `${name}.txt`);
  const end = await runBun({ name, commandLine, root: ROOT, outputFile });
  if (end === "") return sumOf([]);
  const text = failureText(`${name} failed${hint}`, readFileSync(outputFile, "utf8"));
  return { passed: 0, failed: 1, failures: [{ text }] };
}

/** Random data is the same wherever the same files are tested, and other with each change. */
function seed(): Record<string, string> {
  const number = contentNumber(ROOT);
  return number === undefined ? {} : { SEED: String(number) };
}

async function main(): Promise<Count> {
  const commandLine = process.argv.slice(2);
  const firstOption = commandLine.findIndex((argument) => argument.startsWith("-"));
  const filters = firstOption === -1 ? commandLine : commandLine.slice(0, firstOption);
  const options = firstOption === -1 ? [] : commandLine.slice(firstOption);
  const stages = findSuites(ROOT, filters);
  if (stages.length === 0) throw new Error(`no test file's path contains ${filters.join(" or ")}`);
  const folder = mkdtempSync(join(tmpdir(), "simplelogs-test-"));
  try {
    installPackages(ROOT);
    const checks = sumOf(await Promise.all(CHECKS.map((one) => check(one, folder))));
    if (checks.failed > 0) return checks;
    const environment = { ...seed(), ...process.env, ...provideTools(stages.flat().map(({ name }) => name)) };
    return await runSuites({ root: ROOT, stages, options, environment, folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes("--help")) {
  process.stdout.write(HELP);
} else {
  const total = await main().catch((error: unknown): Count => {
    return { passed: 0, failed: 1, failures: [{ text: error instanceof Error ? error.message : String(error) }] };
  });
  for (const { text } of total.unstable ?? []) console.log(`\nUNSTABLE ${text}`);
  for (const { text } of total.failures) console.log(`\nFAILED ${text}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}
