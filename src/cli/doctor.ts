// `simplelogs doctor`: checks the configuration, the files, the disk, the clock and every block, and says what to do
// about each problem. Each check returns findings. None of them changes anything.

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { loadSettings } from "../config/load.ts";
import { type ConfigProblem, formatProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { formatBytes, formatCountOf, formatInstant } from "../core/format.ts";
import { DISK_RESERVE_BYTES, FUTURE_MS_MAX } from "../core/limits.ts";
import { escapeControls } from "../core/terminal.ts";
import { isCorruption, isStoreError } from "../store/database.ts";
import { freeBytes } from "../store/disk_space.ts";
import { LOCK_SUFFIX, lockHolder } from "../store/lock.ts";
import { asItIs, canBeWritten, type ReadOnlyData, readOnlyData } from "../store/read_only_data.ts";
import { ReserveFile } from "../store/space/reserve.ts";
import { DataReader } from "../store/tables_reader.ts";
import { verifyData } from "../store/verify/verify.ts";
import { addConfigOption, type CliContext, configFileOf, displayPath, givenConfig } from "./context.ts";
import { addNotes } from "./help.ts";
import { jsonLine, Progress } from "./output.ts";
import { type Style, styleFor } from "./style.ts";

interface DoctorOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly color?: string;
}

const EXAMPLES = `
It checks the configuration, the files' permissions, free space, the clock, every block's checksum and contents, and the
counters: received = stored + open + dropped. It changes nothing. Exit code 0: all is well. 1: there is a problem.

Examples:
  simplelogs doctor
  simplelogs doctor --data /backups/2026-01-31.db
`;

/** Adds the command to the program. */
export function registerDoctor(program: Command, context: CliContext, clock: Clock): void {
  const command = addConfigOption(program.command("doctor"))
    .summary("check the data file, the disk and the configuration")
    .description("Checks that all is well, also while the server runs, and says what to do about each problem.")
    .option("--data <file>", "check this data file instead of the configured one")
    .option("--json", "print one JSON object")
    .option("--color <when>", "auto, always or never (default: auto)");
  addNotes(command, EXAMPLES, context).action(async (options: DoctorOptions) => {
    const style = styleFor(options.color, context);
    const findings: Finding[] = [];
    const report = (found: readonly Finding[]) => {
      findings.push(...found);
      if (options.json !== true) for (const finding of found) context.stdout.write(findingText(finding, style));
    };
    await examine(command, options, context, clock, report);
    const problems = findings.filter(({ severity }) => severity === "problem").length;
    const warnings = findings.filter(({ severity }) => severity === "warning").length;
    if (options.json === true) context.stdout.write(jsonLine({ ok: problems === 0, findings }, context));
    else context.stdout.write(`\n${summaryText(problems, warnings, style)}\n`);
    if (problems > 0) throw new OperatingError("data_unreadable", `${formatCountOf(problems, "problem")} found`);
  });
}

type Report = (findings: readonly Finding[]) => void;

async function examine(
  command: Command,
  { data }: DoctorOptions,
  context: CliContext,
  clock: Clock,
  report: Report,
): Promise<void> {
  const config = configFileOf(command, context);
  let settings: Settings | undefined;
  // A backup, for example, has no configuration.
  if (data === undefined || givenConfig(command) !== undefined) {
    const checked = await checkConfig(config, context);
    report(checked.findings);
    settings = checked.settings;
  }
  const file = data === undefined ? settings?.data : resolve(context.cwd, data);
  if (file === undefined) return;
  const { findings, isThere } = checkDataFile(file);
  report(findings);
  if (!isThere) return;
  report(checkPermissions(filesBeside(file)));
  const isConfigured = file === settings?.data;
  report([checkSpace(file, isConfigured ? settings?.storage.bytesMax : undefined)]);
  // Only a server needs the reserve.
  if (isConfigured) report([checkReserve(file)]);
  report(
    examineContents(
      () => (data === undefined && canBeWritten(file) ? asItIs(file) : readOnlyData(file)),
      context,
      clock,
    ),
  );
}

