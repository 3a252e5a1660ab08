// Express 4 and 5, Connect, and anything that hands on Node's own requests: (request, response, next).

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Exchange, type MiddlewareOptions, openExchange } from "./exchange.ts";
import { client, scopes } from "./server_client.ts";
import { type RouteParameters, touchpointOfPath, touchpointOfPattern, withoutValues } from "./touchpoints.ts";

/** What Express adds to a request. */
export interface NodeRequest extends IncomingMessage {
  originalUrl?: string;
  baseUrl?: string;
  route?: { path?: unknown };
  params?: RouteParameters;
}

export type Next = (error?: unknown) => void;

/** What went wrong in a request that is recorded, until its answer is over. */
const errors = new WeakMap<object, { error?: unknown }>();

export function handleNodeRequest(
  request: NodeRequest,
  response: ServerResponse,
  next: Next,
  options: MiddlewareOptions,
): void {
  let exchange: Exchange | undefined;
  try {
    exchange = watch(request, response, options);
  } catch {
    // Not recorded.
  }
  if (exchange) scopes.run(exchange.scope, next);
  else next();
}

/**
 * For Express, after the routes: the error goes into the record of its request, and on to the application's own
 * handlers.
 */
export function simpleLogsErrorHandler() {
  return (error: unknown, request: object, _response: unknown, next: Next): void => {
    const failure = errors.get(request);
    if (failure) failure.error = error;
    else client.log({ level: "error", message: error });
    next(error);
  };
}

function watch(request: NodeRequest, response: ServerResponse, options: MiddlewareOptions): Exchange | undefined {
  // Mounted twice, it records once.
  if (errors.has(request)) return undefined;
  const parameters = { ...request.params };
  let mountedAt = "";
  // Routers replace `params` as they go deeper, and put it back: every value that it has had counts, a mounted router's
  // too.
  onSet(request, "params", (value) => Object.assign(parameters, value));
  // On the way out of an error they put `baseUrl` back as well.
  onSet(request, "route", () => {
    mountedAt = request.baseUrl ?? "";
  });
  const touchpoint = (path: string) => {
    const pattern = request.route?.path;
    return typeof pattern === "string"
      ? touchpointOfPattern(withoutValues(mountedAt, parameters) + pattern)
      : touchpointOfPath(path, parameters);
  };
  const { method = "", headers, url = "", originalUrl: path = url } = request;
  const exchange = openExchange({ method, headers, path, subject: request, touchpoint }, options);
  if (!exchange) return undefined;
  const failure = {};
  errors.set(request, failure);
  const close = () =>
    exchange.close({
      ...failure,
      status: response.headersSent ? response.statusCode : 0,
      isAborted: !response.writableFinished,
    });
  response.once("finish", close).once("close", close);
  return exchange;
}

/** Calls back whenever a property is set, which otherwise stays as it is. */
function onSet<Name extends keyof NodeRequest>(
  request: NodeRequest,
  name: Name,
  call: (value: NodeRequest[Name]) => void,
): void {
  let current = request[name];
  Object.defineProperty(request, name, {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(value: NodeRequest[Name]) {
      current = value;
      call(value);
    },
  });
}
