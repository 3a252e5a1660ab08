// `simplelogs export`: every record in the order of ids, also while the server runs. Records go to stdout, progress and
// problems to stderr.

import type { Command } from "commander";
import { DEFAULT_PROJECT } from "../config/settings.ts";
import { OperatingError } from "../core/errors.ts";
import type { ShownRecord } from "../core/record.ts";
import { type ExportFilter, exportRecords } from "../query/export.ts";
import { BlockReader } from "../store/block_reader.ts";
import { addConfigOption, type CliContext, configFileOf, requireSettings } from "./context.ts";
import { csvHeader, csvLine } from "./csv.ts";
import { parseInstant } from "./instant.ts";

interface ExportOptions {
  readonly format: string;
  readonly project?: string;
  readonly from?: string;
  readonly to?: string;
  readonly data?: string;
}

/** Writes text and resolves when there is room for more; false once nobody reads any more. */
export type WriteText = (text: string) => Promise<boolean>;

/** Lines that go to one write: large enough to be quick, small enough to hold. */
const LINES_A_WRITE = 1_024;
/** How often progress is told on a terminal, in ms. */
const PROGRESS_EVERY_MS = 500;

export function registerExport(program: Command, context: CliContext, write: WriteText): void {
  addConfigOption(program.command("export"))
    .description("write every record to standard output, in the order of their ids; works while the server runs")
    .option("-f, --format <format>", "ndjson or csv", "ndjson")
    .option("-p, --project <name>", "only this project's records")
    .option("--from <time>", 'only records of this time or later: Unix ms, ISO 8601, or "24h" before now')
    .option("--to <time>", "only records before this time")
    .option("--data <file>", "read this data file instead of the configured one")
    .action(async (options: ExportOptions, command: Command) => {
      await exportAll(configFileOf(command, context), options, context, write);
    });
}

async function exportAll(file: string, options: ExportOptions, context: CliContext, write: WriteText): Promise<void> {
  const lineOf = lineWriter(options.format);
  const now = Date.now();
  const from = options.from === undefined ? Number.NEGATIVE_INFINITY : parseInstant(options.from, "--from", now);
  const to = options.to === undefined ? Number.POSITIVE_INFINITY : parseInstant(options.to, "--to", now);
  const settings = await requireSettings(file, context);
  const reader = new BlockReader(options.data ?? settings.data);
  try {
    if (options.project !== undefined && !reader.hasProject(options.project)) {
      throw new OperatingError(
        "usage",
        `--project: there is no project "${options.project}"; there are: ${reader.projects().join(", ") || "none yet"}`,
      );
    }
    const filter: ExportFilter = {
      project: options.project,
      from,
      to,
      expiredBefore: (project) => now - (settings.projects[project] ?? DEFAULT_PROJECT).retentionMs,
    };
    const progress = new Progress(context);
    if (options.format === "csv" && !(await write(csvHeader()))) return;
    for (const records of exportRecords(reader, filter)) {
      for (let at = 0; at < records.length; at += LINES_A_WRITE) {
        const lines = records
          .slice(at, at + LINES_A_WRITE)
          .map(lineOf)
          .join("");
        if (!(await write(lines))) return;
      }
      progress.add(records.length);
    }
    progress.end();
  } finally {
    reader.close();
  }
}

function lineWriter(format: string): (record: ShownRecord) => string {
  if (format === "csv") return csvLine;
  if (format === "ndjson") return (record) => `${JSON.stringify(record)}\n`;
  throw new OperatingError("usage", `--format: expected ndjson or csv, got ${JSON.stringify(format)}`);
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
