// The writer's loop: messages in, one transaction a group out. Between groups it lets time pass (timeouts, retention,
// merges) in short steps. A failed commit throws the memories away and reads them again from the file, so no trace of the
// group is left; anything else that goes wrong ends the thread, and the main thread starts another.

import type { ChangeOutcome } from "../core/changing.ts";
import { systemClock } from "../core/clock.ts";
import type { OperatingError } from "../core/errors.ts";
import { CLAIM, CLAIM_CELLS, type GroupMessage, type SetAsideMessage } from "../core/group.ts";
import type { StoreSnapshot } from "../core/telemetry.ts";
import { bytesWrittenByProcess } from "../runtime/process_io.ts";
import { isStoreError } from "../store/database.ts";
import type { GroupWrite } from "../store/group_write.ts";
import { Maintenance, openStore } from "../store/maintenance.ts";
import { spaceUsed } from "../store/space.ts";
import type { StoreWriter } from "../store/store_writer.ts";
import { EntryWorker } from "../worker/loop.ts";
import { Changes, unavailable } from "./changes.ts";
import { Merging } from "./merging.ts";
import type { FromWriter, ToWriter, WriterRules, WriterSettings } from "./messages.ts";

/** How often time passes when no group does, in ms. */
const TICK_EVERY_MS = 50;
/** How long after the last group the writer calls itself idle, in ms: then remainders are merged and space given back. */
const IDLE_AFTER_MS = 2_000;
/** How often a store that failed is tried again, in ms. */
const RECOVER_EVERY_MS = 500;
/** How often the journal's old parts are deleted, in ms. */
const PRUNE_EVERY_MS = 5_000;
/** How often the sizes on disk are looked up, in ms. */
const SIZES_EVERY_MS = 1_000;

