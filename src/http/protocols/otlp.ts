// OTLP over HTTP: its paths, and its answers in the request's own type. A body that was taken is answered 200, also
// where some of its records are not stored; only 429 and 503 say that the same body may be sent again.
// Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp

import { Type } from "@sinclair/typebox";
import type { AcceptedReport, DroppedRecord } from "../../core/batch.ts";
import type { DropReason } from "../../core/drop.ts";
import type { OperationDocument, Route } from "../base/routes.ts";
import type { BodyForm, ProtocolResponse, ProtocolRoute, Refusal } from "./protocol.ts";

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";
const TYPES = [JSON_TYPE, PROTOBUF_TYPE];
/** What some senders call protobuf. */
const PROTOBUF_TYPES: ReadonlySet<string> = new Set([PROTOBUF_TYPE, "application/protobuf"]);

/** Before the paths: none, and the base path of the hosted service's SDK. */
const BASE_PATHS = ["", "/api/otlp"];

/** Codes of google.rpc.Status. */
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;
const CODES: Readonly<Record<number, number>> = {
  400: INVALID_ARGUMENT,
  401: UNAUTHENTICATED,
  403: PERMISSION_DENIED,
  404: NOT_FOUND,
  413: INVALID_ARGUMENT,
  415: INVALID_ARGUMENT,
  429: RESOURCE_EXHAUSTED,
  500: INTERNAL,
  503: UNAVAILABLE,
};

const NO_METRICS =
  "Metrics are not stored here: set OTEL_METRICS_EXPORTER=none, and leave the metrics pipeline out of a Collector";

interface Kind {
  /** Of the path. */
  readonly name: "logs" | "traces";
  readonly protocol: "otlp_logs" | "otlp_traces";
  /** The member of partialSuccess that counts what is not stored. */
  readonly rejected: "rejectedLogRecords" | "rejectedSpans";
  readonly message: "ExportLogsServiceRequest" | "ExportTraceServiceRequest";
}

const KINDS: readonly Kind[] = [
  { name: "logs", protocol: "otlp_logs", rejected: "rejectedLogRecords", message: "ExportLogsServiceRequest" },
  { name: "traces", protocol: "otlp_traces", rejected: "rejectedSpans", message: "ExportTraceServiceRequest" },
];

/** The paths of logs and traces. `bodyBytesMax`: bytes that a body may have. */
export function otlpRoutes(bodyBytesMax: number): ProtocolRoute[] {
  return BASE_PATHS.flatMap((base) =>
    KINDS.map((kind) => ({
      path: `${base}/v1/${kind.name}`,
      protocol: kind.protocol,
      document: documentOf(base, kind),
      formOf,
      bodyBytesMax,
      accepted: (report: AcceptedReport, request: Request) => acceptedResponse(kind, report, request.headers),
      refused: (refusal: Refusal, request: Request) => refusedResponse(refusal, request.headers),
    })),
  );
}

/** The paths of metrics, which say how to turn them off. */
export function otlpStubs(): Route[] {
  return BASE_PATHS.map((base) => ({
    path: `${base}/v1/metrics`,
    operations: {
      POST: {
        document: {
          id: `otlpMetrics${base === "" ? "" : "Hosted"}`,
          summary: "Metrics of OpenTelemetry are not stored",
          access: "open",
          responses: { 404: { description: "Always", schema: StatusSchema, mediaType: TYPES } },
        },
        handle: (request) => {
          const { status, body, contentType } = refusedResponse({ status: 404, message: NO_METRICS }, request.headers);
          return new Response(body, { status, headers: { "content-type": contentType ?? JSON_TYPE } });
        },
      },
    },
  }));
}

function formOf(headers: Headers): BodyForm {
  const type = mediaTypeOf(headers);
  if (type === JSON_TYPE) return "text";
  return PROTOBUF_TYPES.has(type) ? "bytes" : undefined;
}

function mediaTypeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** The answer to a body that was taken; partialSuccess only where something is not stored. */
function acceptedResponse(kind: Kind, { dropped }: AcceptedReport, headers: Headers): ProtocolResponse {
  const count = dropped.length;
  const message = count === 0 ? "" : messageOf(dropped);
  return responseOf(200, headers, {
    json: count === 0 ? {} : { partialSuccess: { [kind.rejected]: String(count), errorMessage: message } },
    protobuf: () =>
      count === 0 ? Buffer.alloc(0) : bytesField(1, Buffer.concat([varintField(1, count), textField(2, message)])),
  });
}

function refusedResponse({ status, message }: Refusal, headers: Headers): ProtocolResponse {
  // OTLP has no 422: what cannot be processed is a bad request.
  const answered = status === 422 ? 400 : status;
  const code = CODES[answered] ?? UNKNOWN;
  return responseOf(answered, headers, {
    json: { code, message },
    protobuf: () => Buffer.concat([varintField(1, code), textField(2, message)]),
  });
}

interface Forms {
  readonly json: object;
  readonly protobuf: () => Buffer<ArrayBuffer>;
}

/** In the request's own type; JSON where that is neither. */
function responseOf(status: number, headers: Headers, { json, protobuf }: Forms): ProtocolResponse {
  return PROTOBUF_TYPES.has(mediaTypeOf(headers))
    ? { status, body: new Uint8Array(protobuf()), contentType: PROTOBUF_TYPE }
    : { status, body: JSON.stringify(json), contentType: JSON_TYPE };
}

/** How many are not stored for each reason, and the first problem that a decoder named. */
function messageOf(dropped: readonly DroppedRecord[]): string {
  const reasons = new Map<DropReason, { count: number; problem: string | undefined }>();
  for (const { reason, problem } of dropped) {
    const known = reasons.get(reason);
    if (known === undefined) reasons.set(reason, { count: 1, problem });
    else {
      known.count++;
      known.problem ??= problem;
    }
  }
  const parts = [...reasons].map(
    ([reason, { count, problem }]) => `${count} ${reason}${problem === undefined ? "" : ` (${problem})`}`,
  );
  return `Not stored: ${parts.join(", ")}`;
}

/** A field of a protobuf message, its number from 1 to 15. */
function bytesField(number: number, bytes: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from([number * 8 + 2]), varint(bytes.byteLength), bytes]);
}

function textField(number: number, text: string): Buffer<ArrayBuffer> {
  return bytesField(number, Buffer.from(text));
}

function varintField(number: number, value: number): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from([number * 8]), varint(value)]);
}

/** Of 32 bits at most. */
function varint(value: number): Buffer<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const StatusSchema = Type.Object(
  { code: Type.Integer(), message: Type.String() },
  { title: "RpcStatus", description: "google.rpc.Status, in the type of the request" },
);

function documentOf(base: string, { name, rejected, message }: Kind): OperationDocument {
  const error = (description: string) => ({ description, schema: StatusSchema, mediaType: TYPES });
  const retry = (description: string) => ({ ...error(description), headers: { "Retry-After": "Whole seconds" } });
  const partialSuccess = Type.Object({ [rejected]: Type.String(), errorMessage: Type.String() });
  return {
    id: `otlp${name === "logs" ? "Logs" : "Traces"}${base === "" ? "" : "Hosted"}`,
    summary: `Store ${name} of OpenTelemetry`,
    description: `${message} of OTLP, as protobuf or JSON, compressed or not (gzip, deflate, br, zstd). The key is in a header.`,
    access: "sender",
    body: Type.Object({}, { description: `${message} in its JSON form` }),
    responses: {
      200: {
        description: "What can be stored is stored; partialSuccess counts what is not, and says why",
        schema: Type.Object({ partialSuccess: Type.Optional(partialSuccess) }),
        mediaType: TYPES,
      },
      400: error("The body is malformed"),
      401: error("The key is missing, unknown or revoked"),
      403: error("The key is a client key, and the Origin is not allowed for it"),
      413: error("The body is too large, or has too many records"),
      415: error("The body is neither protobuf nor JSON, or its Content-Encoding is unknown"),
      429: retry("The key's rate is used up"),
      500: error("The body could not be stored, and cannot be sent again"),
      503: retry("The queue is full: the same body can be sent again"),
    },
  };
}
