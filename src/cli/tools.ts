// What the reading commands share: where records come from, where text goes, and what ends them.

import { resolve } from "node:path";
import type { Command } from "commander";
import { DEFAULT_PROJECT, type Settings } from "../config/settings.ts";
import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { QueryScope } from "../core/queries.ts";
import type { ScanWarnings } from "../core/responses.ts";
import { shownText } from "../core/terminal.ts";
import { sentTimeZone } from "../core/time_zone.ts";
import type { ReadRules } from "../query/scan/scope.ts";
import { asItIs, canBeWritten, type ReadOnlyData, readOnlyData } from "../store/read_only_data.ts";
import { type CliContext, configFileOf, givenConfig, requireReadingSettings, requireSettings } from "./context.ts";
import type { WriteText } from "./export.ts";
import { parseInstant } from "./instant.ts";
import type { RemoteAddress } from "./remote_server.ts";
import type { Signals } from "./serve.ts";
import { settleData } from "./settled_data.ts";
import type { RecordSource } from "./source.ts";

/** Opens what the options name. Throws OperatingError. */
export type OpenSource = (command: Command, options: SourceOptions, context: CliContext) => Promise<RecordSource>;

export interface ReadingTools {
  readonly context: CliContext;
  /** Large output, at the reader's pace. */
  readonly write: WriteText;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly openSource: OpenSource;
}

export interface SourceOptions {
  readonly data?: string;
  readonly url?: string;
  readonly token?: string;
}

export interface ScopeOptions {
  readonly project?: string | undefined;
  readonly from?: string;
  readonly to?: string;
}

/** Characters of a server's own words that are shown. */
const NOTE_LENGTH_MAX = 500;
export const URL_VARIABLE = "SIMPLELOGS_URL";
const TOKEN_VARIABLE = "SIMPLELOGS_TOKEN";

/** Adds what says where records come from. */
export function addSourceOptions(command: Command): Command {
  return command
    .option("--data <file>", "read this data file instead of the configured one")
    .option("--url <url>", `ask the server at this address instead (or ${URL_VARIABLE} in the environment)`)
    .option("--token <token>", `its admin token (better ${TOKEN_VARIABLE}, which other users cannot see)`);
}

/** What --from and --to take. */
export const FROM_HELP =
  'only records of this time or later: a date, a time as it is printed, ISO 8601, Unix ms, or "24h" before now';
export const TO_HELP = "only records before this time, or until the end of this date";

/** Adds what says which records. */
export function addScopeOptions(command: Command): Command {
  return command
    .option("--project <name>", "only this project")
    .option("--from <time>", FROM_HELP)
    .option("--to <time>", TO_HELP);
}

/** The words of the command line joined are the search. Throws OperatingError("usage"). */
export function scopeOf(words: readonly string[], { project, from, to }: ScopeOptions, now: number): QueryScope {
  return {
    project,
    q: words.join(" ").trim(),
    timeZone: sentTimeZone(),
    from: from === undefined ? undefined : parseInstant(from, "--from", now),
    to: to === undefined ? undefined : parseInstant(to, "--to", now),
  };
}

/**
 * The server that the options or the environment name, or undefined for the data file. What is given at the command goes before the
 * environment. Throws OperatingError("usage").
 */
export function remoteAddressOf(
  command: Command,
  options: SourceOptions,
  context: CliContext,
): RemoteAddress | undefined {
  const isLocal = options.data !== undefined || (options.url === undefined && givenConfig(command) !== undefined);
  if (options.url !== undefined && options.data !== undefined) {
    throw new OperatingError("usage", "--url and --data exclude each other: a server reads its own data file");
  }
  const text = options.url ?? (isLocal ? undefined : context.env[URL_VARIABLE] || undefined);
  if (text === undefined) return undefined;
  const where = options.url === undefined ? URL_VARIABLE : "--url";
  const token = tokenOf(options, context);
  const url = serverUrl(text, where);
  if (token === undefined) {
    throw new OperatingError("usage", `${where} needs the admin token: set ${TOKEN_VARIABLE}, or give --token`);
  }
  return { url, token };
}

