// The module: for bundlers, browsers, workers, Deno, Bun and Node 18+. Its names are the hosted product's. `SimpleLogs`
// and `clientLogger` send with the client key, `serverLogger` with the server key; both wait until `configureSDK` was
// called.

import { createDeferred } from "./browser/deferred_work.ts";
import { createPageClient } from "./browser/page_client.ts";
import { type Client, createClient } from "./core/client.ts";
import { createPlatform, type Send } from "./core/platform.ts";
import { synchronousScope, type TraceIds, type TraceOptions, traceIdsOf } from "./core/trace.ts";
import type { Logger, Options, SimpleLogsApi } from "./core/types.ts";
import { withWaitUntil } from "./core/wait_until.ts";

export { routePattern } from "./core/route_pattern.ts";
export type { TraceIds, TraceOptions } from "./core/trace.ts";
export type * from "./core/types.ts";

const isPage = typeof document === "object";
const send: Send = (url, init) => fetch(url, init);
const traces = synchronousScope<TraceIds>();
const server: Client = createClient({
  platform: withWaitUntil(createPlatform(send), () => server.options()),
  source: "server",
  context: () => ({ ...traces.get() }),
});
const client: Client = isPage
  ? createPageClient(
      async () => createDeferred(() => import("./vitals.ts")),
      () => ({ ...traces.get() }),
    )
  : createClient({ platform: createPlatform(send), source: "client", context: () => ({ ...traces.get() }) });

/** Sets keys, endpoint and everything else, for both loggers. A second call changes what it names. */
export function configureSDK(options: Options): void {
  client.configure(options);
  server.configure(options);
}

/** Sends with the client key in a page, with the server key elsewhere. */
export const SimpleLogs: SimpleLogsApi = { ...(isPage ? client : server), init: configureSDK };
/** Sends with the client key. */
export const clientLogger: Logger = client;
/** Sends with the server key. */
export const serverLogger: Logger = server;

/** Sends what the server logger holds: true when all of it is settled. */
export function flushServer(): Promise<boolean> {
  return server.flush();
}

/**
 * Runs `work` in the trace that the carrier's `traceparent` names, else in a new one: its ids go into every entry's
 * metadata. Here it holds until `work` returns or first waits; on servers, the Node module keeps it to the end.
 */
export function withTrace<Result>(work: () => Result, options: TraceOptions = {}): Result {
  return traces.run(traceIdsOf(options.carrier), work);
}

/** The ids of the running code. */
export function currentTraceIds(): TraceIds | undefined {
  return traces.get();
}
