// The main thread's end of merging: it owns the compactor thread, starts it for a merge, hands it one at a time, and ends it once it was
// idle for a while: its memory is its own. One that dies or does not answer is replaced at the next merge. A merge that comes to
// nothing is answered all the same, or the writer would wait for it for ever.

import type { Clock } from "../../core/clock.ts";
import { spawnThread, type ThreadHandle } from "../../runtime/spawn.ts";
import type { FromCompactor, MergeRequest, MergeResult, ToCompactor } from "../messages.ts";
import { IdleTicks } from "./idle_ticks.ts";
import { RestartDelay } from "./restart_delay.ts";

/** Ticks after which a merge is given up and its thread ended: one takes about a second, on a busy machine some. */
const MERGE_TICKS_MAX = 120;
/** Ticks without a merge after which the thread is ended: while entries come, one is due every few seconds, and a start takes some 20 ms. */
const IDLE_TICKS_MAX = 30;

/** What became of a merge, under the writer's own number. */
export interface MergeOutcome {
  readonly job: number;
  /** Undefined when it was not merged. */
  readonly result: MergeResult | undefined;
  /** Blocks that no merge can take. */
  readonly unmergeable: readonly number[];
}

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

export class Compaction {
  readonly #options: CompactionOptions;
  readonly #delay: RestartDelay;
  readonly #idle: IdleTicks;
  #thread: ThreadHandle<ToCompactor> | undefined;
  /** Whether the thread has died, and its merge is yet to be answered. */
  #isDelayed = false;
  /** `request` has the writer's own number, and each writer begins with 1: what the compactor sees must not repeat. */
  #inWork: { readonly job: number; readonly request: MergeRequest; ticks: number } | undefined;
  #nextJob = 1;
  /** A thread that has stepped back cannot come forward again: the system lets nobody but its administrator. */
  #isUrgent = false;
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
    thread.post({ kind: "start", file: this.#options.file, stepsBack: !this.#isUrgent });
    return thread;
  }

  /** Ends the thread; it writes nothing, so at any moment. */
  stop(): void {
    this.#isStopping = true;
    this.#end();
  }

  /** Asks for a merge. The one before has been answered, or its writer is gone. */
  merge(request: MergeRequest): void {
    if (this.#isStopping) return;
    if (request.isUrgent !== this.#isUrgent) {
      this.#isUrgent = request.isUrgent;
      this.#end();
    }
    const job = this.#nextJob++;
    this.#inWork = { job, request, ticks: 0 };
    this.#idle.worked();
    // One that asks while the thread is dead is answered with the merge that it died of.
    if (this.#isDelayed) return;
    this.#thread ??= this.#start();
    this.#thread.post({ kind: "merge", request: { ...request, job } });
  }

  /** The writer is gone: nobody waits for the merge in work any more. */
  forget(): void {
    this.#inWork = undefined;
  }

  /** Called about once a second. Ticks are counted, not time, so that a process that was stopped for long ends no thread. */
  tick(): void {
    if (this.#idle.tick(this.#inWork === undefined)) this.#end();
    if (this.#inWork === undefined || ++this.#inWork.ticks < MERGE_TICKS_MAX) return;
    this.#inWork.ticks = 0;
    this.#thread?.terminate();
    // It may be that others have the processor to themselves.
    this.#isUrgent = true;
    this.#ended("does not answer");
  }

  /** Ends a thread that nobody waits for: the next merge starts another. */
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
