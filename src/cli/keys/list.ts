// `simplelogs keys list`: the pairs of the configuration, keys masked.

import type { Command } from "commander";
import { addConfigOption, type CliContext, configFileOf, requireSettings } from "../context.ts";
import { jsonLine } from "../json_line.ts";
import { formatTable } from "../table.ts";
import { type PairRow, pairRows } from "./rows.ts";

const HEADER = ["NAME", "PROJECT", "SERVER", "CLIENT", "RATE", "STATE", "ORIGINS"];

function cells(row: PairRow): string[] {
  const rate = row.rate === null ? "-" : `${row.rate}/s`;
  const origins = row.origins.length === 0 ? "-" : row.origins.join(" ");
  return [
    row.name,
    row.project,
    row.server ?? "-",
    row.client ?? "-",
    rate,
    row.revoked ? "revoked" : "active",
    origins,
  ];
}

function tableOf(rows: readonly PairRow[]): string {
  return formatTable(
    [HEADER, ...rows.map(cells)],
    HEADER.map(() => "left"),
  );
}

/** Adds the command below `keys`. */
export function registerKeysList(keys: Command, context: CliContext): void {
  const command = addConfigOption(keys.command("list"))
    .summary("show the pairs, keys masked")
    .description("Shows each pair of the configuration: name, project, masked keys, rate, state and origins.")
    .option("--json", "print one JSON array");
  command.action(async (options: { json?: boolean }) => {
    const settings = await requireSettings(configFileOf(command, context), context);
    const rows = pairRows(settings);
    context.stdout.write(options.json === true ? jsonLine(rows, context) : tableOf(rows));
  });
}
