// What all operations of the read API share. `defineOperation` checks access, parameters and body before the handler
// runs, and adds the statuses of these checks to the description. A handler receives checked values and returns a
// Response. Refusals of queries and changes become a status and a message here; every such message has its keys masked.

import { type Static, type TObject, Type } from "@sinclair/typebox";
import type { ChangeRefusalCode, ChangeService } from "../../core/changes.ts";
import type { Clock } from "../../core/clock.ts";
import type { QueryRefusal, QueryRefusalCode, QueryRequest, QueryService } from "../../core/queries.ts";
import { InvalidPayloadSchema, MessageSchema, QueryProblemSchema } from "../../core/responses.ts";
import { maskKeys } from "../../core/secrets.ts";
import { TICKET_PARAMETER } from "../../core/session.ts";
import type { ParseGuard } from "../../runtime/parse_guard.ts";
import type { ReadAccess } from "../access/read_gate.ts";
import { NOBODY, type SharedQueries, type Viewer } from "../access/viewer.ts";
import { jsonResponse } from "../base/responses.ts";
import type { HttpLog, Operation, OperationDocument, ResponseDocument } from "../base/routes.ts";
import { readJsonBody } from "./json_body.ts";
import { readParameters, strictObject } from "./parameters.ts";

/** What the read API needs. */
export interface ReadDependencies extends ReadAccess {
  /** They run for the viewer of a call: `call.queries`. */
  readonly queries: SharedQueries;
  readonly changes: ChangeService;
  readonly clock: Clock;
  readonly log: HttpLog;
  readonly guard: ParseGuard;
  /** Aborted when the server stops: live tails end then. */
  readonly stopping: AbortSignal;
}

/** One request, checked. */
export interface Call<Q extends TObject, B extends TObject> {
  readonly request: Request;
  /** Who asks. */
  readonly viewer: Viewer;
  /** What they may ask. */
  readonly queries: QueryService;
  readonly query: Static<Q>;
  readonly body: Static<B>;
  /** Unix ms. */
  readonly now: number;
}

export interface OperationSpec<Q extends TObject, B extends TObject> extends Omit<OperationDocument, "query" | "body"> {
  readonly query: Q;
  readonly body?: B;
  /** Whether a ticket lets in, where a link leads here. */
  readonly takesTicket?: boolean;
  readonly handle: (call: Call<Q, B>) => Response | Promise<Response>;
}

const TICKET = {
  [TICKET_PARAMETER]: Type.Optional(
    Type.String({
      expects: "a ticket",
      description: "From POST /api/v1/tickets, in place of a token or a session: once, within a minute",
    }),
  ),
};

export const NO_PARAMETERS = strictObject({});

/** Refusals that any query about records can get. */
export const SEARCH_REFUSALS: Readonly<Record<number, ResponseDocument>> = {
  400: {
    description: "The search, the cursor, the range or a parameter is wrong; of a search, `at` says where",
    schema: QueryProblemSchema,
  },
  404: { description: "There is no such project, or no such field", schema: MessageSchema },
};

export const UNAVAILABLE: Readonly<Record<number, ResponseDocument>> = {
  503: {
    description: "Too many queries wait, or the data cannot be read now",
    schema: MessageSchema,
    headers: { "Retry-After": "Seconds to wait" },
  },
};

/** The response to too many wrong credentials from one address. */
export const TOO_MANY_FAILURES: ResponseDocument = {
  description: "Too many wrong tokens from this address: it is not looked at",
  schema: MessageSchema,
  headers: { "Retry-After": "Seconds to wait" },
};

