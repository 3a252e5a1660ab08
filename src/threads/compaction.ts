// The main thread's end of merging: it owns the compactor thread, hands it one merge at a time, and starts it again when it dies or
// does not answer. A merge that comes to nothing is answered all the same, or the writer would wait for it for ever.

import type { Clock } from "../core/clock.ts";
import { spawnThread, type ThreadHandle } from "../runtime/spawn.ts";
import type { FromCompactor, MergeRequest, MergeResult, ToCompactor } from "./messages.ts";
import { RestartDelay } from "./restart_delay.ts";

/** Ticks after which a merge is given up and its thread ended: one takes about a second, on a busy machine some. */
const MERGE_TICKS_MAX = 120;

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
}

export class Compaction {
  readonly #options: CompactionOptions;
  readonly #delay: RestartDelay;
  #thread: ThreadHandle<ToCompactor> | undefined;
  /** `request` has the writer's own number, and each writer begins with 1: what the compactor sees must not repeat. */
  #inWork: { readonly job: number; readonly request: MergeRequest; ticks: number } | undefined;
  #nextJob = 1;
  /** A thread that has stepped back cannot come forward again: the system lets nobody but its administrator. */
  #isUrgent = false;
  #isStopping = false;

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#delay = new RestartDelay(options.clock);
  }

  start(): void {
    this.#delay.started();
    this.#thread = spawnThread<ToCompactor, FromCompactor>(this.#options.compactorUrl, {
      receive: (message) => this.#receive(message),
      ended: (reason) => this.#ended(`died: ${reason}`),
    });
    this.#thread.post({ kind: "start", file: this.#options.file, stepsBack: !this.#isUrgent });
  }

  /** Ends the thread; it writes nothing, so at any moment. */
  stop(): void {
    this.#isStopping = true;
    this.#thread?.terminate();
  }

  /** Asks for a merge. The one before has been answered, or its writer is gone. */
  merge(request: MergeRequest): void {
    if (request.isUrgent !== this.#isUrgent) {
      this.#isUrgent = request.isUrgent;
      this.#startAgain();
    }
    const job = this.#nextJob++;
    this.#inWork = { job, request, ticks: 0 };
    this.#thread?.post({ kind: "merge", request: { ...request, job } });
  }

  /** The writer is gone: nobody waits for the merge in work any more. */
  forget(): void {
    this.#inWork = undefined;
  }

  /** Called about once a second. Ticks are counted, not time, so that a process that was stopped for long ends no thread. */
  tick(): void {
    if (this.#inWork === undefined || ++this.#inWork.ticks < MERGE_TICKS_MAX) return;
    this.#inWork.ticks = 0;
    this.#thread?.terminate();
    // It may be that others have the processor to themselves.
    this.#isUrgent = true;
    this.#ended("does not answer");
  }

  #startAgain(): void {
    // One that has died is started again as it should be.
    if (this.#thread === undefined) return;
    this.#thread.terminate();
    this.start();
  }

  #ended(what: string): void {
    if (this.#isStopping) return;
    this.#thread = undefined;
    this.#options.log("error", `the compactor thread ${what}; starting another`);
    this.#options.restarted();
    setTimeout(() => {
      if (this.#isStopping) return;
      this.start();
      this.#answer(undefined, []);
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
