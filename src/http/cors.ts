// Cross-origin rules of the ingestion endpoint: whom a preflight lets in, and the headers that let a page read its answer.
// Only origins that some live client key allows get any of it. The origin is echoed as the browser wrote it.

import { jsonResponse } from "./answers.ts";
import type { KeyLookup } from "./keys.ts";

/** Request headers a page may send here: what fetch wrappers and tracing libraries add, and none that carries a secret. */
const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "baggage",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-type",
  "pragma",
  "traceparent",
  "tracestate",
  "x-requested-with",
]);
/** How long a browser may remember a preflight, in seconds; Chromium's own maximum. */
const PREFLIGHT_SECONDS = 7200;
const VARY = { vary: "Origin" };

/** Headers of a POST's answer to a page: readable for allowed origins only. Undefined without an Origin. */
export function corsHeaders(origin: string | null, keys: KeyLookup): Readonly<Record<string, string>> | undefined {
  if (origin === null) return undefined;
  if (!keys.allowsOrigin(origin)) return VARY;
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "Retry-After",
    ...VARY,
  };
}

/** Answers OPTIONS: 204 with what is allowed, or 403 without any CORS header. */
export function answerPreflight(request: Request, keys: KeyLookup): Response {
  const origin = request.headers.get("origin");
  if (origin === null || !keys.allowsOrigin(origin)) {
    return jsonResponse(403, { message: "Origin is not allowed by any API key" }, VARY);
  }
  const headers: Record<string, string> = {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "POST",
    "access-control-allow-credentials": "true",
    "access-control-max-age": String(PREFLIGHT_SECONDS),
    vary: "Origin, Access-Control-Request-Headers",
  };
  const known = knownHeaders(request.headers.get("access-control-request-headers"));
  if (known !== "") headers["access-control-allow-headers"] = known;
  // A public page that posts to localhost: https://wicg.github.io/private-network-access/
  if (request.headers.get("access-control-request-private-network") === "true") {
    headers["access-control-allow-private-network"] = "true";
  }
  return new Response(null, { status: 204, headers });
}

function knownHeaders(requested: string | null): string {
  const names = new Set((requested ?? "").split(",").map((name) => name.trim().toLowerCase()));
  return [...names].filter((name) => REQUEST_HEADERS.has(name)).join(", ");
}