/** The checks that need the file open: the clock against the newest record, and every block. */
function examineContents(open: () => ReadOnlyData, context: CliContext, clock: Clock): Finding[] {
  const progress = new Progress(context);
  let data: ReadOnlyData | undefined;
  try {
    data = open();
    context.atEnd?.(data.release);
    const reader = new DataReader(data.file, data.access);
    try {
      const newest = reader.tables.storage().map((row) => row.newest ?? Number.NEGATIVE_INFINITY);
      const findings = [checkClock(newest.length === 0 ? undefined : Math.max(...newest), clock())];
      findings.push(...checkBlocks(data, (done, total) => progress.show(done, total, "blocks checked")));
      return findings;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof OperatingError || isStoreError(error))) throw error;
    const advice = [error, error.cause].some(isCorruption)
      ? "check the disk; restore the records from a backup, or save the readable ones with `simplelogs export`"
      : "make sure that it is the right file and that this user may write in its folder, then run `simplelogs doctor` again";
    return [problemOf("contents", error.message, advice)];
  } finally {
    data?.release();
    progress.end();
  }
}

/** One line, and below it the advice. */
function findingText({ severity, check, what, advice }: Finding, style: Style): string {
  const paint = { ok: style.good, warning: style.warning, problem: style.bad }[severity];
  const head = `${paint(severity.padEnd(SEVERITY_WIDTH))}  ${escapeControls(check.padEnd(CHECK_WIDTH))}`;
  const below =
    advice === undefined ? "" : `${" ".repeat(SEVERITY_WIDTH + CHECK_WIDTH + 4)}-> ${escapeControls(advice)}\n`;
  return `${head}  ${escapeControls(what)}\n${below}`;
}

const SEVERITY_WIDTH = "problem".length;
const CHECK_WIDTH = "configuration".length;

function summaryText(problems: number, warnings: number, style: Style): string {
  if (problems + warnings === 0) return style.good("All is well.");
  const counts = [
    ...(problems === 0 ? [] : [style.bad(formatCountOf(problems, "problem"))]),
    ...(warnings === 0 ? [] : [style.warning(formatCountOf(warnings, "warning"))]),
  ];
  return counts.join(", ");
}

