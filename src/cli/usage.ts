// `simplelogs usage`: the entries of each project by month, and the size of its records on disk.

import type { Command } from "commander";
import type { ProjectStorage, UsageResponse } from "../core/account_responses.ts";
import { formatBytes, formatCount, formatDuration, formatInstant } from "../core/format.ts";
import { addConfigOption } from "./context.ts";
import { addNotes } from "./help.ts";
import { addSourceOptions, type SourceOptions } from "./options.ts";
import { jsonLine } from "./output.ts";
import type { ReadingTools } from "./source.ts";
import { type Cell, formatTable, type Side, type Style, styleFor } from "./style.ts";

type UsageRow = UsageResponse["usage"][number];

interface UsageOptions extends SourceOptions {
  readonly project?: string;
  readonly json?: boolean;
  readonly color?: string;
}

interface Column<Row> {
  readonly title: string;
  readonly side: Side;
  readonly cell: (row: Row, style: Style) => Cell;
}

const MONTH_COLUMNS: readonly Column<UsageRow>[] = [
  { title: "MONTH", side: "left", cell: ({ month }) => month },
  { title: "PROJECT", side: "left", cell: ({ project }) => project },
  { title: "RECEIVED", side: "right", cell: ({ received }) => formatCount(received) },
  { title: "STORED", side: "right", cell: ({ stored }) => formatCount(stored) },
  { title: "LIMIT", side: "right", cell: ({ limit }) => (limit === null ? "-" : formatCount(limit)) },
  { title: "USED", side: "right", cell: usedCell },
  { title: "OVERAGE", side: "right", cell: ({ limit, overage }) => (limit === null ? "-" : formatCount(overage)) },
  { title: "ON DISK", side: "right", cell: ({ bytes }) => formatBytes(bytes) },
  { title: "AMBIGUOUS", side: "right", cell: ({ ambiguous }) => formatCount(ambiguous) },
  { title: "DROPPED", side: "left", cell: droppedCell },
];

const STORAGE_COLUMNS: readonly Column<ProjectStorage>[] = [
  { title: "PROJECT", side: "left", cell: ({ project }) => project },
  { title: "RECORDS", side: "right", cell: ({ records }) => formatCount(records) },
  { title: "BLOCKS", side: "right", cell: ({ blocks }) => formatCount(blocks) },
  { title: "ON DISK", side: "right", cell: ({ bytes }) => formatBytes(bytes) },
  { title: "KEPT", side: "right", cell: ({ retentionMs }) => keptText(retentionMs) },
  { title: "OLDEST", side: "left", cell: ({ oldest }) => (oldest === null ? "-" : formatInstant(oldest)) },
  { title: "NEWEST", side: "left", cell: ({ newest }) => (newest === null ? "-" : formatInstant(newest)) },
];

const EXAMPLES = `
A month is the month of receipt, in UTC. USED is the admitted part of the project's monthly_entries. ON DISK is the compressed size of
the month's records. AMBIGUOUS counts pairs by touchpoint that had more than one possible start; it is shown only where there are any.

Examples:
  simplelogs usage
  simplelogs usage --project shop --json
`;

/** Adds the command to the program. */
export function registerUsage(program: Command, tools: ReadingTools): void {
  const command = addConfigOption(program.command("usage"))
    .summary("entries and bytes by project and month")
    .description(
      "Shows for each project and month how many entries were received, stored, and dropped for which reason, and their size " +
        "on disk.",
    )
    .option("--project <name>", "only this project")
    .option("--json", "print one JSON object")
    .option("--color <when>", "auto, always or never (default: auto)");
  addSourceOptions(command);
  addNotes(command, EXAMPLES, tools.context).action(async (options: UsageOptions) => {
    const { context, write, openSource } = tools;
    const style = styleFor(options.color, context);
    const source = await openSource(command, options, context);
    try {
      const response = await source.query({ kind: "usage" });
      const isShown = ({ project }: { project: string }) =>
        options.project === undefined || options.project === project;
      const shown = { ...response, usage: response.usage.filter(isShown), storage: response.storage.filter(isShown) };
      await write(options.json === true ? jsonLine(shown, context) : usageText(shown, options.project, style));
    } finally {
      source.close();
    }
  });
}

function usageText({ usage, storage }: UsageResponse, project: string | undefined, style: Style): string {
  if (usage.length === 0 && storage.length === 0) {
    return project === undefined
      ? "nothing was received yet\n"
      : `nothing was received yet for project ${JSON.stringify(project)}\n`;
  }
  const columns = usage.some(({ ambiguous }) => ambiguous > 0)
    ? MONTH_COLUMNS
    : MONTH_COLUMNS.filter(({ title }) => title !== "AMBIGUOUS");
  return `${tableOf(columns, usage, style)}\n${tableOf(STORAGE_COLUMNS, storage, style)}`;
}

function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string {
  const header: Cell[] = columns.map(({ title }) => ({ text: title, paint: style.bold }));
  const cells = rows.map((row) => columns.map((column) => column.cell(row, style)));
  return formatTable(
    [header, ...cells],
    columns.map(({ side }) => side),
  );
}

/** "-" if unknown: a file that --data names has no retention of its own. */
function keptText(retentionMs: number | null): string {
  return retentionMs === null || retentionMs === Number.POSITIVE_INFINITY ? "-" : formatDuration(retentionMs);
}

/** The admitted part of the limit; from 90 % on it is marked as a warning. */
function usedCell({ admitted, limit, overage }: UsageRow, style: Style): Cell {
  if (limit === null) return "-";
  const share = limit === 0 ? 1 : admitted / limit;
  const text = `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
  if (overage > 0) return { text, paint: style.bad };
  return share >= 0.9 ? { text, paint: style.warning } : text;
}

/** "12 (duplicate 10, quota 2)": the most frequent reason first. */
function droppedCell({ dropped }: UsageRow): string {
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  if (reasons.length === 0) return "0";
  const total = reasons.reduce((sum, [, count]) => sum + count, 0);
  const listed = reasons.toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${reason} ${formatCount(count)}`);
  return `${formatCount(total)} (${listed.join(", ")})`;
}
