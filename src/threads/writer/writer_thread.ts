// The writer's loop: messages in, groups made durable out. Between groups it lets time pass (timeouts, retention,
// merges) in short steps. A failed commit throws the memories away and reads them again from the file, so no trace of the
// group is left; anything else that goes wrong ends the thread, and the main thread starts another.

import type { ChangeOutcome } from "../../core/changes.ts";
import { AgeClock, type ClockReading, systemClock } from "../../core/clock.ts";
import { GROUP_STATE, type GroupMessage, type RefusedBatch, type SetAsideMessage } from "../../core/group.ts";
import { nearestName } from "../../core/nearest.ts";
import type { StoreSnapshot } from "../../core/telemetry.ts";
import { BatchChecks } from "../../ingest/check.ts";
import { EntryWorker } from "../../ingest/loop.ts";
import { projectRules } from "../../ingest/options.ts";
import { LargeWork } from "../../runtime/large_work.ts";
import { isStoreError } from "../../store/database.ts";
import { cutFile } from "../../store/disk_space.ts";
import { mustBe } from "../../store/opened_files.ts";
import { Maintenance, openStore } from "../../store/space/maintenance.ts";
import type { StoreWriter } from "../../store/store_writer.ts";
import { Rest } from "../idle_gc.ts";
import type { FromWriter, ToWriter, WriterRules, WriterSettings } from "../messages.ts";
import { Changes, unavailable } from "./changes.ts";
import { GroupCommits } from "./group_commits.ts";
import { Merging } from "./merging.ts";
import { StoreFigures } from "./store_figures.ts";

/** How often time passes when no group does, in ms. */
const TICK_EVERY_MS = 50;
/** How long after the last group the writer calls itself idle, in ms: then remainders are merged and space given back. */
const IDLE_AFTER_MS = 2_000;
/** Part of the data file's bound that starts and ends may take while they wait: retention cannot remove them. */
const WAITING_SHARE_MAX = 0.25;
/** How often a store that failed is tried again, in ms. */
const RECOVER_EVERY_MS = 500;
/** How often it is looked whether the data file is still there when no group comes, in ms (contract, section 4). */
const LOOK_EVERY_MS = 1_000;

