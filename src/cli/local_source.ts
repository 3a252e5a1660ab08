// Reads records from the data file itself, also while a server writes to it, and from the cluster behind it. Queries
// run in this process, in steps, so signals are handled in between. A tail polls for new records a few times a second:
// these are all in the data file.

import { setImmediate, setTimeout } from "node:timers/promises";
import type { ClickHouseHistory } from "../clickhouse/history.ts";
import type { Clock } from "../core/clock.ts";
import { OperatingError } from "../core/errors.ts";
import type { QueryRefusal, QueryResponses, TailEvent, TailRequest } from "../core/queries.ts";
import type { Steps } from "../core/steps.ts";
import { querySteps } from "../query/engine.ts";
import { projectRules, type ReadRules, refuseUnknownProject } from "../query/scan/scope.ts";
import { StatisticsCache } from "../query/scan/statistics_cache.ts";
import { TailHub } from "../query/stream/tail.ts";
import { isStoreError } from "../store/database.ts";
import { asItIs, type ReadOnlyData } from "../store/read_only_data.ts";
import type { HistorySettings } from "../threads/messages.ts";
import { historyOf, loadHistory, NodeReader } from "../threads/reader/node_reader.ts";
import { type RecordSource, refusalError, type SourceQuery } from "./source.ts";

/** How often a tail looks for new records, in ms. */
const TAIL_EVERY_MS = 200;
/** How long steps run before signals are handled, in ms. */
const TURN_MS = 50;
/** The hub has this one tail. */
const TAIL = 1;

/** How a LocalSource reads. */
interface LocalSourceOptions {
  /** Path of the data file, for messages. */
  readonly file: string;
  /** The file to open, which may be a private copy; undefined: the file itself. It is released with the source. */
  readonly data?: ReadOnlyData;
  readonly rules: ReadRules;
  /** Where older records and those of other nodes are; undefined: the data file alone is read. */
  readonly history?: HistorySettings | undefined;
  readonly clock: Clock;
  /** Blocks done, and blocks in all. */
  readonly onProgress: (done: number, total: number) => void;
  /** A query has ended, well or not. */
  readonly onDone: () => void;
}

/** Records of a data file. */
export class LocalSource implements RecordSource {
  readonly #options: LocalSourceOptions;
  readonly #cache = new StatisticsCache();
  readonly #data: ReadOnlyData;
  readonly #reader: NodeReader;
  readonly #history: Promise<ClickHouseHistory> | undefined;
  /** Readers of tails that nobody reads to their end: closed with the source. */
  readonly #tailReaders = new Set<NodeReader>();

  /** Throws OperatingError. */
  constructor(options: LocalSourceOptions) {
    this.#options = options;
    this.#data = options.data ?? asItIs(options.file);
    this.#reader = this.#open();
    const { history } = options;
    this.#history = history === undefined ? undefined : loadHistory(history);
  }

  async query<Q extends SourceQuery>(query: Q): Promise<QueryResponses[Q["kind"]]> {
    const { rules, clock, onProgress, onDone } = this.#options;
    const { blocks: source, tables: details } = this.#reader;
    const limitMs = Number.POSITIVE_INFINITY;
    const history = await this.#history;
    const steps = querySteps(query, {
      source,
      history: history === undefined ? undefined : historyOf(history, this.#reader),
      tables: details,
      cache: this.#cache,
      rules,
      now: clock(),
      limitMs,
      onProgress,
    });
    const outcome = await this.#run(steps).finally(onDone);
    if (!outcome.ok) throw refusalError(outcome.refusal, "scope" in query ? query.scope.q : "");
    // The engine returns the response type of the query's kind.
    return outcome.answer as QueryResponses[Q["kind"]];
  }

  async tail(request: TailRequest, signal: AbortSignal): Promise<AsyncIterable<readonly TailEvent[]>> {
    const { rules, clock } = this.#options;
    const reader = this.#open();
    this.#tailReaders.add(reader);
    try {
      const hub = new TailHub({
        source: reader.blocks,
        expiredBefore: (project) => clock() - projectRules(rules, project).retentionMs,
      });
      const refusal = hub.open(TAIL, request) ?? this.#unknownProject(request.project);
      if (refusal !== undefined) throw refusalError(refusal, request.q);
      return this.#follow(reader, hub, signal);
    } catch (error) {
      this.#closeTail(reader);
      throw this.#explain(error);
    }
  }

  close(): void {
    this.#reader.close();
    for (const reader of this.#tailReaders) this.#closeTail(reader);
    this.#data.release();
  }

  #open(): NodeReader {
    return new NodeReader(this.#data.file, this.#options.history?.node ?? 0, this.#data.access);
  }

  #closeTail(reader: NodeReader): void {
    if (this.#tailReaders.delete(reader)) reader.close();
  }

  async *#follow(reader: NodeReader, hub: TailHub, signal: AbortSignal): AsyncGenerator<readonly TailEvent[]> {
    try {
      while (!signal.aborted) {
        if (hub.behind([TAIL]).length === 0) {
          if (!(await waited(TAIL_EVERY_MS, signal))) return;
          continue;
        }
        const events = (await this.#run(hub.collect([TAIL]))).get(TAIL);
        if (events !== undefined) yield events;
      }
    } catch (error) {
      throw this.#explain(error);
    } finally {
      this.#closeTail(reader);
    }
  }

  async #run<T>(steps: Steps<T>): Promise<T> {
    try {
      for (let turnAt = performance.now() + TURN_MS; ; ) {
        const step = steps.next();
        if (step.done === true) return step.value;
        if (step.value !== undefined) await step.value;
        if (performance.now() < turnAt) continue;
        await setImmediate();
        turnAt = performance.now() + TURN_MS;
      }
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #unknownProject(project: string | undefined): QueryRefusal | undefined {
    return refuseUnknownProject(project, this.#options.rules, () => this.#reader.blocks.projects());
  }

  #explain(error: unknown): unknown {
    if (!isStoreError(error)) return error;
    const message = `cannot read ${this.#options.file}: ${error.message}; \`simplelogs doctor\` looks closer`;
    return new OperatingError("data_unreadable", message, { cause: error });
  }
}

/** False when the signal was aborted meanwhile. */
async function waited(durationMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(durationMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
