// The data file that a command works on: found from the options and the configuration, and brought up to date before it
// is read. A crash can leave batches that were answered in the redo log only. They are written to the data file first.

import { resolve } from "node:path";
import type { Command } from "commander";
import { clusterOf } from "../config/clickhouse.ts";
import { parseSettings, type Reading } from "../config/load.ts";
import { DEFAULT_PROJECT, type Settings } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import type { ReadRules } from "../query/scan/scope.ts";
import { isStoreError } from "../store/database.ts";
import { asItIs, canBeWritten, type ReadOnlyData, readOnlyData } from "../store/read_only_data.ts";
import type { HistorySettings } from "../threads/messages.ts";
import { flushFile } from "../threads/writer/flush_file.ts";
import { type CliContext, configFileOf, givenConfig, requireReadingSettings, requireSettings } from "./context.ts";
import type { SourceOptions } from "./options.ts";

/** A data file, and the configuration that applies to it. */
interface LocalData {
  /** Absolute path. */
  readonly file: string;
  /** Undefined where no configuration was needed. */
  readonly settings: Settings | undefined;
}

/** A data file to read, with the projects' rules. */
export interface ReadableData extends LocalData {
  readonly data: ReadOnlyData;
  readonly rules: ReadRules;
  /** Where older records and those of other nodes are; undefined: the data file alone is read. */
  readonly history: HistorySettings | undefined;
}

/** --data shows expired records too: only the server that runs on a file knows its retention. */
const NO_RETENTION_MS = Number.POSITIVE_INFINITY;

/**
 * The data file to read that the options or the configuration name. One that --data names is read as it is and alone,
 * without the configuration unless that is named too. Throws OperatingError.
 */
export async function readableDataOf(
  command: Command,
  options: SourceOptions,
  context: CliContext,
  reading: Reading,
): Promise<ReadableData> {
  if (options.data !== undefined) return await namedDataOf(options.data, command, context);
  const settings = await requireReadingSettings(configFileOf(command, context), context, reading);
  const { data: file, projects } = settings;
  const data = canBeWritten(file) ? asItIs(file) : readOnlyData(file);
  context.atEnd?.(data.release);
  if (data.access === "shared") await flushData(data.file, settings, context);
  const rules = { projects, defaultProject: DEFAULT_PROJECT, markers: settings.markers };
  const { clickhouse } = settings;
  const history = reading === "file" || clickhouse === undefined ? undefined : clusterOf(clickhouse);
  return { file, data, rules, settings, history };
}

async function namedDataOf(name: string, command: Command, context: CliContext): Promise<ReadableData> {
  const file = dataPath(name, context);
  const settings =
    givenConfig(command) === undefined
      ? undefined
      : await requireReadingSettings(configFileOf(command, context), context);
  const data = readOnlyData(file);
  context.atEnd?.(data.release);
  if (data.hasUnflushed) await flushData(data.file, settings, context);
  const projects = Object.create(null) as Record<string, ReadRules["defaultProject"]>;
  for (const [project, rules] of Object.entries(settings?.projects ?? {})) {
    projects[project] = { ...rules, retentionMs: NO_RETENTION_MS };
  }
  const rules = { projects, defaultProject: { ...DEFAULT_PROJECT, retentionMs: NO_RETENTION_MS } };
  return { file, data, rules, settings, history: undefined };
}

/**
 * The data file to change that the options or the configuration name. `require` loads the configuration where it is
 * needed. Throws OperatingError.
 */
export async function localDataOf(
  command: Command,
  { data }: SourceOptions,
  context: CliContext,
  require: typeof requireSettings = requireSettings,
): Promise<LocalData> {
  const isNeeded = data === undefined || givenConfig(command) !== undefined;
  const settings = isNeeded ? await require(configFileOf(command, context), context) : undefined;
  const file = data === undefined ? (settings as Settings).data : dataPath(data, context);
  await flushData(file, settings, context);
  return { file, settings };
}

function dataPath(data: string, { cwd }: CliContext): string {
  if (data === "") throw new OperatingError("usage", "--data: expected the path of a file");
  return resolve(cwd, data);
}

/**
 * Writes the redo log's batches to the data file; without `settings` by the defaults. If that fails, it says so on
 * stderr.
 */
async function flushData(file: string, settings: Settings | undefined, context: CliContext): Promise<void> {
  try {
    await flushFile(file, settings ?? defaultSettings(file));
  } catch (error) {
    if (!(error instanceof OperatingError || isStoreError(error))) throw error;
    context.stderr.write(
      `simplelogs: the latest batches are left out, because they could not be written: ${error.message}\n`,
    );
  }
}

function defaultSettings(file: string): Settings {
  const parsed = parseSettings("", file, {});
  if (!parsed.ok) throw new OperatingError("usage", "there are no default settings");
  return parsed.settings;
}
