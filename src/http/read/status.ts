// GET /api/v1/status: how the server is now, for people and pages: the same figures as /readyz and /metrics, from the latest snapshot.

import type { StatusResponse } from "../../core/account_responses.ts";
import { StatusSchema } from "../../core/account_responses.ts";
import type { PipelineView } from "../../core/telemetry.ts";
import { jsonResponse } from "../answers.ts";
import type { Route } from "../routes.ts";
import { defineOperation, NO_PARAMETERS, type ReadDependencies } from "./operation.ts";

export interface StatusDependencies extends ReadDependencies {
  readonly pipeline: PipelineView;
  readonly version: string;
  /** Unix ms. */
  readonly startedAt: number;
}

export function statusRoute(dependencies: StatusDependencies): Route {
  const show = defineOperation(dependencies, {
    id: "showStatus",
    summary: "How the server is now: ready or not, its queue, its counters, its disk",
    query: NO_PARAMETERS,
    answers: { 200: { description: "The answer", schema: StatusSchema } },
    handle: async () => {
      await dependencies.pipeline.flushed();
      return jsonResponse(200, statusOf(dependencies));
    },
  });
  return { path: "/api/v1/status", operations: { GET: show } };
}

function statusOf({ pipeline, access, version, startedAt }: StatusDependencies): StatusResponse {
  const readiness = pipeline.readiness();
  const { received, stored, open, dropped, records, blocks, bytesOnDisk } = pipeline.snapshot();
  const { server, client, unauthenticated, limit } = pipeline.queueFill();
  const { durability, storageBytesMax } = access();
  return {
    ready: readiness.ready,
    reason: readiness.ready ? null : readiness.reason,
    version,
    startedAt,
    durability,
    queue: {
      requests: server.requests + client.requests + unauthenticated.requests,
      requestsMax: limit.requests,
      bytes: server.bytes + client.bytes + unauthenticated.bytes,
      bytesMax: limit.bytes,
    },
    entries: { received, stored, open, queued: pipeline.queuedEntries(), dropped },
    storage: { records, blocks, bytesOnDisk, bytesMax: storageBytesMax },
  };
}
