// GET /api/v1/status and /api/v1/keys. In: the latest snapshot, the configured key pairs and their use. Out: JSON.
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
import { type KeyChangeDependencies, keyChangeOperations } from "./key_changes.ts";
import { type Call, defineOperation, NO_PARAMETERS, type ReadDependencies, refuse, UNAVAILABLE } from "./operation.ts";

export interface StatusDependencies extends ReadDependencies {
  readonly pipeline: PipelineView;
  readonly version: string;
  /** Unix ms. */
  readonly startedAtMs: number;
}

/** Without a cluster there is no such member. */
function shippingOf(pipeline: PipelineView): Pick<StatusResponse, "shipping"> {
  const view = pipeline.shipping?.();
  if (view === undefined) return {};
  const { bytes: _bytes, problem, ...figures } = view;
  return { shipping: { ...figures, lagMs: Math.round(figures.lagMs), problem: problem ?? null } };
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
      return jsonResponse(200, viewer.projects === undefined ? status : forProjects(status));
    },
  });
  return { path: "/api/v1/status", operations: { GET: show } };
}

/** What a reader of some projects sees: no figures of all of them. */
function forProjects({ shipping: _shipping, ...status }: StatusResponse): StatusResponse {
  return { ...status, entries: null, storage: null };
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
    ...shippingOf(pipeline),
  };
}

export function keysRoute(dependencies: KeyChangeDependencies): Route {
  const shownPairs = pairsShower(dependencies);
  const list = defineOperation(dependencies, {
    id: "listKeys",
    summary: "Key pairs, masked, with origins, when they were made and last used",
    access: "admin",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: KeysSchema }, ...UNAVAILABLE },
    async handle(call) {
      const [keys, obstacle] = await Promise.all([shownPairs(call), dependencies.keyChanges.obstacle()]);
      return keys instanceof Response ? keys : jsonResponse(200, { keys, obstacle: obstacle ?? null });
    },
  });
  const changes = keyChangeOperations(dependencies, async (call, name) => {
    const pairs = await shownPairs(call);
    if (pairs instanceof Response) return pairs;
    const pair = pairs.find((one) => one.name === name);
    // Somebody else removed it in this very moment.
    return pair ?? refuse({ code: "not_found", message: `there is no pair named ${JSON.stringify(name)} any more` });
  });
  return { path: "/api/v1/keys", operations: { GET: list, ...changes } };
}

/** Lists the pairs in force with their use, or says why there is none. */
function pairsShower({ access }: ReadDependencies) {
  return async ({ request, queries }: Pick<Call<never, never>, "queries" | "request">) => {
    const outcome = await queries.query({ kind: "keys" }, request.signal);
    if (!outcome.ok) return refuse(outcome.refusal);
    const { keys } = JSON.parse(outcome.answer) as KeyUseResponse;
    const uses = new Map(keys.map((use) => [`${use.type} ${use.name}`, use]));
    return access().pairs.map((pair) => showPair(pair, uses));
  };
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
