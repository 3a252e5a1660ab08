// `simplelogs export`: every record in the order of ids, also while the server runs. Records go to stdout, progress and
// problems to stderr.

import { resolve } from "node:path";
import type { Command } from "commander";
import { DEFAULT_PROJECT } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import type { ExportFormat } from "../core/reading.ts";
import type { ShownRecord } from "../core/record.ts";
import { escapeControls, escapeControlsInJson } from "../core/terminal.ts";
import { sentTimeZone } from "../core/time_zone.ts";
import { type ExportBlock, type ExportFilter, exportLines } from "../query/export.ts";
import { headerOf, lineOf } from "../query/export_text.ts";
import type { Expression } from "../query/search/expression.ts";
import { parseSearch } from "../query/search/parse.ts";
import { BlockReader } from "../store/block_reader.ts";
import { isStoreError } from "../store/database.ts";
import { addConfigOption, type CliContext, configFileOf, requireSettings } from "./context.ts";
import { parseInstant } from "./instant.ts";
import { settleData } from "./settled_data.ts";
import { refusalError } from "./source.ts";
import { FROM_HELP, TO_HELP } from "./tools.ts";

interface ExportOptions {
  readonly query?: string;
  readonly format?: string;
  readonly csv?: string;
  readonly project?: string;
  readonly from?: string;
  readonly to?: string;
  readonly data?: string;
}

/** Writes text and resolves when there is room for more; false once nobody reads any more. */
export type WriteText = (text: string) => Promise<boolean>;

/** Characters that go to one write, about: large enough to be quick, small enough to hold. */
const WRITE_LENGTH = 256 * 1024;
/** Damaged blocks that are named one by one. */
const DAMAGED_NAMED_MAX = 20;
/** How often progress is told on a terminal, in ms. */
const PROGRESS_EVERY_MS = 500;

const EXAMPLES = `
Examples:
  simplelogs export > all.ndjson
  simplelogs export --format csv --project shop --from 24h > yesterday.csv
  simplelogs export -q 'metadata.userId:u_123' > u_123.ndjson
`;

export function registerExport(program: Command, context: CliContext, write: WriteText): void {
  addConfigOption(program.command("export"))
    .description("write every record to standard output, in the order of their ids; works while the server runs")
    .option("-f, --format <format>", "ndjson or csv (default: ndjson)")
    .option("--csv <kind>", "exact, or spreadsheet: ISO times, a byte order mark, and no formulas; csv for --format")
    .option("-p, --project <name>", "only this project's records")
    .option("-q, --query <search>", "only records that match this search; `simplelogs query --help` explains it")
    .option("--from <time>", FROM_HELP)
    .option("--to <time>", TO_HELP)
    .option("--data <file>", "read this data file instead of the configured one")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ExportOptions, command: Command) => {
      await exportAll(configFileOf(command, context), options, context, write);
    });
}