/** "ok" is a check that found nothing; a "warning" works for now; a "problem" is wrong. */
interface Finding {
  readonly severity: "ok" | "warning" | "problem";
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

/** Suffixes of the files beside the data file that hold records or process ids. */
const SUFFIXES = ["", "-wal", "-shm", LOCK_SUFFIX, "-reserve"] as const;
const OTHERS = 0o077;
/** Bytes of free space. With less, any server soon fails, whatever its limit is. */
const FREE_BYTES_MIN = 64 * 1024 * 1024;

/** Whether the configuration loads; its settings where it does. */
async function checkConfig(
  file: string,
  context: CliContext,
): Promise<{ findings: Finding[]; settings: Settings | undefined }> {
  const check = "configuration";
  const result = await loadSettings(file, context.env);
  const place = (problem: ConfigProblem) => formatProblem({ ...problem, file: displayPath(problem.file, context) });
  if (!result.ok) {
    const advice = "`simplelogs check` shows the same; a running server keeps the configuration that it has loaded";
    const findings = result.problems.map((problem) => problemOf(check, place(problem), advice));
    return { findings, settings: undefined };
  }
  const { settings, warnings } = result;
  const findings: Finding[] = warnings.map((warning) => ({ severity: "warning", check, what: place(warning) }));
  if (findings.length === 0) findings.push({ severity: "ok", check, what: displayPath(file, context) });
  return { findings, settings };
}

/** Whether the data file is there, how large it is, and who runs on it. */
function checkDataFile(file: string): { findings: Finding[]; isThere: boolean } {
  const check = "data file";
  if (!existsSync(file)) {
    const advice = "the server makes it at its first start; `data` in the configuration is its path";
    return { findings: [problemOf(check, `${file}: there is no such file`, advice)], isThere: false };
  }
  const holder = lockHolder(file);
  const bytes = sizeOf(file) + sizeOf(`${file}-wal`);
  const running = holder === undefined ? "no server runs on it" : `process ${holder} runs on it`;
  return { findings: [{ severity: "ok", check, what: `${file}, ${formatBytes(bytes)}; ${running}` }], isThere: true };
}

/** Whether other users may read the files. */
function checkPermissions(files: readonly string[]): Finding[] {
  if (process.platform === "win32") return [];
  const check = "permissions";
  const open = files.filter((file) => existsSync(file) && (statSync(file).mode & OTHERS) !== 0);
  if (open.length === 0) return [{ severity: "ok", check, what: "only the owner can read the files" }];
  return open.map((file) => {
    const mode = (statSync(file).mode & 0o777).toString(8);
    return problemOf(check, `${file} has the mode ${mode}: others may read it`, `chmod 600 ${file}`);
  });
}

/** The data file and the files that belong to it. */
function filesBeside(file: string): string[] {
  return SUFFIXES.map((suffix) => file + suffix);
}

/** Whether the disk has room for all that the data file may take; `bytesMax` undefined where no configuration says. */
export function checkSpace(file: string, bytesMax: number | undefined): Finding {
  const check = "free space";
  const free = freeBytes(file);
  const used = sizeOf(file) + sizeOf(`${file}-wal`);
  const missing = bytesMax === undefined ? 0 : bytesMax - used - free;
  const room = `${formatBytes(free)} free`;
  if (free < FREE_BYTES_MIN) {
    const advice = "free some space: without it the server answers 503 until retention has removed enough old data";
    return problemOf(check, `${room}, less than ${formatBytes(FREE_BYTES_MIN)}`, advice);
  }
  if (missing <= 0)
    return { severity: "ok", check, what: bytesMax === undefined ? room : `${room}, enough for max_size` };
  return {
    severity: "warning",
    check,
    what: `${room}: the disk will be full ${formatBytes(missing)} before the data file reaches storage.max_size`,
    advice: `set storage.max_size to ${formatBytes(used + free - DISK_RESERVE_BYTES)} or less, or free some space`,
  };
}

/** Whether the reserve file is there. The server removes it first when the disk is full. */
function checkReserve(file: string): Finding {
  const check = "reserve";
  if (new ReserveFile(file).isThere)
    return { severity: "ok", check, what: `${formatBytes(DISK_RESERVE_BYTES)} reserved` };
  return {
    severity: "warning",
    check,
    what: `${file}-reserve is missing or incomplete: on a full disk, retention could not remove old data`,
    advice: "free some space and start the server, which makes the file again",
  };
}

/** Whether the newest record lies further in the future than ingestion allows; Unix ms. */
export function checkClock(newest: number | undefined, now: number): Finding {
  const check = "clock";
  const today = `this machine's clock says ${formatInstant(now)}`;
  if (newest === undefined || newest <= now + FUTURE_MS_MAX) return { severity: "ok", check, what: today };
  return problemOf(
    check,
    `the newest record is from ${formatInstant(newest)}, and ${today}`,
    "correct the clock: while it is slow, records are stored for too long and new ones are dropped as in_future",
  );
}

function problemOf(check: string, what: string, advice: string): Finding {
  return { severity: "problem", check, what, advice };
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

const CHECK = "contents";

/** Checks every block of the file. Throws OperatingError, and SQLite's error, where it cannot be read at all. */
function checkBlocks({ file, access }: ReadOnlyData, onProgress: (done: number, total: number) => void): Finding[] {
  const steps = verifyData(file, access);
  for (;;) {
    const step = steps.next();
    if (step.done !== true) {
      onProgress(step.value.done, step.value.total);
      continue;
    }
    const { findings, blocks, records, bytes } = step.value;
    const looked = `${formatCountOf(records, "record")} in ${formatCountOf(blocks, "block")} (${formatBytes(bytes)})`;
    if (findings.length === 0) {
      return [{ severity: "ok", check: CHECK, what: `${looked}: checksums are right, and the counters add up` }];
    }
    return findings.map((finding) => ({ check: CHECK, ...finding }));
  }
}
