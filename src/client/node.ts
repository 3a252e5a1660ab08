// The module for servers: Node 18+, Bun and Deno. The names are the hosted product's. Everything sends with the server
// key; settings come from `configureSDK` and from the environment, which wins.

import type { ServerResponse } from "node:http";
import type { TraceIds, TraceOptions } from "./core/trace.ts";
import type { Logger, SimpleLogsApi } from "./core/types.ts";
import type { MiddlewareOptions } from "./node/exchange.ts";
import { handleNodeRequest, type Next, type NodeRequest } from "./node/express.ts";
import { addToElysia, type HonoContext, handleHonoRequest, wrapNextHandler } from "./node/fetch_handlers.ts";
import { begin, client, configure, flushServer, scopeOf, scopes } from "./node/server_client.ts";
import { pinoTransport } from "./node/transports.ts";

export { routePattern } from "./core/route_pattern.ts";
export type { Carrier, TraceIds, TraceOptions } from "./core/trace.ts";
export type * from "./core/types.ts";
export type { MiddlewareOptions } from "./node/exchange.ts";
export { simpleLogsErrorHandler } from "./node/express.ts";
export { type PinoOptions, type WinstonOptions, winstonTransport } from "./node/transports.ts";
/** `pino({ transport: { target } })` loads the default. */
export { flushServer, flushServer as flushSimpleLogs, pinoTransport, pinoTransport as default };

begin();

export const SimpleLogs: SimpleLogsApi = { ...client, init: configure };
export { configure as configureSDK, SimpleLogs as serverLogger };
/**
 * For code that runs in pages and on the server: here it sends with the server key, and says that it is the client's
 * part.
 */
export const clientLogger: Logger = client.child({ source: "client" });

/**
 * Runs `work` in the trace of `options.carrier` (a request's headers), else in a new one: its ids, and those of the
 * page and session that the headers name, go into every entry that is made inside, however long it takes.
 */
export function withTrace<Result>(work: () => Result, options: TraceOptions = {}): Result {
  return scopes.run(scopeOf(options.carrier), work);
}

/** The ids of the trace that the running code belongs to; undefined outside of every one. */
export function currentTraceIds(): TraceIds | undefined {
  return scopes.getStore()?.trace;
}

/** For Express, Connect and Node's own requests, and for Hono. */
export interface SimpleLogsMiddleware {
  (request: NodeRequest, response: ServerResponse, next: Next): void;
  (context: HonoContext, next: () => Promise<unknown>): Promise<void>;
}

/**
 * Records each request as a timing, named by its route. `app.use(simpleLogs())`, before the routes, in Express and
 * Hono; `app.use(simpleLogs.elysia())`; `export const GET = simpleLogs.next(handler)`.
 */
export function simpleLogs(options: MiddlewareOptions = {}): SimpleLogsMiddleware {
  configure(options);
  return ((first: unknown, second: unknown, next?: Next) =>
    next
      ? handleNodeRequest(first as NodeRequest, second as ServerResponse, next, options)
      : handleHonoRequest(first as HonoContext, second as () => Promise<unknown>, options)) as SimpleLogsMiddleware;
}

/** A plugin for Elysia. */
simpleLogs.elysia = (options: MiddlewareOptions = {}) => {
  configure(options);
  return <App>(app: App): App => addToElysia(app, options);
};

/** A route handler of Next, recorded. */
simpleLogs.next = <Handler>(handler: Handler, options: MiddlewareOptions = {}): Handler => {
  configure(options);
  return wrapNextHandler(handler, options);
};
