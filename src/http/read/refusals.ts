// Why a question or a change was refused, as an HTTP answer: the one table of statuses.

import type { ChangeRefusalCode } from "../../core/changes.ts";
import type { QueryRefusal, QueryRefusalCode } from "../../core/queries.ts";
import { maskKeys } from "../../core/secrets.ts";
import { jsonResponse } from "../answers.ts";

const STATUSES: Readonly<Record<QueryRefusalCode | ChangeRefusalCode, number>> = {
  bad_query: 400,
  bad_cursor: 400,
  bad_range: 400,
  unknown_project: 404,
  unknown_field: 404,
  not_found: 404,
  already_there: 409,
  limit: 409,
  // Nobody reads it; the number is what proxies log for a client that went away.
  cancelled: 499,
  busy: 503,
  unavailable: 503,
};

/** Seconds after which asking again makes sense: a question lasts a few at most. */
const RETRY_AFTER = { "retry-after": "2" };

/** What a refusal is told as; `at` and `length` say where in a search. */
export type Refusal = Pick<QueryRefusal, "message" | "at" | "length"> & {
  readonly code: QueryRefusalCode | ChangeRefusalCode;
};

export function refuse({ code, message, at, length }: Refusal): Response {
  const status = STATUSES[code];
  // Absent members are left out of the JSON.
  return jsonResponse(status, { message: maskKeys(message), at, length }, status === 503 ? RETRY_AFTER : undefined);
}

/** 400 with a sentence about a parameter. */
export function badRequest(message: string): Response {
  return jsonResponse(400, { message: maskKeys(message) });
}
