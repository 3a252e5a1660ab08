// The writer thread: receives messages, makes groups durable and reports them. Between groups it does what time
// requires (timeouts, retention, merges) in short steps. After a failed commit the state in memory is read again from
// the file, so no trace of the group is left. Any other exception ends the thread, and the main thread starts another.

import type { ShippingState } from "../../commit/shipping_state.ts";
import { type AlertWrite, SERVER_PROJECT } from "../../core/alerts.ts";
import type { ChangeOutcome } from "../../core/changes.ts";
import { AgeClock, type ClockReading, systemClock } from "../../core/clock.ts";
import {
  type BatchReport,
  GROUP_STATE,
  type GroupMessage,
  type RefusedBatch,
  type SetAsideMessage,
} from "../../core/group.ts";
import { nearestName } from "../../core/nearest.ts";
import type { StoreSnapshot } from "../../core/telemetry.ts";
import { BatchChecks } from "../../ingest/batch_checks.ts";
import { Ingester } from "../../ingest/ingester.ts";
import { projectRules } from "../../ingest/rules.ts";
import { serverRecord } from "../../ingest/server_record.ts";
import { IDS_PER_NODE } from "../../query/scan/ids.ts";
import { LargeWork } from "../../runtime/large_work.ts";
import { isStoreError } from "../../store/database.ts";
import { cutFile } from "../../store/disk_space.ts";
import { mustBe } from "../../store/opened_files.ts";
import { Maintenance, openStore } from "../../store/space/maintenance.ts";
import type { StoreWriter } from "../../store/store_writer.ts";
import { IdleGc } from "../idle_gc.ts";
import type { FromWriter, ToWriter, WriterRules, WriterSettings } from "../messages.ts";
import { Changes, unavailable } from "./changes.ts";
import { GroupCommits } from "./group_commits.ts";
import { Merging } from "./merging.ts";
import { ShippingRecord } from "./shipping_record.ts";

/** How often timeouts, retention and merges are looked at, in ms. */
const TICK_EVERY_MS = 50;
/**
 * The writer is idle so many ms after the last group: then the last small blocks are merged and free space is returned.
 */
const IDLE_AFTER_MS = 2_000;
/** The part of the data file's bound that pending timings may take: retention cannot delete them. */
const PENDING_SHARE_MAX = 0.25;
/** How often recovery is tried after the store has failed, in ms. */
const RECOVER_EVERY_MS = 500;
/** How often the presence of the data file is checked while no group comes, in ms (contract, section 4). */
const FILE_CHECK_EVERY_MS = 1_000;

