// What would keep `serve` from starting, beyond the text of the configuration: the data file, its folder, and what to listen on. Each
// is looked at as far as that changes nothing.

import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { settingLine } from "../config/load.ts";
import { type ConfigProblem, configProblem } from "../config/problem.ts";
import type { Settings } from "../config/settings.ts";
import { lockHolder } from "../store/lock.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "../store/schema.ts";

/** What was found, and who runs on the data file now: that is no problem for whoever tests a change. */
export interface StartFindings {
  readonly problems: readonly ConfigProblem[];
  readonly holder: string | undefined;
}

/** SQLite's header: https://www.sqlite.org/fileformat2.html#the_database_header */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const VERSION_AT = 60;
const APPLICATION_AT = 68;

/** Looks at what the settings name. */
export async function checkStart(settings: Settings): Promise<StartFindings> {
  const { data, file } = settings;
  const found: { readonly name: string; readonly message: string }[] = [];
  const dataProblem = dataProblemOf(data);
  if (dataProblem !== undefined) found.push({ name: "data", message: `data: cannot use ${data}: ${dataProblem}` });
  const process = dataProblem === undefined ? lockHolder(data) : undefined;
  const holder = process === undefined ? undefined : `process ${process} runs on it`;
  const listening = await listenProblem(settings.host, settings.port);
  // The port that is taken is most likely that server's own.
  if (listening !== undefined && !(listening.isTaken && holder !== undefined)) {
    found.push({ name: listening.name, message: `${listening.name}: ${listening.message}` });
  }
  const problems = await Promise.all(
    found.map(async ({ name, message }) => configProblem(file, await settingLine(file, name), message)),
  );
  return { problems: problems.toSorted((one, other) => one.line - other.line), holder };
}

/** Why the data file cannot be used; undefined where nothing is seen that stands against it. */
function dataProblemOf(data: string): string | undefined {
  const folder = dirname(data);
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (!statSync(folder).isDirectory()) return `${folder} is no folder`;
  if (!isAllowed(folder, constants.W_OK | constants.X_OK)) return `this user may not write into the folder ${folder}`;
  const stat = statSync(data, { throwIfNoEntry: false });
  if (stat === undefined) {
    const log = statSync(`${data}-wal`, { throwIfNoEntry: false });
    return log === undefined || log.size === 0
      ? undefined
      : `its log ${data}-wal is there without it, and a start would lose what is in that: put the data file back`;
  }
  if (stat.isDirectory()) return "it is a folder; name the data file in it";
  if (!stat.isFile()) return "it is no file";
  if (!isAllowed(data, constants.R_OK | constants.W_OK)) return "this user may not read and write it";
  return stat.size === 0 ? undefined : headerProblem(readHeader(data));
}

function headerProblem(header: Buffer): string | undefined {
  if (header.length < HEADER_BYTES || header.toString("latin1", 0, MAGIC.length) !== MAGIC) {
    return "it is not a data file of simplelogs";
  }
  const version = header.readUInt32BE(VERSION_AT);
  const application = header.readUInt32BE(APPLICATION_AT);
  // A start that was cut short leaves both at 0, and their values in the log.
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

/** Listens for a moment. */
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
      message: `this user may not listen on port ${port}: below 1024 it is a privilege`,
      isTaken: false,
    };
  }
  const reason = code === "EADDRNOTAVAIL" ? "it is no address of this machine" : code;
  return { name: "host", message: `cannot listen on ${shown}: ${reason}`, isTaken: false };
}
