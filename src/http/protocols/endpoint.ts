// The endpoint of every protocol but the specification's own. It authenticates before it reads a body, reads it within
// its bound, puts it into the queue as it came, and answers as the protocol does. The writer decodes it. Keys, origins,
// rates, limits, counters and repeated requests are the same as of POST /api/v1/enqueue.

import type { AcceptedReport, ApiKey, BatchOutcome, BodyContent } from "../../core/batch.ts";
import { corsHeaders } from "../access/cors.ts";
import { authenticate, shownKey } from "../access/request_key.ts";
import { BODY_TYPE_UNKNOWN, type FixedResponse, INTERNAL, rateExceeded, UNREADABLE_BODY } from "../base/responses.ts";
import { type BodyRefusal, readBytes, readText } from "../bodies/body.ts";
import { unsnappy } from "../bodies/snappy.ts";
import type { Admission, AdmissionDependencies, RequestParts } from "../ingest/admission.ts";
import type { ProtocolResponse, ProtocolRoute } from "./protocol.ts";

const NO_REPORT: AcceptedReport = { dropped: [] };

interface Body {
  readonly body: BodyContent;
  /** Of the decompressed body. */
  readonly bytes: number;
}

/** One for the life of the server, for all protocols. */
export class ProtocolEndpoint {
  readonly #dependencies: Pick<AdmissionDependencies, "access" | "metrics">;
  readonly #admission: Admission;

  constructor(dependencies: Pick<AdmissionDependencies, "access" | "metrics">, admission: Admission) {
    this.#dependencies = dependencies;
    this.#admission = admission;
  }

  /** Answers a POST to one of the protocol's paths; never rejects. */
  async handle(request: Request, route: ProtocolRoute): Promise<Response> {
    const { access, metrics } = this.#dependencies;
    const { keys } = access();
    const origin = request.headers.get("origin");
    let outcome: FixedResponse | AcceptedReport;
    let sender = "\n";
    try {
      sender = this.#admission.senderOf(request);
      const parts = { origin, sender };
      const apiKey = authenticate(request, keys, route.keyOf?.(request));
      outcome = "status" in apiKey ? apiKey : await this.#take(request, route, apiKey, parts);
    } catch (error) {
      outcome = this.#admission.internal(error);
    }
    let response: ProtocolResponse;
    let retryAfter: Readonly<Record<string, string>> = {};
    if ("status" in outcome) {
      const key = outcome === INTERNAL ? undefined : shownKey(request, keys, route.keyOf?.(request));
      this.#admission.remember({ response: outcome, key, protocol: route.protocol, origin, sender });
      response = route.refused(outcome, request);
      if (outcome.retryAfterSeconds !== undefined) retryAfter = { "retry-after": String(outcome.retryAfterSeconds) };
    } else response = route.accepted(outcome, request);
    metrics.countBatch(response.status);
    return toResponse(response, { ...corsHeaders(origin, keys), ...retryAfter });
  }

  async #take(
    request: Request,
    route: ProtocolRoute,
    apiKey: ApiKey,
    parts: RequestParts,
  ): Promise<FixedResponse | AcceptedReport> {
    const waitSeconds = this.#admission.debtSeconds(apiKey);
    if (waitSeconds > 0) return rateExceeded(waitSeconds);
    const body = await this.#read(request, route);
    if (typeof body === "string") {
      return body === "unreadable" ? UNREADABLE_BODY : this.#admission.refuseBody(body);
    }
    if ("status" in body) return body;
    const pushed = this.#admission.push(request, { ...body, protocol: route.protocol, apiKey }, parts);
    return "status" in pushed ? pushed : this.#reportOf(await pushed, request);
  }

  #reportOf(outcome: BatchOutcome, request: Request): FixedResponse | AcceptedReport {
    if (outcome === "accepted") return NO_REPORT;
    if (typeof outcome === "object" && "accepted" in outcome) return outcome.accepted;
    return this.#admission.outcomeResponse(outcome, request);
  }

  async #read(request: Request, route: ProtocolRoute): Promise<Body | BodyRefusal | FixedResponse> {
    const form = route.formOf(request.headers);
    if (form === undefined) return BODY_TYPE_UNKNOWN;
    const bytesMax = route.bodyBytesMax ?? this.#dependencies.access().bodyBytesMax;
    const { room, decompressor } = this.#admission;
    if (form === "text") {
      const read = await readText(request, bytesMax, room, decompressor.decompress);
      return typeof read === "string" ? read : { body: read.text, bytes: read.bytes };
    }
    const encoding = request.headers.get("content-encoding");
    // Some clients name Snappy there, others only the type of what is in it.
    const isNamed = form === "snappy" && encoding?.trim().toLowerCase() === "snappy";
    const read = await readBytes(
      request,
      bytesMax,
      room,
      decompressor.decompress,
      undefined,
      isNamed ? null : encoding,
    );
    if (typeof read === "string") return read;
    const bytes = form === "snappy" ? unsnappy(read, bytesMax) : read;
    return typeof bytes === "string" ? bytes : { body: bytes, bytes: bytes.byteLength };
  }
}

function toResponse({ status, body, contentType, headers }: ProtocolResponse, extra: Readonly<Record<string, string>>) {
  const type = contentType === undefined ? {} : { "content-type": contentType };
  return new Response(body, { status, headers: { ...type, ...headers, ...extra } });
}
