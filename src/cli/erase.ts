// `simplelogs erase`: removes matching records for good, after it has shown what would go and was told to. By itself where no server
// holds the data file, else through the server.

import type { Command } from "commander";
import type { EraseReport } from "../core/account_responses.ts";
import { OperatingError } from "../core/errors.ts";
import { formatCount, formatCountOf, formatInstant } from "../core/format.ts";
import { escapeControls } from "../core/terminal.ts";
import { addConfigOption, type CliContext } from "./context.ts";
import type { EraseScope, OpenEraser } from "./eraser.ts";
import { jsonLine } from "./json_line.ts";
import type { Prompt } from "./prompt.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_help.ts";
import type { RecordSource } from "./source.ts";
import { countOf, type TimeSpan, timeSpanOf } from "./time_span.ts";
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

interface EraseOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const NOTES = `
What waits for its other half, the dropped entries that are kept to be shown, and names of touchpoints that no record has any more go as well. Counters of usage stay. Copies of the data file, backups and exports among them, are not touched. docs/erasing.md says what is left where; \`simplelogs compact\` takes out the last traces.

Examples:
  simplelogs erase --project shop metadata.userId:u_123 --dry-run
  simplelogs erase --project shop metadata.userId:u_123
  simplelogs erase --project staging --to 2025-12-31 --yes
`;

/** Adds the command to the program. */
export function registerErase(program: Command, tools: EraseTools): void {
  const command = addSearch(addConfigOption(program.command("erase")), "only records that match this search")
    .summary("remove matching records for good")
    .description(
      "Removes every record of a project that matches, for good. It shows what would go, and asks before it does " +
        "anything. While a server runs, the server does it.",
    );
  addScopeOptions(command)
    .option("--dry-run", "only show what would go")
    .option("--yes", "do not ask")
    .option("--json", "print what was removed as one JSON object");
  addSourceOptions(command);
  addSearchHelp(command, NOTES, tools.context).action(async (given: readonly string[], options: EraseOptions) => {
    const { context, clock, openSource, openEraser, prompt } = tools;
    const { project } = options;
    const words = searchWords(given, options);
    if (project === undefined || project === "") {
      throw new OperatingError("usage", "erase needs --project: it never works on all projects at once");
    }
    if (words.length > 0 && words.join("").trim() === "") {
      // A variable of a script that was empty, most likely.
      throw new OperatingError("usage", "the search is empty: leave it out to remove everything of the project");
    }
    const isSure = options.yes === true || options.dryRun === true;
    if (!isSure && prompt === undefined) {
      throw new OperatingError("usage", "erase asks before it removes anything: run it on a terminal, or give --yes");
    }
    const scope: EraseScope = { ...scopeOf(words, options, clock()), project };
    const purpose = options.dryRun === true ? "count" : "erase";
    const eraser = await openEraser(command, options, context, purpose);
    const source = await openSource(command, { ...options, ...eraser.source }, context);
    let shown: ShownScope;
    try {
      shown = await showScope(source, scope, context);
    } finally {
      source.close();
    }
    if (options.dryRun === true) {
      const counted = (await eraser.count(scope)) ?? { records: shown.records };
      if (options.json === true) context.stdout.write(jsonLine({ wouldErase: { ...counted, ...shown.span } }, context));
      else context.stdout.write(`Would remove ${contents(counted)}\n`);
      return;
    }
    if (!isSure) await confirm(project, prompt);
    const erased = await eraser.erase(scope);
    if (options.json === true) context.stdout.write(jsonLine({ erased }, context));
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

/** What is shown before anything goes. Times in Unix ms. */
interface ShownScope {
  readonly records: number;
  readonly span: TimeSpan | undefined;
}

/** Shows what would go, on stderr, since stdout is for what was done. */
async function showScope(source: RecordSource, scope: EraseScope, context: CliContext): Promise<ShownScope> {
  const histogram = await source.ask({ kind: "histogram", scope, intervalMs: undefined });
  const records = histogram.buckets.reduce((sum, bucket) => sum + countOf(bucket), 0);
  const span = records === 0 ? undefined : await timeSpanOf(source, scope, histogram);
  const matching = scope.q === "" ? "" : ` matching ${JSON.stringify(scope.q)}`;
  const shown = `project ${JSON.stringify(scope.project)}: ${formatCountOf(records, "record")}${matching}${spanText(span)}`;
  context.stderr.write(`${escapeControls(shown)}\n`);
  if (histogram.stoppedEarly !== undefined) tellNotes({ stoppedEarly: histogram.stoppedEarly }, context);
  return { records, span };
}

function spanText(span: TimeSpan | undefined): string {
  if (span === undefined) return "";
  const [first, last] = [formatInstant(span.first), formatInstant(span.last)];
  return first === last ? `, at ${first}` : `, the first at ${first}, the last at ${last}`;
}
