// How a path is put on the application: its methods, and 405 with Allow for all others. Bodies are never parsed by the
// framework, so a handler gets the request untouched.

import type { Elysia } from "elysia";
import { jsonResponse } from "./answers.ts";

export type RequestHandler = (request: Request) => Response | Promise<Response>;
export type Method = "GET" | "POST" | "PATCH" | "DELETE" | "OPTIONS";

/** Serves `path` by these methods. GET answers HEAD as well, without the body. */
export function addRoute(app: Elysia, path: string, handlers: Readonly<Partial<Record<Method, RequestHandler>>>): void {
  const methods: string[] = [];
  for (const [method, handler] of Object.entries(handlers)) {
    methods.push(method);
    app.route(method, path, ({ request }) => handler(request), { parse: "none" });
    if (method !== "GET") continue;
    methods.push("HEAD");
    app.route("HEAD", path, ({ request }) => withoutBody(handler(request)), { parse: "none" });
  }
  const allow = { allow: methods.join(", ") };
  app.all(path, () => jsonResponse(405, { message: "Method not allowed" }, allow), { parse: "none" });
}

async function withoutBody(answer: Response | Promise<Response>): Promise<Response> {
  const { status, headers } = await answer;
  return new Response(null, { status, headers });
}
