// Runs the checks and the test suites, several at once, each with its output kept apart.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Count, countResults, sumOf } from "./report.ts";
import type { Suite } from "./suites.ts";

/** A single test may take so long unless it says otherwise: generous, since CI machines are slow and shared. */
const TEST_MS_MAX = 180_000;
/** What still runs then is killed and has failed. The longest suite takes some five minutes. */
const RUN_MS_MAX = 30 * 60_000;
/** Where more files than this failed, something is broken, and a second attempt would say nothing new. */
const AGAIN_FILES_MAX = 5;

export interface BunRun {
  readonly name: string;
  readonly commandLine: readonly string[];
  readonly root: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Takes the output, which is printed as a whole at the end; absent: it is printed at once. */
  readonly outputFile?: string | undefined;
  /** Default 30 minutes. */
  readonly durationMsMax?: number | undefined;
}

/**
 * Runs Bun, and prints the name, the output and the time. Returns "" where it exits with 0, otherwise the exit code or
 * signal.
 */
export async function runBun(run: BunRun): Promise<string> {
  const { name, outputFile, durationMsMax = RUN_MS_MAX } = run;
  const output = outputFile === undefined ? "inherit" : openSync(outputFile, "w");
  if (outputFile === undefined) console.log(`\n== ${name}`);
  const startedAtMs = performance.now();
  const child = spawn(process.execPath, run.commandLine, {
    cwd: run.root,
    env: run.environment ?? process.env,
    stdio: ["ignore", output, output],
    timeout: durationMsMax,
    killSignal: "SIGKILL",
  });
  const [exitCode, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (outputFile !== undefined) console.log(`\n== ${name}\n${readFileSync(outputFile, "utf8").trimEnd()}`);
  console.log(`== ${name}: ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  return exitCode === 0 ? "" : (signal ?? `exit code ${exitCode}`);
}

export interface SuitesRun {
  readonly root: string;
  /** Those of a stage run at the same time. */
  readonly stages: readonly (readonly Suite[])[];
  /** For `bun test`, as they are. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For reports and outputs. */
  readonly folder: string;
  readonly suiteMsMax?: number;
}

/** Runs every suite and counts the results, however they end. That no test ran is a failure. */
export async function runSuites(run: SuitesRun): Promise<Count> {
  const counts: Count[] = [];
  for (const suites of run.stages) {
    const results = await Promise.all(suites.map((suite) => runSuite(suite, run, suites.length === 1)));
    for (const [index, suite] of suites.entries()) counts.push(await runAgain(suite, results[index] as Count, run));
  }
  const total = sumOf(counts);
  if (total.passed + total.failed > 0) return total;
  return { passed: 0, failed: 1, failures: [{ text: `no test ran: ${run.options.join(" ")} selects none` }] };
}

/** Runs each file with a failed test once more, where the suite permits it. What passes then is unstable. */
async function runAgain(suite: Suite, count: Count, run: SuitesRun): Promise<Count> {
  const files = new Set(count.failures.map(({ file }) => file));
  if (suite.runsAgain !== true || files.size === 0 || files.size > AGAIN_FILES_MAX || files.has(undefined))
    return count;
  const { workers: _, ...alone } = suite;
  const passing = new Set<string | undefined>();
  for (const file of files as Set<string>) {
    const { passed, failed } = await runSuite({ ...alone, files: [file] }, run, true);
    if (passed > 0 && failed === 0) passing.add(file);
  }
  const unstable = count.failures.filter(({ file }) => passing.has(file));
  const failures = count.failures.filter(({ file }) => !passing.has(file));
  return { passed: count.passed + unstable.length, failed: failures.length, failures, unstable };
}

async function runSuite(suite: Suite, run: SuitesRun, isAlone: boolean): Promise<Count> {
  const { root, options, folder } = run;
  const reportFile = join(folder, `${suite.name}.xml`);
  rmSync(reportFile, { force: true });
  const variables = Object.entries(suite.variables ?? {}).map(([name, value]) => [
    name,
    value.startsWith("./") ? join(root, value) : value,
  ]);
  const end = await runBun({
    name: `${suite.name} tests`,
    commandLine: [
      "test",
      // Its servers and browsers end with it, even where it is killed.
      "--no-orphans",
      `--timeout=${TEST_MS_MAX}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      ...(suite.workers === undefined ? [] : [`--parallel=${suite.workers}`]),
      ...options,
      ...suite.files.map((file) => `./${file}`),
    ],
    root,
    environment: { ...run.environment, ...Object.fromEntries(variables) },
    outputFile: isAlone ? undefined : join(folder, `${suite.name}.txt`),
    durationMsMax: run.suiteMsMax,
  });
  const report = existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "";
  const { passed, failed, failures } = countResults(suite, report, end, options.length > 0);
  console.log(`== ${suite.name} tests: ${passed} of ${passed + failed} passed`);
  return {
    passed,
    failed,
    failures: failures.map(({ text, ...rest }) => ({ ...rest, text: `${suite.name}: ${text}` })),
  };
}
