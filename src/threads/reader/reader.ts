// The reader thread. Every query is a sequence of steps, and the queries take turns step by step (work_turns.ts): a
// heavy query delays others by a block and not by its whole length, and a cancelled one ends at its next step. Each
// query has its own reader of the data file while it runs, so no snapshot is shared. The thread writes nothing, so it
// can be ended at any moment.

import { collectGarbage } from "#runtime/memory.ts";
import type { ClickHouseHistory } from "../../clickhouse/history.ts";
import { systemClock } from "../../core/clock.ts";
import { QUERIES_BYTES_MAX, QUERY_MS_MAX } from "../../core/limits.ts";
import type { ExportRequest, QueryRefusal, QueryRequest, TailRequest } from "../../core/queries.ts";
import { type Steps, waitFor } from "../../core/steps.ts";
import { type EngineOptions, querySteps } from "../../query/engine.ts";
import { placeOfId } from "../../query/scan/ids.ts";
import {
  COLLECT_AFTER_BYTES,
  COLLECT_AFTER_MS,
  COLLECT_RESIDENT_BYTES,
  QueryMemory,
} from "../../query/scan/query_memory.ts";
import { HistoryError } from "../../query/scan/records.ts";
import { isRefusal, projectRules, type ReadRules, refuseUnknownProject, resolveScope } from "../../query/scan/scope.ts";
import { StatisticsCache, UNUSED_MS_MAX } from "../../query/scan/statistics_cache.ts";
import { visibleNames, visibleRules } from "../../query/scan/visible.ts";
import { type CatchUpEvents, catchUpEvents, hasAllIds } from "../../query/stream/catch_up.ts";
import { type ExportedText, exportText } from "../../query/stream/export_text.ts";
import { TailHub } from "../../query/stream/tail.ts";
import { stepBack } from "../../runtime/priority.ts";
import { residentBytes } from "../../runtime/process_memory.ts";
import { listen, reply } from "../../runtime/thread.ts";
import type { FromReader, ToReader } from "../messages.ts";
import { exportHistory, historyOf, loadHistory, type NodeReader } from "./node_reader.ts";
import { ReaderPool } from "./reader_pool.ts";
import { type Work, WorkTurns } from "./work_turns.ts";

/** How long steps are taken before messages are received, in ms: the main thread sends a heartbeat each second. */
const TURN_MS = 20;
/** How long commits are collected before tails are served, in ms. */
const TAILS_EVERY_MS = 25;
/**
 * How long after the last query garbage is collected, in ms: columns are large, and the runtime itself collects late.
 */
const COLLECT_IDLE_AFTER_MS = 2_000;

/** The number of the work for all tails; queries have numbers from 1 on. */
const TAILS = 0;

/** An export that is open. */
interface Export {
  readonly texts: ExportedText;
  readonly reader: NodeReader;
}

