// GET /api/v1/status and GET /api/v1/keys. In: the latest snapshot, the configured key pairs and their use. Out: JSON.
// Status reports the same figures as /readyz and /metrics. Keys are masked; no response contains a secret.

import {
  type KeyPair,
  KeysSchema,
  type KeyUse,
  type KeyUseResponse,
  type ShownKey,
  type StatusResponse,
  StatusSchema,
} from "../../core/account_responses.ts";
import type { PipelineView } from "../../core/telemetry.ts";
import type { MaskedPair } from "../access/settings.ts";
import { jsonResponse } from "../base/responses.ts";
import type { Route } from "../base/routes.ts";
import { defineOperation, NO_PARAMETERS, type ReadDependencies, refuse, UNAVAILABLE } from "./operation.ts";

export interface StatusDependencies extends ReadDependencies {
  readonly pipeline: PipelineView;
  readonly version: string;
  /** Unix ms. */
  readonly startedAtMs: number;
}

export function statusRoute(dependencies: StatusDependencies): Route {
  const show = defineOperation(dependencies, {
    id: "showStatus",
    summary: "How the server is now: ready or not, its queue, its counters, its disk",
    access: "reader",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: StatusSchema } },
    handle: async ({ viewer }) => {
      await dependencies.pipeline.flushed();
      const status = statusOf(dependencies);
      return jsonResponse(200, viewer.projects === undefined ? status : { ...status, entries: null, storage: null });
    },
  });
  return { path: "/api/v1/status", operations: { GET: show } };
}

function statusOf({ pipeline, access, version, startedAtMs: startedAt }: StatusDependencies): StatusResponse {
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

export function keysRoute(dependencies: ReadDependencies): Route {
  const list = defineOperation(dependencies, {
    id: "listKeys",
    summary: "Key pairs, masked, with origins, when they were made and last used",
    access: "admin",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: KeysSchema }, ...UNAVAILABLE },
    async handle({ request, queries }) {
      const outcome = await queries.query({ kind: "keys" }, request.signal);
      if (!outcome.ok) return refuse(outcome.refusal);
      const { keys } = JSON.parse(outcome.answer) as KeyUseResponse;
      const uses = new Map(keys.map((use) => [`${use.type} ${use.name}`, use]));
      return jsonResponse(200, { keys: dependencies.access().pairs.map((pair) => showPair(pair, uses)) });
    },
  });
  return { path: "/api/v1/keys", operations: { GET: list } };
}

function showPair(pair: MaskedPair, uses: ReadonlyMap<string, KeyUse>): KeyPair {
  const { name, project, origins, rate, revoked } = pair;
  return {
    name,
    project,
    server: showKey(pair.serverMasked, uses.get(`server ${name}`)),
    client: showKey(pair.clientMasked, uses.get(`client ${name}`)),
    origins,
    rate: rate ?? null,
    revoked,
  };
}

function showKey(masked: string | undefined, use: KeyUse | undefined): ShownKey | null {
  if (masked === undefined) return null;
  return { masked, created: use?.created ?? null, lastUsed: use?.lastUsed ?? null };
}
