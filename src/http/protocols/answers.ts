// What the answers of several protocols share: refusals as {"message": …}, their descriptions, and why a record of a
// body that was taken is not stored.

import { type TSchema, Type } from "@sinclair/typebox";
import type { DroppedRecord } from "../../core/batch.ts";
import type { DropReason } from "../../core/drop.ts";
import type { ResponseDocument } from "../base/routes.ts";
import type { ProtocolResponse, Refusal } from "./protocol.ts";

export const JSON_TYPE = "application/json";

/** As all other routes refuse. */
export const MessageSchema = Type.Object({ message: Type.String() });

export function messageResponse({ status, message }: Refusal): ProtocolResponse {
  return { status, body: JSON.stringify({ message }), contentType: JSON_TYPE };
}

/** The refusals of every protocol, with its body. */
export function refusalDocuments(schema: TSchema): Readonly<Record<number, ResponseDocument>> {
  const headers = { "Retry-After": "Whole seconds" };
  return {
    400: { description: "The body cannot be read", schema },
    401: { description: "The key is missing, unknown or revoked", schema },
    403: { description: "The Origin is not one that the client key allows", schema },
    413: { description: "The body is too large, or has too many records", schema },
    415: { description: "Unknown Content-Encoding, or UTF-16", schema },
    422: { description: "The Idempotency-Key was used for another body", schema },
    429: { description: "The key's rate is used up", schema, headers },
    500: { description: "The body could not be handled and was set aside", schema },
    503: { description: "There is no room now: nothing was taken", schema, headers },
  };
}

const PROBLEMS: Readonly<Record<DropReason, string>> = {
  invalid: "It cannot be read",
  ignored: "It is of a kind that is not stored",
  empty: "It says nothing",
  invalid_time: "Its time cannot be",
  too_deep: "It nests too deep",
  negative_duration: "Its duration is negative",
  too_old: "It is older than the project's retention",
  in_future: "Its time is more than a day ahead",
  duplicate: "It was stored before",
  quota: "The project's monthly_entries are used up",
  internal: "It could not be handled",
};

/** Why a record is not stored: a sentence without its full stop. */
export function problemOf({ reason, problem }: DroppedRecord): string {
  return problem ?? PROBLEMS[reason];
}
