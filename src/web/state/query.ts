// A query of the server whose response is kept and refreshed. While a new response is on its way, the old one stays and
// is marked as stale. A new query aborts the one before. Polling pauses while the page is hidden.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { sentTimeZone } from "../../core/time_zone.ts";
import type { Environment } from "./browser.ts";

/** Why there is no value. */
export type ProblemKind =
  /** 401: the sign-in page takes over. */
  | "signed_out"
  /** Another 4xx: the request itself is wrong. `at` says where in the search. */
  | "refused"
  /** 503, also after several tries. */
  | "busy"
  /** Any other error response. */
  | "failed"
  /** The server could not be reached. */
  | "offline"
  /** The user stopped it. */
  | "stopped"
  /** The caller aborted the request: nothing to show. */
  | "aborted";

/** A failed request, as a page can show it. */
export interface Problem {
  readonly kind: ProblemKind;
  /** A sentence for the user. */
  readonly message: string;
  /** HTTP status; 0 without a response. */
  readonly status: number;
  /** The member of what was sent that is wrong: "above" of a rule. */
  readonly member?: string;
  /** Where the search is wrong, in UTF-16 units from 0. */
  readonly at?: number;
  readonly length?: number;
}

/** The end of a request: a value, or a problem that a page can show. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

/** An outcome with a problem. */
export function failure(kind: ProblemKind, message: string, status = 0): { ok: false; problem: Problem } {
  return { ok: false, problem: { kind, message, status } };
}

/** Parameters of a request. Undefined and "" are left out. */
export type QueryParameters = Readonly<Record<string, string | number | undefined>>;

/**
 * A path of the API with its parameters. A search also carries a time zone, for times without an offset: the browser's
 * unless `timeZone` says otherwise.
 */
export function apiAddress(path: string, parameters: QueryParameters, timeZone = sentTimeZone): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  const zone = search.has("q") ? timeZone() : undefined;
  if (zone !== undefined) search.set("timeZone", zone);
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

export interface QueryState<T> {
  /** The latest response. It stays while a newer one is loading or has failed. */
  readonly value: T | undefined;
  /** Why the latest request failed. */
  readonly problem: Problem | undefined;
  readonly isLoading: boolean;
  /** `value` belongs to an earlier query, or could not be refreshed. */
  readonly isStale: boolean;
  /** When `value` arrived, in Unix ms. */
  readonly respondedAtMs: number | undefined;
}

/** A query as a component uses it. */
export interface QueryHandle<T> {
  /** Reading its value in a component subscribes that component. */
  readonly state: ReadonlySignal<QueryState<T>>;
  /** Runs the query again now. */
  readonly refresh: () => void;
  /** Gives up the request that runs. */
  readonly cancel: () => void;
}

/** The end of a request that the user stopped. */
export const STOPPED: Problem = { kind: "stopped", status: 0, message: "Stopped before the answer came." };

/** Runs a query. Rejects never: a failure is an outcome. */
export type RunQuery<T> = (signal: AbortSignal) => Promise<Outcome<T>>;

/** The longest wait between polls after failures, in ms. */
const BACKOFF_MS_MAX = 60_000;

const EMPTY_STATE = {
  value: undefined,
  problem: undefined,
  isLoading: false,
  isStale: false,
  respondedAtMs: undefined,
} as const;

/** Runs one query at a time and keeps its response. */
export class Query<T> {
  readonly #environment: Environment;
  readonly #state: Signal<QueryState<T>>;
  #runQuery: RunQuery<T> | undefined;
  #pollMs: number | undefined;
  #work: AbortController | undefined;
  #cancelTimer: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #failures = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#state = signal<QueryState<T>>(EMPTY_STATE);
  }

  get state(): ReadonlySignal<QueryState<T>> {
    return this.#state;
  }

  /**
   * Runs a query in place of the one before.
   * @param pollMs Runs again this long after each response. Undefined: never.
   */
  start(runQuery: RunQuery<T>, pollMs?: number): void {
    this.stop();
    this.#runQuery = runQuery;
    this.#pollMs = pollMs;
    this.#failures = 0;
    this.#run(true);
  }

  /** Runs the same query now. */
  refresh(): void {
    if (this.#runQuery !== undefined) this.#run(false);
  }

  /** Gives up the request that runs, and polls no more until the next one. The response before it stays. */
  cancel(): void {
    if (!this.#state.peek().isLoading) return;
    this.#cancelWaiting();
    this.#work?.abort();
    this.#work = undefined;
    const state = this.#state.peek();
    this.#state.value = { ...state, problem: STOPPED, isLoading: false, isStale: state.value !== undefined };
  }

  /** Stops, and forgets the response. */
  clear(): void {
    this.stop();
    this.#state.value = EMPTY_STATE;
  }

  /** Stops. The response stays. */
  stop(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#cancelWaiting();
    this.#runQuery = undefined;
  }

  #run(isOther: boolean): void {
    const runQuery = this.#runQuery;
    if (runQuery === undefined) return;
    this.#cancelWaiting();
    this.#work?.abort();
    const work = new AbortController();
    this.#work = work;
    const state = this.#state.peek();
    const isStale = state.value !== undefined && (isOther || state.isStale);
    this.#state.value = { ...state, isLoading: true, isStale, problem: isOther ? undefined : state.problem };
    void this.#receive(runQuery, work);
  }

  async #receive(runQuery: RunQuery<T>, work: AbortController): Promise<void> {
    const outcome = await runQuery(work.signal);
    if (this.#work === work) this.#finish(outcome);
  }

  #finish(outcome: Outcome<T>): void {
    const state = this.#state.peek();
    if (outcome.ok) {
      this.#failures = 0;
      const respondedAtMs = this.#environment.clock();
      this.#state.value = { value: outcome.value, problem: undefined, isLoading: false, isStale: false, respondedAtMs };
    } else {
      this.#failures++;
      const isStale = state.value !== undefined;
      this.#state.value = { ...state, problem: outcome.problem, isLoading: false, isStale };
      // The same wrong request would fail again.
      if (outcome.problem.kind === "refused" || outcome.problem.kind === "signed_out") return;
    }
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#pollMs === undefined) return;
    const waitMs = Math.max(this.#pollMs, Math.min(this.#pollMs * 2 ** this.#failures, BACKOFF_MS_MAX));
    this.#cancelTimer = this.#environment.schedule(() => this.#runWhenVisible(), waitMs);
  }

  #runWhenVisible(): void {
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
