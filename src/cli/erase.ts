// `simplelogs erase`: removes matching records for good. It first shows what it would remove, and asks.
//
// This process erases in a data file that no server holds. Otherwise the server that runs on the file does it.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Settings } from "../config/settings.ts";
import type { EraseReport } from "../core/account_responses.ts";
import { OperatingError } from "../core/errors.ts";
import { formatCount, formatCountOf, formatInstant } from "../core/format.ts";
import { instantText } from "../core/instant.ts";
import type { QueryScope } from "../core/queries.ts";
import type { HistogramBucket, HistogramResponse } from "../core/responses.ts";
import { escapeControls } from "../core/terminal.ts";
import { matchRows } from "../query/match/evaluate.ts";
import { parseSearch } from "../search/parser.ts";
import { isStoreError } from "../store/database.ts";
import { eraseRecords } from "../store/erase/erase.ts";
import { lockData } from "../store/lock.ts";
import { asItIs, type ReadOnlyData } from "../store/read_only_data.ts";
import { addConfigOption, type CliContext } from "./context.ts";
import { localDataOf, readableDataOf } from "./data_file.ts";
import {
  addScopeOptions,
  addSourceOptions,
  configuredUrl,
  remoteAddressOf,
  type ScopeOptions,
  type SourceOptions,
  scopeOf,
  tokenOf,
} from "./options.ts";
import { jsonLine, type Progress, type Prompt } from "./output.ts";
import { checkErased } from "./remote_responses.ts";
import { type RemoteAddress, RemoteServer } from "./remote_server.ts";
import { addSearch, addSearchHelp, type FormerSearchOptions, searchWords } from "./search_arguments.ts";
import { type ReadingTools, type RecordSource, refusalError, reportWarnings } from "./source.ts";

/** What `erase` needs beside the reading commands' tools. */
interface EraseTools extends ReadingTools {
  readonly openEraser: OpenEraser;
  /** Undefined if stdin is no terminal. */
  readonly prompt: Prompt | undefined;
}

interface EraseOptions extends SourceOptions, ScopeOptions, FormerSearchOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const NOTES = `
It also removes matching open starts and ends, stored rejections, and touchpoint names that no record has any more. Usage counters stay. Copies of the data file, such as backups and exports, stay as they are. docs/erasing.md says where traces can remain; \`simplelogs compact\` removes the last ones.

Examples:
  simplelogs erase --project shop metadata.userId:u_123 --dry-run
  simplelogs erase --project shop metadata.userId:u_123
  simplelogs erase --project staging --to 2025-12-31 --yes
`;

const ONLY_BOTH =
  "ClickHouse has records of this data file too, and a running server removes both: start it, set SIMPLELOGS_TOKEN to its admin token, and erase again; or name the file (--data), to remove its own records alone";

/** Adds the command to the program. */
export function registerErase(program: Command, tools: EraseTools): void {
  const command = addSearch(addConfigOption(program.command("erase")), "only records that match this search")
    .summary("remove matching records for good")
    .description(
      "Removes every matching record of a project for good. It first shows how many records match, and asks. While a " +
        "server runs, the server does it.",
    );
  addScopeOptions(command)
    .option("--dry-run", "only show what would be removed")
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
      // Most likely an empty variable of a script.
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
        `damaged blocks that may hold more matching records: ${erased.damagedBlocks}; \`simplelogs doctor\` names them`,
      );
    }
  });
}

async function confirm(project: string, prompt: Prompt | undefined): Promise<void> {
  const answer = await prompt?.("Type the project's name to remove these records for good: ");
  if (answer?.trim() !== project)
    throw new OperatingError("usage", "nothing was removed: the typed text is not the project's name");
}

/** "12 records from 3 blocks, 1 dropped entry, 2 open entries"; unknown counts are left out. */
function contents({
  records,
  blocks,
  rejections,
  waiting,
  shipped,
}: Partial<EraseReport> & { readonly records: number }): string {
  const entries = (count: number, which: string) =>
    `${formatCount(count)} ${which} ${count === 1 ? "entry" : "entries"}`;
  return [
    formatCountOf(records, "record") + (blocks === undefined ? "" : ` from ${formatCountOf(blocks, "block")}`),
    ...(shipped === undefined ? [] : [`${formatCountOf(shipped, "record")} in ClickHouse`]),
    ...(rejections === undefined ? [] : [entries(rejections, "dropped")]),
    ...(waiting === undefined ? [] : [entries(waiting, "open")]),
  ].join(", ");
}