/** The admin token that was given; undefined for none. Throws OperatingError("usage") for one that no header can hold. */
export function tokenOf({ token }: SourceOptions, context: CliContext): string | undefined {
  const given = token ?? context.env[TOKEN_VARIABLE] ?? "";
  if (!/^[\x21-\x7e]*$/.test(given)) {
    throw new OperatingError("usage", "the admin token has spaces or characters outside ASCII: is it the right one?");
  }
  return given === "" ? undefined : given;
}

/** The address without its last slash; `where` it was given. Throws OperatingError("usage"). */
export function serverUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (url === undefined || !/^https?:$/.test(url.protocol) || !isPlain) {
    throw new OperatingError(
      "usage",
      `${where}: expected an address such as https://logs.example.com or http://127.0.0.1:7070, got ${JSON.stringify(text)}`,
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

/** A data file, and what the configuration says of it. */
export interface LocalData {
  /** As it was named. */
  readonly file: string;
  /** Undefined where no configuration was needed. */
  readonly settings: Settings | undefined;
}

/** A data file to read. */
export interface ReadableData extends LocalData {
  readonly data: ReadOnlyData;
  readonly rules: ReadRules;
}

/** No record of a named file is hidden: which are too old is the business of the server that runs on it. */
const ALL_IS_SHOWN = Number.POSITIVE_INFINITY;

/**
 * The data file to read that the options or the configuration name. One that --data names is read as it is, without the
 * configuration unless that is named too. Throws OperatingError.
 */
export async function readableDataOf(
  command: Command,
  options: SourceOptions,
  context: CliContext,
): Promise<ReadableData> {
  if (options.data !== undefined) return await untouchedDataOf(options.data, command, context);
  const settings = await requireReadingSettings(configFileOf(command, context), context);
  const { data: file, projects } = settings;
  const data = canBeWritten(file) ? asItIs(file) : readOnlyData(file);
  context.atEnd?.(data.release);
  if (data.access === "shared") await settleData(data.file, settings, context);
  return { file, data, rules: { projects, defaultProject: DEFAULT_PROJECT }, settings };
}

async function untouchedDataOf(name: string, command: Command, context: CliContext): Promise<ReadableData> {
  const file = dataPath(name, context);
  const settings =
    givenConfig(command) === undefined
      ? undefined
      : await requireReadingSettings(configFileOf(command, context), context);
  const data = readOnlyData(file);
  context.atEnd?.(data.release);
  if (data.isBehind) await settleData(data.file, settings, context);
  const projects = Object.create(null) as Record<string, ReadRules["defaultProject"]>;
  for (const [project, rules] of Object.entries(settings?.projects ?? {})) {
    projects[project] = { ...rules, retentionMs: ALL_IS_SHOWN };
  }
  const rules = { projects, defaultProject: { ...DEFAULT_PROJECT, retentionMs: ALL_IS_SHOWN } };
  return { file, data, rules, settings };
}

/**
 * The data file to change that the options or the configuration name. `require` loads the configuration where it is needed. Throws
 * OperatingError.
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
  await settleData(file, settings, context);
  return { file, settings };
}

function dataPath(data: string, { cwd }: CliContext): string {
  if (data === "") throw new OperatingError("usage", "--data: expected the path of a file");
  return resolve(cwd, data);
}

/** Tells on stderr what an answer does not cover. Throws where the reason is damage. */
export function tellNotes({ stoppedEarly, damagedBlocks }: ScanWarnings, { stderr }: CliContext): void {
  if (stoppedEarly !== undefined)
    stderr.write(`simplelogs: the answer is not complete: ${shownText(stoppedEarly, NOTE_LENGTH_MAX)}\n`);
  if (damagedBlocks === undefined) return;
  throw new OperatingError(
    "data_unreadable",
    `the answer is not complete: damaged blocks left out: ${damagedBlocks}; \`simplelogs doctor\` names them`,
  );
}

/** A whole number of `least` or more from an option. Throws OperatingError("usage"). */
export function wholeNumber(text: string, option: string, least: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new OperatingError(
    "usage",
    `${option}: expected a whole number of ${least} or more, got ${JSON.stringify(text)}`,
  );
}
