// `simplelogs check`: loads the configuration, checks that a server could start with it, and prints a summary.
//
// Beyond the text of the file it looks at the data file, its folder, and the address to listen on. It changes none of
// them.

import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Command } from "commander";
import { loadSettings, settingLine } from "../config/load.ts";
import { type ConfigProblem, configProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import { formatCountOf } from "../core/format.ts";
import { DAY_MS } from "../core/limits.ts";
import { escapeControls } from "../core/terminal.ts";
import { lockHolder } from "../store/lock.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "../store/schema.ts";
import { addConfigOption, type CliContext, configFileOf, configInvalid, displayPath, warningLines } from "./context.ts";
import { pairRows } from "./keys.ts";
import { jsonLine } from "./output.ts";

/** The summary for people, one setting a line. */
function summary(settings: Settings, file: string, holder: string | undefined): string {
  const pairs = pairRows(settings).map((row) => {
    const halves = [row.server, row.client].filter((half) => half !== null).join(", ");
    return `  ${row.name} (project ${row.project}): ${halves}${row.revoked ? ", revoked" : ""}`;
  });
  const projects = Object.entries(settings.projects).map(([name, project]) => {
    const limit =
      project.monthlyEntries === undefined
        ? ""
        : `, ${project.monthlyEntries} entries a month, then ${project.overage}`;
    return `  ${name}: retention ${project.retentionMs / DAY_MS} days${limit}`;
  });
  const lines = [
    `OK ${file}`,
    `listen      ${settings.tls === undefined ? "http" : "https"}, ${settings.host} port ${settings.port === 0 ? "any" : settings.port}`,
    `data        ${settings.data}${holder === undefined ? "" : ` (${holder})`}`,
    `durability  ${settings.storage.durability}`,
    `reading     ${readingText(settings)}`,
    `keys        ${formatCountOf(settings.keys.length, "pair")}`,
    ...pairs,
    `projects    ${Object.keys(settings.projects).length}`,
    ...projects,
    ...markersLines(settings),
    ...clusterLines(settings),
  ];
  return `${lines.map(escapeControls).join("\n")}\n`;
}

function readingText({ adminTokenSha256, readers }: Settings): string {
  const shown = readers.map(({ name, projects }) => `${name} (${projects?.join(", ") ?? "all projects"})`);
  if (adminTokenSha256 === undefined && shown.length === 0) return "off (no admin_token)";
  return [
    adminTokenSha256 === undefined ? "nobody changes anything (no admin_token)" : "with the admin token",
    ...shown,
  ].join("; ");
}

/** What the lines in charts are; no line where there are none. */
function markersLines({ markers, projects }: Settings): string[] {
  const own = Object.entries(projects).flatMap(([project, { markers: rule }]) =>
    rule === undefined ? [] : [`  ${project}: ${rule.q}, named by ${rule.label}`],
  );
  if (markers === undefined && own.length === 0) return [];
  return [`markers     ${markers === undefined ? "of projects" : `${markers.q}, named by ${markers.label}`}`, ...own];
}

/** Where the records are shipped to; no line where they are not. */
function clusterLines({ clickhouse }: Settings): string[] {
  if (clickhouse === undefined) return [];
  const { urls, database, node } = clickhouse;
  return [
    `clickhouse  node ${node}, database ${database} at ${urls.join(", ")}; \`simplelogs clickhouse check\` asks them`,
  ];
}

/** Adds the command to the program. */
export function registerCheck(program: Command, context: CliContext): void {
  const command = addConfigOption(program.command("check"))
    .summary("check the configuration file")
    .description(
      "Prints OK and a summary, or every problem that would keep the server from starting, as file:line: message. Also " +
        "checks the certificate, the data file and the port. The exit code is 2 if there is a problem.",
    )
    .option("--json", "print one JSON object");
  command.action(async (options: { json?: boolean }) => {
    const file = configFileOf(command, context);
    const result = await loadSettings(file, context.env);
    if (!result.ok) {
      if (options.json === true) context.stdout.write(jsonLine({ ok: false, problems: result.problems }, context));
      throw configInvalid(result.problems, context);
    }
    const { settings, warnings } = result;
    const { problems, holder } = await checkStart(settings);
    if (problems.length > 0) {
      if (options.json === true) context.stdout.write(jsonLine({ ok: false, problems }, context));
      throw configInvalid(problems, context);
    }
    if (options.json === true) {
      const { host, port, data, projects, storage, tls } = settings;
      const reading = settings.adminTokenSha256 !== undefined || settings.readers.length > 0;
      const keys = pairRows(settings);
      const readers = settings.readers.map(({ name, projects }) => ({ name, projects: projects ?? null }));
      const durability = storage.durability;
      const report = {
        ok: true,
        file,
        warnings,
        host,
        port,
        tls: tls !== undefined,
        data,
        ...(holder === undefined ? {} : { holder }),
        durability,
        reading,
        readers,
        keys,
        projects,
      };
      context.stdout.write(jsonLine(report, context));
      return;
    }
    if (warnings.length > 0) context.stderr.write(`${warningLines(warnings, context)}\n`);
    context.stdout.write(summary(settings, displayPath(file, context), holder));
  });
}

/**
 * The problems, and the process that runs on the data file now. A running server is no problem: somebody tests a
 * change.
 */
interface StartFindings {
  readonly problems: readonly ConfigProblem[];
  readonly holder: string | undefined;
}

/** SQLite's header: https://www.sqlite.org/fileformat2.html#the_database_header */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const VERSION_AT = 60;
const APPLICATION_AT = 68;

/** Checks the data file, its folder and the address that the settings name. Changes nothing. */
export async function checkStart(settings: Settings): Promise<StartFindings> {
  const { data, file } = settings;
  const found: { readonly name: string; readonly message: string }[] = [];
  const dataProblem = dataProblemOf(data);
  if (dataProblem !== undefined) found.push({ name: "data", message: `data: cannot use ${data}: ${dataProblem}` });
  const process = dataProblem === undefined ? lockHolder(data) : undefined;
  const holder = process === undefined ? undefined : `process ${process} runs on it`;
  const listening = await listenProblem(settings.host, settings.port);
  // That server most likely listens on the port itself.
  if (listening !== undefined && !(listening.isTaken && holder !== undefined)) {
    found.push({ name: listening.name, message: `${listening.name}: ${listening.message}` });
  }
  const problems = await Promise.all(
    found.map(async ({ name, message }) => configProblem(file, await settingLine(file, name), message)),
  );
  return { problems: problems.toSorted((one, other) => one.line - other.line), holder };
}

/** Why the data file cannot be used; undefined if no reason was found. */
function dataProblemOf(data: string): string | undefined {
  const folder = dirname(data);
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (!statSync(folder).isDirectory()) return `${folder} is not a folder`;
  if (!isAllowed(folder, constants.W_OK | constants.X_OK)) return `this user may not write into the folder ${folder}`;
  const stat = statSync(data, { throwIfNoEntry: false });
  if (stat === undefined) {
    const log = statSync(`${data}-wal`, { throwIfNoEntry: false });
    return log === undefined || log.size === 0
      ? undefined
      : `its log ${data}-wal is there without it, and a start would lose the records in it: put the data file back`;
  }
  if (stat.isDirectory()) return "it is a folder; name the data file in it";
  if (!stat.isFile()) return "it is not a regular file";
  if (!isAllowed(data, constants.R_OK | constants.W_OK)) return "this user may not read and write it";
  return stat.size === 0 ? undefined : headerProblem(readHeader(data));
}

function headerProblem(header: Buffer): string | undefined {
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    return "it is not a data file of simplelogs";
  }
  const version = header.readUInt32BE(VERSION_AT);
  const application = header.readUInt32BE(APPLICATION_AT);
  // An interrupted first start leaves both at 0; their values are in the write-ahead log.
  if (application === 0 && version === 0) return undefined;
  if (application !== APPLICATION_ID) return "it is a database of another program";
  if (version <= FORMAT_VERSION) return undefined;
  return `it has format ${version}, this program knows formats up to ${FORMAT_VERSION}; use a newer simplelogs`;
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const handle = openSync(file, "r");
  try {
    return header.subarray(0, readSync(handle, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(handle);
  }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

interface ListenProblem {
  readonly name: "host" | "port";
  readonly message: string;
  readonly isTaken: boolean;
}

/** Listens for a moment to see whether it is possible. */
function listenProblem(host: string, port: number): Promise<ListenProblem | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(listenProblemOf(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function listenProblemOf(error: Error, host: string, port: number): ListenProblem {
  const code = "code" in error ? String(error.code) : error.message;
  const shown = JSON.stringify(host);
  if (code === "EADDRINUSE") {
    return { name: "port", message: `something else listens on ${host} port ${port}; choose another`, isTaken: true };
  }
  if (code === "EACCES") {
    return {
      name: "port",
      message: `this user may not listen on port ${port}: ports below 1024 need a privilege`,
      isTaken: false,
    };
  }
  const reason = code === "EADDRNOTAVAIL" ? "this machine has no such address" : code;
  return { name: "host", message: `cannot listen on ${shown}: ${reason}`, isTaken: false };
}
