// The main thread's end of merging. It owns the compactor thread, starts it for a merge, gives it one merge at a time,
// and ends it once it was idle for a while, since the thread's memory is its own. A thread that dies or does not answer
// is replaced at the next merge. A merge that fails is answered too, or the writer would wait for it for ever.

import type { Clock } from "../../core/clock.ts";
import { spawnThread, type ThreadHandle } from "../../runtime/spawn.ts";
import type { FromCompactor, MergeRequest, MergeResult, ToCompactor } from "../messages.ts";
import { IdleTicks, RestartDelay } from "./thread_lifetime.ts";

/**
 * Ticks after which a merge is given up and its thread ended: a merge takes about a second, and some seconds on a busy
 * machine.
 */
const MERGE_TICKS_MAX = 120;
/**
 * Ticks without a merge after which the thread is ended. While entries come, a merge is due every few seconds; a start
 * takes some 20 ms.
 */
const IDLE_TICKS_MAX = 30;

/** The outcome of a merge. */
export interface MergeOutcome {
  /** The writer's number of it. */
  readonly job: number;
  /** Undefined when it was not merged. */
  readonly result: MergeResult | undefined;
  /** Ids of blocks that cannot be merged at all. */
  readonly unmergeable: readonly number[];
}

/** What compaction needs. */
export interface CompactionOptions {
  readonly file: string;
  readonly compactorUrl: URL;
  /** Monotonic ms. */
  readonly clock: Clock;
  readonly log: (level: "warn" | "error", message: string) => void;
  readonly merged: (outcome: MergeOutcome) => void;
  /** The thread died; another one takes its place. */
  readonly restarted: () => void;
  /** Ticks without a merge after which the thread is ended, 1 or more. Default: IDLE_TICKS_MAX. */
  readonly idleTicks?: number | undefined;
}

/** The compactor thread, as the main thread sees it. */
export class Compaction {
  readonly #options: CompactionOptions;
  readonly #delay: RestartDelay;
  readonly #idle: IdleTicks;
  #thread: ThreadHandle<ToCompactor> | undefined;
  /** Whether the thread has died, and its merge is yet to be answered. */
  #isDelayed = false;
  /** `job` is unique for the compactor; `request` has the writer's number, and each writer begins with 1. */
  #inWork: { readonly job: number; readonly request: MergeRequest; ticks: number } | undefined;
  #nextJob = 1;
  /** A thread that has lowered its priority cannot raise it again: the system lets only its administrator. */
  #isBacklogged = false;
  #isStopping = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#delay = new RestartDelay(options.clock);
    this.#idle = new IdleTicks(options.idleTicks ?? IDLE_TICKS_MAX);
  }

  /** Whether there is a thread at the moment. */
  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  #start(): ThreadHandle<ToCompactor> {
    this.#delay.started();
    const events = {
      receive: (message: FromCompactor) => this.#receive(message),
      ended: (reason: string) => this.#ended(`died: ${reason}`),
    };
    const thread = spawnThread<ToCompactor, FromCompactor>(this.#options.compactorUrl, events, true);
    thread.post({ kind: "start", file: this.#options.file, hasLowPriority: !this.#isBacklogged });
    return thread;
  }

  /** Ends the thread: at any moment, since it writes nothing. */
  stop(): void {
    this.#isStopping = true;
    this.#end();
  }

  /** Requests a merge. The merge before was answered, or its writer has died. */
  merge(request: MergeRequest): void {
    if (this.#isStopping) return;
    if (request.isBacklogged !== this.#isBacklogged) {
      this.#isBacklogged = request.isBacklogged;
      this.#end();
    }
    const job = this.#nextJob++;
    this.#inWork = { job, request, ticks: 0 };
    this.#idle.worked();
    // While the thread is dead, the request is answered when the restart delay is over.
    if (this.#isDelayed) return;
    this.#thread ??= this.#start();
    this.#thread.post({ kind: "merge", request: { ...request, job } });
  }

  /** The writer has died: nobody waits for the merge any more. */
  forget(): void {
    this.#inWork = undefined;
  }

  /** Ends an idle thread, and one that takes too long for a merge. Called about once a second. */
  tick(): void {
    if (this.#idle.tick(this.#inWork === undefined)) this.#end();
    if (this.#inWork === undefined || ++this.#inWork.ticks < MERGE_TICKS_MAX) return;
    this.#inWork.ticks = 0;
    this.#thread?.terminate();
    // Perhaps other work leaves no processor time at low priority.
    this.#isBacklogged = true;
    this.#ended("does not answer");
  }

  /** Ends a thread that nobody waits for; the next merge starts another. */
  #end(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #ended(what: string): void {
    if (this.#isStopping) return;
    this.#thread = undefined;
    this.#options.log("error", `the compactor thread ${what}; starting another`);
    this.#options.restarted();
    this.#isDelayed = true;
    setTimeout(() => {
      this.#isDelayed = false;
      if (!this.#isStopping) this.#answer(undefined, []);
    }, this.#delay.died());
  }

  #receive(message: FromCompactor): void {
    if (message.job !== this.#inWork?.job) return;
    if (message.kind === "merged") {
      this.#answer(message.result, []);
      return;
    }
    this.#options.log("warn", `blocks were not merged: ${message.reason}`);
    this.#answer(undefined, message.unmergeable);
  }

  #answer(result: MergeResult | undefined, unmergeable: readonly number[]): void {
    const work = this.#inWork;
    this.#inWork = undefined;
    if (work !== undefined) this.#options.merged({ job: work.request.job, result, unmergeable });
  }
}