/** The records that match, as shown before anything is removed. Times in Unix ms. */
interface ShownScope {
  readonly records: number;
  readonly span: TimeSpan | undefined;
}

/** Shows the matching records on stderr. stdout is for the outcome. */
async function showScope(source: RecordSource, scope: EraseScope, context: CliContext): Promise<ShownScope> {
  const histogram = await source.query({ kind: "histogram", scope, intervalMs: undefined });
  const records = histogram.buckets.reduce((sum, bucket) => sum + countOf(bucket), 0);
  const span = records === 0 ? undefined : await timeSpanOf(source, scope, histogram);
  const matching = scope.q === "" ? "" : ` matching ${JSON.stringify(scope.q)}`;
  const shown = `project ${JSON.stringify(scope.project)}: ${formatCountOf(records, "record")}${matching}${spanText(span)}`;
  context.stderr.write(`${escapeControls(shown)}\n`);
  if (histogram.stoppedEarly !== undefined) reportWarnings({ stoppedEarly: histogram.stoppedEarly }, context);
  return { records, span };
}

function spanText(span: TimeSpan | undefined): string {
  if (span === undefined) return "";
  const [first, last] = [formatInstant(span.first), formatInstant(span.last)];
  return first === last ? `, at ${first}` : `, the first at ${first}, the last at ${last}`;
}

/** The records to remove: always of one project. */
export type EraseScope = QueryScope & { readonly project: string };

/** Removes records: in a data file, or through a server. */
export interface Eraser {
  /** The options that read the same records. */
  readonly source: SourceOptions;
  /** Counts exactly what an erasure would remove; undefined if only the server could tell. */
  count(scope: EraseScope): Promise<EraseReport | undefined>;
  /** Throws OperatingError. */
  erase(scope: EraseScope): Promise<EraseReport>;
}

/** Chooses who erases: this process, or the server that holds the file. Throws OperatingError if neither can. */
type OpenEraser = (
  command: Command,
  options: SourceOptions,
  context: CliContext,
  purpose: "count" | "erase",
) => Promise<Eraser>;

/** Counting only reads the file, so it needs no lock. */
export function createOpenEraser(progress: Progress): OpenEraser {
  return async (command, options, context, purpose) => {
    const address = remoteAddressOf(command, options, context);
    if (address !== undefined) return new RemoteEraser(address);
    if (purpose === "count") {
      const { data, history } = await readableDataOf(command, options, context, "records");
      return history === undefined ? new LocalEraser(data, progress) : COUNTING;
    }
    const { file, settings } = await localDataOf(command, options, context);
    const locked = lockedBy(file);
    if (locked === undefined) {
      if (settings?.clickhouse !== undefined && options.data === undefined)
        throw new OperatingError("usage", `nothing was removed: ${ONLY_BOTH}`);
      return new LocalEraser(asItIs(file), progress);
    }
    const own = ownServer(options, settings, context);
    if (own !== undefined) return new RemoteEraser(own);
    const url = urlOf(options, settings);
    throw new OperatingError(
      "data_locked",
      `${locked.message}; or let that server do it: set SIMPLELOGS_TOKEN to its admin token${url === undefined ? ", and give --url" : ""}`,
    );
  };
}

/** The server of the configuration's data file; undefined where its address or the token is not known. */
function ownServer(
  options: SourceOptions,
  settings: Settings | undefined,
  context: CliContext,
): RemoteAddress | undefined {
  const [token, url] = [tokenOf(options, context), urlOf(options, settings)];
  return token === undefined || url === undefined ? undefined : { url, token, isOwn: true };
}

function urlOf({ data }: SourceOptions, settings: Settings | undefined): string | undefined {
  return data === undefined && settings !== undefined ? configuredUrl(settings) : undefined;
}

/** The error that says which process holds the file, or undefined. */
function lockedBy(file: string): OperatingError | undefined {
  if (!existsSync(file)) return undefined;
  try {
    lockData(file).release();
    return undefined;
  } catch (error) {
    if (error instanceof OperatingError && error.code === "data_locked") return error;
    throw error;
  }
}

/** Counts what the data file and the cluster have, as the source reads both. A server erases. */
const COUNTING: Eraser = {
  source: {},
  count: async () => undefined,
  erase: () => Promise.reject(new OperatingError("usage", `nothing was removed: ${ONLY_BOTH}`)),
};

class LocalEraser implements Eraser {
  readonly source: SourceOptions = {};
  readonly #data: ReadOnlyData;
  readonly #progress: Progress;