async function exportAll(file: string, options: ExportOptions, context: CliContext, write: WriteText): Promise<void> {
  const format = formatOf(options);
  const lineFor = lineWriter(format, context);
  const { search } = searchOf(options.query);
  const now = Date.now();
  const from = options.from === undefined ? Number.NEGATIVE_INFINITY : parseInstant(options.from, "--from", now);
  const to = options.to === undefined ? Number.POSITIVE_INFINITY : parseInstant(options.to, "--to", now);
  const settings = await requireSettings(file, context);
  const data = options.data === undefined ? settings.data : resolve(context.cwd, options.data);
  await settleData(data, settings, context);
  const { project } = options;
  const reader = new BlockReader(data);
  try {
    const isKnown = (name: string) =>
      reader.hasProject(name) || name in settings.projects || settings.keys.some((key) => key.project === name);
    if (project !== undefined && !isKnown(project)) {
      throw new OperatingError(
        "usage",
        `--project: there is no project "${project}"; there are: ${reader.projects().join(", ") || "none yet"}`,
      );
    }
    const filter: ExportFilter = {
      project,
      from,
      to,
      search,
      expiredBefore: (name) => now - (settings.projects[name] ?? DEFAULT_PROJECT).retentionMs,
    };
    const damage = new Damage(context, reader.damagedHeaders());
    const progress = new Progress(context);
    const header = headerOf(format);
    if (header !== "" && !(await write(header))) return;
    const onDamaged = (block: ExportBlock, reason: string) => damage.report(block, reason);
    for (const lines of exportLines(reader, { filter, lineOf: lineFor, onDamaged })) {
      for (const text of chunksOf(lines)) if (!(await write(text))) return;
      progress.add(lines.length);
    }
    progress.end();
    damage.throwIfAny(data);
  } catch (error) {
    if (!isStoreError(error)) throw error;
    throw new OperatingError("data_unreadable", `cannot read ${data}: ${error.message}`, { cause: error });
  } finally {
    reader.close();
  }
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  let text = "";
  for (const line of lines) {
    text += line;
    if (text.length < WRITE_LENGTH) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

/** What could not be read: told at once, block by block, while the export goes on; in the end it is a failure. */
class Damage {
  readonly #context: CliContext;
  #blocks = 0;
  #records = 0;

  constructor(context: CliContext, headers: readonly number[]) {
    this.#context = context;
    for (const block of headers) this.#count(0, `block ${block}: its header is damaged; its records may be missing`);
  }

  report(block: ExportBlock, reason: string): void {
    const { id, project, records, idMin, idMax } = block;
    const which = `block ${id} (project "${project}", records: ${records}, ids ${idMin} to ${idMax})`;
    this.#count(records, `${which} is left out: ${reason}`);
  }

  throwIfAny(data: string): void {
    if (this.#blocks === 0) return;
    throw new OperatingError(
      "data_unreadable",
      `${data} is damaged: blocks left out: ${this.#blocks}, records in them: ${this.#records}; all others are exported; ` +
        "look after the disk, and take the missing records from a copy of the file",
    );
  }

  #count(records: number, message: string): void {
    this.#blocks++;
    this.#records += records;
    if (this.#blocks <= DAMAGED_NAMED_MAX) this.#context.stderr.write(`simplelogs: ${message}\n`);
  }
}

/** Throws OperatingError("usage"). */
function searchOf(q = ""): { search: Expression } {
  const parsed = parseSearch(q, sentTimeZone());
  if (parsed.ok) return parsed;
  throw refusalError({ code: "bad_query", ...parsed.problem }, q);
}

/** On a terminal, texts of records must not steer it: values of JSON stay what they are, those of CSV are shown escaped. */
function lineWriter(format: ExportFormat, { isTerminal }: CliContext): (record: ShownRecord) => string {
  const line = lineOf(format);
  if (!isTerminal) return line;
  if (format !== "ndjson") return (record) => `${escapeControls(line(record).slice(0, -2))}\n`;
  return (record) => `${escapeControlsInJson(JSON.stringify(record))}\n`;
}

/** --csv says that it is CSV. Throws OperatingError("usage"). */
export function formatOf({ format, csv }: Pick<ExportOptions, "format" | "csv">): ExportFormat {
  const type = format ?? (csv === undefined ? "ndjson" : "csv");
  if (type !== "ndjson" && type !== "csv") {
    throw new OperatingError("usage", `--format: expected ndjson or csv, got ${JSON.stringify(type)}`);
  }
  if (csv !== undefined && csv !== "exact" && csv !== "spreadsheet") {
    throw new OperatingError("usage", `--csv: expected exact or spreadsheet, got ${JSON.stringify(csv)}`);
  }
  if (csv !== undefined && type !== "csv") throw new OperatingError("usage", "--csv needs --format csv");
  return csv === "spreadsheet" ? csv : type;
}

/** A count on a terminal, told while the records themselves go elsewhere. */
class Progress {
  readonly #context: CliContext;
  readonly #isShown: boolean;
  #count = 0;
  #toldAt = 0;

  constructor(context: CliContext) {
    this.#context = context;
    this.#isShown = context.isErrorTerminal && !context.isTerminal;
  }

  add(count: number): void {
    this.#count += count;
    if (!this.#isShown || Date.now() < this.#toldAt + PROGRESS_EVERY_MS) return;
    this.#toldAt = Date.now();
    this.#context.stderr.write(`\r${this.#count.toLocaleString("en")} records`);
  }

  end(): void {
    if (this.#toldAt > 0) this.#context.stderr.write(`\r${this.#count.toLocaleString("en")} records, done\n`);
  }
}
