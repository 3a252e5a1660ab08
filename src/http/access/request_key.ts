// Where clients of all kinds put an API key, outside of the body: Authorization in four forms, X-API-Key, and the
// query. In: a request, whose body is not read. Out: the live key that it shows, and the contract's checks 5 to 8.

import type { ApiKey } from "../../core/batch.ts";
import { matchesOrigin } from "../../core/origin.ts";
import { type FixedResponse, KEY_MISSING, KEY_UNKNOWN, ORIGIN_REFUSED } from "../base/responses.ts";
import type { KeyLookup, UnknownKey } from "./keys.ts";

/** A longer header or parameter holds no key. */
const CREDENTIAL_LENGTH_MAX = 2_048;
/** A scheme and what follows it (RFC 9110, section 11.4). */
const SCHEME = /^(bearer|basic|apikey|token) +(\S+) *$/i;

/**
 * The live key of a request, or the response of the first check that fails. `ownKey`: a key at a place that only the
 * protocol has; it goes first.
 */
export function authenticate(request: Request, keys: KeyLookup, ownKey: string | undefined): ApiKey | FixedResponse {
  const shown = ownKey === undefined ? keysShown(request) : [ownKey];
  if (shown.length === 0) return KEY_MISSING;
  let apiKey: ApiKey | undefined;
  for (const text of shown) apiKey ??= keys.find(text);
  if (apiKey === undefined) return KEY_UNKNOWN;
  const origin = request.headers.get("origin");
  const isAllowed = apiKey.type === "server" || (origin !== null && matchesOrigin(apiKey.origins, origin));
  return isAllowed ? apiKey : ORIGIN_REFUSED;
}

/** What a refused request shows as its key: a live one, the mask of another text, or undefined where it shows none. */
export function shownKey(
  request: Request,
  keys: KeyLookup,
  ownKey: string | undefined,
): { readonly apiKey: ApiKey } | UnknownKey | undefined {
  const shown = ownKey === undefined ? keysShown(request) : [ownKey];
  for (const text of shown) {
    const apiKey = keys.find(text);
    if (apiKey !== undefined) return { apiKey };
  }
  const unknown = shown.map((text) => keys.unknown(text));
  const telling = unknown.find(({ revoked }) => revoked !== undefined) ?? unknown.find(({ masked }) => masked !== "…");
  return unknown.length === 0 ? undefined : (telling ?? { masked: "…" });
}

/** The texts that may be the key, of the first place that has any. */
function keysShown(request: Request): readonly string[] {
  const authorization = request.headers.get("authorization")?.trim() ?? "";
  if (authorization !== "") return keysInAuthorization(authorization);
  const header = request.headers.get("x-api-key")?.trim() ?? "";
  if (header !== "") return [header];
  const queryAt = request.url.indexOf("?");
  const parameter = queryAt === -1 ? "" : (new URLSearchParams(request.url.slice(queryAt)).get("key") ?? "");
  return parameter === "" ? [] : [parameter];
}

/** A key without a scheme is taken as well. Of a name and a password the password goes first. */
function keysInAuthorization(authorization: string): readonly string[] {
  if (authorization.length > CREDENTIAL_LENGTH_MAX) return ["…"];
  const [, scheme = "", credential = ""] = SCHEME.exec(authorization) ?? [];
  if (scheme === "") return [authorization];
  if (/^(?:bearer|token)$/i.test(scheme)) return [credential];
  const decoded = Buffer.from(credential, "base64").toString();
  const colonAt = decoded.indexOf(":");
  const parts = colonAt === -1 ? [decoded] : [decoded.slice(colonAt + 1), decoded.slice(0, colonAt)];
  // Elasticsearch's clients send an API key as it is, or as the base64 of its id and its secret.
  return /^basic$/i.test(scheme) ? parts.filter((part) => part !== "") : [credential, ...parts];
}
