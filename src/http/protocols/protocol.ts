// What one protocol says of itself to the endpoint that all of them share: its paths, the form of its bodies, where
// else its clients put a key, and how it answers. Everything between is the same for all: keys, origins, rates, the
// queue, repeated requests.

import type { AcceptedReport, Protocol } from "../../core/batch.ts";
import type { OperationDocument } from "../base/routes.ts";

/** How a body is held: as text, as bytes, or as bytes that were one block of Snappy. Undefined: 415. */
export type BodyForm = "text" | "bytes" | "snappy" | undefined;

/** What a protocol answers with; the endpoint adds CORS headers and Retry-After. */
export interface ProtocolResponse {
  readonly status: number;
  /** Null: no body. */
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  /** Of the body. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a request was refused: the status and the message that the specification's endpoint answers. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** Whole seconds, of 429 and 503. */
  readonly retryAfterSeconds?: number | undefined;
}

/** One path where a protocol's bodies are posted. */
export interface ProtocolRoute {
  /** As OpenAPI writes it: "/api/{project}/envelope/". */
  readonly path: string;
  readonly protocol: Protocol;
  readonly document: OperationDocument;
  readonly formOf: (headers: Headers) => BodyForm;
  /** Bytes that a body may have; absent: `max_body`. */
  readonly bodyBytesMax?: number;
  /** A key at a place that only this protocol has; undefined: at one of those that all have. */
  readonly keyOf?: (request: Request) => string | undefined;
  readonly accepted: (report: AcceptedReport, request: Request) => ProtocolResponse;
  readonly refused: (refusal: Refusal, request: Request) => ProtocolResponse;
}
