// The API's description (OpenAPI 3.1). In: the routes that are served, with the schemas that check requests. Out: GET
// /openapi.json. The endpoints outside the read API are described here; each read operation describes itself. A schema
// with a title becomes a component.
// Invariant: only served routes are described, so the description cannot drift. Source:
// https://spec.openapis.org/oas/v3.1.1.html

import { OptionalKind, type TObject, type TSchema, Type } from "@sinclair/typebox";
import { BatchSchema } from "../core/entry.ts";
import { InvalidPayloadSchema, MessageSchema } from "../core/responses.ts";
import { SESSION_HEADER } from "../core/session.ts";
import { compressed } from "./base/compression.ts";
import {
  ENQUEUE_PATH,
  type Operation,
  type OperationDocument,
  type RequestHandler,
  type ResponseDocument,
  type Route,
} from "./base/routes.ts";

type Json = Readonly<Record<string, unknown>>;

/** Members of our schemas that are not JSON Schema's: messages and checks use them. */
const OWN_KEYWORDS: ReadonlySet<string> = new Set(["expects", "trims"]);
const JSON_TYPE = "application/json";

/** Who may call what: one of these is enough. */
const SECURITY_SCHEMES = {
  adminToken: { type: "http", scheme: "bearer", description: "The admin token of the configuration" },
  readerToken: { type: "http", scheme: "bearer", description: "The token of a [[readers]] table" },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "simplelogs_session",
    description:
      "The app's session; believed only with the secret that signing in returned, and Sec-Fetch-Site: same-origin",
  },
  sessionSecret: {
    type: "apiKey",
    in: "header",
    name: SESSION_HEADER,
    description: "The other half of the app's session",
  },
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: "A server or client key; also taken as Basic, as ApiKey, in x-api-key and in ?key=",
  },
} as const;

const SECURITY: Readonly<Record<OperationDocument["access"], readonly object[]>> = {
  open: [],
  sender: [{ apiKey: [] }],
  reader: [{ adminToken: [] }, { readerToken: [] }, { session: [], sessionSecret: [] }],
  admin: [{ adminToken: [] }, { session: [], sessionSecret: [] }],
};

/** Describes the routes; `version` of the program. */
export function describeRoutes(routes: readonly Route[], version: string): Json {
  const components = new Components();
  const paths = routes.map(({ path, operations }) => {
    const methods = Object.entries(operations).map(
      ([method, { document }]) => [method.toLowerCase(), describeOperation(document, components)] as const,
    );
    return [path, Object.fromEntries(methods)] as const;
  });
  return {
    openapi: "3.1.1",
    info: {
      title: "SimpleLogs, self-hosted",
      description:
        "Logs and timings: sent through one POST, found again through the rest. A Host that is neither listened on nor listed in " +
        "the configuration's hosts is answered 421.",
      version,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    paths: Object.fromEntries(paths),
    components: { schemas: components.schemas(), securitySchemes: SECURITY_SCHEMES },
  };
}

function describeOperation(document: OperationDocument, components: Components): Json {
  const { id, summary, description, access, path, query, headers, body, responses: documents } = document;
  const parameters = [
    ...describeParameters("path", path, components),
    ...describeParameters("query", query, components),
    ...describeParameters("header", headers, components),
  ];
  const responses = Object.entries(documents).map(
    ([status, response]) => [status, describeResponse(response, components)] as const,
  );
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    security: SECURITY[access],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { [JSON_TYPE]: { schema: components.use(body) } } } }),
    responses: Object.fromEntries(responses),
  };
}

function describeParameters(where: "path" | "query" | "header", schema: TObject | undefined, components: Components) {
  return Object.entries<TSchema>(schema?.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = property;
    const isRequired = property[OptionalKind] === undefined && property["default"] === undefined;
    return { name, in: where, required: isRequired, ...(description && { description }), schema: components.use(rest) };
  });
}

function describeResponse(
  { description, schema, mediaType = JSON_TYPE, headers }: ResponseDocument,
  components: Components,
) {
  const content = schema === undefined ? undefined : { schema: components.use(schema) };
  const types = typeof mediaType === "string" ? [mediaType] : mediaType;
  const described = Object.entries(headers ?? {}).map(
    ([name, says]) => [name, { description: says, schema: { type: "string" } }] as const,
  );
  return {
    description,
    ...(headers === undefined ? {} : { headers: Object.fromEntries(described) }),
    ...(content === undefined ? {} : { content: Object.fromEntries(types.map((type) => [type, content])) }),
  };
}

/** Collects the schemas that have a title, once each. */
class Components {
  readonly #schemas = new Map<string, Json>();

  /** A schema as it stands in the document: plain JSON, a reference where it is a component. */
  use(schema: object): Json {
    const title = "title" in schema ? String(schema.title) : undefined;
    if (title === undefined) return this.#plain(schema);
    if (!this.#schemas.has(title)) this.#schemas.set(title, this.#plain(schema));
    return { $ref: `#/components/schemas/${title}` };
  }

  schemas(): Json {
    return Object.fromEntries([...this.#schemas].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #plain(schema: object): Json {
    const members = Object.entries(schema).filter(([name]) => !OWN_KEYWORDS.has(name));
    return Object.fromEntries(members.map(([name, value]) => [name, this.#member(name, value)]));
  }

  #member(name: string, value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (name === "anyOf" || name === "allOf") return (value as object[]).map((one) => this.use(one));
    if (name === "items" || name === "additionalProperties") return this.use(value);
    if (name !== "properties" && name !== "patternProperties") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.use(one as object)]));
  }
}

const RETRY_AFTER = { "Retry-After": "Whole seconds, 1 to 60" };

const message = (description: string): ResponseDocument => ({ description, schema: MessageSchema });
const status = (description: string, ...words: string[]): ResponseDocument => ({
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
  responses: {
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
  responses: {
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
  responses: { 200: status("It does", "ok") },
};

const READY: OperationDocument = {
  id: "ready",
  summary: "Whether batches can be stored now",
  access: "open",
  responses: { 200: status("They can", "ready"), 503: status("They cannot, and why", "unavailable") },
};

const METRICS: OperationDocument = {
  id: "metrics",
  summary: "Figures for Prometheus; open to all where metrics_open is set",
  access: "reader",
  responses: {
    200: { description: "Prometheus text", mediaType: "text/plain", schema: Type.String() },
    401: message("The token is missing or wrong"),
    403: message("The reader may not read all projects"),
  },
};

const DESCRIPTION: OperationDocument = {
  id: "openapi",
  summary: "This description",
  access: "open",
  responses: { 200: { description: "OpenAPI 3.1", schema: Type.Object({}) as TSchema } },
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
