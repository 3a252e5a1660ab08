// What a route is, and how it is put on the application: its operations, and 405 with Allow for all other methods.
// Bodies are never parsed by the framework, so a handler gets the request with its body unread. The description of the
// API is made from the same list of routes, so what is served and what is described cannot drift apart.

import type { TObject, TSchema } from "@sinclair/typebox";
import type { Elysia } from "elysia";
import { jsonResponse } from "./responses.ts";

/** Where batches are sent. */
export const ENQUEUE_PATH = "/api/v1/enqueue";

/** Writes a line of the server's own log. */
export type HttpLog = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  properties?: Readonly<Record<string, unknown>>,
) => void;

export type RequestHandler = (request: Request) => Response | Promise<Response>;
export type Method = "GET" | "POST" | "PATCH" | "DELETE" | "OPTIONS";

/** One status that an operation answers. */
export interface ResponseDocument {
  readonly description: string;
  /** Of the JSON body, or of each piece of another `mediaType`; absent: no body. */
  readonly schema?: TSchema;
  /** "application/json" when absent. */
  readonly mediaType?: string | readonly string[];
  /** Headers that matter to the client, with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an operation takes and answers. The schemas are those that check. */
export interface OperationDocument {
  /** Unique among all operations. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /**
   * Who may: anyone, whoever has an API key, whoever may read (with the admin token, a reader's, or a session of either),
   * or only the admin.
   */
  readonly access: "open" | "sender" | "reader" | "admin";
  /** Parameters in the path, in the query, and in headers (names in lower case). */
  readonly path?: TObject;
  readonly query?: TObject;
  readonly headers?: TObject;
  readonly body?: TSchema;
  /** By status. */
  readonly responses: Readonly<Record<number, ResponseDocument>>;
}

export interface Operation {
  readonly document: OperationDocument;
  readonly handle: RequestHandler;
}

/** What is served under a path, described or not. */
export interface PlainRoute {
  readonly path: string;
  readonly operations: Readonly<Partial<Record<Method, Pick<Operation, "handle">>>>;
}

export interface Route {
  /** As OpenAPI writes it: "/api/v1/fields/{name}/values". */
  readonly path: string;
  readonly operations: Readonly<Partial<Record<Method, Operation>>>;
}

/** Serves a route. GET answers HEAD as well, without the body. */
export function addRoute(app: Elysia, { path, operations }: PlainRoute): void {
  const methods: string[] = [];
  const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
  for (const [method, { handle }] of Object.entries(operations)) {
    methods.push(method);
    app.route(method, pattern, ({ request }) => handle(request), { parse: "none" });
    if (method !== "GET") continue;
    methods.push("HEAD");
    app.route("HEAD", pattern, ({ request }) => withoutBody(handle(request)), { parse: "none" });
  }
  const allow = { allow: methods.join(", ") };
  app.all(pattern, () => jsonResponse(405, { message: "Method not allowed" }, allow), { parse: "none" });
}

async function withoutBody(response: Response | Promise<Response>): Promise<Response> {
  const { status, headers, body } = await response;
  // A streamed body that nobody reads would wait for ever.
  await body?.cancel();
  return new Response(null, { status, headers });
}