class ReaderThread {
  readonly #reply: (message: FromReader) => void;
  readonly #cache = new StatisticsCache();
  readonly #pool: ReaderPool;
  /** Queries and other work, by number. */
  readonly #work = new WorkTurns({
    bytesMax: QUERIES_BYTES_MAX,
    turnMs: TURN_MS,
    clock: () => performance.now(),
    step: (number, { steps }) => this.#step(number, steps),
    onReady: () => this.#startTurns(),
  });
  /** Since the last look at whether garbage is to be collected. */
  #inflatedBytes = 0;
  #workedMs = 0;
  readonly #exports = new Map<number, Export>();
  /** Numbers of open tails, and of those that want a batch. */
  readonly #tails = new Set<number>();
  readonly #hungry = new Set<number>();
  /** The positions of tails that were not sent it yet. */
  readonly #unplaced = new Map<number, number>();
  /** What tails get of the history before they go on with the data file. */
  readonly #catchUps = new Map<number, CatchUpEvents>();
  /** Undefined: all records are in the data file. */
  readonly #history: Promise<ClickHouseHistory> | undefined;
  #rules: ReadRules;
  #hub: TailHub | undefined;
  #hubReader: NodeReader | undefined;
  #isTurning = false;
  #tailTimer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ file, rules, history }: ReaderStart, reply: (message: FromReader) => void) {
    this.#pool = new ReaderPool(file, history?.node ?? 0);
    this.#history = history === undefined ? undefined : loadHistory(history);
    this.#rules = rules;
    this.#reply = reply;
  }

  receive(message: Exclude<ToReader, { kind: "start" }>): void {
    switch (message.kind) {
      case "rules":
        this.#rules = message.rules;
        break;
      case "query":
        this.#beginQuery(message.number, message.request);
        break;
      case "export":
        this.#begin(message.number, this.#openExport(message.number, message.request));
        break;
      case "tail":
        this.#beginTail(message.number, message.request);
        break;
      case "more":
        if (this.#exports.has(message.number)) this.#begin(message.number, this.#sendText(message.number));
        else if (this.#tails.has(message.number)) this.#feed(message.number);
        break;
      case "cancel":
        this.#cancel(message.number);
        break;
      case "heartbeat":
        this.#reply({ kind: "heartbeat", number: 0 });
        break;
      case "advance":
        this.#tailTimer ??= setTimeout(() => this.#serveTails(), TAILS_EVERY_MS);
        break;
    }
  }

  #beginQuery(number: number, request: QueryRequest): void {
    const query = {
      memory: new QueryMemory((bytes) => {
        this.#inflatedBytes += bytes;
      }),
      deadline: performance.now() + QUERY_MS_MAX,
    };
    this.#begin(number, this.#respond(number, request, query), query);
  }

  #begin(number: number, steps: Steps<void>, query?: Work["query"]): void {
    this.#work.set(number, { steps, ...(query === undefined ? {} : { query }) });
    this.#startTurns();
  }

  #startTurns(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    clearTimeout(this.#idleTimer);
    setImmediate(() => this.#turn());
  }

  /** Takes some steps; then messages are received, a cancellation among them. */
  #turn(): void {
    const startedAt = performance.now();
    this.#work.turn();
    this.#workedMs += performance.now() - startedAt;
    this.#collectIfLarge();
    this.#isTurning = this.#work.isAnyReady;
    if (this.#isTurning) setImmediate(() => this.#turn());
    else if (this.#work.size === 0) this.#idleTimer = setTimeout(() => this.#releaseIdle(), COLLECT_IDLE_AFTER_MS);
  }

  #collectIfLarge(): void {
    if (this.#inflatedBytes < COLLECT_AFTER_BYTES && this.#workedMs < COLLECT_AFTER_MS) return;
    this.#inflatedBytes = 0;
    this.#workedMs = 0;
    if (residentBytes() >= COLLECT_RESIDENT_BYTES) collectGarbage();
  }

  /**
   * There was no query for a while: drops unused caches and collects garbage, and looks again later if any cache is
   * left.
   */
  #releaseIdle(): void {
    const isAnyLeft = this.#cache.evictUnused();
    collectGarbage();
    if (isAnyLeft) this.#idleTimer = setTimeout(() => this.#releaseIdle(), UNUSED_MS_MAX);
  }

  /** Takes a step of some work; whether the work is done, or what it waits for. */
  #step(number: number, steps: Steps<void>): boolean | Promise<void> {
    try {
      const step = steps.next();
      return step.done === true || (step.value ?? false);
    } catch (error) {
      if (number === TAILS) {
        this.#endTails();
        return true;
      }
      this.#closeExport(number, false);
      this.#reply({ kind: "response", number, outcome: { ok: false, refusal: unreadable(error) } });
      return true;
    }
  }

  #cancel(number: number): void {
    this.#work.end(number);
    this.#closeExport(number, true);
    if (!this.#tails.delete(number)) return;
    this.#unplaced.delete(number);
    this.#hungry.delete(number);
    this.#catchUps.get(number)?.return(undefined);
    this.#catchUps.delete(number);
    this.#hub?.close(number);
    this.#closeHubIfUnused();
  }

  *#respond(number: number, request: QueryRequest, query: NonNullable<Work["query"]>): Steps<void> {
    const reader = this.#pool.take();
    let isWhole = false;
    try {
      const history = this.#history === undefined ? undefined : yield* waitFor(this.#history);
      const outcome = yield* querySteps(request, this.#engineOptions(reader, query, history));
      this.#reply({
        kind: "response",
        number,
        outcome: outcome.ok ? { ok: true, answer: JSON.stringify(outcome.answer) } : outcome,
      });
      isWhole = true;
    } finally {
      this.#pool.giveBack(reader, isWhole);
    }
  }

  #engineOptions(
    reader: NodeReader,
    { memory, deadline }: NonNullable<Work["query"]>,
    history: ClickHouseHistory | undefined,
  ): EngineOptions {
    return {
      ...(history === undefined ? {} : { history: historyOf(history, reader) }),
      source: reader.blocks,
      tables: reader.tables,
      cache: this.#cache,
      rules: this.#rules,
      now: systemClock(),
      limitMs: deadline - performance.now(),
      memory,
    };
  }

  #open(number: number, open: () => void): void {
    try {
      open();
    } catch (error) {
      this.#closeHubIfUnused();
      this.#reply({ kind: "opened", number, refusal: unreadable(error) });
    }
  }

  *#openExport(number: number, request: ExportRequest): Steps<void> {
    let reader: NodeReader | undefined;
    try {
      reader = this.#pool.take();
      const history = this.#history === undefined ? undefined : yield* waitFor(this.#history);
      const texts = exportText(request, {
        source: reader.blocks,
        rules: this.#rules,
        now: systemClock(),
        history: history === undefined ? undefined : yield* exportHistory(history, reader, request.visible),
      });
      if (isRefusal(texts)) this.#reply({ kind: "opened", number, refusal: texts });
      else {
        this.#exports.set(number, { texts, reader });
        reader = undefined;
        this.#reply({ kind: "opened", number, refusal: undefined });
      }
    } catch (error) {
      this.#reply({ kind: "opened", number, refusal: unreadable(error) });
    } finally {
      if (reader !== undefined) this.#pool.giveBack(reader, false);
    }
  }

  /** Sends one chunk of an export; "" is a step without one. */
  *#sendText(number: number): Steps<void> {
    for (let open = this.#exports.get(number); open !== undefined; open = this.#exports.get(number)) {
      const next = open.texts.next();
      if (next.done === true) {
        this.#closeExport(number, true);
        this.#reply({ kind: "end", number });
      } else if (next.value instanceof Promise) {
        yield next.value;
        continue;
      } else if (next.value !== "") {
        this.#reply({ kind: "text", number, text: next.value });
        return;
      }
      yield undefined;
    }
  }

  #closeExport(number: number, isWhole: boolean): void {
    const open = this.#exports.get(number);
    if (open === undefined) return;
    this.#exports.delete(number);
    open.texts.return(undefined);
    this.#pool.giveBack(open.reader, isWhole);
  }

  #beginTail(number: number, request: TailRequest): void {
    const { after } = request;
    if (this.#history === undefined || after === undefined) this.#open(number, () => this.#openTail(number, request));
    else this.#begin(number, this.#resumeTail(number, { ...request, after }, this.#history));
  }

  /** What the data file does not have any more comes from the history, up to what is shipped at this moment. */
  *#resumeTail(
    number: number,
    request: TailRequest & { readonly after: number },
    loading: Promise<ClickHouseHistory>,
  ): Steps<void> {
    const history = yield* waitFor(loading);
    this.#open(number, () => {
      const { after, visible } = request;
      const { upTo, head, isWhole } = this.#pool.with((reader) => {
        const shipped = reader.shippedUpTo();
        const isShipped = after < shipped && placeOfId(after).node === placeOfId(shipped).node;
        const isComplete = !isShipped || hasAllIds(reader.blocks, after, shipped);
        return { upTo: shipped, head: reader.blocks.nextRecordId(), isWhole: isComplete };
      });
      this.#openTail(number, isWhole ? request : { ...request, after: upTo }, isWhole ? undefined : after);
      const scope = resolveScope({ ...request, from: undefined, to: undefined }, this.#rules, systemClock());
      if (isWhole || isRefusal(scope) || !this.#tails.has(number)) return;
      const limits = { memory: new QueryMemory(), clock: () => performance.now(), deadline: Number.POSITIVE_INFINITY };
      const records = history.records({ shippedUpTo: upTo, visible, ownProjects: [], isOwnOnly: true });
      this.#catchUps.set(number, catchUpEvents(records, limits, scope, { after, upTo, head }));
    });
  }

  /** Sends the next events of the history; after the last of them the tail goes on with the data file. */
  *#catchUp(number: number, events: CatchUpEvents): Steps<void> {
    try {
      for (let next = events.next(); next.done !== true; next = events.next()) {
        if (!Array.isArray(next.value)) yield next.value;
        else if (next.value.length > 0) {
          this.#reply({ kind: "events", number, events: next.value });
          return;
        }
      }
      this.#catchUps.delete(number);
      this.#feed(number);
    } catch (error) {
      if (!(error instanceof HistoryError)) throw error;
      // Its client comes back, with the id of the last record that it got.
      this.#cancel(number);
      this.#reply({ kind: "end", number });
    }
  }

  /** @param after where its client goes on, if that is before what the hub begins with */
  #openTail(number: number, request: TailRequest, after?: number): void {
    this.#hubReader ??= this.#pool.open();
    this.#hub ??= new TailHub({
      source: this.#hubReader.blocks,
      expiredBefore: (project) => systemClock() - projectRules(this.#rules, project).retentionMs,
    });
    // With another reader than the hub's, which may hold an older snapshot.
    const refusal =
      refuseUnknownProject(request.project, visibleRules(this.#rules, request.visible), () =>
        visibleNames(
          this.#pool.with(({ blocks }) => blocks.projects()),
          request.visible,
        ),
      ) ??
      this.#hub.open(
        number,
        request,
        this.#pool.with(({ blocks }) => blocks.nextRecordId()),
      );
    if (refusal === undefined) {
      this.#tails.add(number);
      this.#unplaced.set(number, Math.min(this.#hub.positionOf(number), after ?? Number.POSITIVE_INFINITY));
    } else this.#closeHubIfUnused();
    this.#reply({ kind: "opened", number, refusal });
  }

  /** A tail wants a batch: it gets one at once if there is any, else with the next commit. */
  #feed(number: number): void {
    const position = this.#unplaced.get(number);
    if (position !== undefined) {
      this.#unplaced.delete(number);
      return this.#reply({ kind: "events", number, events: [{ kind: "position", id: position }] });
    }
    const earlier = this.#catchUps.get(number);
    if (earlier !== undefined) return this.#begin(number, this.#catchUp(number, earlier));
    this.#hungry.add(number);
    this.#serveTails();
  }

  #serveTails(): void {
    clearTimeout(this.#tailTimer);
    this.#tailTimer = undefined;
    if (this.#hub !== undefined && this.#hungry.size > 0 && !this.#work.has(TAILS)) {
      this.#begin(TAILS, this.#collect(this.#hub));
    }
  }

  *#collect(hub: TailHub): Steps<void> {
    for (let behind = hub.behind(this.#hungry); behind.length > 0; behind = hub.behind(this.#hungry)) {
      const events = yield* hub.collect(behind);
      for (const [number, batch] of events) {
        if (this.#hungry.delete(number)) this.#reply({ kind: "events", number, events: batch });
      }
      yield undefined;
    }
  }

  /** Ends all tails, since the file cannot be read: their clients come back. */
  #endTails(): void {
    for (const number of this.#tails) this.#reply({ kind: "end", number });
    for (const events of this.#catchUps.values()) events.return(undefined);
    this.#catchUps.clear();
    this.#tails.clear();
    this.#unplaced.clear();
    this.#hungry.clear();
    this.#closeHub();
  }

  #closeHubIfUnused(): void {
    if (this.#tails.size === 0) this.#closeHub();
  }

  #closeHub(): void {
    this.#work.end(TAILS);
    this.#hubReader?.close();
    this.#hubReader = undefined;
    this.#hub = undefined;
  }
}

function unreadable(error: unknown): QueryRefusal {
  if (error instanceof HistoryError) return { code: "history_unavailable", message: error.message };
  const cause = error instanceof Error ? error.message : String(error);
  return { code: "unavailable", message: `cannot read the data file: ${cause}` };
}

type ReaderStart = Pick<Extract<ToReader, { kind: "start" }>, "file" | "rules" | "history">;

let thread: ReaderThread | undefined;

listen<ToReader>((message) => {
  if (message.kind === "start") {
    // Ingestion goes first.
    stepBack();
    thread = new ReaderThread(message, (response) => reply<FromReader>(response));
  } else thread?.receive(message);
});
