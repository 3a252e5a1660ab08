// Batches that were refused as a whole, as the read API lists them: why, and the schema of the list. See
// account_responses.ts for entries that were dropped from accepted batches.

import { type TInteger, Type } from "@sinclair/typebox";
import { PROTOCOLS } from "./batch.ts";
import { REFUSED_STATUSES, type RefusedStatus } from "./refused_statuses.ts";
import { count, nullable, object, source, text, time, type ValueOf } from "./schema_parts.ts";

/** Why a batch was refused. */
export const REFUSAL_REASONS = [
  "not_json",
  "malformed",
  "unreadable",
  "key_missing",
  "key_unknown",
  /** A large body without a live key in its first or last KiB. */
  "key_not_found",
  "key_type_differs",
  "origin_refused",
  "too_large",
  "too_many_entries",
  "unknown_encoding",
  "unknown_type",
  "utf16",
  "invalid",
  /** An earlier request had the same idempotency key and another body. */
  "other_body",
  "rate",
  "internal",
  "unavailable",
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

const BY_STATUS = Object.fromEntries(REFUSED_STATUSES.map((status) => [status, count("Batches")])) as Record<
  RefusedStatus,
  TInteger
>;

const RefusalSchema = Type.Object({
  status: Type.Union(
    REFUSED_STATUSES.map((status) => Type.Literal(status)),
    { description: "As POST /api/v1/enqueue answers it; other protocols may have answered another" },
  ),
  reason: Type.Union(REFUSAL_REASONS.map((reason) => Type.Literal(reason))),
  problem: nullable(text("What was wrong with the latest body, its beginning")),
  hint: text("What to do about it"),
  apiKey: nullable(text("Name of the key pair; of a revoked one where it was its key, or is masked alike")),
  keyType: nullable(source("Of a live key, or of one that was revoked")),
  masked: nullable(
    Type.String({
      description: "The beginning of a text that is no live key; null: none was shown, or it is live",
      examples: ["sk_abcd…"],
    }),
  ),
  isRevoked: Type.Boolean({ description: "Whether the text looks like a revoked key" }),
  project: nullable(text("Of the key pair")),
  protocol: Type.Union(PROTOCOLS.map((protocol) => Type.Literal(protocol))),
  origin: nullable(text("The Origin header: the page that sent it")),
  addresses: Type.Array(Type.String(), { description: "Of the latest different senders, 5 at most, latest first" }),
  count: count("Batches since `since`"),
  lastDay: count("Batches of `hours`"),
  first: time("When the first was refused"),
  last: time("When the latest was refused"),
});
/** Batches that were refused alike: the same status, reason, key, protocol and origin. */
export type RefusalRow = ValueOf<typeof RefusalSchema>;

export const RefusalsSchema = object("Refusals", {
  since: time("When the server started: nothing older is known"),
  forgotten: count("Batches that are counted in `hours` only: there was no room for what they have in common"),
  more: count("Rows past the limit"),
  hours: Type.Array(
    Type.Object({
      time: time("Start of the hour"),
      refused: Type.Partial(Type.Object(BY_STATUS), { description: "Batches by status, of all projects" }),
    }),
    { description: "The last 24 hours, of UTC, the current one last" },
  ),
  refusals: Type.Array(RefusalSchema, { description: "Latest first" }),
});
/** Batches that were refused since the server started. */
export type RefusalsResponse = ValueOf<typeof RefusalsSchema>;
