// POST /api/v1/ingest: lines in any form. The answer is that of the specification's endpoint; where some records are
// not stored, it also says how many, and why the first of them are not.

import { Type } from "@sinclair/typebox";
import type { AcceptedReport } from "../../core/batch.ts";
import type { OperationDocument } from "../base/routes.ts";
import { JSON_TYPE, MessageSchema, messageResponse, problemOf, refusalDocuments } from "./answers.ts";
import type { ProtocolResponse, ProtocolRoute } from "./protocol.ts";

/** Problems that an answer names. */
const PROBLEMS_MAX = 10;

const field = (what: string) =>
  Type.Optional(
    Type.String({ description: `The member that is the ${what}, by its path; the common names come after it` }),
  );

const DOCUMENT: OperationDocument = {
  id: "ingest",
  summary: "Send lines in any form",
  description:
    "JSON objects, one a line; one array of objects; one object, over several lines as well; or plain text, whose lines are " +
    "messages. The body says which it is, whatever its Content-Type. Lines that begin as JSON and are none are refused, the " +
    "others are stored.",
  access: "sender",
  query: Type.Object({
    touchpoint: Type.Optional(Type.String({ description: "For all that name none as touchpoint" })),
    message_field: field("message"),
    time_field: field("time"),
    level_field: field("level"),
    key_field: field("key"),
  }),
  responses: {
    202: {
      description: "Taken. dropped: how many are not stored; problems: of the first, why",
      schema: Type.Object({
        queued: Type.Literal(true),
        dropped: Type.Optional(Type.Integer()),
        problems: Type.Optional(Type.Array(Type.String())),
      }),
    },
    ...refusalDocuments(MessageSchema),
  },
};

function acceptedResponse({ dropped }: AcceptedReport): ProtocolResponse {
  const problems = dropped.slice(0, PROBLEMS_MAX).map(problemOf);
  const counts = dropped.length === 0 ? {} : { dropped: dropped.length, problems };
  return { status: 202, body: JSON.stringify({ queued: true, ...counts }), contentType: JSON_TYPE };
}

/** Where lines are sent. */
export const ingestRoutes: readonly ProtocolRoute[] = [
  {
    path: "/api/v1/ingest",
    protocol: "ingest",
    document: DOCUMENT,
    formOf: () => "text",
    accepted: acceptedResponse,
    refused: messageResponse,
  },
];
