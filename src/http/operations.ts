// Endpoints for monitoring: /healthz (the event loop runs), /readyz (batches can be stored now) and /metrics
// (Prometheus text, for readers, or for everyone if `metrics_open` is set).

import type { PipelineView } from "../core/telemetry.ts";
import type { ReadAccess } from "./access/read_gate.ts";
import type { Viewer } from "./access/viewer.ts";
import type { ServerMetrics } from "./base/metrics.ts";
import { jsonResponse } from "./base/responses.ts";
import type { RequestHandler } from "./base/routes.ts";

export interface MetricsDependencies extends ReadAccess {
  readonly pipeline: PipelineView;
  readonly metrics: ServerMetrics;
}

export function healthResponse(): Response {
  return jsonResponse(200, { status: "ok" });
}

/** 200 or 503; the reason is for people. */
export function createReadyHandler({ pipeline }: { readonly pipeline: PipelineView }): RequestHandler {
  return () => {
    const readiness = pipeline.readiness();
    if (readiness.ready) return jsonResponse(200, { status: "ready" });
    return jsonResponse(503, { status: "unavailable", reason: readiness.reason });
  };
}

export function createMetricsHandler(dependencies: MetricsDependencies): RequestHandler {
  const { pipeline, access, gate, metrics } = dependencies;
  return async (request) => {
    const viewer = access().metricsOpen ? undefined : gate.admit(request);
    if (viewer instanceof Response) return viewer;
    // The figures are of all projects.
    if (viewer?.projects !== undefined) return needsAllProjects(viewer);
    await pipeline.flushed();
    const headers = { "content-type": metrics.contentType, "cache-control": "no-store" };
    return new Response(await metrics.text(pipeline), { headers });
  };
}

function needsAllProjects({ name }: Viewer): Response {
  return jsonResponse(403, { message: `${name} may read some projects only: these are figures of all` });
}
