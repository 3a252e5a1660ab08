// The metrics of /metrics, with prom-client. The hot path only adds to a number; all other values are read at a scrape,
// by the library's `collect`. A scrape takes one snapshot, synchronously, so received = stored + queued + open +
// dropped in every response.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type AlertService, NO_FIGURES } from "../../core/alert_responses.ts";
import { DROP_REASONS } from "../../core/drop.ts";
import { assert } from "../../core/errors.ts";
import {
  type PipelineView,
  type QueueAmount,
  type QueueFill,
  type ShippingView,
  type StoreSnapshot,
  type SyslogFigures,
  type SyslogView,
  THREADS,
  type ThreadName,
} from "../../core/telemetry.ts";
import { residentBytes } from "../../runtime/process_memory.ts";
import { heapBytesByThread } from "../../runtime/spawn.ts";

/** The statuses of POST /api/v1/enqueue; each is shown from the start. */
const BATCH_STATUSES = [202, 400, 401, 403, 413, 415, 422, 429, 500, 503] as const;
/** In seconds: from the fsync of a fast disk to that of a disk in trouble. */
const COMMIT_SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Why a read request was refused: a wrong token, session or ticket, or too many of them from one address. */
const READ_REFUSALS = ["token", "session", "ticket", "limited"] as const;
export type ReadRefusalReason = (typeof READ_REFUSALS)[number];

/** Whose batches wait in the queue, as far as their bodies show it. */
const QUEUE_CLASSES = ["server", "client", "unauthenticated"] as const;

/** What a scrape shows. */
interface ScrapeValues {
  readonly snapshot: StoreSnapshot;
  readonly queuedEntries: number;
  readonly fill: QueueFill;
  readonly isReady: boolean;
  readonly shipping: ShippingView | undefined;
}

type ReadOne = (moment: ScrapeValues) => number;
/** Pairs of a label's value and the metric's value. */
type ReadMany = (moment: ScrapeValues) => Iterable<readonly [string, number]>;

