// POST /api/{project}/envelope/: where SDKs of Sentry send. A DSN with an API key as its public key leads them here:
// http://ck_…@host:7070/1 in browsers, http://sk_…@host:7070/1 on servers. The number at its end says nothing, since
// the key names the project. The DSN in an envelope's header is not read: keys are checked before bodies are.

import { Type } from "@sinclair/typebox";
import type { OperationDocument, ResponseDocument } from "../base/routes.ts";
import type { ProtocolResponse, ProtocolRoute } from "./protocol.ts";

const JSON_TYPE = "application/json";
/** The member of X-Sentry-Auth, or of Authorization, that holds the key. */
const KEY_MEMBER = /(?:^|[\s,])sentry_key\s?=\s?"?([^\s,"]+)/i;
const SCHEME = /^\s*sentry\s/i;

const Refused = Type.Object({ detail: Type.String(), message: Type.String() });

function refusal(description: string): ResponseDocument {
  return { description, schema: Refused };
}

const RETRY_AFTER = { "Retry-After": "Whole seconds" };

function documentOf(id: string): OperationDocument {
  return {
    id,
    summary: "Send an envelope of Sentry",
    description:
      "Events and logs are stored; every other item is taken and counted as ignored. The key is the public key of the DSN: " +
      "in the query (sentry_key), in X-Sentry-Auth, or in Authorization.",
    access: "sender",
    path: Type.Object({ project: Type.String({ description: "Any number or word: the key names the project" }) }),
    query: Type.Object({
      sentry_key: Type.Optional(Type.String({ description: "The API key, where no header has it" })),
    }),
    headers: Type.Object({
      "x-sentry-auth": Type.Optional(Type.String({ description: "Sentry sentry_key=…, sentry_version=7" })),
    }),
    responses: {
      200: {
        description: "Taken; the id is the event's",
        schema: Type.Object({ id: Type.Optional(Type.String()) }),
      },
      400: refusal("The body is no envelope"),
      401: refusal("The key is missing, unknown or revoked"),
      403: refusal("The Origin is not one that the client key allows"),
      413: refusal("The body is too large, or has too many items"),
      415: refusal("Unknown Content-Encoding"),
      422: refusal("The Idempotency-Key was used for another body"),
      429: { ...refusal("The key's rate is used up"), headers: RETRY_AFTER },
      500: refusal("The body could not be handled and was set aside"),
      503: { ...refusal("There is no room now: nothing was taken"), headers: RETRY_AFTER },
    },
  };
}

/** The key where SDKs of Sentry put it: X-Sentry-Auth, else Authorization, else the query. */
export function sentryKeyOf(request: Request): string | undefined {
  const { headers, url } = request;
  const authorization = headers.get("authorization") ?? "";
  const inHeader =
    KEY_MEMBER.exec(headers.get("x-sentry-auth") ?? "") ??
    (SCHEME.test(authorization) ? KEY_MEMBER.exec(authorization) : null);
  return inHeader?.[1] ?? (new URL(url).searchParams.get("sentry_key") || undefined);
}

function jsonBody(status: number, value: unknown): ProtocolResponse {
  return { status, body: JSON.stringify(value), contentType: JSON_TYPE };
}

function routeOf(path: string, id: string): ProtocolRoute {
  return {
    path,
    protocol: "sentry",
    document: documentOf(id),
    formOf: () => "bytes",
    keyOf: sentryKeyOf,
    accepted: ({ operations }) => jsonBody(200, operations === undefined ? {} : { id: operations }),
    refused: ({ status, message }) => jsonBody(status, { detail: message, message }),
  };
}

/** With the last slash, as SDKs send, and without. */
export const sentryRoutes: readonly ProtocolRoute[] = [
  routeOf("/api/{project}/envelope/", "sendSentryEnvelope"),
  routeOf("/api/{project}/envelope", "sendSentryEnvelopePlain"),
];
