// `simplelogs doctor`: whether all is well with the configuration, the data file and the disk, and what to do where it is not.

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import { formatCountOf } from "../core/format.ts";
import { escapeControls } from "../core/terminal.ts";
import { isCorruption, isStoreError } from "../store/database.ts";
import { asItIs, canBeWritten, type ReadOnlyData, readOnlyData } from "../store/read_only_data.ts";
import { DataReader } from "../store/tables_reader.ts";
import { addConfigOption, type CliContext, configFileOf, givenConfig } from "./context.ts";
import { checkBlocks } from "./doctor_blocks.ts";
import {
  checkClock,
  checkConfig,
  checkDataFile,
  checkPermissions,
  checkReserve,
  checkSpace,
  type Finding,
  filesBeside,
  problemOf,
} from "./doctor_checks.ts";
import { jsonLine } from "./json_line.ts";
import { Progress } from "./progress.ts";
import { addNotes } from "./search_help.ts";
import { type Style, styleFor } from "./style.ts";

interface DoctorOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly color?: string;
}

const EXAMPLES = `
It looks at the configuration, the files' permissions, free space, the clock, every block's checksum and contents, and whether the counters add
up: received = stored + waiting + dropped. Nothing is changed. Exit code 0: all is well. 1: something is wrong.

Examples:
  simplelogs doctor
  simplelogs doctor --data /backups/2026-01-31.db
`;

/** Adds the command to the program. */
export function registerDoctor(program: Command, context: CliContext, clock: Clock): void {
  const command = addConfigOption(program.command("doctor"))
    .summary("check the data file, the disk and the configuration")
    .description("Checks that all is well, also while the server runs, and says what to do where it is not.")
    .option("--data <file>", "check this data file instead of the configured one")
    .option("--json", "print one JSON object")
    .option("--color <when>", "auto, always or never (default: auto)");
  addNotes(command, EXAMPLES, context).action(async (options: DoctorOptions) => {
    const style = styleFor(options.color, context);
    const findings: Finding[] = [];
    const tell = (found: readonly Finding[]) => {
      findings.push(...found);
      if (options.json !== true) for (const finding of found) context.stdout.write(findingText(finding, style));
    };
    await examine(command, options, context, clock, tell);
    const problems = findings.filter(({ severity }) => severity === "problem").length;
    const warnings = findings.filter(({ severity }) => severity === "warning").length;
    if (options.json === true) context.stdout.write(jsonLine({ ok: problems === 0, findings }, context));
    else context.stdout.write(`\n${summaryText(problems, warnings, style)}\n`);
    if (problems > 0) throw new OperatingError("data_unreadable", `${formatCountOf(problems, "problem")} found`);
  });
}

type Tell = (findings: readonly Finding[]) => void;

async function examine(
  command: Command,
  { data }: DoctorOptions,
  context: CliContext,
  clock: Clock,
  tell: Tell,
): Promise<void> {
  const config = configFileOf(command, context);
  let settings: Settings | undefined;
  // A backup, say, has none.
  if (data === undefined || givenConfig(command) !== undefined) {
    const checked = await checkConfig(config, context);
    tell(checked.findings);
    settings = checked.settings;
  }
  const file = data === undefined ? settings?.data : resolve(context.cwd, data);
  if (file === undefined) return;
  const { findings, isThere } = checkDataFile(file);
  tell(findings);
  if (!isThere) return;
  tell(checkPermissions(filesBeside(file)));
  const isConfigured = file === settings?.data;
  tell([checkSpace(file, isConfigured ? settings?.storage.bytesMax : undefined)]);
  // A copy that no server runs on needs none.
  if (isConfigured) tell([checkReserve(file)]);
  tell(
    examineContents(
      () => (data === undefined && canBeWritten(file) ? asItIs(file) : readOnlyData(file)),
      context,
      clock,
    ),
  );
}

/** What only a reader of the file can tell. */
function examineContents(open: () => ReadOnlyData, context: CliContext, clock: Clock): Finding[] {
  const progress = new Progress(context);
  let data: ReadOnlyData | undefined;
  try {
    data = open();
    context.atEnd?.(data.release);
    const reader = new DataReader(data.file, data.access);
    try {
      const newest = reader.details.storage().map((row) => row.newest ?? Number.NEGATIVE_INFINITY);
      const findings = [checkClock(newest.length === 0 ? undefined : Math.max(...newest), clock())];
      findings.push(...checkBlocks(data, (done, total) => progress.show(done, total, "blocks checked")));
      return findings;
    } finally {
      reader.close();
    }
  } catch (error) {
    if (!(error instanceof OperatingError || isStoreError(error))) throw error;
    const advice = [error, error.cause].some(isCorruption)
      ? "look after the disk; take the records from a backup, or save what can be read with `simplelogs export`"
      : "is it the right file, and may this user write in its folder? `simplelogs doctor` can be run again at any time";
    return [problemOf("contents", error.message, advice)];
  } finally {
    data?.release();
    progress.end();
  }
}

/** A line, and what to do below it. */
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