/** Joins a handler to its checks and its description. */
export function defineOperation<Q extends TObject, B extends TObject = TObject>(
  dependencies: ReadDependencies,
  spec: OperationSpec<Q, B>,
): Operation {
  const { access, query: parameters, body, takesTicket = false, handle, responses, ...document } = spec;
  const query = takesTicket ? (strictObject({ ...parameters.properties, ...TICKET }) as unknown as Q) : parameters;
  return {
    document: {
      ...document,
      access,
      query,
      ...(body === undefined ? {} : { body }),
      responses: { ...impliedResponses(access, body !== undefined), ...responses },
    },
    async handle(request) {
      const target = takesTicket ? ticketTarget(request.url) : undefined;
      const viewer = access === "open" ? NOBODY : dependencies.gate.admit(request, target);
      if (viewer instanceof Response) return viewer;
      if (access !== "open" && access !== "reader" && !viewer.isAdmin) return needsAdmin(viewer);
      const checked = readParameters(query, searchOf(request));
      if (!checked.ok) return badRequest(checked.message);
      // Without a body's schema no handler looks at it.
      const read = body === undefined ? ({} as Static<B>) : await readJsonBody(request, body, dependencies.guard);
      if (read instanceof Response) return read;
      const queries = dependencies.queries.for(viewer);
      return handle({ request, viewer, queries, query: checked.value, body: read, now: dependencies.clock() });
    },
  };
}

/** 403 for a reader where only the admin may. */
export function needsAdmin({ name }: Viewer): Response {
  return jsonResponse(403, { message: `${name} may only read: this needs the admin token` });
}

/** Runs the query and passes its JSON on unchanged. A client that disconnects stops the query. */
export async function respondWith(
  { queries, request }: Pick<Call<TObject, TObject>, "queries" | "request">,
  query: QueryRequest,
): Promise<Response> {
  const outcome = await queries.query(query, request.signal);
  return outcome.ok ? jsonTextResponse(outcome.answer) : refuse(outcome.refusal);
}

/** 200 with JSON text. */
export function jsonTextResponse(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json", "cache-control": "no-store" } });
}

/** Path and query without the ticket: what a ticket is for. */
export function ticketTarget(url: string): string {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  searchParams.delete(TICKET_PARAMETER);
  return `${pathname}?${searchParams.toString()}`;
}

function searchOf(request: Request): Iterable<[string, string]> {
  const at = request.url.indexOf("?");
  return at === -1 ? [] : new URLSearchParams(request.url.slice(at));
}

function impliedResponses(access: OperationDocument["access"], hasBody: boolean): Record<number, ResponseDocument> {
  const implied: Record<number, ResponseDocument> = {
    400: { description: "A parameter is unknown, given twice, or not what it can be", schema: MessageSchema },
  };
  if (access !== "open") {
    implied[401] = { description: "The token is missing or wrong, and there is no session", schema: MessageSchema };
    implied[403] = {
      description: access === "reader" ? "The reader may not read this project" : "A reader may only read",
      schema: MessageSchema,
    };
    implied[429] = TOO_MANY_FAILURES;
  }
  if (!hasBody) return implied;
  return {
    ...implied,
    400: { description: "The body is no JSON, or a parameter is unknown", schema: MessageSchema },
    413: { description: "The body is too large", schema: MessageSchema },
    415: { description: "Unknown Content-Encoding", schema: MessageSchema },
    422: { description: "The body is not what it can be", schema: InvalidPayloadSchema },
  };
}

const STATUSES: Readonly<Record<QueryRefusalCode | ChangeRefusalCode, number>> = {
  bad_query: 400,
  bad_cursor: 400,
  bad_range: 400,
  forbidden: 403,
  unknown_project: 404,
  unknown_field: 404,
  not_found: 404,
  already_there: 409,
  limit: 409,
  // Nobody reads it; the number is what proxies log for a client that went away.
  cancelled: 499,
  busy: 503,
  unavailable: 503,
  history_unavailable: 503,
};

/** Seconds until a retry makes sense: a query takes a few at most, and a cluster that is away stays so for longer. */
const RETRY_AFTER = { "retry-after": "2" };
const HISTORY_RETRY_AFTER = { "retry-after": "15" };

/** A refusal; `at` and `length` locate the problem in a search, in characters. */
export type Refusal = Pick<QueryRefusal, "message" | "at" | "length"> & {
  readonly code: QueryRefusalCode | ChangeRefusalCode;
};

export function refuse({ code, message, at, length }: Refusal): Response {
  const status = STATUSES[code];
  // Absent members are left out of the JSON.
  const headers = code === "history_unavailable" ? HISTORY_RETRY_AFTER : status === 503 ? RETRY_AFTER : undefined;
  return jsonResponse(status, { message: maskKeys(message), at, length }, headers);
}

/** 400 with a sentence about a parameter. */
export function badRequest(message: string): Response {
  return jsonResponse(400, { message: maskKeys(message) });
}
