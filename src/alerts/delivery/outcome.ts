// What became of one attempt, and what each attempt needs of the world. Everything is passed in, so that tests have a
// clock and a network of their own.

import type { AllowedAddresses } from "./addresses.ts";

/** `reason` is for people: it shows no secret. `afterMs`: what the receiver asked for. */
export type Outcome =
  | { readonly outcome: "delivered" }
  | { readonly outcome: "retry"; readonly reason: string; readonly afterMs?: number }
  | { readonly outcome: "failed"; readonly reason: string };

/** Runs a function after some ms; returns what cancels it. */
export type Schedule = (run: () => void, ms: number) => () => void;

/** The world of an attempt. */
export interface DeliveryContext {
  /** Unix ms. */
  readonly clock: () => number;
  readonly schedule: Schedule;
  /** The addresses of a host name, in the order in which they are to be tried. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  readonly allowed: AllowedAddresses;
  /** A certificate that is trusted beside the system's, PEM; for tests. */
  readonly ca?: string;
  /** Ends attempts when the server stops. */
  readonly signal?: AbortSignal;
}

/** Why an attempt could not be finished. The message shows no secret. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
}

/** How long one attempt may take in all, in ms: connecting, sending and the answer. */
export const ATTEMPT_MS_MAX = 10_000;

/**
 * Does the work, but for at most ATTEMPT_MS_MAX. Its signal is aborted when the time is up, and the promise rejects
 * with DeliveryError then, whether the work takes notice or not.
 */
export async function withinAttempt<T>(
  { schedule, signal }: Pick<DeliveryContext, "schedule" | "signal">,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: string) => {
    const error = new DeliveryError(reason);
    reject(error);
    controller.abort(error);
  };
  const stop = () => end("the server stops");
  if (signal?.aborted === true) throw new DeliveryError("the server stops");
  signal?.addEventListener("abort", stop, { once: true });
  const cancel = schedule(() => end(`no whole answer within ${ATTEMPT_MS_MAX / 1000} s`), ATTEMPT_MS_MAX);
  const working = work(controller.signal);
  working.catch(() => undefined);
  try {
    return await Promise.race([working, ended]);
  } finally {
    cancel();
    signal?.removeEventListener("abort", stop);
  }
}

/** What an error says, without a secret: the system's code, or an own text. */
export function reasonOf(error: unknown): string {
  if (error instanceof DeliveryError) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : "it could not be sent";
}
