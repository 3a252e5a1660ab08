// `simplelogs export`: every record in the order of ids, from the data file, also while the server runs, or from a server. Records go to
// stdout, progress and problems to stderr.

import { type Command, Option } from "commander";
import { systemClock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { ExportFormat } from "../core/queries.ts";
import type { ShownRecord } from "../core/record.ts";
import { escapeControls } from "../core/terminal.ts";
import { exportHeader, lineFormatter } from "../query/stream/export_text.ts";
import { addConfigOption, type CliContext } from "./context.ts";
import { jsonLine } from "./json_line.ts";
import { exportLocal } from "./local_export.ts";
import { exportRemote } from "./remote_export.ts";
import { RemoteServer } from "./remote_server.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_help.ts";
import {
  addScopeOptions,
  addSourceOptions,
  readableDataOf,
  remoteAddressOf,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
} from "./tools.ts";

interface ExportOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly format?: string;
  readonly csv?: string;
  /** As earlier versions had them: --format and --project. */
  readonly f?: string;
  readonly p?: string;
}

/** Writes text and resolves when there is room for more; false once nobody reads any more. */
export type WriteText = (text: string) => Promise<boolean>;

const EXAMPLES = `
Examples:
  simplelogs export > all.ndjson
  simplelogs export --format csv --project shop --from 24h > yesterday.csv
  simplelogs export --csv spreadsheet --from 7d > week.csv
  simplelogs export metadata.userId:u_123 > u_123.ndjson
`;

export function registerExport(program: Command, context: CliContext, write: WriteText): void {
  const command = addSearch(addConfigOption(program.command("export")))
    .summary("write every record to standard output")
    .description(
      "Writes every record that matches to standard output, in the order of their ids; works while the server runs.",
    )
    .option("--format <format>", "ndjson or csv (default: ndjson)")
    .option("--csv <kind>", "exact, or spreadsheet: ISO times, a byte order mark, and no formulas; csv for --format");
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
    const local = await readableDataOf(command, options, context);
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

/** On a terminal, texts of records must not steer it: values of JSON stay what they are, those of CSV are shown escaped. */
function lineWriter(format: ExportFormat, context: CliContext): (record: ShownRecord) => string {
  if (format === "ndjson") return (record) => jsonLine(record, context);
  const line = lineFormatter(format);
  return context.isTerminal ? (record) => `${escapeControls(line(record).slice(0, -2))}\n` : line;
}
