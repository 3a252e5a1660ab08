// The queries of rules, one at a time, with a rest after each that is as long as it took: so at most half of the reader
// works for rules, whatever they search, and others' queries take turns with them.

import type { Clock } from "../core/clock.ts";
import type { QueryRequest, QueryService } from "../core/queries.ts";

/** A query that was refused because too many wait is asked again so often, after so many ms. */
const BUSY_TRIES = 5;
const BUSY_WAIT_MS = 200;
/** Queries shorter than this need no rest, in ms. */
const REST_MS_MIN = 20;

export interface QueryTurnsOptions {
  readonly queries: Pick<QueryService, "query">;
  /** Ms of a clock that nobody sets. */
  readonly monotonic: Clock;
  /** Runs a function after some ms; returns what cancels it. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** Ends queries and rests under way. */
  readonly signal: AbortSignal;
  /** How long a query took, from the asking to the answer. */
  readonly took: (ms: number) => void;
}

/** Asks; the response, or why there is none. */
export async function askInTurn<T extends object>(
  request: QueryRequest,
  { queries, monotonic, schedule, signal, took }: QueryTurnsOptions,
): Promise<T | string> {
  for (let tries = 1; ; tries++) {
    const begunAt = monotonic();
    const outcome = await queries.query(request, signal);
    const tookMs = monotonic() - begunAt;
    took(tookMs);
    if (tookMs > REST_MS_MIN) await rest(tookMs, schedule, signal);
    if (outcome.ok) return JSON.parse(outcome.answer) as T;
    if (outcome.refusal.code !== "busy" || tries === BUSY_TRIES) return outcome.refusal.message;
    await rest(BUSY_WAIT_MS, schedule, signal);
  }
}

function rest(ms: number, schedule: QueryTurnsOptions["schedule"], signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => {
    cancel();
    signal.removeEventListener("abort", end);
    resolve();
  };
  const cancel = schedule(end, ms);
  signal.addEventListener("abort", end);
  return promise;
}
