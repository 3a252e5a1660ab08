// The main thread's end of ingestion. It owns the writer thread and starts it again when it dies, gives its reports to
// the dispatcher, relays merges between it and the compactor, watches its heartbeat, and has the latest snapshot of
// figures.

import type { ChangeOutcome, ChangeRequest, ChangeService } from "../../core/changes.ts";
import type { Clock } from "../../core/clock.ts";
import { OperatingError, type OperatingErrorCode } from "../../core/errors.ts";
import { formatBytes } from "../../core/format.ts";
import type { StoredSession } from "../../core/session.ts";
import {
  NOTHING_YET,
  type PipelineView,
  type QueueFill,
  type Readiness,
  type ShippingView,
  type StoreSnapshot,
  type ThreadName,
} from "../../core/telemetry.ts";
import { Dispatcher } from "../../queue/dispatcher.ts";
import type { KeyIndexes } from "../../queue/group.ts";
import type { RingLimits } from "../../queue/ring.ts";
import { spawnThread, type ThreadHandle } from "../../runtime/spawn.ts";
import { IdleGc } from "../idle_gc.ts";
import type { FromWriter, ToWriter, WriterRules, WriterSettings } from "../messages.ts";
import { Compaction } from "./compaction.ts";
import { Erasures } from "./erasures.ts";
import type { Shipping } from "./shipping.ts";
import { RestartDelay } from "./thread_lifetime.ts";
import { ChangeRequests, FlushRequests, STOPPING, WRITER_DIED } from "./writer_requests.ts";

/** How often the writer is sent a heartbeat, in ms. */
const HEARTBEAT_EVERY_MS = 1_000;
/** How long an answer to the heartbeat may take before the server is not ready, in ms (contract, section 7). */
const HEARTBEAT_MS_MAX = 5_000;
/**
 * How long a stop may take before the writer is ended by force, in ms; the contract allows 10 s, open requests
 * included.
 */
const STOP_MS_MAX = 7_000;

/** Writes a line to the log of the process. */
export type PipelineLog = (level: "debug" | "info" | "warn" | "error", message: string) => void;

/** What a pipeline needs. */
export interface PipelineOptions {
  readonly settings: WriterSettings;
  readonly rules: WriterRules;
  readonly limits: RingLimits;
  /** The indexes under which `rules` name the keys. */
  readonly keys: KeyIndexes;
  /** Monotonic ms. */
  readonly clock: Clock;
  readonly log: PipelineLog;
  /** Called with each group: from its receipt in the writer to its commit, in ms. */
  readonly observeCommit: (ms: number) => void;
  /** Records may have been stored, and can be read. */
  readonly committed: () => void;
  /** A thread died or did not answer; another one takes its place. */
  readonly restarted: (thread: ThreadName) => void;
  /** The threads' modules. Tests replace the writer by one that dies. */
  readonly writerUrl: URL;
  readonly compactorUrl: URL;
  /** Ships to a ClickHouse cluster; undefined: there is none. */
  readonly shipping?: Shipping | undefined;
  /** As CompactionOptions have it. */
  readonly idleTicks?: number | undefined;
}

