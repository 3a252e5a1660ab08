// What monitors ask: /healthz (the event loop turns), /readyz (batches can be stored now), /metrics (Prometheus text, for
// whoever has the admin token, or for all where `metrics_open` says so).

import type { PipelineView } from "../core/telemetry.ts";
import type { AccessSettings } from "./access.ts";
import { adminRequired, isAdmin } from "./admin.ts";
import { jsonResponse } from "./answers.ts";
import type { ServerMetrics } from "./metrics.ts";
import type { RequestHandler } from "./routes.ts";

export interface OperationsDependencies {
  readonly pipeline: PipelineView;
  readonly access: () => AccessSettings;
  readonly metrics: ServerMetrics;
}

export function answerHealth(): Response {
  return jsonResponse(200, { status: "ok" });
}

/** 200 or 503; the reason is for people. */
export function createReadyHandler({ pipeline }: OperationsDependencies): RequestHandler {
  return () => {
    const readiness = pipeline.readiness();
    if (readiness.ready) return jsonResponse(200, { status: "ready" });
    return jsonResponse(503, { status: "unavailable", reason: readiness.reason });
  };
}

export function createMetricsHandler({ pipeline, access, metrics }: OperationsDependencies): RequestHandler {
  return async (request) => {
    const { metricsOpen, adminTokenSha256 } = access();
    if (!metricsOpen && !isAdmin(request, adminTokenSha256)) return adminRequired();
    const headers = { "content-type": metrics.contentType, "cache-control": "no-store" };
    return new Response(await metrics.text(pipeline), { headers });
  };
}
