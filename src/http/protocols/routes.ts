// The paths of all protocols but the specification's own, as routes of the application: POST is answered by the shared
// endpoint, OPTIONS for pages of allowed origins.

import { preflightResponse } from "../access/cors.ts";
import type { AccessSettings } from "../access/settings.ts";
import type { OperationDocument, RequestHandler, Route } from "../base/routes.ts";
import { elasticsearchRoutes, elasticsearchStubs } from "./elasticsearch.ts";
import type { ProtocolEndpoint } from "./endpoint.ts";
import { ingestRoutes } from "./ingest.ts";
import { lokiRoutes } from "./loki.ts";
import { otlpRoutes, otlpStubs } from "./otlp.ts";
import type { ProtocolRoute } from "./protocol.ts";
import { sentryRoutes } from "./sentry.ts";

/** What the configuration says about protocols. */
export interface ProtocolSettings {
  /** Bytes that a body of OTLP may have. */
  readonly otlpBodyBytesMax: number;
}

/** Every path where a protocol's bodies are posted. */
export function protocolPosts(settings: ProtocolSettings): readonly ProtocolRoute[] {
  return [
    ...otlpRoutes(settings.otlpBodyBytesMax),
    ...lokiRoutes,
    ...elasticsearchRoutes,
    ...ingestRoutes,
    ...sentryRoutes,
  ];
}

/** What else the clients of some protocols ask for. */
export function protocolStubs(): readonly Route[] {
  return [...otlpStubs(), ...elasticsearchStubs()];
}

/** These paths as routes. */
export function protocolRoutes(
  posts: readonly ProtocolRoute[],
  endpoint: ProtocolEndpoint,
  access: () => AccessSettings,
): Route[] {
  const preflight = (request: Request) => preflightResponse(request, access().keys, true);
  return posts.map((route) => ({
    path: route.path,
    operations: {
      POST: { document: route.document, handle: (request) => endpoint.handle(request, route) },
      OPTIONS: { document: preflightDocument(route.document), handle: preflight },
    },
  }));
}

/** Handlers for the paths without parameters: the listener can hand it requests directly. */
export function directPosts(
  posts: readonly ProtocolRoute[],
  endpoint: ProtocolEndpoint,
): Readonly<Record<string, RequestHandler>> {
  const direct = posts.filter(({ path }) => !path.includes("{"));
  return Object.fromEntries(direct.map((route) => [route.path, (request) => endpoint.handle(request, route)]));
}

function preflightDocument({ id, path }: OperationDocument): OperationDocument {
  return {
    ...(path === undefined ? {} : { path }),
    id: `preflight${id[0]?.toUpperCase()}${id.slice(1)}`,
    summary: "A browser asks whether a page may send",
    access: "open",
    responses: {
      204: { description: "Some live client key allows the Origin" },
      403: { description: "No client key allows the Origin" },
    },
  };
}