/** The writer thread with its queue and its compactor, as the composition root sees them. */
export class Pipeline implements PipelineView, ChangeService {
  readonly dispatcher: Dispatcher;
  readonly #options: PipelineOptions;
  readonly #startedAt = performance.now();
  #rules: WriterRules;
  #writer: ThreadHandle<ToWriter> | undefined;
  readonly #compaction: Compaction;
  readonly #writerDelay: RestartDelay;
  readonly #changes = new ChangeRequests(() => this.dispatcher.drained());
  readonly #erasures: Erasures | undefined;
  readonly #idleGc = new IdleGc();
  readonly #flushes = new FlushRequests(() => this.#writer?.post({ kind: "flush" }));
  #snapshot = NOTHING_YET;
  #sessions: readonly StoredSession[] = [];
  #health: { isHealthy: boolean; reason: string } = { isHealthy: false, reason: "the writer is starting" };
  #heartbeatNumber = 0;
  #heartbeatAnsweredAt: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Identifies the data file that was opened at the start. */
  #dataId: string | undefined;
  /** Whether so much is not shipped that nothing more is accepted. */
  #isBacklogFull = false;
  #isDataGone = false;
  #isStopping = false;
  #hasStarted = false;
  #started = Promise.withResolvers<void>();
  #stopped = Promise.withResolvers<void>();

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#erasures = options.shipping && new Erasures(options.shipping);
    this.#writerDelay = new RestartDelay(options.clock);
    this.#compaction = new Compaction({
      file: options.settings.file,
      compactorUrl: options.compactorUrl,
      idleTicks: options.idleTicks,
      clock: options.clock,
      log: options.log,
      merged: (outcome) => this.#writer?.post({ kind: "merged", ...outcome }),
      restarted: () => options.restarted("compactor"),
    });
    this.#heartbeatAnsweredAt = options.clock();
    this.dispatcher = new Dispatcher({
      limits: options.limits,
      durability: options.settings.durability,
      clock: options.clock,
      keys: options.keys,
      send: (message) => this.#writer?.post(message),
    });
  }

  /** Resolves when the writer has opened the data file. Rejects with OperatingError when it cannot. */
  async start(): Promise<void> {
    this.#startWriter();
    this.#timer = setInterval(() => this.#tick(), HEARTBEAT_EVERY_MS);
    await this.#started.promise;
  }

  /** Commits what was accepted, then ends the threads. No batch is pushed any more. */
  async stop(): Promise<void> {
    const deadline = this.#options.clock() + STOP_MS_MAX;
    while (!this.dispatcher.isEmpty && this.#options.clock() < deadline)
      await new Promise((wake) => setTimeout(wake, 5));
    const { requests } = this.dispatcher;
    if (requests > 0) this.#options.log("error", `${requests} queued batches could not be stored in time`);
    this.#isStopping = true;
    clearInterval(this.#timer);
    this.#changes.answerAll(STOPPING);
    this.#compaction.stop();
    this.#options.shipping?.stop();
    this.#idleGc.stop();
    if (this.#writer === undefined) return;
    this.#writer.post({ kind: "stop" });
    const timeout = setTimeout(() => this.#stopped.resolve(), Math.max(500, deadline - this.#options.clock()));
    await this.#stopped.promise;
    clearTimeout(timeout);
    this.#writer?.terminate();
  }

  /** Whether there is a thread of this name at the moment. */
  isRunning(thread: "writer" | "compactor"): boolean {
    return thread === "writer" ? this.#writer !== undefined : this.#compaction.isRunning;
  }

  setRules(rules: WriterRules): void {
    this.#rules = rules;
    this.#writer?.post({ kind: "rules", rules });
  }

  change(request: ChangeRequest): Promise<ChangeOutcome> {
    // What is said to be erased must be gone everywhere.
    if (request.kind === "erase" && this.#erasures !== undefined) {
      return this.#erasures.erase(request, (local) => this.#changeData(local));
    }
    return this.#changeData(request);
  }

  #changeData(request: ChangeRequest): Promise<ChangeOutcome> {
    const writer = this.#writer;
    if (this.#isStopping || writer === undefined) return Promise.resolve(this.#isStopping ? STOPPING : WRITER_DIED);
    return this.#changes.request(request, (message) => writer.post(message));
  }

  /** The app's sessions, as the data file had them when the writer started. */
  get storedSessions(): readonly StoredSession[] {
    return this.#sessions;
  }

  flushed(): Promise<void> | undefined {
    return this.#flushes.flushed();
  }

  snapshot(): StoreSnapshot {
    const { dispatcher } = this;
    if (dispatcher.queuedEntries === 0) return this.#snapshot;
    return { ...this.#snapshot, received: this.#snapshot.received + dispatcher.queuedEntries };
  }

  queueFill(): QueueFill {
    return this.dispatcher.fill();
  }

  queuedEntries(): number {
    return this.dispatcher.queuedEntries;
  }

  readiness(): Readiness {
    if (!this.#health.isHealthy) return { ready: false, reason: this.#health.reason };
    if (this.#isBacklogFull) return { ready: false, reason: this.#backlogText() };
    const silentMs = this.#options.clock() - this.#heartbeatAnsweredAt;
    if (silentMs > HEARTBEAT_MS_MAX) {
      return { ready: false, reason: `the writer has not answered for ${Math.round(silentMs / 1000)} s` };
    }
    return { ready: true };
  }

  shipping(): ShippingView | undefined {
    const { shipping, settings } = this.#options;
    if (shipping === undefined || settings.shipping === undefined) return undefined;
    const { backlogBytesMax } = settings.shipping;
    return { ...shipping.figures(), backlogBytes: this.#snapshot.backlogBytes ?? 0, backlogBytesMax };
  }

  #startWriter(): void {
    const { settings, writerUrl } = this.#options;
    this.#writerDelay.started();
    const events = {
      receive: (message: FromWriter) => this.#fromWriter(message),
      ended: (reason: string) => this.#writerEnded(reason),
    };
    const writer = spawnThread<ToWriter, FromWriter>(writerUrl, events, true);
    this.#writer = writer;
    writer.post({
      kind: "start",
      settings,
      rules: this.#rules,
      groupState: this.dispatcher.groupState,
      processAgeMs: performance.now() - this.#startedAt,
      dataId: this.#dataId,
    });
  }

  /** `isDataGone`: it could not start, since the data file is not there any more. */
  #writerEnded(reason: string, isDataGone = false): void {
    this.#writer = undefined;
    this.#compaction.forget();
    this.#changes.answerAll(WRITER_DIED);
    this.#flushes.giveUp();
    if (this.#isStopping) {
      this.#stopped.resolve();
      return;
    }
    if (!this.#hasStarted) {
      const { file } = this.#options.settings;
      this.#refuseStart(new OperatingError("data_unreadable", `cannot use ${file}: the writer thread died: ${reason}`));
      return;
    }
    this.#options.log("error", `the writer thread died: ${reason}; starting another`);
    this.#health = { isHealthy: false, reason: isDataGone ? reason : "the writer is starting again" };
    if (isDataGone) this.#setRefusing(true);
    this.#options.restarted("writer");
    this.dispatcher.writerDied();
    setTimeout(() => {
      if (!this.#isStopping) this.#startWriter();
    }, this.#writerDelay.died());
  }

  #refuseStart(error: OperatingError): void {
    this.#isStopping = true;
    this.#writer = undefined;
    clearInterval(this.#timer);
    this.#compaction.stop();
    this.#started.reject(error);
  }

  #fromWriter(message: FromWriter): void {
    switch (message.kind) {
      case "committed":
        this.#options.observeCommit(message.commitMs);
        if (message.snapshot === undefined) this.#flushes.appended();
        else this.#setSnapshot(message.snapshot, true);
        this.dispatcher.committed(message.group, message.reports);
        this.#idleGc.worked();
        break;
      case "checked":
        this.dispatcher.checked(message);
        break;
      case "all_refused":
        this.dispatcher.allRefused(message.group);
        break;
      case "failed":
        this.dispatcher.failed(message.group);
        break;
      case "snapshot":
        this.#setSnapshot(message.snapshot, message.isFlushed);
        break;
      case "merge":
        this.#compaction.merge(message.request);
        break;
      case "heartbeat":
        this.#heartbeatAnsweredAt = this.#options.clock();
        break;
      case "changed":
        this.#changes.answer(message.number, message.outcome);
        break;
      case "health":
        this.#health = { isHealthy: message.isHealthy, reason: message.reason };
        if (!message.isHealthy) this.#flushes.giveUp();
        this.#setRefusing(message.isDataGone);
        break;
      case "started":
        this.#snapshot = message.snapshot;
        this.#sessions = message.sessions;
        this.#dataId ??= message.dataId;
        this.#heartbeatAnsweredAt = this.#options.clock();
        if (message.shipping !== undefined) {
          this.#options.shipping?.writerStarted(message.shipping, (number, state) =>
            this.#writer?.post({ kind: "save_shipping", number, state }),
          );
        }
        this.#checkBacklog(message.snapshot);
        this.dispatcher.writerStarted(message.lastBatch);
        this.#hasStarted = true;
        this.#started.resolve();
        break;
      case "shipping_saved":
        this.#options.shipping?.saved(message.number, message.isSaved);
        break;
      case "log":
        this.#options.log(message.level, message.message);
        break;
      case "refused":
        this.#writer?.terminate();
        // The file was opened once: what prevents it now (a full disk, an I/O error) may pass.
        if (this.#hasStarted) this.#writerEnded(message.message, message.code === "data_gone");
        else this.#refuseStart(new OperatingError(message.code as OperatingErrorCode, message.message));
        break;
      case "stopped":
        this.#stopped.resolve();
        break;
    }
  }

  #setRefusing(isDataGone: boolean): void {
    this.#isDataGone = isDataGone;
    this.dispatcher.setRefusing(!this.#health.isHealthy || this.#isBacklogFull, isDataGone || this.#isBacklogFull);
  }

  /** Past the bound of what is not shipped, nothing more is accepted until some of it is. */
  #checkBacklog({ backlogBytes = 0 }: StoreSnapshot): void {
    const isFull = backlogBytes > (this.#options.settings.shipping?.backlogBytesMax ?? Number.POSITIVE_INFINITY);
    if (isFull === this.#isBacklogFull) return;
    this.#isBacklogFull = isFull;
    const message = isFull ? `requests are refused: ${this.#backlogText()}` : "requests are accepted again";
    this.#options.log(isFull ? "error" : "info", message);
    this.#setRefusing(this.#isDataGone);
  }

  #backlogText(): string {
    return `the records that are not shipped to ClickHouse take more than clickhouse.backlog_max (${formatBytes(this.#options.settings.shipping?.backlogBytesMax ?? 0)})`;
  }

  #setSnapshot(snapshot: StoreSnapshot, isFlushed: boolean): void {
    this.#snapshot = snapshot;
    this.#checkBacklog(snapshot);
    this.#options.shipping?.committed();
    if (isFlushed) this.#flushes.done();
    else if (!this.#health.isHealthy) this.#flushes.giveUp();
    this.#options.committed();
  }

  #tick(): void {
    this.dispatcher.withdrawExpired();
    this.#compaction.tick();
    this.#writer?.post({ kind: "heartbeat", number: ++this.#heartbeatNumber });
  }
}
