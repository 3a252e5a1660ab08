// A question whose answer is kept and renewed. While a new answer is on its way the old one stays, marked as stale; asking anew
// aborts what was asked before; renewing pauses while nobody looks.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Outcome, Problem } from "./outcome.ts";

export interface QueryState<T> {
  /** The latest answer, also while a newer one is asked for or could not be had. */
  readonly value: T | undefined;
  /** Why the latest question has no answer. */
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  /** `value` is of an earlier question than the one that is asked now, or could not be renewed. */
  readonly isStale: boolean;
  /** When `value` came, in ms of the clock; undefined: never. */
  readonly answeredAt: number | undefined;
}

/** Where time and attention come from. */
export interface QueryEnvironment {
  readonly clock: () => number;
  /** Runs once after `ms`; gives what cancels it. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** False while the page is hidden. */
  readonly isVisible: ReadonlySignal<boolean>;
}

export type Ask<T> = (signal: AbortSignal) => Promise<Outcome<T>>;

/** A renewed question waits so long after a failure at most, in ms. */
const FAILED_MS_MAX = 60_000;

const NOTHING = {
  value: undefined,
  problem: undefined,
  isLoading: false,
  isStale: false,
  answeredAt: undefined,
} as const;

export class Query<T> {
  readonly #environment: QueryEnvironment;
  readonly #state: Signal<QueryState<T>>;
  #ask: Ask<T> | undefined;
  #pollMs: number | undefined;
  #work: AbortController | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #failures = 0;

  constructor(environment: QueryEnvironment) {
    this.#environment = environment;
    this.#state = signal<QueryState<T>>(NOTHING);
  }

  get state(): ReadonlySignal<QueryState<T>> {
    return this.#state;
  }

  /**
   * Asks a question in place of the one before.
   * @param pollMs asks again so long after each answer; undefined: never.
   */
  start(ask: Ask<T>, pollMs?: number): void {
    this.stop();
    this.#ask = ask;
    this.#pollMs = pollMs;
    this.#failures = 0;
    this.#run(true);
  }

  /** Asks the same question now. */
  renew(): void {
    if (this.#ask !== undefined) this.#run(false);
  }

  /** Asks no more, and forgets the answer. */
  clear(): void {
    this.stop();
    this.#state.value = NOTHING;
  }

  /** Asks no more; the answer stays. */
  stop(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#cancelWaiting();
    this.#ask = undefined;
  }

  #run(isOther: boolean): void {
    const ask = this.#ask;
    if (ask === undefined) return;
    this.#cancelWaiting();
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    const state = this.#state.peek();
    const isStale = state.value !== undefined && (isOther || state.isStale);
    this.#state.value = { ...state, isLoading: true, isStale, problem: isOther ? undefined : state.problem };
    void this.#receive(ask, work);
  }

  async #receive(ask: Ask<T>, work: AbortController): Promise<void> {
    const outcome = await ask(work.signal);
    if (this.#work === work) this.#take(outcome);
  }

  #take(outcome: Outcome<T>): void {
    const state = this.#state.peek();
    if (outcome.ok) {
      this.#failures = 0;
      const answeredAt = this.#environment.clock();
      this.#state.value = { value: outcome.value, problem: undefined, isLoading: false, isStale: false, answeredAt };
    } else {
      this.#failures++;
      const isStale = state.value !== undefined;
      this.#state.value = { ...state, problem: outcome.problem, isLoading: false, isStale };
      // The same wrong question would be wrong again.
      if (outcome.problem.kind === "refused" || outcome.problem.kind === "signed_out") return;
    }
    this.#wait();
  }

  #wait(): void {
    if (this.#pollMs === undefined) return;
    const waitMs = Math.max(this.#pollMs, Math.min(this.#pollMs * 2 ** this.#failures, FAILED_MS_MAX));
    this.#cancelTimer = this.#environment.schedule(() => this.#renewWhenVisible(), waitMs);
  }

  #renewWhenVisible(): void {
    this.#cancelTimer = undefined;
    const { isVisible } = this.#environment;
    if (isVisible.peek()) {
      this.#run(false);
      return;
    }
    this.#stopWatching = isVisible.subscribe((visible) => {
      if (visible) this.#run(false);
    });
  }

  #cancelWaiting(): void {
    this.#cancelTimer?.();
    this.#stopWatching?.();
    this.#cancelTimer = undefined;
    this.#stopWatching = undefined;
  }
}
