// Loads a configuration file: its text becomes settings, or a list of every problem. Plain-text keys go no further than
// here.

import { open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { alertRules, checkAlerts } from "./alerts.ts";
import { checkDocument } from "./check.ts";
import { checkClickHouse, clickHouseSettings } from "./clickhouse.ts";
import { checkDestinations, destinationOf } from "./destinations.ts";
import {
  type LineProblem,
  type Path,
  parseSyntax,
  readDocument,
  type TomlDocument,
  type TomlTable,
  type TomlValue,
} from "./document.ts";
import { type ConfigProblem, configProblem } from "./problem.ts";
import { checkReaders, readerSettings } from "./readers.ts";
import { checkRelations, mistypedFor } from "./relations.ts";
import { FileSchema, type FileValues, PairSchema } from "./schema.ts";
import { DEFAULT_PROJECT, type KeyPair, type ProjectSettings, type Settings } from "./settings.ts";
import { checkSyslog, syslogSettings, syslogTlsPaths } from "./syslog.ts";
import { checkTlsFiles, type TlsFinding, type TlsPaths } from "./tls_files.ts";
import type { Environment } from "./value_text.ts";

/** Settings that can be used, or why there are none; problems and warnings are in the order of their lines. */
export type LoadResult =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** The result of parsing, and what the checks of the file system need. */
interface Parsed {
  readonly result: LoadResult;
  readonly plainSecretLine: number | undefined;
  readonly tlsFiles: readonly TlsFiles[];
}

/** The two files of one certificate, and the settings that name them. */
interface TlsFiles {
  /** Absolute. */
  readonly paths: TlsPaths;
  readonly names: TlsPaths;
  readonly lines: Readonly<Record<keyof TlsPaths, number>>;
}

/** A configuration of some hundred pairs has some tens of KiB; more than this is some other file. */
const FILE_BYTES_MAX = 4 * 2 ** 20;
const OTHERS_CAN_READ = 0o004;
const NO_RELATIONS: ReturnType<typeof checkRelations> = { problems: [], warnings: [] };

function keyPairs(values: FileValues): KeyPair[] {
  return values.keys.map((pair) => {
    const server = pair.server ?? pair.server_sha256;
    const client = pair.client ?? pair.client_sha256;
    return {
      name: pair.name,
      project: pair.project,
      serverSha256: server?.sha256,
      clientSha256: client?.sha256,
      serverMasked: server?.masked,
      clientMasked: client?.masked,
      origins: [...new Set(pair.origins)],
      rate: pair.rate,
      revoked: pair.revoked,
    };
  });
}

function projects(values: FileValues): Readonly<Record<string, ProjectSettings>> {
  const all: Record<string, ProjectSettings> = Object.create(null);
  for (const pair of values.keys) all[pair.project] = DEFAULT_PROJECT;
  for (const [name, project] of Object.entries(values.projects)) {
    all[name] = {
      retentionMs: project.retention,
      monthlyEntries: project.monthly_entries,
      overage: project.overage,
      ...(project.markers === undefined ? {} : { markers: project.markers }),
    };
  }
  return all;
}

function unusedProjects({ keys, projects: tables }: FileValues): string[] {
  const used = new Set(keys.map((pair) => pair.project));
  return Object.keys(tables).filter(
    (name) => !used.has(name) && mistypedFor(name, used, Object.keys(tables)) === undefined,
  );
}

function assemble(document: TomlDocument, values: FileValues, file: string): Settings {
  const folder = dirname(file);
  return {
    file,
    host: values.host,
    port: values.port,
    hosts: values.hosts,
    data: resolve(folder, values.data),
    adminTokenSha256: (values.admin_token ?? values.admin_token_sha256)?.sha256,
    readers: readerSettings(values),
    metricsOpen: values.metrics_open,
    trustedProxies: values.trusted_proxies,
    bodyBytesMax: values.max_body,
    entriesMax: values.max_entries,
    keys: keyPairs(values),
    projects: projects(values),
    unusedProjects: unusedProjects(values),
    queue: { requests: values.queue.requests, bytes: values.queue.bytes, clientShare: values.queue.client_share },
    storage: { durability: values.storage.durability, bytesMax: values.storage.max_size },
    timings: {
      timeoutMs: values.timings.timeout,
      orphanGraceMs: values.timings.orphan_grace,
      openMax: values.timings.max_open,
      openBytesMax: values.timings.max_open_bytes,
    },
    dedupe: { windowMs: values.dedupe.window, requests: values.dedupe.requests },
    otlp: { bodyBytesMax: values.otlp.max_body, resource: values.otlp.resource },
    syslog: syslogSettings(values, file),
    alerts: alertRules(document, values.alerts),
    publicUrl: values.public_url,
    markers: values.markers,
    destinations: values.destinations.map(destinationOf),
    heartbeatUrl: values.heartbeat_url,
    privateAddresses: values.private_addresses,
    clickhouse: clickHouseSettings(values.clickhouse),
    log: { level: values.log.level },
    tls:
      values.tls === undefined
        ? undefined
        : { cert: resolve(folder, values.tls.cert), key: resolve(folder, values.tls.key) },
  };
}

function tlsFilesOf(document: TomlDocument, completed: TomlTable, file: string): TlsFiles[] {
  const files: TlsFiles[] = syslogTlsPaths(completed, file).map(([index, paths]) => ({
    paths,
    names: { cert: "syslog.tls_cert", key: "syslog.tls_key" },
    lines: { cert: document.line(["syslog", index, "tls_cert"]), key: document.line(["syslog", index, "tls_key"]) },
  }));
  const { tls } = completed;
  if (typeof tls !== "object" || Array.isArray(tls)) return files;
  const { cert, key } = tls;
  if (typeof cert !== "string" || typeof key !== "string") return files;
  files.push({
    paths: { cert: resolve(dirname(file), cert), key: resolve(dirname(file), key) },
    names: { cert: "tls.cert", key: "tls.key" },
    lines: { cert: document.line(["tls", "cert"]), key: document.line(["tls", "key"]) },
  });
  return files;
}

function inOrder(file: string, problems: readonly LineProblem[]): ConfigProblem[] {
  const sorted = problems.toSorted((a, b) => a.line - b.line);
  return sorted.map((problem) => configProblem(file, problem.line, problem.message));
}

/** What a command reads: the data file alone, or records, which may be in the cluster too. */
export type Reading = "file" | "records";

/** The settings that commands need which only read. */
const READING_NAMES: Readonly<Record<Reading, ReadonlySet<unknown>>> = {
  file: new Set(["data", "projects"]),
  records: new Set(["data", "projects", "clickhouse"]),
};

/** Leaves out what could not be read: reading commands need neither keys nor tokens. */
function withoutUnread(completed: TomlTable, reading: Reading): TomlTable {
  const keys = Array.isArray(completed["keys"]) ? completed["keys"] : [];
  const isWhole = (pair: TomlValue) =>
    typeof pair === "object" && !Array.isArray(pair) && Value.Check(PairSchema, pair) && pair["name"] !== undefined;
  const { tls: _tls, markers: _markers, clickhouse, ...others } = completed;
  const rest = clickhouse === undefined || reading === "file" ? others : { ...others, clickhouse };
  return { ...rest, keys: keys.filter(isWhole), readers: [], syslog: [], alerts: [], destinations: [] };
}

function parse(text: string, file: string, environment: Environment, reading?: Reading): Parsed {
  const syntax = parseSyntax(text);
  if (syntax.tree === undefined) {
    const result: LoadResult = { ok: false, problems: inOrder(file, syntax.problems) };
    return { result, plainSecretLine: undefined, tlsFiles: [] };
  }
  const document = readDocument(syntax.tree);
  const needed = reading === undefined ? undefined : READING_NAMES[reading];
  const needsVariable = needed === undefined ? undefined : ([name]: Path) => needed.has(name);
  const checked = checkDocument(document, environment, needsVariable);
  const { problems, plainSecretLine } = checked;
  const completed = checked.omitted > 0 ? withoutUnread(checked.completed, reading ?? "records") : checked.completed;
  const relations = checked.omitted > 0 ? NO_RELATIONS : relationsOf(document, completed);
  // A missing name may be on a line that could not be parsed.
  const isMisled = (problem: LineProblem) => syntax.problems.length > 0 && problem.isMissing === true;
  const found = [...problems, ...relations.problems].filter((problem) => !isMisled(problem));
  const all = [...syntax.problems, ...found];
  const tlsFiles = tlsFilesOf(document, completed, file);
  if (all.length > 0) return { result: { ok: false, problems: inOrder(file, all) }, plainSecretLine, tlsFiles };
  const settings = assemble(document, Value.Decode(FileSchema, completed), resolve(file));
  return { result: { ok: true, settings, warnings: inOrder(file, relations.warnings) }, plainSecretLine, tlsFiles };
}

function relationsOf(document: TomlDocument, completed: TomlTable): ReturnType<typeof checkRelations> {
  const checks = [checkRelations, checkReaders, checkSyslog, checkAlerts, checkDestinations, checkClickHouse];
  const all = checks.map((check) => check(document, completed));
  return { problems: all.flatMap(({ problems }) => problems), warnings: all.flatMap(({ warnings }) => warnings) };
}

/**
 * The settings for a command that only reads: variables of the environment that keys and tokens come from need not be
 * set, and no file but this one is looked at. Where only the data file is read, those of the cluster need not be, and
 * then there is no `clickhouse`.
 */
export async function loadReadingSettings(
  file: string,
  environment: Environment,
  reading: Reading,
): Promise<LoadResult> {
  const read = await readConfigFile(file);
  if ("problem" in read) return { ok: false, problems: [read.problem] };
  return parse(read.text, file, environment, reading).result;
}

/**
 * Parses a configuration's text. Relative paths are relative to the folder of `file`, which problems name as it is
 * given.
 */
export function parseSettings(text: string, file: string, environment: Environment): LoadResult {
  return parse(text, file, environment).result;
}

/** The text of bytes that are UTF-8, or the first line that is not. */
function decodeText(bytes: Uint8Array): { readonly text: string } | { readonly badLine: number } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const lines = Buffer.from(bytes).toString("latin1").split("\n");
    const isBad = (line: string) =>
      Buffer.from(Buffer.from(line, "latin1").toString("utf8")).toString("latin1") !== line;
    return { badLine: lines.findIndex(isBad) + 1 };
  }
}

