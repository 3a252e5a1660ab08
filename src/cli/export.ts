// `simplelogs export`: writes every matching record in the order of ids, from the data file or from a server.
//
// Records go to stdout at the reader's pace. Progress and problems go to stderr. A damaged block is reported at once
// and left out. The export goes on, and the command fails at the end.

import { type Command, Option } from "commander";
import { type Clock, systemClock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { ExportFormat, ExportRequest, QueryScope } from "../core/queries.ts";
import type { ShownRecord } from "../core/record.ts";
import { finishSteps } from "../core/steps.ts";
import { escapeControls, escapeControlsInJson } from "../core/terminal.ts";
import { HistoryError } from "../query/scan/records.ts";
import { isRefusal, refuseUnknownProject, resolveScope } from "../query/scan/scope.ts";
import { type ExportBlock, exportLines } from "../query/stream/export.ts";
import { exportHeader, joinedLines, lineFormatter } from "../query/stream/export_text.ts";
import { isStoreError } from "../store/database.ts";
import { exportHistory, loadHistory, NodeReader } from "../threads/reader/node_reader.ts";
import { addConfigOption, type CliContext } from "./context.ts";
import { type ReadableData, readableDataOf } from "./data_file.ts";
import {
  addScopeOptions,
  addSourceOptions,
  remoteAddressOf,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
} from "./options.ts";
import { jsonLine, Progress, type WriteText } from "./output.ts";
import { RemoteServer } from "./remote_server.ts";
import { scopeParameters, withSearch } from "./remote_source.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_arguments.ts";
import { refusalError } from "./source.ts";

interface ExportOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly format?: string;
  readonly csv?: string;
  /** Spellings of --format and --project in earlier versions. */
  readonly f?: string;
  readonly p?: string;
}

const EXAMPLES = `
Examples:
  simplelogs export > all.ndjson
  simplelogs export --format csv --project shop --from 24h > yesterday.csv
  simplelogs export --csv spreadsheet --from 7d > week.csv
  simplelogs export metadata.userId:u_123 > u_123.ndjson
`;

/** Adds the command to the program. `write` is the stdout at the reader's pace. */
export function registerExport(program: Command, context: CliContext, write: WriteText): void {
  const command = addSearch(addConfigOption(program.command("export")))
    .summary("write every record to standard output")
    .description("Writes every matching record to standard output, in the order of ids, also while the server runs.")
    .option("--format <format>", "ndjson or csv (default: ndjson)")
    .option("--csv <kind>", "exact, or spreadsheet (ISO times, a byte order mark, no formulas); implies --format csv");
  addScopeOptions(command);
  addSourceOptions(command)
    .addOption(new Option("-f <format>").hideHelp())
    .addOption(new Option("-p <name>").hideHelp());
  addSearchHelp(command, EXAMPLES, context).action(async (words: readonly string[], given: ExportOptions) => {
    const options = { ...given, project: given.project ?? given.p };
    const format = formatOf({ ...given, ...(given.f === undefined ? {} : { format: given.f }) });
    const scope = scopeOf(searchWords(words, options), options, systemClock());
    const address = remoteAddressOf(command, options, context);
    if (address !== undefined) {
      await exportRemote(new RemoteServer(address), { format, scope }, { context, write });
      return;
    }
    const local = await readableDataOf(command, options, context, "records");
    await exportLocal({
      local,
      scope,
      header: exportHeader(format),
      lineOf: lineWriter(format, context),
      write,
      context,
      clock: systemClock,
    });
  });
}

