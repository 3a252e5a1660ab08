// Cross-origin rules of the ingestion endpoint: whom a preflight lets in, and the headers that let a page read the
// response. Only origins that some live client key allows get any of it. The origin is echoed as the browser wrote it.

import { jsonResponse } from "../base/responses.ts";
import type { KeyLookup } from "./keys.ts";

/**
 * Request headers a page may not send here, because they carry secrets of others. Tracing agents add all kinds of
 * further ones.
 */
const REFUSED_HEADERS: ReadonlySet<string> = new Set(["authorization", "cookie"]);
/** The same where a header is the place of the API key. */
const REFUSED_BESIDE_KEY: ReadonlySet<string> = new Set(["cookie"]);
/** A header's name as browsers ask for it: a token of RFC 9110 in lower case; `*` would stand for all. */
const HEADER_NAME = /^[!#$%&'+.^_`|~0-9a-z-]{1,100}$/;
/** Header names allowed in one response, so that a request cannot make it large. */
const HEADER_NAMES_MAX = 64;
/** How long a browser may remember a preflight, in seconds; Chromium's own maximum. */
const PREFLIGHT_SECONDS = 7200;
const VARY = { vary: "Origin" };

/** A page of any origin may load, read and time them, an isolated one too: nothing in them is secret. */
export const OPEN_HEADERS = {
  "access-control-allow-origin": "*",
  "cross-origin-resource-policy": "cross-origin",
  "timing-allow-origin": "*",
  "x-content-type-options": "nosniff",
};

/** Headers of the response to a page's POST: readable for allowed origins only. Undefined without an Origin. */
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

/**
 * Answers OPTIONS: 204 with what is allowed, or 403 without any CORS header. `hasKeyInHeader`: a page may send
 * Authorization, which has the API key.
 */
export function preflightResponse(request: Request, keys: KeyLookup, hasKeyInHeader = false): Response {
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
  const requested = request.headers.get("access-control-request-headers");
  const allowed = allowedHeaders(requested, hasKeyInHeader ? REFUSED_BESIDE_KEY : REFUSED_HEADERS);
  if (allowed !== "") headers["access-control-allow-headers"] = allowed;
  // A public page that posts to localhost: https://wicg.github.io/private-network-access/
  if (request.headers.get("access-control-request-private-network") === "true") {
    headers["access-control-allow-private-network"] = "true";
  }
  return new Response(null, { status: 204, headers });
}

function allowedHeaders(requested: string | null, refused: ReadonlySet<string>): string {
  const names = new Set((requested ?? "").split(",").map((name) => name.trim().toLowerCase()));
  const allowed = [...names].filter((name) => HEADER_NAME.test(name) && !refused.has(name));
  return allowed.slice(0, HEADER_NAMES_MAX).join(", ");
}
