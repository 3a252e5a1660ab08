// The figures of /metrics. The hot path only adds to a number; everything else is read when someone asks. One scrape takes
// one snapshot, synchronously, so received = stored + queued + open + dropped holds in every answer.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { DROP_REASONS } from "../../core/drop.ts";
import {
  type PipelineView,
  type QueueAmount,
  type QueueFill,
  type StoreSnapshot,
  THREADS,
  type ThreadName,
} from "../../core/telemetry.ts";
import { residentBytes } from "../../runtime/process_memory.ts";
import { heapBytesByThread } from "../../runtime/spawn.ts";

/** What POST /api/v1/enqueue can answer, each shown from the start. */
const BATCH_STATUSES = [202, 400, 401, 403, 413, 415, 422, 429, 500, 503] as const;
/** Seconds; from an fsync of a fast disk to one that is in trouble. */
const COMMIT_SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Why a request to read was refused: a wrong one of these, or too many of them from one address. */
const READ_REFUSALS = ["token", "session", "ticket", "limited"] as const;
export type ReadRefusalReason = (typeof READ_REFUSALS)[number];

/** Whose a batch in the queue seems to be. */
const QUEUE_LANES = ["server", "client", "unauthenticated"] as const;

/** What one scrape sees. */
interface Moment {
  readonly snapshot: StoreSnapshot;
  readonly queuedEntries: number;
  readonly fill: QueueFill;
  readonly isReady: boolean;
}

type ReadOne = (moment: Moment) => number;
/** Pairs of a label's value and its figure. */
type ReadMany = (moment: Moment) => Iterable<readonly [string, number]>;

