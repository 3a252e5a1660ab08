// Frameworks whose handlers make a Response: Hono, Elysia, Next's route handlers.

import { isBuilding } from "./environment.ts";
import { type MiddlewareOptions, type Outcome, openExchange } from "./exchange.ts";
import { scopes } from "./server_client.ts";
import { type RouteParameters, touchpointOfPath, touchpointOfPattern } from "./touchpoints.ts";

/** As much of Hono's context as is looked at. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly routePath?: string };
  readonly error?: unknown;
  res: Response;
}

interface Handling {
  readonly request: Request;
  /** As the framework hands it on, if not the request. */
  readonly subject?: unknown;
  readonly options: MiddlewareOptions;
  /** Makes the answer. */
  readonly handle: () => unknown;
  /** Pattern of the route that answered. */
  readonly route?: () => string | undefined;
  /** Of the route, by name. */
  readonly parameters?: () => unknown;
  /** What the framework has made an answer of. */
  readonly error?: () => unknown;
}

/** Runs `handle` and records it. Returns and throws what it does; a body that is a stream is watched to its end. */
async function record({
  request,
  subject = request,
  options,
  handle,
  route,
  parameters,
  error,
}: Handling): Promise<unknown> {
  let values: RouteParameters | undefined;
  const { method, headers, url } = request;
  const path = new URL(url).pathname;
  const touchpoint = (path: string) => {
    const pattern = route?.();
    // Hono's "*" is a middleware's, and no route.
    return pattern && /[^/*]/.test(pattern) ? touchpointOfPattern(pattern) : touchpointOfPath(path, values);
  };
  const exchange = openExchange({ method, headers, path, subject, touchpoint }, options);
  if (!exchange) return handle();
  try {
    // Before the handler, which may throw.
    values = (await parameters?.()) as RouteParameters;
  } catch {
    // The path is masked without them.
  }
  let status: number | undefined;
  const close = (outcome: Outcome) => exchange.close({ status, ...outcome });
  // Deno's signal fires after every answer, and Deno warns of whoever looks at it.
  if (!process.versions["deno"]) request.signal.addEventListener("abort", () => close({ isAborted: true }));
  try {
    const response = await scopes.run(exchange.scope, handle);
    if (!(response instanceof Response)) {
      close({});
      return response;
    }
    status = response.status;
    return whenOver(response, (isAborted) => close({ error: error?.(), isAborted }));
  } catch (thrown) {
    // Next's `redirect` and `notFound` throw what they mean: "NEXT_REDIRECT;replace;/a;307;",
    // "NEXT_HTTP_ERROR_FALLBACK;404".
    status = Number(/;(\d{3});?$/.exec((thrown as { digest?: string })?.digest ?? "")?.[1] ?? 500);
    close({ error: status < 500 ? undefined : thrown });
    throw thrown;
  }
}

/**
 * Calls back when the body is over: at once, unless it is a stream. A text or bytes have a type or a length; a stream
 * says it is one.
 */
function whenOver(response: Response, over: (isAborted?: boolean) => void): Response {
  const { body, headers } = response;
  const type = headers.get("content-type") ?? "event-stream";
  const isStream = /event-stream|ndjson/.test(type) || headers.has("transfer-encoding");
  if (!body || body.locked || !isStream || headers.has("content-length")) {
    over();
    return response;
  }
  const reader = body.getReader();
  reader.closed.then(
    () => over(),
    () => over(true),
  );
  const watched = new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel(reason) {
      over(true);
      return reader.cancel(reason);
    },
  });
  return new Response(watched, response);
}

/**
 * Hono's own error handler has made the answer by the time that `next` returns; the route entered last is the one that
 * answered.
 */
export async function handleHonoRequest(
  context: HonoContext,
  next: () => Promise<unknown>,
  options: MiddlewareOptions,
): Promise<void> {
  const { req } = context;
  const handle = async () => {
    await next();
    return context.res;
  };
  const route = () => req.routePath;
  const error = () => context.error;
  const response = await record({ request: req.raw, subject: context, options, handle, route, error });
  if (response !== context.res) context.res = response as Response;
}

interface ElysiaContext {
  readonly request: Request;
  readonly route?: string;
  readonly error?: unknown;
}

type ElysiaHook = (scope: { as: "global" }, hook: (context: ElysiaContext) => void) => ElysiaApp;

/** As much of an Elysia application as is used. */
interface ElysiaApp {
  readonly onTransform: ElysiaHook;
  readonly onError: ElysiaHook;
  wrap(wrapper: (handle: (...given: unknown[]) => unknown) => (...given: unknown[]) => unknown): unknown;
}

/** Wraps the application's whole handler; hooks tell the route and the error of each request. */
export function addToElysia<App>(app: App, options: MiddlewareOptions): App {
  const found = new WeakMap<object, ElysiaContext>();
  const note = (context: ElysiaContext) => void found.set(context.request, context);
  const scope = { as: "global" } as const;
  (app as ElysiaApp)
    .onTransform(scope, note)
    .onError(scope, note)
    .wrap((handle) => (...given) => {
      const request = given[0] as Request;
      const route = () => found.get(request)?.route;
      const error = () => found.get(request)?.error;
      return record({ request, options, handle: () => handle(...given), route, error });
    });
  return app;
}

/** A route handler of Next, recorded. Next knows no pattern when it runs, but gives the parameters' values. */
export function wrapNextHandler<Handler>(handler: Handler, options: MiddlewareOptions): Handler {
  const wrapped = (request: Request, context?: { params?: unknown }) => {
    const handle = () => (handler as (...given: unknown[]) => unknown)(request, context);
    return isBuilding() ? handle() : record({ request, options, handle, parameters: () => context?.params });
  };
  return wrapped as Handler;
}