/** Counts batches, observes commit times, and writes the Prometheus text. One for the life of the process. */
export class ServerMetrics {
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #batches = new Map<number, number>(BATCH_STATUSES.map((status) => [status, 0]));
  readonly #restarts: Counter<"thread">;
  readonly #readRefusals: Counter<"reason">;
  readonly #hostRefusals: Counter;
  readonly #commitSeconds: Histogram;
  /** The syslog listeners, once they have started. */
  syslog: SyslogView | undefined;
  /** Alerts, once they have started. */
  alerts: Pick<AlertService, "figures"> | undefined;
  /** Of the scrape in work. */
  #moment: ScrapeValues | undefined;
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
    this.#addEntries();
    this.#readRefusals = this.#counter(
      "simplelogs_read_refusals_total",
      "Requests to read that were refused",
      "reason",
    );
    for (const reason of READ_REFUSALS) this.#readRefusals.inc({ reason }, 0);
    this.#hostRefusals = this.#counter("simplelogs_host_refusals_total", "Requests for a Host that is not answered");
    this.#addQueue();
    this.#addStore();
    this.#addShipping();
    this.#addSyslog();
    this.#addAlerts();
    this.#restarts = this.#counter(
      "simplelogs_thread_restarts_total",
      "Threads that died and were started again",
      "thread",
    );
    for (const thread of THREADS) this.#restarts.inc({ thread }, 0);
    this.#addProcess(version, isRunning);
  }

  /** A batch was answered with this status. */
  countBatch(status: number): void {
    this.#batches.set(status, (this.#batches.get(status) ?? 0) + 1);
  }

  /** A request to read was answered 401 or 429. */
  countReadRefusal(reason: ReadRefusalReason): void {
    this.#readRefusals.inc({ reason });
  }

  /** A request was answered 421. */
  countHostRefusal(): void {
    this.#hostRefusals.inc();
  }

  /** A thread died and is started again. */
  readonly countRestart = (thread: ThreadName): void => {
    this.#restarts.inc({ thread });
  };

  /** A group's transaction took this long. */
  readonly observeCommit = (durationMs: number): void => {
    this.#commitSeconds.observe(durationMs / 1000);
  };

  /** The Prometheus text of this moment. Concurrent scrapes share one response, so each describes a single moment. */
  text(pipeline: PipelineView): Promise<string> {
    this.#scrape ??= this.#write({
      snapshot: pipeline.snapshot(),
      queuedEntries: pipeline.queuedEntries(),
      fill: pipeline.queueFill(),
      isReady: pipeline.readiness().ready,
      shipping: pipeline.shipping?.(),
    }).finally(() => {
      this.#scrape = undefined;
    });
    return this.#scrape;
  }

  /** The library calls every `collect` before the first await. */
  #write(moment: ScrapeValues): Promise<string> {
    this.#moment = moment;
    return this.#registry.metrics();
  }

  #addEntries(): void {
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
    this.#gauge(
      "simplelogs_entries_queued",
      "Received entries that wait to be committed; always 0 unless durability is memory",
      (now) => now.queuedEntries,
    );
    this.#gauge(
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

  #addQueue(): void {
    const bySender = (pick: (amount: QueueAmount) => number) => (now: ScrapeValues) =>
      QUEUE_CLASSES.map((sender) => [sender, pick(now.fill[sender])] as const);
    this.#gauges(
      "simplelogs_queue_requests",
      "Batches in the queue",
      "source",
      bySender(({ requests }) => requests),
    );
    this.#gauges(
      "simplelogs_queue_bytes",
      "Bytes in the queue",
      "source",
      bySender(({ bytes }) => bytes),
    );
    this.#gauge("simplelogs_queue_requests_limit", "Batches the queue can hold", ({ fill }) => fill.limit.requests);
    this.#gauge("simplelogs_queue_bytes_limit", "Bytes the queue can hold", ({ fill }) => fill.limit.bytes);
  }

  #addStore(): void {
    this.#gauge("simplelogs_blocks", "Blocks in the data file", (now) => now.snapshot.blocks);
    this.#gauge("simplelogs_records", "Records in the data file", (now) => now.snapshot.records);
    this.#gauge(
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
    this.#gauge("simplelogs_ready", "1 when batches can be stored now, else 0", (now) => (now.isReady ? 1 : 0));
  }

  #addShipping(): void {
    const read = (pick: (view: ShippingView) => number) => (now: ScrapeValues) =>
      now.shipping === undefined ? 0 : pick(now.shipping);
    this.#total(
      "simplelogs_shipped_batches_total",
      "Batches stored in ClickHouse since the start",
      read((one) => one.batches),
    );
    this.#total(
      "simplelogs_shipped_records_total",
      "Records stored in ClickHouse since the start",
      read((one) => one.records),
    );
    this.#total(
      "simplelogs_shipped_bytes_total",
      "Bytes of these batches",
      read((one) => one.bytes),
    );
    this.#total(
      "simplelogs_shipping_failures_total",
      "Attempts to ship that failed since the start",
      read((one) => one.failures),
    );
    this.#gauge(
      "simplelogs_shipping_lag_seconds",
      "Age of the oldest record that is not shipped",
      read((one) => one.lagMs / 1000),
    );
    this.#gauge(
      "simplelogs_shipping_backlog_records",
      "Records that are not shipped",
      read((one) => one.backlogRecords),
    );
    this.#gauge(
      "simplelogs_shipping_backlog_bytes",
      "Bytes that they take in the data file",
      read((one) => one.backlogBytes),
    );
    this.#gauge(
      "simplelogs_shipping_backlog_bytes_limit",
      "Bytes that they may have",
      read((one) => one.backlogBytesMax),
    );
  }

  #addSyslog(): void {
    const byListener = (read: (figures: SyslogFigures) => number) => () =>
      (this.syslog?.figures() ?? []).map((figures) => [figures.listener, read(figures)] as const);
    const total = (name: string, help: string, read: (figures: SyslogFigures) => number) =>
      this.#totals(name, `${help} since the start`, "listener", byListener(read));
    total("simplelogs_syslog_received_total", "Syslog messages received", ({ received }) => received);
    total(
      "simplelogs_syslog_refused_total",
      "Syslog messages that were not queued: the queue was full, the key over its rate, or revoked",
      ({ refused }) => refused,
    );
    total("simplelogs_syslog_cut_total", "Syslog messages whose end is missing", ({ cut }) => cut);
    const connections = byListener((figures) => figures.connections);
    this.#gauges("simplelogs_syslog_connections", "Connections that send syslog", "listener", connections);
    total(
      "simplelogs_syslog_connections_refused_total",
      "Connections of syslog that were closed at once: too many, or the key is revoked",
      ({ connectionsRefused }) => connectionsRefused,
    );
  }

  #addAlerts(): void {
    const figures = () => this.alerts?.figures() ?? NO_FIGURES;
    this.#total(
      "simplelogs_alert_evaluations_total",
      "Evaluations of alert rules since the start",
      () => figures().evaluations,
    );
    this.#total(
      "simplelogs_alert_evaluation_failures_total",
      "Evaluations that found nothing, because the query failed or took too long",
      () => figures().failures,
    );
    this.#total(
      "simplelogs_alert_query_seconds_total",
      "How long the queries of alert rules took, from the asking to the answer",
      () => figures().querySeconds,
    );
    this.#totals("simplelogs_heartbeats_total", "Requests to heartbeat_url since the start", "outcome", () =>
      Object.entries(figures().heartbeats),
    );
    this.#gauge("simplelogs_alerts_firing", "Alert rules that fire now, each group by itself", () => figures().firing);
    const deliveries = new Counter({
      name: "simplelogs_alert_deliveries_total",
      help: "Attempts to tell a destination since the start; replaced: by a summary, or by what came after",
      labelNames: ["destination", "outcome"],
      registers: [],
      collect() {
        this.reset();
        for (const { destination, outcome, count } of figures().deliveries) this.inc({ destination, outcome }, count);
      },
    });
    this.#registry.registerMetric(deliveries);
  }

  #addProcess(version: string, isRunning: (thread: ThreadName) => boolean): void {
    const running = () => THREADS.map((thread) => [thread, isRunning(thread) ? 1 : 0] as const);
    this.#gauges("simplelogs_thread_running", "1 while there is such a thread; idle ones end", "thread", running);
    const startedAtSeconds = Math.round(Date.now() / 1000 - process.uptime());
    this.#gauge("process_start_time_seconds", "Start of the process, in Unix seconds", () => startedAtSeconds);
    this.#gauge("simplelogs_uptime_seconds", "Seconds since the process started", () => process.uptime());
    this.#gauge("process_resident_memory_bytes", "Resident memory of the process", residentBytes);
    this.#gauges(
      "simplelogs_heap_bytes",
      "JavaScript values and their buffers, as the last collection in the thread left them",
      "thread",
      heapBytesByThread,
    );
    this.#gauges("simplelogs_build_info", "Always 1; the version is a label", "version", () => [[version, 1]]);
  }

  /** Counts from now on. */
  #counter<L extends string = never>(name: string, help: string, label?: L): Counter<L> {
    return new Counter({ name, help, labelNames: label === undefined ? [] : [label], registers: [this.#registry] });
  }

  /** A counter that is kept elsewhere: each scrape shows its total. */
  #total(name: string, help: string, read: ReadOne): void {
    const moment = this.#scraped;
    const metric = new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(read(moment()));
      },
    });
    this.#registry.registerMetric(metric);
  }

  #totals(name: string, help: string, label: string, read: ReadMany): void {
    const moment = this.#scraped;
    const metric = new Counter({
      name,
      help,
      labelNames: [label],
      registers: [],
      collect() {
        this.reset();
        for (const [value, count] of read(moment())) this.inc({ [label]: value }, count);
      },
    });
    this.#registry.registerMetric(metric);
  }

  #gauge(name: string, help: string, read: ReadOne): void {
    const moment = this.#scraped;
    const metric = new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(read(moment()));
      },
    });
    this.#registry.registerMetric(metric);
  }

  #gauges(name: string, help: string, label: string, read: ReadMany): void {
    const moment = this.#scraped;
    const metric = new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [],
      collect() {
        for (const [value, level] of read(moment())) this.set({ [label]: value }, level);
      },
    });
    this.#registry.registerMetric(metric);
  }

  readonly #scraped = (): ScrapeValues => {
    assert(this.#moment !== undefined, "metrics are collected by a scrape");
    return this.#moment;
  };
}
