// The client of this process: configured by the environment, with a scope that follows asynchronous code, and
// flushed when the process ends.

import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout } from "node:timers";
import { createClient } from "../core/client.ts";
import type { Carrier, TraceIds } from "../core/trace.ts";
import { traceIdsOf } from "../core/trace.ts";
import type { Answer, Metadata, Options } from "../core/types.ts";
import { withWaitUntil } from "../core/wait_until.ts";
import { environmentOptions, isServerlessPlatform } from "./environment.ts";

/** Characters of an id that a request brings: it is the browser that names it. */
const ID_LENGTH_MAX = 128;

/** What belongs to the running code: the ids of its trace, and of the page and session that its request came from. */
export interface ServerScope {
  readonly trace: TraceIds;
  readonly metadata: Metadata;
}

export const scopes = new AsyncLocalStorage<ServerScope>();

export const client = createClient({
  source: "server",
  context() {
    const scope = scopes.getStore();
    return scope && { ...scope.metadata, ...scope.trace };
  },
  platform: withWaitUntil({ later, post }, () => client.options()),
});

/** The process may end before it calls back; then everything is sent at once. */
function later(delayMs: number, call: () => void): () => void {
  const timer = setTimeout(call, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}

async function post(url: string, body: string, _: boolean, timeoutMs: number): Promise<Answer> {
  try {
    // Timers know no time without end, and of no time at all nothing would ever be sent.
    const signal = AbortSignal.timeout(Math.min(timeoutMs || 10_000, 1e9));
    const response = await fetch(url, { method: "POST", body, signal });
    const { status, headers } = response;
    return { status, retryAfter: headers.get("retry-after"), text: await response.text() };
  } catch {
    return { status: 0 };
  }
}

/** Sets options; what the environment sets stays as it is there. */
export function configure(given: Options): void {
  const options = { ...client.options(), ...given, ...environmentOptions() };
  if (options.flushOnSignal) {
    for (const signal of ["SIGTERM", "SIGINT"]) process.off(signal, flushAndEnd).on(signal, flushAndEnd);
  }
  client.configure({ ...options, ...((options.serverless ?? isServerlessPlatform()) && { batchInterval: 0 }) });
}

/** Configures by the environment, and sends what waits when the process has nothing else to do. */
export function begin(): void {
  let givesUp = false;
  // The event comes again after each work that it causes: a server that does not answer ends it.
  process.on("beforeExit", () => {
    if (givesUp) return;
    givesUp = true;
    void client.flush().then((isSettled) => (givesUp = !isSettled));
  });
  configure({});
  // A program may read a file of variables when it begins: what it logs until then waits.
  setTimeout(() => client.url() || configure({}));
}

/**
 * Sends what waits. True: all that was logged before the call is settled. With `fireAndForget` it does not wait for
 * answers.
 */
export async function flushServer(): Promise<boolean> {
  const flushing = client.flush();
  return !!client.options().fireAndForget || flushing;
}

/** Ends the process as the signal would have, unless the application listens to it too, and so decides itself. */
function flushAndEnd(signal: string): void {
  process.off(signal, flushAndEnd);
  void client.flush().then(() => process.listenerCount(signal) || process.kill(process.pid, signal));
}

/** The trace that headers name, else a new one, and the ids that they bring: "x-simplelogs-page-id" is `pageId`. */
export function scopeOf(carrier: Carrier = {}): ServerScope {
  const metadata: Record<string, unknown> = {};
  for (const [name, value] of carrier instanceof Headers ? carrier : Object.entries(carrier)) {
    const kind = /^x-simplelogs-(\w+)-id$/i.exec(name)?.[1];
    if (kind) metadata[`${kind.toLowerCase()}Id`] = String(value).slice(0, ID_LENGTH_MAX);
  }
  return { metadata, trace: traceIdsOf(carrier) };
}
