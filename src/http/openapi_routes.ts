// How the routes that are not of the read API are described: the ingestion endpoint, what monitors ask, and the description
// itself.

import { type TSchema, Type } from "@sinclair/typebox";
import { BatchSchema } from "../core/entry.ts";
import { InvalidPayloadSchema, MessageSchema } from "../core/responses.ts";
import { compressed } from "./compression.ts";
import { ENQUEUE_PATH } from "./ingest/enqueue.ts";
import { describeRoutes } from "./openapi.ts";
import type { AnswerDocument, Operation, OperationDocument, RequestHandler, Route } from "./routes.ts";

const RETRY_AFTER = { "Retry-After": "Whole seconds, 1 to 60" };

const message = (description: string): AnswerDocument => ({ description, schema: MessageSchema });
const status = (description: string, ...words: string[]): AnswerDocument => ({
  description,
  schema: Type.Object({
    status: Type.Union(words.map((word) => Type.Literal(word))),
    reason: Type.Optional(Type.String()),
  }),
});

const InvalidBatchSchema = Type.Object(
  {
    ...InvalidPayloadSchema.properties,
    issues: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.Array(Type.Union([Type.String(), Type.Integer()])),
          message: Type.String(),
        }),
        { description: "With verbose=1" },
      ),
    ),
  },
  { title: "InvalidBatch" },
);

const ENQUEUE: OperationDocument = {
  id: "enqueue",
  summary: "Send a batch of entries",
  description:
    "The key in the body is the credential; a client key also needs an Origin that it allows. The body is read as JSON whatever " +
    "its Content-Type, in the charset that it names or UTF-8, compressed or not (gzip, deflate, br, zstd). A body over 64 KiB has " +
    "the key in its first or last KiB. A batch is taken whole or not at all.",
  access: "open",
  query: Type.Object({
    verbose: Type.Optional(
      Type.String({ description: "1: a 422 lists each problem with its full path", examples: ["1"] }),
    ),
    idempotency_key: Type.Optional(Type.String({ description: "As the header, for beacons" })),
  }),
  headers: Type.Object({
    "idempotency-key": Type.Optional(
      Type.String({
        description: "A name of 1 to 255 characters for this request: sent again under it, it is stored once",
      }),
    ),
  }),
  body: BatchSchema,
  answers: {
    202: { description: "Taken", schema: Type.Object({ queued: Type.Literal(true) }) },
    400: message("The body is no JSON"),
    401: message("The key is missing, unknown, revoked, or of the other type"),
    403: message("The Origin is not one that the client key allows"),
    413: message("The body is too large, or has too many entries"),
    415: message("Unknown Content-Encoding, or UTF-16"),
    422: {
      description: "The body is not a batch, or its Idempotency-Key was used for another one",
      schema: InvalidBatchSchema,
    },
    429: { ...message("The key's rate is used up"), headers: RETRY_AFTER },
    500: message("The batch could not be handled and was set aside"),
    503: { ...message("There is no room now: nothing was taken"), headers: RETRY_AFTER },
  },
};

const PREFLIGHT: OperationDocument = {
  id: "preflightEnqueue",
  summary: "A browser asks whether a page may send",
  access: "open",
  answers: {
    204: {
      description: "Some live client key allows the Origin",
      headers: { "Access-Control-Allow-Origin": "The Origin", "Access-Control-Allow-Methods": "POST" },
    },
    403: message("No client key allows the Origin"),
  },
};

const HEALTH: OperationDocument = {
  id: "health",
  summary: "Whether the process answers",
  access: "open",
  answers: { 200: status("It does", "ok") },
};

const READY: OperationDocument = {
  id: "ready",
  summary: "Whether batches can be stored now",
  access: "open",
  answers: { 200: status("They can", "ready"), 503: status("They cannot, and why", "unavailable") },
};

const METRICS: OperationDocument = {
  id: "metrics",
  summary: "Figures for Prometheus; open to all where metrics_open is set",
  access: "reader",
  answers: {
    200: { description: "Prometheus text", mediaType: "text/plain", schema: Type.String() },
    401: message("The admin token is missing or wrong"),
  },
};

const DESCRIPTION: OperationDocument = {
  id: "openapi",
  summary: "This description",
  access: "open",
  answers: { 200: { description: "OpenAPI 3.1", schema: Type.Object({}) as TSchema } },
};

/** The routes outside of the read API, by the handlers that serve them. */
export function otherRoutes(
  handlers: Readonly<Record<"enqueue" | "preflight" | "health" | "ready" | "metrics", RequestHandler>>,
): Route[] {
  const get = (path: string, document: OperationDocument, handle: RequestHandler): Route => ({
    path,
    operations: { GET: { document, handle } },
  });
  const post: Operation = { document: ENQUEUE, handle: handlers.enqueue };
  return [
    { path: ENQUEUE_PATH, operations: { POST: post, OPTIONS: { document: PREFLIGHT, handle: handlers.preflight } } },
    get("/healthz", HEALTH, handlers.health),
    get("/readyz", READY, handlers.ready),
    get("/metrics", METRICS, handlers.metrics),
  ];
}

/** GET /openapi.json, which describes `routes` and itself; it holds no data and needs no token. */
export function descriptionRoute(routes: readonly Route[], version: string): Route {
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  const handle = () => new Response(text, { headers });
  const route = compressed({ path: "/openapi.json", operations: { GET: { document: DESCRIPTION, handle } } });
  const text = JSON.stringify(describeRoutes([...routes, route], version));
  return route;
}