/** The format that --format and --csv select; --csv implies CSV. Throws OperatingError("usage"). */
function formatOf({ format, csv }: Pick<ExportOptions, "format" | "csv">): ExportFormat {
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

/**
 * Makes a line of a record. Texts of records must not steer a terminal: JSON is escaped without changing values, CSV is
 * shown escaped.
 */
function lineWriter(format: ExportFormat, context: CliContext): (record: ShownRecord) => string {
  if (format === "ndjson") return (record) => jsonLine(record, context);
  const line = lineFormatter(format);
  return context.isTerminal ? (record) => `${escapeControls(line(record).slice(0, -2))}\n` : line;
}

interface LocalExportOptions {
  readonly local: ReadableData;
  readonly scope: QueryScope;
  readonly header: string;
  readonly lineOf: (record: ShownRecord) => string;
  readonly write: WriteText;
  readonly context: CliContext;
  readonly clock: Clock;
}

/** Characters of one write, about: enough to be fast, and little memory. */
const WRITE_LENGTH = 256 * 1024;
/** Damaged blocks that are named one by one. */
const DAMAGED_NAMED_MAX = 20;

/** Throws OperatingError. */
async function exportLocal({ local, scope, header, lineOf, write, context, clock }: LocalExportOptions): Promise<void> {
  const { file, data, rules } = local;
  try {
    const reader = new NodeReader(data.file, local.history?.node ?? 0, data.access);
    try {
      const { blocks } = reader;
      const understood = resolveScope(scope, rules, clock());
      if (isRefusal(understood)) throw refusalError(understood, scope.q);
      const history =
        local.history === undefined
          ? undefined
          : await finishSteps(exportHistory(await loadHistory(local.history), reader, undefined));
      const known = () => [...blocks.projects(), ...(history?.projects ?? [])];
      const refusal = refuseUnknownProject(scope.project, rules, known);
      if (refusal !== undefined) throw refusalError(refusal, scope.q);
      const { project, from, to, search, shownFrom: expiredBefore } = understood;
      const damage = new Damage(context, blocks.damagedZoneMaps());
      // On a terminal the records themselves show the progress.
      const progress = context.isTerminal ? undefined : new Progress(context);
      const onDamaged = (block: ExportBlock, reason: string) => damage.report(block, reason);
      if (header !== "" && !(await write(header))) return;
      let count = 0;
      const filter = { project, from, to, search, expiredBefore };
      const linesOfFile = (after = 0) => exportLines(blocks, { after, filter, lineOf, onDamaged });
      const all = history === undefined ? linesOfFile() : joinedLines(history, understood, linesOfFile, lineOf);
      for (const lines of all) {
        if (lines instanceof Promise) {
          await lines;
          continue;
        }
        for (const text of chunksOf(lines)) if (!(await write(text))) return;
        count += lines.length;
        progress?.show(count, undefined, "records");
      }
      progress?.end();
      damage.throwIfAny(file);
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof HistoryError) throw refusalError({ code: "history_unavailable", message: error.message }, "");
    if (!isStoreError(error)) throw error;
    throw new OperatingError("data_unreadable", `cannot read ${file}: ${error.message}`, { cause: error });
  } finally {
    data.release();
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

class Damage {
  readonly #context: CliContext;
  #blocks = 0;
  #records = 0;

  constructor(context: CliContext, zoneMaps: readonly number[]) {
    this.#context = context;
    for (const block of zoneMaps) this.#count(0, `block ${block}: its zone map is damaged; its records may be missing`);
  }

  report(block: ExportBlock, reason: string): void {
    const { id, project, records, idMin, idMax } = block;
    const which = `block ${id} (project ${JSON.stringify(project)}, records: ${records}, ids ${idMin} to ${idMax})`;
    this.#count(records, `${which} is left out: ${reason}`);
  }

  throwIfAny(data: string): void {
    if (this.#blocks === 0) return;
    throw new OperatingError(
      "data_unreadable",
      `${data} is damaged: blocks left out: ${this.#blocks}, records in them: ${this.#records}; all others are exported; ` +
        "check the disk, and take the missing records from a backup",
    );
  }

  #count(records: number, message: string): void {
    this.#blocks++;
    this.#records += records;
    if (this.#blocks <= DAMAGED_NAMED_MAX) this.#context.stderr.write(`simplelogs: ${escapeControls(message)}\n`);
  }
}

/** Throws OperatingError. */
async function exportRemote(
  server: RemoteServer,
  { format, scope }: ExportRequest,
  { context, write }: { readonly context: CliContext; readonly write: WriteText },
): Promise<void> {
  const kind = format === "spreadsheet" ? { format: "csv", csv: format } : { format };
  const parameters = { ...kind, ...scopeParameters(scope) };
  const texts = await withSearch(scope.q, server.texts("/api/v1/export", parameters));
  const shown = context.isTerminal ? new ShownLines(format) : undefined;
  const progress = context.isTerminal ? undefined : new Progress(context);
  let count = 0;
  for await (const text of texts) {
    if (!(await write(shown?.take(text) ?? text))) return;
    count += text.length;
    progress?.show(count, undefined, "characters");
  }
  await write(shown?.end() ?? "");
  progress?.end();
}

/** Escapes lines for a terminal. The chunks of text may end anywhere. */
class ShownLines {
  readonly #escape: (text: string) => string;
  /** A "\r" at the end of a chunk: the next chunk may begin with "\n". */
  #held = "";

  constructor(format: ExportRequest["format"]) {
    this.#escape = format === "ndjson" ? escapeControlsInJson : escapeControls;
  }

  take(chunk: string): string {
    const text = this.#held + chunk;
    const isHeld = text.endsWith("\r");
    this.#held = isHeld ? "\r" : "";
    return this.#lines(isHeld ? text.slice(0, -1) : text);
  }

  end(): string {
    return this.#escape(this.#held);
  }

  #lines(text: string): string {
    return text.split(/\r?\n/).map(this.#escape).join("\n");
  }
}
