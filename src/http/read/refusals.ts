// GET /api/v1/refusals. In: what the ingestion endpoints remember of refused batches. Out: JSON. Keys are masked.

import { Type } from "@sinclair/typebox";
import { KEYED_REFUSALS_MAX, STRANGERS_REFUSALS_MAX } from "../../core/limits.ts";
import { RefusalsSchema } from "../../core/refusals.ts";
import { jsonResponse } from "../base/responses.ts";
import type { Route } from "../base/routes.ts";
import type { RefusedBatches } from "../ingest/refused_batches.ts";
import { defineOperation, type ReadDependencies } from "./operation.ts";
import { limit, PROJECT, strictObject } from "./parameters.ts";

export interface RefusalDependencies extends ReadDependencies {
  readonly refusedBatches: RefusedBatches;
}

export function refusalsRoute(dependencies: RefusalDependencies): Route {
  const list = defineOperation(dependencies, {
    id: "listRefusals",
    // It shows addresses of senders, and the beginnings of keys.
    access: "admin",
    summary: "Batches that were refused since the server started, by status, reason, key, protocol and origin",
    description:
      "Kept in memory: a restart forgets them. With `project`, only batches that showed a key of it; those without a known key belong to none.",
    query: strictObject({
      project: Type.Optional(PROJECT),
      limit: limit(KEYED_REFUSALS_MAX + STRANGERS_REFUSALS_MAX),
    }),
    responses: { 200: { description: "The answer", schema: RefusalsSchema } },
    handle({ query: { project, limit }, now }) {
      const { pairs } = dependencies.access();
      return jsonResponse(200, dependencies.refusedBatches.list({ project, limit, pairs, now }));
    },
  });
  return { path: "/api/v1/refusals", operations: { GET: list } };
}