export class WriterThread {
  readonly #reply: (message: FromWriter) => void;
  readonly #settings: WriterSettings;
  readonly #groupState: Int32Array;
  readonly #store: StoreWriter;
  readonly #maintenance: Maintenance;
  readonly #merging: Merging;
  readonly #changes: Changes;
  readonly #clock: AgeClock;
  /** When the process began, by the steady clock. */
  readonly #startedAt: number;
  readonly #commits: GroupCommits;
  readonly #figures: StoreFigures;
  readonly #rest = new Rest();
  readonly #checks: BatchChecks;
  readonly #largeWork = new LargeWork();
  #rules: WriterRules;
  #worker: EntryWorker;
  #isHealthy = true;
  #unhealthyBecause = "";
  #recoverAt = 0;
  #lookAt = 0;
  #isClosed = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Opens the data file. Throws OperatingError. */
  constructor(start: Extract<ToWriter, { kind: "start" }>, reply: (message: FromWriter) => void) {
    this.#reply = reply;
    this.#settings = start.settings;
    this.#rules = start.rules;
    this.#checks = new BatchChecks(start.rules);
    this.#groupState = start.groupState;
    const { file, durability, run } = start.settings;
    if (start.dataId !== undefined) mustBe(file, start.dataId);
    this.#store = openStore(file, durability, run);
    const log = (level: "info" | "warn", message: string) => reply({ kind: "log", level, message });
    this.#clock = new AgeClock({ saved: this.#store.clock(), log });
    this.#startedAt = this.#clock.reading.steady - start.processAgeMs;
    this.#maintenance = new Maintenance(this.#store, {
      file,
      bytesMax: () => this.#rules.bytesMax,
      clock: () => this.#clock.reading,
      retentionMsOf: (project) => projectRules(this.#rules, project).retentionMs,
      configured: () => [...Object.keys(this.#rules.projects), ...this.#rules.keys.map((key) => key.project)],
      log,
    });
    this.#figures = new StoreFigures(this.#store, file);
    this.#merging = new Merging(this.#store, this.#maintenance);
    this.#worker = this.#restoreWorker();
    const mayKeep = durability !== "memory";
    this.#commits = new GroupCommits({ store: this.#store, run, clock: this.#clock, mayKeep }, this.#worker);
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
    if (this.#maintenance.prepare()) this.#reply({ kind: "health", isHealthy: true, isGone: false, reason: "" });
    else this.#failed("there is no room for the reserve file");
    const { damaged } = this.#store.redo;
    if (damaged > 0)
      reply({ kind: "log", level: "error", message: `${damaged} small groups of batches cannot be read` });
    this.#warnOfUnused();
    this.#settle();
    const store = this.#store;
    const [lastBatch, sessions, dataId] = [store.lastBatch(), store.sessions(), store.files.id];
    this.#reply({ kind: "started", lastBatch, snapshot: this.#snapshot(), sessions, dataId });
    this.#timer = setInterval(() => this.#guarded(() => this.#tick()), TICK_EVERY_MS);
  }

  receive(message: Exclude<ToWriter, { kind: "start" }>): void {
    // What still comes after an exception must not be begun: it would be counted against the batches in it.
    if (this.#isClosed) return;
    switch (message.kind) {
      case "group":
        this.#group(message);
        this.#largeWork.done(message.bytes.reduce((sum, bytes) => sum + bytes, 0));
        break;
      case "set_aside":
        this.#setAside(message);
        break;
      case "answered":
        this.#worker.requests.answered(message.upTo, message.disconnected, this.#clock.read().steady);
        break;
      case "merged":
        this.#merged(message);
        break;
      case "change":
        if (this.#settle()) this.#changes.receive(message.number, message.request);
        else this.#reply({ kind: "changed", number: message.number, outcome: unavailable(this.#unhealthyBecause) });
        break;
      case "heartbeat":
        this.#reply({ kind: "heartbeat", number: message.number });
        break;
      case "settle":
        this.#settle();
        this.#tell();
        this.#planMerge(false);
        break;
      case "rules":
        this.#rules = message.rules;
        this.#checks.setRules(message.rules);
        this.#worker.setRules(message.rules, systemClock());
        this.#maintenance.rulesChanged();
        this.#warnOfUnused();
        break;
      case "stop":
        if (this.#settle()) this.#attempt(() => this.#noteStop());
        this.close();
        this.#reply({ kind: "stopped" });
        break;
    }
  }

  /** Every request was answered, and everything is written in full. */
  #noteStop(): void {
    const stop = this.#worker.noteStop(this.#clock.read());
    if (stop !== undefined) this.#commits.commit(stop);
    this.#store.clearRedo();
  }

  /** Closes the data file; also what an exception must do, or its lock would outlive the thread. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#rest.stop();
    this.#changes.giveUp("the server stops");
    this.#maintenance.close();
    this.#store.close();
  }

  /** Checks the batches of a group, tells which ones are refused, and makes the others durable. */
  #group(message: GroupMessage): void {
    const { group } = message;
    const startedAt = performance.now();
    const isMemory = this.#settings.durability === "memory";
    const { steady } = this.#clock.read();
    // Also with a group that was withdrawn: it is told once.
    this.#worker.requests.answered(message.answeredUpTo, message.disconnected, steady);
    if (!this.#begin() || !(this.#isHealthy || isMemory)) {
      this.#reply({ kind: "failed", group });
      return;
    }
    const checked = this.#checks.group(message, this.#worker, steady);
    const { batches, refused, entryCounts, keyIndexes } = checked;
    // What another batch of the group stands in the way of is refused once that one is committed: under "memory", once it is checked.
    const isLate = ({ refusal }: RefusedBatch) => !isMemory && batches.length > 0 && refusal.refused === "other_body";
    if (refused.length > 0 || message.reportsChecked) {
      this.#reply({
        kind: "checked",
        group,
        refused: refused.filter((one) => !isLate(one)),
        refusedAfterCommit: refused.filter(isLate),
        entryCounts,
        keyIndexes,
      });
    }
    if (batches.length === 0) {
      this.#reply({ kind: "all_refused", group });
      return;
    }
    const isKeepable = this.#changes.projectInErasure === undefined;
    const commit = () => this.#commits.group(checked, this.#rules, isKeepable);
    this.#commit(group, startedAt, commit, () => {
      // Under "memory" they are admitted, and come again.
      if (!isMemory) for (const batch of batches) this.#checks.giveBack(batch);
    });
  }

  #setAside(message: SetAsideMessage): void {
    const startedAt = performance.now();
    if (!this.#begin()) {
      this.#reply({ kind: "failed", group: message.group });
      return;
    }
    this.#commit(message.group, startedAt, () => {
      this.#commits.commit(this.#worker.setAside(message, this.#clock.read()));
      return true;
    });
  }

  /** Whether the group was not withdrawn: from now on it is this thread's. */
  #begin(): boolean {
    this.#rest.worked();
    return Atomics.compareExchange(this.#groupState, 0, GROUP_STATE.posted, GROUP_STATE.begun) === GROUP_STATE.posted;
  }

  /** `commit` makes a group durable and answers whether it is written in full; `failed` follows where it could not. */
  #commit(group: number, startedAt: number, commit: () => boolean, failed: () => void = () => undefined): void {
    let isWritten = false;
    const work = () => {
      isWritten = commit();
    };
    if (!this.#isHealthy || !this.#attempt(work) || !this.#mayAnswer()) {
      failed();
      this.#reply({ kind: "failed", group });
      return;
    }
    const snapshot = isWritten ? this.#snapshot() : undefined;
    this.#reply({ kind: "committed", group, commitMs: performance.now() - startedAt, snapshot });
    if (isWritten) this.#planMerge(false);
  }

  /**
   * Looks whether what was just committed is where the next start finds it: the file may have been moved in that moment. Under "memory"
   * it was answered before.
   */
  #mayAnswer(): boolean {
    return this.#isThere() || this.#settings.durability === "memory";
  }

  /** Looks whether the data file and its log are still there; the store has failed where not. */
  #isThere(): boolean {
    return this.#attempt(() => this.#store.files.mustBeThere());
  }

  /** Writes to the store; false when it cannot be written. */
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

  /** Has everything that was committed written in full; false while the store cannot be written. */
  #settle(): boolean {
    if (!this.#isHealthy || !this.#commits.isBehind) return this.#isHealthy;
    return this.#attempt(() => this.#commits.write());
  }

  #failed(reason: string): void {
    this.#recoverAt = performance.now() + RECOVER_EVERY_MS;
    const gone = this.#store.files.problem();
    const why = gone ?? reason;
    const hasChanged = this.#isHealthy || (gone !== undefined && gone !== this.#unhealthyBecause);
    this.#isHealthy = false;
    this.#unhealthyBecause = why;
    if (hasChanged) {
      this.#reply({ kind: "log", level: "error", message: `cannot write ${this.#settings.file}: ${why}` });
      if (gone !== undefined) this.#store.completeOpened();
    }
    this.#changes.giveUp(`the data file cannot be written: ${why}`);
    const isGone = gone !== undefined;
    this.#reply({ kind: "health", isHealthy: false, isGone, reason: `the data file cannot be written: ${why}` });
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
    const clock = this.#clock.read();
    if (!this.#isHealthy) {
      if (performance.now() >= this.#recoverAt) this.#recover();
      return;
    }
    if (performance.now() >= this.#lookAt) {
      this.#lookAt = performance.now() + LOOK_EVERY_MS;
      if (!this.#isThere()) return;
    }
    const isIdle = this.#rest.restedMs > IDLE_AFTER_MS;
    if (this.#attempt(() => this.#passTime(clock, isIdle))) this.#planMerge(isIdle);
  }

  /** Everything here uses one reading of the clock, which may be set at any moment. */
  #passTime(clock: ClockReading, isIdle: boolean): void {
    let isChanged = this.#commits.isDue();
    if (isChanged) this.#commits.write();
    const expired = this.#worker.expire(clock);
    if (expired !== undefined) {
      this.#commits.commit(expired);
      isChanged = true;
    }
    const noted = this.#worker.noteKeys(clock);
    if (noted !== undefined) this.#commits.commit(noted);
    const requests = this.#worker.noteRequests(clock);
    if (requests !== undefined) this.#commits.commit(requests);
    this.#commits.prune();
    if (isIdle) this.#store.clearRedo();
    if (this.#maintenance.step(isIdle)) isChanged = true;
    else if (isIdle) cutFile(this.#store.database, this.#settings.file);
    if (isChanged) this.#tell();
  }

  /** Tries to write again; the worker starts from what is on disk, since the failed group must leave no trace. */
  #recover(): void {
    let hasRoom = false;
    const isWritten = this.#attempt(() => {
      this.#store.files.mustBeThere();
      hasRoom = this.#maintenance.recover();
      if (!hasRoom) this.#clock.trustStart();
      // While the reserve is away there may be room for what was answered already, so that reading finds it.
      if (!hasRoom && !this.#commits.isBehind) return;
      const worker = this.#restoreWorker();
      // Under "memory" it may have been told of requests that are not committed yet.
      if (this.#settings.durability !== "memory") worker.requests.takeOver(this.#worker.requests);
      this.#worker = worker;
      this.#commits.restored(this.#worker);
      if (this.#commits.isBehind) this.#commits.write();
    });
    if (isWritten && !hasRoom) this.#failed("there is no room for the reserve file");
    if (!isWritten || !hasRoom) return;
    this.#isHealthy = true;
    this.#reply({ kind: "log", level: "info", message: `${this.#settings.file} can be written again` });
    this.#tell();
    this.#reply({ kind: "health", isHealthy: true, isGone: false, reason: "" });
  }

  #restoreWorker(): EntryWorker {
    const { timings, clientShare, dedupe, run } = this.#settings;
    const openBytesMax = Math.min(timings.openBytesMax, this.#rules.bytesMax * WAITING_SHARE_MAX);
    return new EntryWorker({
      state: this.#store.restore(),
      pairing: { ...timings, openBytesMax, clientShare },
      requests: { ...dedupe, clientShare },
      run,
      rules: this.#rules,
      deadlinesFrom: this.#startedAt + timings.orphanGraceMs,
      clock: this.#clock.reading,
    });
  }

  /** A table for a project that has neither keys nor records has most likely a mistyped name: another one lacks its settings. */
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
    this.#tell();
    this.#planMerge(false);
  }

  #changed(number: number, outcome: ChangeOutcome): void {
    if (outcome.ok && outcome.erased !== undefined) this.#tell();
    this.#reply({ kind: "changed", number, outcome });
  }

  #tell(): void {
    this.#reply({ kind: "snapshot", snapshot: this.#snapshot(), isSettled: !this.#commits.isBehind });
  }

  #snapshot(): StoreSnapshot {
    const { counts, bytesReceived } = this.#commits;
    return { ...counts, bytesReceived, ...this.#figures.now() };
  }
}
