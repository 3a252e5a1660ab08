// Who erases: this process on a file that no server holds, or the server that runs on it.

import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Settings } from "../config/settings.ts";
import type { EraseReport } from "../core/account_responses.ts";
import { OperatingError } from "../core/errors.ts";
import { instantText } from "../core/instant.ts";
import type { QueryScope } from "../core/queries.ts";
import { matchRows } from "../query/match/evaluate.ts";
import { parseSearch } from "../search/parser.ts";
import { isStoreError } from "../store/database.ts";
import { eraseRecords } from "../store/erase/erase.ts";
import { lockData } from "../store/lock.ts";
import { asItIs, type ReadOnlyData } from "../store/read_only_data.ts";
import type { CliContext } from "./context.ts";
import type { Progress } from "./progress.ts";
import { checkErased } from "./remote_answers.ts";
import { type RemoteAddress, RemoteServer } from "./remote_server.ts";
import { refusalError } from "./source.ts";
import { localDataOf, readableDataOf, remoteAddressOf, type SourceOptions, tokenOf } from "./tools.ts";

export type EraseScope = QueryScope & { readonly project: string };

export interface Eraser {
  /** What names the place where the same records are read. */
  readonly source: SourceOptions;
  /** What would go, exactly; undefined where only the server could say. */
  count(scope: EraseScope): Promise<EraseReport | undefined>;
  /** Throws OperatingError. */
  erase(scope: EraseScope): Promise<EraseReport>;
}

/** Finds out who can erase: this process, or the server that holds the file. Throws OperatingError where nobody can. */
export type OpenEraser = (
  command: Command,
  options: SourceOptions,
  context: CliContext,
  purpose: "count" | "erase",
) => Promise<Eraser>;

/** To count, a file is only read, so nobody needs to hold it. */
export function createOpenEraser(progress: Progress): OpenEraser {
  return async (command, options, context, purpose) => {
    const address = remoteAddressOf(command, options, context);
    if (address !== undefined) return new RemoteEraser(address);
    if (purpose === "count") {
      const { data } = await readableDataOf(command, options, context);
      return new LocalEraser(data, progress);
    }
    const { file, settings } = await localDataOf(command, options, context);
    const locked = lockedBy(file);
    if (locked === undefined) return new LocalEraser(asItIs(file), progress);
    const token = tokenOf(options, context);
    const url = options.data === undefined && settings !== undefined ? configuredUrl(settings) : undefined;
    if (token !== undefined && url !== undefined) return new RemoteEraser({ url, token, isOwn: true });
    throw new OperatingError(
      "data_locked",
      `${locked.message}; or let that server do it: set SIMPLELOGS_TOKEN to its admin token${url === undefined ? ", and give --url" : ""}`,
    );
  };
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

/** Where the server of a configuration listens, as seen from this machine; undefined for any free port. */
export function configuredUrl({ host, port, tls }: Pick<Settings, "host" | "port" | "tls">): string | undefined {
  if (port === 0) return undefined;
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const name = reachable.includes(":") ? `[${reachable}]` : reachable;
  return `${tls === undefined ? "http" : "https"}://${name}:${port}`;
}

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
  waiting: "waiting entries looked at",
  blocks: "blocks",
  space: "bytes given back",
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
    const answer = await this.#server.post("/api/v1/erase", body).catch((error: unknown) => {
      if (!(error instanceof OperatingError) || error.code !== "io") throw error;
      const message = `${error.message}; the server may have begun all the same: --dry-run shows what is left`;
      throw new OperatingError("io", message, { cause: error });
    });
    checkErased(answer);
    return (answer as { erased: EraseReport }).erased;
  }
}