  constructor(data: ReadOnlyData, progress: Progress) {
    this.#data = data;
    this.#progress = progress;
  }

  count(scope: EraseScope): Promise<EraseReport> {
    return this.#run(scope, true);
  }

  erase(scope: EraseScope): Promise<EraseReport> {
    return this.#run(scope, false);
  }

  async #run({ project, q, timeZone, from, to }: EraseScope, dryRun: boolean): Promise<EraseReport> {
    const parsed = parseSearch(q, timeZone);
    if (!parsed.ok) throw refusalError({ code: "bad_query", ...parsed.problem }, q);
    const { search } = parsed;
    try {
      return eraseRecords({
        file: this.#data.file,
        access: this.#data.access,
        scope: { project, from, to, matchRows: q === "" ? undefined : (view, name) => matchRows(search, view, name) },
        dryRun,
        onProgress: ({ phase, done, total }) => this.#progress.show(done, total, PHASES[phase]),
      });
    } catch (error) {
      if (!isStoreError(error)) throw error;
      const message = `cannot erase in ${this.#data.file}: ${error.message}; what was removed so far stays removed: try again`;
      throw new OperatingError("io", message, { cause: error });
    } finally {
      this.#data.release();
      this.#progress.end();
    }
  }
}

const PHASES = {
  waiting: "open entries checked",
  blocks: "blocks checked",
  space: "bytes freed",
  log: "logs emptied",
} as const;

class RemoteEraser implements Eraser {
  readonly source: SourceOptions;
  readonly #server: RemoteServer;

  constructor(address: RemoteAddress) {
    this.source = { url: address.url, token: address.token };
    this.#server = new RemoteServer(address);
  }

  count(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async erase({ project, q, timeZone, from, to }: EraseScope): Promise<EraseReport> {
    // JSON leaves out what is undefined.
    const search = q === "" ? {} : { q, timeZone };
    const textOf = (bound: number | undefined) => (bound === undefined ? undefined : instantText(bound));
    const body = { project, ...search, from: textOf(from), to: textOf(to) };
    const response = await this.#server.post("/api/v1/erase", body).catch((error: unknown) => {
      if (!(error instanceof OperatingError) || error.code !== "io") throw error;
      const message = `${error.message}; the server may have begun anyway: --dry-run shows what is left`;
      throw new OperatingError("io", message, { cause: error });
    });
    checkErased(response);
    return (response as { erased: EraseReport }).erased;
  }
}

/** Buckets of one query. */
const BUCKETS_WANTED = 1_000;
/** The longest time there is takes six steps to a millisecond. */
const STEPS_MAX = 12;

/** Unix ms, whole ones. */
interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/** Records of a bucket. */
function countOf({ debug, info, warn, error, timing }: HistogramBucket): number {
  return debug + info + warn + error + timing;
}

/**
 * The first and the last time of the records in a scope, to the millisecond. Counts are queried again and again for the
 * first and the last bucket alone. Each step is a thousandth of the one before. Undefined if nothing matches;
 * `histogram` is the response for the whole scope.
 */
async function timeSpanOf(
  source: RecordSource,
  scope: QueryScope,
  histogram: HistogramResponse,
): Promise<TimeSpan | undefined> {
  const first = await edge(source, scope, histogram, (buckets) => buckets.find((bucket) => countOf(bucket) > 0));
  const last = await edge(source, scope, histogram, (buckets) => buckets.findLast((bucket) => countOf(bucket) > 0));
  return first === undefined || last === undefined ? undefined : { first, last };
}

async function edge(
  source: RecordSource,
  scope: QueryScope,
  histogram: HistogramResponse,
  choose: (buckets: readonly HistogramBucket[]) => HistogramBucket | undefined,
): Promise<number | undefined> {
  let { interval } = histogram;
  let time = choose(histogram.buckets)?.time;
  for (let step = 0; time !== undefined && interval > 1 && step < STEPS_MAX; step++) {
    const intervalMs = Math.max(1, Math.ceil(interval / BUCKETS_WANTED));
    const from = Math.max(time, scope.from ?? Number.NEGATIVE_INFINITY);
    const to = Math.min(time + interval, scope.to ?? Number.POSITIVE_INFINITY);
    if (!(from < to)) break;
    const response = await source.query({ kind: "histogram", scope: { ...scope, from, to }, intervalMs });
    // The records may have been deleted meanwhile: then the bucket is all that is known.
    const found = choose(response.buckets)?.time;
    if (found === undefined) break;
    time = Math.max(found, Math.floor(from));
    interval = intervalMs;
  }
  return time;
}