/** The writer without its thread: tests call `receive` themselves. It has the only connection that writes. */
export class WriterThread {
  readonly #reply: (message: FromWriter) => void;
  readonly #settings: WriterSettings;
  readonly #groupState: Int32Array;
  readonly #store: StoreWriter;
  readonly #maintenance: Maintenance;
  readonly #merging: Merging;
  readonly #changes: Changes;
  readonly #shipping: ShippingRecord;
  readonly #clock: AgeClock;
  /** When the process started, by the steady clock, Unix ms. */
  readonly #startedAt: number;
  readonly #commits: GroupCommits;
  readonly #idleGc = new IdleGc();
  readonly #checks: BatchChecks;
  readonly #largeWork = new LargeWork();
  #rules: WriterRules;
  #ingester: Ingester;
  #isHealthy = true;
  #problem = "";
  #recoverAt = 0;
  #checkFileAt = 0;
  #isClosed = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Opens the data file. Throws OperatingError. */
  constructor(start: Extract<ToWriter, { kind: "start" }>, reply: (message: FromWriter) => void) {
    this.#reply = reply;
    this.#settings = start.settings;
    this.#rules = start.rules;
    this.#checks = new BatchChecks(start.rules, start.settings.decoding);
    this.#groupState = start.groupState;
    const { file, durability, run } = start.settings;
    if (start.dataId !== undefined) mustBe(file, start.dataId);
    this.#store = openStore(file, durability, run);
    this.#shipping = new ShippingRecord(this.#store, start.settings.shipping);
    const log = (level: "info" | "warn", message: string) => reply({ kind: "log", level, message });
    this.#clock = new AgeClock({ saved: this.#store.clock(), log });
    this.#startedAt = this.#clock.reading.steady - start.processAgeMs;
    this.#maintenance = new Maintenance(this.#store, {
      file,
      bytesMax: () => this.#rules.bytesMax,
      clock: () => this.#clock.reading,
      retentionMsOf: (project) => projectRules(this.#rules, project).retentionMs,
      configured: () => [...Object.keys(this.#rules.projects), ...this.#rules.keys.map((key) => key.project)],
      shipped: () => this.#shipping.shipped,
      log,
    });
    this.#merging = new Merging(this.#store, this.#maintenance);
    this.#ingester = this.#restoreIngester();
    const usesRedoLog = durability !== "memory";
    this.#commits = new GroupCommits(
      { store: this.#store, file, run, clock: this.#clock, usesRedoLog },
      this.#ingester,
    );
    this.#changes = new Changes({
      store: this.#store,
      file,
      ingester: () => this.#ingester,
      rules: () => this.#rules,
      clock: systemClock,
      idOffset: (start.settings.shipping?.node ?? 0) * IDS_PER_NODE,
      writeAlerts: (write) => this.#writeAlerts(write),
      reply: (number, outcome) => this.#changed(number, outcome),
      failed: (reason) => this.#failed(reason),
      later: (work, delayMs) => setTimeout(() => this.#runGuarded(work), delayMs),
    });
    // Reported first, so that a server that has started knows whether it is ready.
    if (this.#maintenance.prepare()) this.#reply({ kind: "health", isHealthy: true, isDataGone: false, reason: "" });
    else this.#failed("there is no room for the reserve file");
    const { damaged } = this.#store.redo;
    if (damaged > 0)
      reply({ kind: "log", level: "error", message: `${damaged} small groups of batches cannot be read` });
    this.#warnOfUnused();
    this.#flush();
    const store = this.#store;
    const [lastBatch, sessions, dataId] = [store.lastBatch(), store.sessions(), store.files.id];
    const shipping = this.#shipping.state;
    this.#reply({ kind: "started", lastBatch, snapshot: this.#snapshot(), sessions, dataId, shipping });
    this.#timer = setInterval(() => this.#runGuarded(() => this.#tick()), TICK_EVERY_MS);
  }

  receive(message: Exclude<ToWriter, { kind: "start" }>): void {
    // After an exception no group may be begun: the crash would count against its batches.
    if (this.#isClosed) return;
    switch (message.kind) {
      case "group":
        this.#receiveGroup(message);
        this.#largeWork.done(message.bytes.reduce((sum, bytes) => sum + bytes, 0));
        break;
      case "set_aside":
        this.#receiveSetAside(message);
        break;
      case "answered":
        this.#ingester.requests.answered(message.upTo, message.disconnected, this.#clock.read().steady);
        break;
      case "merged":
        this.#merged(message);
        break;
      case "change":
        if (this.#flush()) this.#changes.receive(message.number, message.request);
        else this.#reply({ kind: "changed", number: message.number, outcome: unavailable(this.#problem) });
        break;
      case "heartbeat":
        this.#reply({ kind: "heartbeat", number: message.number });
        break;
      case "save_shipping": {
        const isSaved = this.#saveShipping(message.state);
        this.#reply({ kind: "shipping_saved", number: message.number, isSaved });
        if (isSaved) this.#sendSnapshot();
        break;
      }
      case "flush":
        this.#flush();
        this.#sendSnapshot();
        this.#planMerge(false);
        break;
      case "rules":
        this.#rules = message.rules;
        this.#checks.setRules(message.rules);
        this.#ingester.setRules(message.rules, systemClock());
        this.#maintenance.rulesChanged();
        this.#warnOfUnused();
        break;
      case "stop":
        if (this.#flush()) this.#attempt(() => this.#writeStop());
        this.close();
        this.#reply({ kind: "stopped" });
        break;
    }
  }

  /** Writes that the process stops: every request was answered, and everything is flushed. */
  #writeStop(): void {
    const stop = this.#ingester.takeStop(this.#clock.read());
    if (stop !== undefined) this.#commits.commit(stop);
    this.#store.clearRedoLog();
  }

  /** Closes the data file. Called after an exception too, or its lock would outlive the thread. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#idleGc.stop();
    this.#changes.giveUp("the server stops");
    this.#maintenance.close();
    this.#store.close();
  }

  /** Checks the batches of a group, reports the refused ones, and makes the others durable. */
  #receiveGroup(message: GroupMessage): void {
    const { group } = message;
    const startedAt = performance.now();
    const isMemory = this.#settings.durability === "memory";
    const { steady } = this.#clock.read();
    // Also of a group that was withdrawn: this is sent only once.
    this.#ingester.requests.answered(message.answeredUpTo, message.disconnected, steady);
    if (!this.#beginGroup() || !(this.#isHealthy || isMemory)) {
      this.#reply({ kind: "failed", group });
      return;
    }
    const checked = this.#checks.checkGroup(message, this.#ingester.requests, steady);
    const { batches, reports, refused, entryCounts, keyIndexes } = checked;
    // A batch whose idempotency key another batch of the group uses is refused once that one is committed; under
    // "memory", once it is checked.
    const isAfterCommit = ({ refusal }: RefusedBatch) =>
      !isMemory && batches.length > 0 && refusal.refused === "other_body";
    if (refused.length > 0 || message.reportsChecked) {
      this.#reply({
        kind: "checked",
        group,
        refused: refused.filter((one) => !isAfterCommit(one)),
        refusedAfterCommit: refused.filter(isAfterCommit),
        entryCounts,
        keyIndexes,
        reports: isMemory ? reports : [],
      });
    }
    if (batches.length === 0) {
      this.#reply({ kind: "all_refused", group });
      return;
    }
    const mayAppend = this.#changes.projectInErasure === undefined;
    const commit = () => this.#commits.commitGroup(checked, this.#rules, mayAppend);
    this.#commit(group, startedAt, commit, reports, () => {
      // Under "memory" they are admitted, and are sent again.
      if (!isMemory) for (const batch of batches) this.#checks.refund(batch);
    });
  }

  #receiveSetAside(message: SetAsideMessage): void {
    const startedAt = performance.now();
    if (!this.#beginGroup()) {
      this.#reply({ kind: "failed", group: message.group });
      return;
    }
    this.#commit(
      message.group,
      startedAt,
      () => {
        this.#commits.commit(this.#ingester.setAside(message, this.#clock.read()));
        return true;
      },
      [],
    );
  }

  /** Begins the group that was posted; false where it was withdrawn. */
  #beginGroup(): boolean {
    this.#idleGc.worked();
    return Atomics.compareExchange(this.#groupState, 0, GROUP_STATE.posted, GROUP_STATE.begun) === GROUP_STATE.posted;
  }

  /**
   * Makes a group durable and reports it. `commit` returns whether the group is in the tables; `failed` is called where
   * it throws.
   */
  #commit(
    group: number,
    startedAt: number,
    commit: () => boolean,
    reports: readonly BatchReport[],
    failed: () => void = () => undefined,
  ): void {
    let isInTables = false;
    const work = () => {
      isInTables = commit();
    };
    if (!this.#isHealthy || !this.#attempt(work) || !this.#mayAnswer()) {
      failed();
      this.#reply({ kind: "failed", group });
      return;
    }
    const snapshot = isInTables ? this.#snapshot() : undefined;
    this.#reply({ kind: "committed", group, commitMs: performance.now() - startedAt, reports, snapshot });
    if (isInTables) this.#planMerge(false);
  }

  /**
   * Whether a group that was just committed is where the next start finds it: the file may have been moved. Under
   * "memory" it was answered.
   */
  #mayAnswer(): boolean {
    return this.#isThere() || this.#settings.durability === "memory";
  }

  /** Whether the data file and its log are still in place; where not, that counts as a failure of the store. */
  #isThere(): boolean {
    return this.#attempt(() => this.#store.files.mustBeThere());
  }

  /** Runs work that writes to the store; false where SQLite fails. */
  #attempt(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      this.#failed(error.message);
      return false;
    }
  }

  /**
   * Writes how far the data is shipped; false where it cannot be. On a full disk, too: where only what waits to be shipped
   * fills it, nothing else makes room.
   */
  #saveShipping(state: ShippingState): boolean {
    const save = () => this.#shipping.save(state);
    if (this.#isHealthy) return this.#attempt(save);
    try {
      this.#store.files.mustBeThere();
      this.#maintenance.removeReserve();
      save();
      return true;
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return false;
    }
  }

  /** Flushes the redo log to the tables; false while the store cannot be written. */
  #flush(): boolean {
    if (!this.#isHealthy || !this.#commits.hasUnflushed) return this.#isHealthy;
    return this.#attempt(() => this.#commits.flush());
  }

  #failed(reason: string): void {
    this.#recoverAt = performance.now() + RECOVER_EVERY_MS;
    const goneReason = this.#store.files.problem();
    const problem = goneReason ?? reason;
    const hasChanged = this.#isHealthy || (goneReason !== undefined && goneReason !== this.#problem);
    this.#isHealthy = false;
    this.#problem = problem;
    if (hasChanged) {
      this.#reply({ kind: "log", level: "error", message: `cannot write ${this.#settings.file}: ${problem}` });
      if (goneReason !== undefined) this.#store.completeOpened();
    }
    this.#changes.giveUp(`the data file cannot be written: ${problem}`);
    const isDataGone = goneReason !== undefined;
    this.#reply({
      kind: "health",
      isHealthy: false,
      isDataGone,
      reason: `the data file cannot be written: ${problem}`,
    });
  }

  /** Runs work that no message asked for: it closes the thread's files before it throws. */
  #runGuarded(work: () => void): void {
    if (this.#isClosed) return;
    try {
      work();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #tick(): void {
    const clock = this.#clock.read();
    if (!this.#isHealthy) {
      if (performance.now() >= this.#recoverAt) this.#recover();
      return;
    }
    if (performance.now() >= this.#checkFileAt) {
      this.#checkFileAt = performance.now() + FILE_CHECK_EVERY_MS;
      if (!this.#isThere()) return;
    }
    const isIdle = this.#idleGc.idleMs > IDLE_AFTER_MS;
    if (this.#attempt(() => this.#passTime(clock, isIdle))) this.#planMerge(isIdle);
  }

  /** What time requires. All of it uses one reading of the clock, since the clock may be set at any moment. */
  #passTime(clock: ClockReading, isIdle: boolean): void {
    let isChanged = this.#commits.isDue();
    if (isChanged) this.#commits.flush();
    const expired = this.#ingester.expire(clock);
    if (expired !== undefined) {
      this.#commits.commit(expired);
      isChanged = true;
    }
    const keys = this.#ingester.takeKeyActivity(clock);
    if (keys !== undefined) this.#commits.commit(keys);
    const requests = this.#ingester.takeRequestChanges(clock);
    if (requests !== undefined) this.#commits.commit(requests);
    this.#commits.prune();
    // The process may have been stopped between a group and here: then it was idle, and the group is not due yet.
    if (isIdle && !this.#commits.hasUnflushed) this.#store.clearRedoLog();
    if (this.#maintenance.step(isIdle)) isChanged = true;
    else if (isIdle) cutFile(this.#store.database, this.#settings.file);
    if (isChanged) this.#sendSnapshot();
  }

  /** Tries to write again. The ingester starts from what is on disk, since the failed group must leave no trace. */
  #recover(): void {
    let hasRoom = false;
    const isWritten = this.#attempt(() => {
      this.#store.files.mustBeThere();
      hasRoom = this.#maintenance.recover();
      if (!hasRoom) this.#clock.trustStart();
      // While the reserve file is removed there may be room for groups that were answered, so that queries find them.
      if (!hasRoom && !this.#commits.hasUnflushed) return;
      const ingester = this.#restoreIngester();
      // Not under "memory": there requests may have been reported that are not committed yet.
      if (this.#settings.durability !== "memory") ingester.requests.takeOver(this.#ingester.requests);
      this.#ingester = ingester;
      this.#commits.restored(this.#ingester);
      if (this.#commits.hasUnflushed) this.#commits.flush();
    });
    if (isWritten && !hasRoom) this.#failed("there is no room for the reserve file");
    if (!isWritten || !hasRoom) return;
    this.#isHealthy = true;
    this.#reply({ kind: "log", level: "info", message: `${this.#settings.file} can be written again` });
    this.#sendSnapshot();
    this.#reply({ kind: "health", isHealthy: true, isDataGone: false, reason: "" });
  }

  #restoreIngester(): Ingester {
    const { timings, clientShare, dedupe, run } = this.#settings;
    const openBytesMax = Math.min(timings.openBytesMax, this.#rules.bytesMax * PENDING_SHARE_MAX);
    return new Ingester({
      state: this.#store.restore(),
      pairing: { ...timings, openBytesMax, clientShare },
      requests: { ...dedupe, clientShare },
      run,
      rules: this.#rules,
      deadlinesFrom: this.#startedAt + timings.orphanGraceMs,
      clock: this.#clock.reading,
    });
  }

  /** Warns of each table for a project that has neither keys nor records: most likely its name is mistyped. */
  #warnOfUnused(): void {
    const { unusedProjects = [], keys } = this.#rules;
    const { projects } = this.#store;
    for (const project of unusedProjects.filter((name) => projects.idOf(name) === undefined)) {
      const known = [...new Set([...keys.map((key) => key.project), ...projects.names()])];
      const nearest = nearestName(project, known);
      const hint = nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
      const message = `[projects]: no key belongs to ${JSON.stringify(project)}, and it has no records${hint}`;
      this.#reply({ kind: "log", level: "warn", message });
    }
  }

  #planMerge(isIdle: boolean): void {
    const request = this.#merging.plan(isIdle, this.#changes.projectInErasure);
    if (request !== undefined) this.#reply({ kind: "merge", request });
  }

  #merged({ job, result, unmergeable }: Extract<ToWriter, { kind: "merged" }>): void {
    let isTaken = false;
    const take = () => {
      isTaken = this.#merging.take(job, result, unmergeable, this.#isHealthy);
    };
    if (!this.#attempt(take) || !isTaken) return;
    this.#sendSnapshot();
    this.#planMerge(false);
  }

  /** Commits rows of alerts and the records about them in one transaction. Throws SQLite's error. */
  #writeAlerts({ put, remove, records }: AlertWrite): void {
    const clock = this.#clock.read();
    const receivedAt = clock.wall;
    const made = records.map((record) => serverRecord(record, receivedAt));
    this.#commits.commit({ ...this.#ingester.takeWith(SERVER_PROJECT, made, clock), alerts: { put, remove } });
    if (made.length > 0) this.#sendSnapshot();
  }

  #changed(number: number, outcome: ChangeOutcome): void {
    if (outcome.ok && outcome.erased !== undefined) this.#sendSnapshot();
    this.#reply({ kind: "changed", number, outcome });
  }

  #snapshot(): StoreSnapshot {
    return { ...this.#commits.snapshot(), backlogBytes: this.#shipping.backlogBytes() };
  }

  #sendSnapshot(): void {
    this.#reply({ kind: "snapshot", snapshot: this.#snapshot(), isFlushed: !this.#commits.hasUnflushed });
  }
}