/** Counts batches, takes commit times, and writes the Prometheus text. One for the life of the process. */
export class ServerMetrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #batches = new Map<number, number>(BATCH_STATUSES.map((status) => [status, 0]));
  readonly #restarts = new Map<ThreadName, number>(THREADS.map((thread) => [thread, 0]));
  readonly #readRefusals = new Map<ReadRefusalReason, number>(READ_REFUSALS.map((reason) => [reason, 0]));
  #hostRefusals = 0;
  readonly #commitSeconds: Histogram;
  readonly #refreshes: ((moment: Moment) => void)[] = [];
  #scrape: Promise<string> | undefined;

  /** `version` of the program; `isRunning`: whether there is such a thread at the moment. */
  constructor(version: string, isRunning: (thread: ThreadName) => boolean) {
    this.contentType = this.#registry.contentType;
    this.#commitSeconds = new Histogram({
      name: "simplelogs_commit_duration_seconds",
      help: "Time that a group's transaction took, its fsync included",
      buckets: COMMIT_SECONDS_BUCKETS,
      registers: [this.#registry],
    });
    this.#addEntryFigures();
    this.#addRefusals();
    this.#addQueueFigures();
    this.#addStoreFigures();
    this.#addProcessFigures(version, isRunning);
  }

  /** A batch was answered with this status. */
  countBatch(status: number): void {
    this.#batches.set(status, (this.#batches.get(status) ?? 0) + 1);
  }

  /** A request to read was answered 401 or 429. */
  countReadRefusal(reason: ReadRefusalReason): void {
    this.#readRefusals.set(reason, (this.#readRefusals.get(reason) ?? 0) + 1);
  }

  /** A request was answered 421. */
  countHostRefusal(): void {
    this.#hostRefusals++;
  }

  /** A thread died and is started again. */
  readonly countRestart = (thread: ThreadName): void => {
    this.#restarts.set(thread, (this.#restarts.get(thread) ?? 0) + 1);
  };

  /** A group's transaction took this long. */
  readonly observeCommit = (durationMs: number): void => {
    this.#commitSeconds.observe(durationMs / 1000);
  };

  /** The Prometheus text of this moment. Scrapes at the same time share one answer, so none mixes two moments. */
  text(pipeline: PipelineView): Promise<string> {
    this.#scrape ??= this.#write({
      snapshot: pipeline.snapshot(),
      queuedEntries: pipeline.queuedEntries(),
      fill: pipeline.queueFill(),
      isReady: pipeline.readiness().ready,
    }).finally(() => {
      this.#scrape = undefined;
    });
    return this.#scrape;
  }

  #write(moment: Moment): Promise<string> {
    for (const refresh of this.#refreshes) refresh(moment);
    return this.#registry.metrics();
  }

  #addEntryFigures(): void {
    this.#total(
      "simplelogs_entries_received_total",
      "Entries taken since the data file was made",
      (now) => now.snapshot.received,
    );
    this.#total(
      "simplelogs_entries_stored_total",
      "Entries stored since the data file was made; a pair counts two",
      (now) => now.snapshot.stored,
    );
    this.#level(
      "simplelogs_entries_queued",
      "Received entries that wait to be committed; always 0 unless durability is memory",
      (now) => now.queuedEntries,
    );
    this.#level(
      "simplelogs_entries_open",
      "Timing starts and ends that wait for their other half",
      (now) => now.snapshot.open,
    );
    this.#totals("simplelogs_entries_dropped_total", "Entries dropped since the data file was made", "reason", (now) =>
      DROP_REASONS.map((reason) => [reason, now.snapshot.dropped[reason]] as const),
    );
    this.#totals(
      "simplelogs_timings_ambiguous_total",
      "Pairs by touchpoint for which more than one start would have done, since the data file was made",
      "project",
      (now) => now.snapshot.ambiguous,
    );
    this.#totals("simplelogs_batches_total", "Answers of the ingestion endpoint since the start", "status", () =>
      [...this.#batches].map(([status, count]) => [String(status), count] as const),
    );
  }

  #addRefusals(): void {
    const refusals = () => this.#readRefusals;
    this.#totals("simplelogs_read_refusals_total", "Requests to read that were refused", "reason", refusals);
    this.#total("simplelogs_host_refusals_total", "Requests for a Host that is not answered", () => this.#hostRefusals);
  }

  #addQueueFigures(): void {
    const byLane = (pick: (amount: QueueAmount) => number) => (now: Moment) =>
      QUEUE_LANES.map((lane) => [lane, pick(now.fill[lane])] as const);
    this.#levels(
      "simplelogs_queue_requests",
      "Batches in the queue",
      "source",
      byLane(({ requests }) => requests),
    );
    this.#levels(
      "simplelogs_queue_bytes",
      "Bytes in the queue",
      "source",
      byLane(({ bytes }) => bytes),
    );
    this.#level("simplelogs_queue_requests_limit", "Batches the queue can hold", ({ fill }) => fill.limit.requests);
    this.#level("simplelogs_queue_bytes_limit", "Bytes the queue can hold", ({ fill }) => fill.limit.bytes);
  }

  #addStoreFigures(): void {
    this.#level("simplelogs_blocks", "Blocks in the data file", (now) => now.snapshot.blocks);
    this.#level("simplelogs_records", "Records in the data file", (now) => now.snapshot.records);
    this.#level(
      "simplelogs_disk_bytes",
      "Size of the data file and its write-ahead log",
      (now) => now.snapshot.bytesOnDisk,
    );
    this.#total(
      "simplelogs_written_bytes_total",
      "Bytes written to storage since the start",
      (now) => now.snapshot.bytesWritten,
    );
    this.#total(
      "simplelogs_received_bytes_total",
      "Bytes of committed request bodies since the start",
      (now) => now.snapshot.bytesReceived,
    );
    this.#level("simplelogs_ready", "1 when batches can be stored now, else 0", (now) => (now.isReady ? 1 : 0));
  }

  #addProcessFigures(version: string, isRunning: (thread: ThreadName) => boolean): void {
    const running = () => THREADS.map((thread) => [thread, isRunning(thread) ? 1 : 0] as const);
    this.#levels("simplelogs_thread_running", "1 while there is such a thread; idle ones end", "thread", running);
    const restarts = () => this.#restarts;
    this.#totals("simplelogs_thread_restarts_total", "Threads that died and were started again", "thread", restarts);
    const startedAtSeconds = Math.round(Date.now() / 1000 - process.uptime());
    this.#level("process_start_time_seconds", "Start of the process, in Unix seconds", () => startedAtSeconds);
    this.#level("simplelogs_uptime_seconds", "Seconds since the process started", () => process.uptime());
    this.#level("process_resident_memory_bytes", "Resident memory of the process", residentBytes);
    this.#levels(
      "simplelogs_heap_bytes",
      "JavaScript values and their buffers, as the last collection in the thread left them",
      "thread",
      heapBytesByThread,
    );
    this.#levels("simplelogs_build_info", "Always 1; the version is a label", "version", () => [[version, 1]]);
  }

  #total(name: string, help: string, read: ReadOne): void {
    const counter = new Counter({ name, help, registers: [this.#registry] });
    this.#refreshes.push((moment) => {
      counter.reset();
      counter.inc(read(moment));
    });
  }

  #totals(name: string, help: string, label: string, read: ReadMany): void {
    const counter = new Counter({ name, help, labelNames: [label], registers: [this.#registry] });
    this.#refreshes.push((moment) => {
      counter.reset();
      for (const [value, count] of read(moment)) counter.inc({ [label]: value }, count);
    });
  }

  #level(name: string, help: string, read: ReadOne): void {
    const gauge = new Gauge({ name, help, registers: [this.#registry] });
    this.#refreshes.push((moment) => gauge.set(read(moment)));
  }

  #levels(name: string, help: string, label: string, read: ReadMany): void {
    const gauge = new Gauge({ name, help, labelNames: [label], registers: [this.#registry] });
    this.#refreshes.push((moment) => {
      for (const [value, figure] of read(moment)) gauge.set({ [label]: value }, figure);
    });
  }
}
