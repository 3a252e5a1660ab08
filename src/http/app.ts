// The HTTP application: every route of this server, and what all of them share: JSON for unknown paths and for
// exceptions, whose text goes to the log and never to the client. It holds no socket; the listener hands it requests.

import { Elysia } from "elysia";
import type { AlertService } from "../core/alert_responses.ts";
import type { ChangeService } from "../core/changes.ts";
import type { Clock } from "../core/clock.ts";
import type { KeyChangeService } from "../core/key_changes.ts";
import type { QueryService } from "../core/queries.ts";
import type { PipelineView } from "../core/telemetry.ts";
import type { AppFile } from "../runtime/assets.ts";
import type { ClientLibrary } from "../runtime/client_library.ts";
import type { Connections } from "../runtime/contract/connections.ts";
import { ParseGuard } from "../runtime/parse_guard.ts";
import { preflightResponse } from "./access/cors.ts";
import { ReadGate } from "./access/read_gate.ts";
import type { Sessions } from "./access/sessions.ts";
import type { AccessSettings } from "./access/settings.ts";
import { sharedQueries } from "./access/viewer.ts";
import { compressed } from "./base/compression.ts";
import type { ServerMetrics } from "./base/metrics.ts";
import { INTERNAL, jsonResponse, toResponse } from "./base/responses.ts";
import { addRoute, type HttpLog, type Route } from "./base/routes.ts";
import { libraryRoutes } from "./client_library.ts";
import type { EnqueueEndpoint } from "./ingest/enqueue.ts";
import type { RefusedBatches } from "./ingest/refused_batches.ts";
import { descriptionRoute, otherRoutes } from "./openapi.ts";
import { createMetricsHandler, createReadyHandler, healthResponse } from "./operations.ts";
import type { ProtocolEndpoint } from "./protocols/endpoint.ts";
import type { ProtocolRoute } from "./protocols/protocol.ts";
import { protocolRoutes, protocolStubs } from "./protocols/routes.ts";
import { keysRoute, type StatusDependencies, statusRoute } from "./read/account.ts";
import { type AlertDependencies, alertRoutes } from "./read/alerts.ts";
import { type EraseDependencies, eraseRoute, seenTouchpointsRoute, touchpointRoute } from "./read/changes.ts";
import { exportRoute } from "./read/export.ts";
import type { KeyChangeDependencies } from "./read/key_changes.ts";
import { accountRoutes, recordRoutes, timingRoutes } from "./read/queries.ts";
import { type RefusalDependencies, refusalsRoute } from "./read/refusals.ts";
import { PingTimer } from "./read/response_stream.ts";
import { sessionRoute, ticketRoute } from "./read/sign_in.ts";
import { tailRoute } from "./read/tail.ts";
import { viewRoutes } from "./read/views.ts";
import { missingPage, webRoutes } from "./web.ts";

export interface HttpDependencies {
  /** Made beside the application, because the listener may hand it requests directly. */
  readonly enqueue: EnqueueEndpoint;
  readonly protocols: ProtocolEndpoint;
  readonly protocolPosts: readonly ProtocolRoute[];
  /** What both endpoints refused. */
  readonly refusedBatches: RefusedBatches;
  readonly pipeline: PipelineView;
  readonly queries: QueryService;
  readonly changes: ChangeService;
  /** Of the configuration file. */
  readonly keyChanges: KeyChangeService;
  readonly sessions: Sessions;
  readonly alerts: AlertService;
  readonly peerAddress: (request: Request) => string;
  readonly clock: Clock;
  /** Read at each request: a reload swaps it. */
  readonly access: () => AccessSettings;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
  /** Of the program. */
  readonly version: string;
  /** Aborted when the server begins to stop: live tails end then, which would otherwise hold it up. */
  readonly stopping: AbortSignal;
  readonly connections: Connections;
  /** The app in the browser; absent: none is served. */
  readonly appFiles?: readonly AppFile[] | undefined;
  /** What applications send with; absent: none is served. */
  readonly clientLibrary?: ClientLibrary | undefined;
}

/** Builds the application; its `fetch` answers a request. */
export function createHttpApp(dependencies: HttpDependencies): Elysia {
  const { access, clock, enqueue, log, version } = dependencies;
  const app = new Elysia();
  const pageFor = missingPage(dependencies.appFiles, access);
  app.onError(({ code, error, request }) => {
    if (code === "NOT_FOUND") return pageFor(request) ?? jsonResponse(404, { message: "Not found" });
    log("error", "a request could not be handled", { error: error instanceof Error ? error.message : String(code) });
    return toResponse(INTERNAL);
  });
  const queries = sharedQueries(dependencies.queries);
  const read = {
    ...dependencies,
    queries,
    gate: new ReadGate(dependencies),
    guard: new ParseGuard(),
    startedAtMs: clock(),
  };
  const handlers = {
    enqueue: (request: Request) => enqueue.handle(request),
    preflight: (request: Request) => preflightResponse(request, access().keys),
    health: healthResponse,
    ready: createReadyHandler(dependencies),
    metrics: createMetricsHandler(read),
  };
  const posts = protocolRoutes(dependencies.protocolPosts, dependencies.protocols, access);
  const routes = [...otherRoutes(handlers), ...posts, ...protocolStubs(), ...readRoutes(read)].map(compressed);
  const library = libraryRoutes(dependencies.clientLibrary);
  for (const route of [...routes, descriptionRoute([...routes, ...library.described], version)]) addRoute(app, route);
  for (const route of [...library.served, ...webRoutes(dependencies.appFiles, access)]) addRoute(app, route);
  return app;
}

function readRoutes(
  dependencies: EraseDependencies &
    StatusDependencies &
    RefusalDependencies &
    KeyChangeDependencies &
    AlertDependencies,
): Route[] {
  return [
    sessionRoute(dependencies),
    ticketRoute(dependencies),
    ...recordRoutes(dependencies),
    ...timingRoutes(dependencies),
    touchpointRoute(dependencies),
    seenTouchpointsRoute(dependencies),
    ...viewRoutes(dependencies),
    ...accountRoutes(dependencies),
    refusalsRoute(dependencies),
    ...alertRoutes(dependencies),
    keysRoute(dependencies),
    statusRoute(dependencies),
    tailRoute(dependencies, new PingTimer()),
    exportRoute(dependencies),
    eraseRoute(dependencies),
  ];
}
