// The HTTP application: every route of this server, and what all of them share: JSON for unknown paths and for exceptions,
// whose text goes to the log and never to the client. It holds no socket; the listener hands it requests.

import { Elysia } from "elysia";
import type { PipelineView } from "../core/telemetry.ts";
import type { AccessSettings } from "./access.ts";
import { INTERNAL, jsonResponse, toResponse } from "./answers.ts";
import { answerPreflight } from "./cors.ts";
import { ENQUEUE_PATH, type EnqueueEndpoint, type HttpLog } from "./enqueue.ts";
import type { ServerMetrics } from "./metrics.ts";
import { answerHealth, createMetricsHandler, createReadyHandler } from "./operations.ts";
import { addRoute } from "./routes.ts";

export interface HttpDependencies {
  /** Made beside the application, because the listener may hand it requests directly. */
  readonly enqueue: EnqueueEndpoint;
  readonly pipeline: PipelineView;
  /** Read at each request: a reload swaps it. */
  readonly access: () => AccessSettings;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** Builds the application; its `fetch` answers a request. */
export function createHttpApp(dependencies: HttpDependencies): Elysia {
  const { access, enqueue, log } = dependencies;
  const app = new Elysia();
  app.onError(({ code, error }) => {
    if (code === "NOT_FOUND") return jsonResponse(404, { message: "Not found" });
    log("error", "a request could not be handled", { error: error instanceof Error ? error.message : String(code) });
    return toResponse(INTERNAL);
  });
  addRoute(app, ENQUEUE_PATH, {
    POST: (request) => enqueue.handle(request),
    OPTIONS: (request) => answerPreflight(request, access().keys),
  });
  addRoute(app, "/healthz", { GET: answerHealth });
  addRoute(app, "/readyz", { GET: createReadyHandler(dependencies) });
  addRoute(app, "/metrics", { GET: createMetricsHandler(dependencies) });
  return app;
}