/** A configuration file's text and mode, or why it cannot be read. */
export async function readConfigFile(
  file: string,
): Promise<{ readonly text: string; readonly mode: number } | { readonly problem: ConfigProblem }> {
  const refuse = (line: number, message: string) => ({ problem: configProblem(file, line, message) });
  try {
    const handle = await open(file, "r");
    try {
      const stat = await handle.stat();
      if (stat.isDirectory()) return refuse(0, "cannot read the configuration: this is a folder");
      if (stat.size > FILE_BYTES_MAX) {
        return refuse(
          0,
          `cannot read the configuration: it has ${stat.size} bytes, expected at most ${FILE_BYTES_MAX}`,
        );
      }
      const decoded = decodeText(await handle.readFile());
      if ("badLine" in decoded) return refuse(decoded.badLine, "this line is not UTF-8: save the file as UTF-8");
      return { text: decoded.text, mode: stat.mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT")
      return refuse(0, "cannot read the configuration: there is no such file; `simplelogs init` makes one");
    return refuse(0, `cannot read the configuration: ${code}`);
  }
}

/** Line of a top-level setting in a file; 1 if it is not there or the file cannot be read. */
export async function settingLine(file: string, name: string): Promise<number> {
  const read = await readConfigFile(file);
  const tree = "problem" in read ? undefined : parseSyntax(read.text).tree;
  return tree === undefined ? 1 : readDocument(tree).line([name]);
}

async function findingsOf({ paths, names, lines }: TlsFiles) {
  const { problems, warnings } = await checkTlsFiles(paths, Date.now(), names.key);
  const place = ({ name, message }: TlsFinding) => ({ line: lines[name], message: `${names[name]}: ${message}` });
  return { problems: problems.map(place), warnings: warnings.map(place) };
}

/** Loads the file, and checks who can read it and whether the TLS files are usable. */
export async function loadSettings(file: string, environment: Environment): Promise<LoadResult> {
  const read = await readConfigFile(file);
  if ("problem" in read) return { ok: false, problems: [read.problem] };
  const { result, plainSecretLine, tlsFiles } = parse(read.text, file, environment);
  const findings = await Promise.all(tlsFiles.map(findingsOf));
  const tlsProblems = findings.flatMap(({ problems }) => problems);
  if (!result.ok || tlsProblems.length > 0) {
    const problems = [...(result.ok ? [] : result.problems), ...inOrder(file, tlsProblems)];
    return { ok: false, problems: problems.toSorted((a, b) => a.line - b.line) };
  }
  const warnings = [
    ...result.warnings,
    ...inOrder(
      file,
      findings.flatMap((found) => found.warnings),
    ),
  ];
  if (plainSecretLine === undefined || process.platform === "win32" || (read.mode & OTHERS_CAN_READ) === 0)
    return { ...result, warnings };
  const mode = (read.mode & 0o777).toString(8).padStart(4, "0");
  const message = `every user of this machine can read the secrets in this file (mode ${mode}): run chmod 600`;
  return { ...result, warnings: [...warnings, configProblem(file, plainSecretLine, message)] };
}