export class WriterThread {
  readonly #reply: (message: FromWriter) => void;
  readonly #settings: WriterSettings;
  readonly #claims: Int32Array;
  readonly #store: StoreWriter;
  readonly #maintenance: Maintenance;
  readonly #merging: Merging;
  readonly #changes: Changes;
  #rules: WriterRules;
  #worker: EntryWorker;
  #isHealthy = true;
  #unhealthyBecause = "";
  #recoverAt = 0;
  #pruneAt = 0;
  #lastGroupAt = 0;
  #bytesReceived = 0;
  #sizes = { bytesOnDisk: 0, bytesWritten: 0, at: Number.NEGATIVE_INFINITY };
  #isClosed = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Opens the data file. Throws OperatingError. */
  constructor(start: Extract<ToWriter, { kind: "start" }>, reply: (message: FromWriter) => void) {
    this.#reply = reply;
    this.#settings = start.settings;
    this.#rules = start.rules;
    this.#claims = start.claims;
    const { file, durability, run } = start.settings;
    this.#store = openStore(file, durability, run);
    this.#maintenance = new Maintenance(this.#store, {
      file,
      bytesMax: () => this.#rules.bytesMax,
      clock: systemClock,
      retentionMsOf: (project) => (this.#rules.projects[project] ?? this.#rules.defaultProject).retentionMs,
    });
    this.#merging = new Merging(this.#store, this.#maintenance);
    this.#worker = this.#restoreWorker();
    this.#changes = new Changes({
      store: this.#store,
      file,
      worker: () => this.#worker,
      rules: () => this.#rules,
      clock: systemClock,
      reply: (number, outcome) => this.#changed(number, outcome),
      failed: (reason) => this.#failed(reason),
      later: (work, delayMs) => setTimeout(() => this.#guarded(work), delayMs),
    });
    // First, so that a server that has started knows whether it is ready.
    if (this.#maintenance.prepare()) this.#reply({ kind: "health", isHealthy: true, reason: "" });
    else this.#failed("there is no room for the reserve file");
    this.#reply({ kind: "started", lastBatch: this.#store.lastBatch(), snapshot: this.#snapshot() });
    this.#timer = setInterval(() => this.#guarded(() => this.#tick()), TICK_EVERY_MS);
  }

  receive(message: Exclude<ToWriter, { kind: "start" }>): void {
    // What still comes after an exception must not be begun: it would be counted against the batches in it.
    if (this.#isClosed) return;
    switch (message.kind) {
      case "group":
        this.#group(message, () => this.#worker.group(message.text, message.lastBatch));
        break;
      case "set_aside":
        this.#group(message, () => this.#worker.setAside(message));
        break;
      case "merged":
        this.#merged(message);
        break;
      case "change":
        if (this.#isHealthy) this.#changes.receive(message.number, message.request);
        else this.#reply({ kind: "changed", number: message.number, outcome: unavailable(this.#unhealthyBecause) });
        break;
      case "heartbeat":
        this.#reply({ kind: "heartbeat", number: message.number });
        break;
      case "rules":
        this.#rules = message.rules;
        this.#worker.setRules(message.rules, systemClock());
        this.#maintenance.rulesChanged();
        break;
      case "stop":
        this.close();
        this.#reply({ kind: "stopped" });
        break;
    }
  }

  /** Closes the data file; also what an exception must do, or its lock would outlive the thread. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#changes.giveUp("the server stops");
    this.#store.close();
  }

  #group(message: GroupMessage | SetAsideMessage, stage: () => GroupWrite): void {
    const cell = message.group % CLAIM_CELLS;
    const isMine = Atomics.compareExchange(this.#claims, cell, CLAIM.posted, CLAIM.begun) === CLAIM.posted;
    if (!isMine || !this.#isHealthy) {
      this.#reply({ kind: "failed", group: message.group });
      return;
    }
    const startedAt = performance.now();
    this.#lastGroupAt = startedAt;
    const write = stage();
    if (!this.#commit(write)) {
      this.#reply({ kind: "failed", group: message.group });
      return;
    }
    this.#bytesReceived += write.bytesReceived;
    const commitMs = performance.now() - startedAt;
    this.#reply({ kind: "committed", group: message.group, commitMs, snapshot: this.#snapshot() });
    this.#planMerge(false);
  }

  /** Commits and makes the worker's staged state true; false when the store cannot be written. */
  #commit(write: GroupWrite): boolean {
    try {
      this.#store.commit(write);
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#failed(error.message);
      return false;
    }
    this.#worker.committed();
    return true;
  }

  #pruneJournal(): void {
    if (performance.now() < this.#pruneAt) return;
    this.#pruneAt = performance.now() + PRUNE_EVERY_MS;
    for (const { kind, before } of this.#worker.journalNeeds(systemClock())) this.#store.pruneJournal(kind, before);
  }

  #failed(reason: string): void {
    this.#recoverAt = performance.now() + RECOVER_EVERY_MS;
    if (this.#isHealthy)
      this.#reply({ kind: "log", level: "error", message: `cannot write ${this.#settings.file}: ${reason}` });
    this.#isHealthy = false;
    this.#unhealthyBecause = reason;
    this.#changes.giveUp(`the data file cannot be written: ${reason}`);
    this.#reply({ kind: "health", isHealthy: false, reason: `the data file cannot be written: ${reason}` });
  }

  /** Does what no message asked for. */
  #guarded(work: () => void): void {
    if (this.#isClosed) return;
    try {
      work();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #tick(): void {
    const now = performance.now();
    if (!this.#isHealthy) {
      if (now >= this.#recoverAt) this.#recover();
      return;
    }
    const isIdle = now - this.#lastGroupAt > IDLE_AFTER_MS;
    try {
      const expired = this.#worker.expire(systemClock());
      if (expired !== undefined && this.#commit(expired)) this.#reply({ kind: "snapshot", snapshot: this.#snapshot() });
      if (!this.#isHealthy) return;
      const noted = this.#worker.noteKeys(systemClock());
      if (noted !== undefined && !this.#commit(noted)) return;
      this.#pruneJournal();
      if (!this.#changes.needsPagesInPlace && this.#maintenance.step(isIdle))
        this.#reply({ kind: "snapshot", snapshot: this.#snapshot() });
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#failed(error.message);
      return;
    }
    if (isIdle) this.#planMerge(true);
  }

  /** Tries to write again; the worker starts from what is on disk, since the failed group must leave no trace. */
  #recover(): void {
    try {
      if (!this.#maintenance.recover()) {
        this.#failed("there is no room for the reserve file");
        return;
      }
      this.#worker = this.#restoreWorker();
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#failed(error.message);
      return;
    }
    this.#isHealthy = true;
    this.#reply({ kind: "log", level: "info", message: `${this.#settings.file} can be written again` });
    this.#reply({ kind: "snapshot", snapshot: this.#snapshot() });
    this.#reply({ kind: "health", isHealthy: true, reason: "" });
  }

  #restoreWorker(): EntryWorker {
    const { timings, clientShare, dedupe, processStartedAt } = this.#settings;
    return new EntryWorker({
      state: this.#store.restore(),
      pairing: { ...timings, clientShare },
      dedupe,
      rules: this.#rules,
      deadlinesFrom: processStartedAt + timings.orphanGraceMs,
      now: systemClock(),
    });
  }

  #planMerge(isIdle: boolean): void {
    const request = this.#merging.plan(isIdle, this.#changes.projectInErasure);
    if (request !== undefined) this.#reply({ kind: "merge", request });
  }

  #merged({ job, result, unmergeable }: Extract<ToWriter, { kind: "merged" }>): void {
    try {
      if (!this.#merging.take(job, result, unmergeable, this.#isHealthy)) return;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#failed(error.message);
      return;
    }
    this.#reply({ kind: "snapshot", snapshot: this.#snapshot() });
    this.#planMerge(false);
  }

  #changed(number: number, outcome: ChangeOutcome): void {
    if (outcome.ok && outcome.erased !== undefined) this.#reply({ kind: "snapshot", snapshot: this.#snapshot() });
    this.#reply({ kind: "changed", number, outcome });
  }

  #snapshot(): StoreSnapshot {
    const now = performance.now();
    if (now - this.#sizes.at > SIZES_EVERY_MS) {
      const bytesOnDisk = spaceUsed(this.#store.database, this.#settings.file).onDisk;
      this.#sizes = { bytesOnDisk, bytesWritten: bytesWrittenByProcess() ?? this.#store.bytesHanded, at: now };
    }
    const { size: blocks, records } = this.#store.catalog;
    return {
      ...this.#worker.counts(),
      blocks,
      records,
      bytesOnDisk: this.#sizes.bytesOnDisk,
      bytesWritten: this.#sizes.bytesWritten,
      bytesReceived: this.#bytesReceived,
    };
  }
}

/** What a refusal to start says to the main thread. */
export function refusalOf(error: OperatingError): FromWriter {
  return { kind: "refused", code: error.code, message: error.message };
}
