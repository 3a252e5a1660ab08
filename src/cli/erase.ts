// `simplelogs erase`: removes matching records for good, after it has shown what would go and was told to. By itself where no server
// holds the data file, else through the server.

import type { Command } from "commander";
import { formatCount, formatCountOf, formatInstant } from "../core/amounts.ts";
import type { EraseReport } from "../core/changing.ts";
import { OperatingError } from "../core/errors.ts";
import { addLongConfigOption, type CliContext } from "./context.ts";
import type { EraseScope, OpenEraser } from "./eraser.ts";
import type { Prompt } from "./prompt.ts";
import { searchHelp } from "./search_help.ts";
import type { RecordSource } from "./source.ts";
import {
  addScopeOptions,
  addSourceOptions,
  type ReadingTools,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  tellNotes,
} from "./tools.ts";

export interface EraseTools extends ReadingTools {
  readonly openEraser: OpenEraser;
  /** Undefined where nobody can be asked. */
  readonly prompt: Prompt | undefined;
}

interface EraseOptions extends SourceOptions, ScopeOptions {
  readonly q?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
What waits for its other half and the dropped entries that are kept to be shown go as well, where they match. Counters of usage stay. Copies of the
data file, backups and exports among them, are not touched.

Examples:
  simplelogs erase --project shop --q metadata.userId:u_123 --dry-run
  simplelogs erase --project shop --q metadata.userId:u_123
  simplelogs erase --project staging --to 2025-12-31 --yes
`;

/** Adds the command to the program. */
export function registerErase(program: Command, tools: EraseTools): void {
  const command = addLongConfigOption(program.command("erase"))
    .summary("remove matching records for good")
    .description(
      "Removes every record of a project that matches, for good: the bytes are gone from the data file. It shows what would go, " +
        "and asks before it does anything. While a server runs, the server does it.",
    )
    .option("--q <search>", "only records that match this search");
  addScopeOptions(command)
    .option("--dry-run", "only show what would go")
    .option("--yes", "do not ask")
    .option("--json", "print what was removed as one JSON object");
  addSourceOptions(command)
    .addHelpText("after", `${searchHelp()}${EXAMPLES}`)
    .action(async (options: EraseOptions) => {
      const { context, clock, openSource, openEraser, prompt } = tools;
      const { project, q = "" } = options;
      if (project === undefined || project === "") {
        throw new OperatingError("usage", "erase needs --project: it never works on all projects at once");
      }
      if (options.q !== undefined && q.trim() === "") {
        // A variable of a script that was empty, most likely.
        throw new OperatingError("usage", "--q is empty: leave it out to remove everything of the project");
      }
      const isSure = options.yes === true || options.dryRun === true;
      if (!isSure && prompt === undefined) {
        throw new OperatingError("usage", "erase asks before it removes anything: run it on a terminal, or give --yes");
      }
      const scope: EraseScope = { ...scopeOf([q], options, clock()), project };
      const purpose = options.dryRun === true ? "count" : "erase";
      const eraser = await openEraser(command, options, context, purpose);
      const source = await openSource(command, { ...options, ...eraser.source }, context);
      let records: number;
      try {
        records = await showScope(source, scope, context);
      } finally {
        source.close();
      }
      if (options.dryRun === true) {
        const counted = (await eraser.count(scope)) ?? { records };
        if (options.json === true) context.stdout.write(`${JSON.stringify({ wouldErase: counted })}\n`);
        else context.stdout.write(`Would remove ${contents(counted)}\n`);
        return;
      }
      if (!isSure) await confirm(project, prompt);
      const erased = await eraser.erase(scope);
      if (options.json === true) context.stdout.write(`${JSON.stringify({ erased })}\n`);
      else context.stdout.write(`Removed ${contents(erased)}\n`);
      if (erased.damagedBlocks !== undefined) {
        throw new OperatingError(
          "data_unreadable",
          `damaged blocks that may hold more: ${erased.damagedBlocks}; \`simplelogs doctor\` names them`,
        );
      }
    });
}

async function confirm(project: string, prompt: Prompt | undefined): Promise<void> {
  const answer = await prompt?.("Type the project's name to remove this for good: ");
  if (answer?.trim() !== project)
    throw new OperatingError("usage", "nothing was removed: the project's name was not typed");
}

/** "12 records from 3 blocks, 1 dropped entry, 2 waiting entries"; what is not known is left out. */
function contents({
  records,
  blocks,
  rejections,
  waiting,
}: Partial<EraseReport> & { readonly records: number }): string {
  const entries = (count: number, which: string) =>
    `${formatCount(count)} ${which} ${count === 1 ? "entry" : "entries"}`;
  return [
    formatCountOf(records, "record") + (blocks === undefined ? "" : ` from ${formatCountOf(blocks, "block")}`),
    ...(rejections === undefined ? [] : [entries(rejections, "dropped")]),
    ...(waiting === undefined ? [] : [entries(waiting, "waiting")]),
  ].join(", ");
}

/** Shows what would go, on stderr, since stdout is for what was done; answers how many records that are. */
async function showScope(source: RecordSource, scope: EraseScope, context: CliContext): Promise<number> {
  const { interval, buckets, ...notes } = await source.ask({ kind: "histogram", scope, intervalMs: undefined });
  const counts = buckets.map((bucket) => ({
    time: bucket.time,
    count: bucket.debug + bucket.info + bucket.warn + bucket.error + bucket.timing,
  }));
  const filled = counts.filter(({ count }) => count > 0);
  const records = filled.reduce((sum, { count }) => sum + count, 0);
  const [first, last] = [filled[0], filled.at(-1)];
  const span =
    first === undefined || last === undefined
      ? ""
      : `, between ${formatInstant(first.time)} and ${formatInstant(last.time + interval)}`;
  const matching = scope.q === "" ? "" : ` matching ${JSON.stringify(scope.q)}`;
  context.stderr.write(
    `project ${JSON.stringify(scope.project)}: ${formatCountOf(records, "record")}${matching}${span}\n`,
  );
  if (notes.stoppedEarly !== undefined) tellNotes({ stoppedEarly: notes.stoppedEarly }, context);
  return records;
}
