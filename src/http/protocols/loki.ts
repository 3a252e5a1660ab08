// POST /loki/api/v1/push: where clients of Loki send, as JSON or as Protocol Buffers in Snappy. 204 says that all is
// taken; lines that cannot be read are listed under rejections.
// Source: https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs

import { Type } from "@sinclair/typebox";
import type { OperationDocument } from "../base/routes.ts";
import { MessageSchema, messageResponse, refusalDocuments } from "./answers.ts";
import type { BodyForm, ProtocolRoute } from "./protocol.ts";

const PROTOBUF = /^\s*application\/(?:x-|vnd\.google\.)?protobuf\s*(?:;|$)/i;

const DOCUMENT: OperationDocument = {
  id: "pushLoki",
  summary: "Send streams of lines, as to Loki",
  description:
    'JSON, {"streams":[{"stream":{labels},"values":[["nanoseconds","line",{structured metadata}]]}]}, or a PushRequest of ' +
    "Protocol Buffers in Snappy. Lines that are JSON objects are unfolded.",
  access: "sender",
  body: Type.Object({
    streams: Type.Array(
      Type.Object({
        stream: Type.Record(Type.String(), Type.String(), { description: "Labels" }),
        values: Type.Array(Type.Array(Type.Unknown()), {
          description: "Nanoseconds as text, line, structured metadata",
        }),
      }),
    ),
  }),
  responses: { 204: { description: "All is taken" }, ...refusalDocuments(MessageSchema) },
};

/** Loki takes what says nothing of its type for Protocol Buffers; here only what says so is. */
function formOf(headers: Headers): BodyForm {
  const isSnappy = (headers.get("content-encoding") ?? "").trim().toLowerCase() === "snappy";
  return isSnappy || PROTOBUF.test(headers.get("content-type") ?? "") ? "snappy" : "text";
}

/** Where clients of Loki push. */
export const lokiRoutes: readonly ProtocolRoute[] = [
  {
    path: "/loki/api/v1/push",
    protocol: "loki",
    document: DOCUMENT,
    formOf,
    accepted: () => ({ status: 204, body: null }),
    refused: messageResponse,
  },
];
