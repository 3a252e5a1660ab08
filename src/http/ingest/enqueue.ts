// POST /api/v1/enqueue: reads a body, looks for its key, and puts it into the queue as it came; the writer parses and
// checks it. In: a request. Out: the response of the first check of the contract (section 1) that fails, or 202. A bad
// request gets 4xx, a full queue 503. An exception is logged; the client gets 500 without its text. The hot path awaits
// twice, the body and the commit, and each further async function would cost it 0.3 µs: hence one long function.

import type { BatchOutcome } from "../../core/batch.ts";
import { UNAUTHENTICATED_BYTES_MAX } from "../../core/limits.ts";
import { corsHeaders } from "../access/cors.ts";
import type { KeyLookup } from "../access/keys.ts";
import type { AccessSettings } from "../access/settings.ts";
import {
  ACCEPTED,
  type FixedResponse,
  INVALID_JSON,
  KEY_NOT_FOUND,
  rateExceeded,
  toResponse,
} from "../base/responses.ts";
import { type BodyRefusal, type BodyText, plainLength, readText } from "../bodies/body.ts";
import type { Admission, AdmissionDependencies, RequestParts } from "./admission.ts";
import { isOnlyKey, keyInBody, unknownKeyInBody } from "./key_in_body.ts";
import type { ShownKey } from "./refused_batches.ts";

/** RFC 9110, section 15.5.2. */
const UNAUTHENTICATED_STATUS = 401;

/** The ingestion endpoint of the specification; one for the life of the server. */
export class EnqueueEndpoint {
  readonly #dependencies: Pick<AdmissionDependencies, "access" | "metrics">;
  readonly #admission: Admission;

  constructor(dependencies: Pick<AdmissionDependencies, "access" | "metrics">, admission: Admission) {
    this.#dependencies = dependencies;
    this.#admission = admission;
  }

  /** Answers a POST; never rejects. */
  async handle(request: Request): Promise<Response> {
    const access = this.#dependencies.access();
    const origin = request.headers.get("origin");
    const admission = this.#admission;
    const { room } = admission;
    let response: FixedResponse;
    let isReading = false;
    let sender = "\n";
    let body: BodyText | BodyRefusal | undefined;
    try {
      sender = admission.senderOf(request);
      const parts = { origin, sender };
      const plainBytes = plainLength(request.headers);
      const isPlain = plainBytes >= 0 && plainBytes <= access.bodyBytesMax && room.reserve(plainBytes);
      isReading = true;
      try {
        body = isPlain
          ? { text: await request.text(), bytes: plainBytes }
          : await readText(request, access.bodyBytesMax, room, admission.decompressor.decompress);
      } finally {
        if (isPlain) room.release(plainBytes);
      }
      isReading = false;
      const pushed = typeof body === "string" ? admission.refuseBody(body) : this.#push(request, body, parts, access);
      response = "status" in pushed ? pushed : this.#outcomeResponse(await pushed, request);
    } catch (error) {
      response = isReading ? INVALID_JSON : admission.internal(error);
    }
    if (response !== ACCEPTED) {
      const key = typeof body === "object" ? refusedKey(response, body.text, access.keys) : undefined;
      admission.remember({ response, key, protocol: "enqueue", origin, sender });
    }
    this.#dependencies.metrics.countBatch(response.status);
    return toResponse(response, corsHeaders(origin, access.keys));
  }

  /** Puts the batch into the queue, or answers why not. */
  #push(
    request: Request,
    { text, bytes }: BodyText,
    parts: RequestParts,
    { keys }: AccessSettings,
  ): Promise<BatchOutcome> | FixedResponse {
    const apiKey = keyInBody(text, keys);
    if (apiKey === undefined && bytes > UNAUTHENTICATED_BYTES_MAX) return KEY_NOT_FOUND;
    const waitSeconds = apiKey === undefined ? 0 : this.#admission.debtSeconds(apiKey);
    if (waitSeconds > 0 && isOnlyKey(text)) return rateExceeded(waitSeconds);
    return this.#admission.push(request, { body: text, bytes, protocol: "enqueue", apiKey }, parts);
  }

  #outcomeResponse(outcome: BatchOutcome, request: Request): FixedResponse {
    if (outcome === "accepted" || (typeof outcome === "object" && "accepted" in outcome)) return ACCEPTED;
    return this.#admission.outcomeResponse(outcome, request);
  }
}

/** What a refused body shows as its key. A live one that it also holds is not the one that was refused as unknown. */
function refusedKey({ status, reason }: FixedResponse, text: string, keys: KeyLookup): ShownKey {
  if (reason === "key_missing") return undefined;
  const apiKey = status === UNAUTHENTICATED_STATUS && reason !== "key_type_differs" ? undefined : keyInBody(text, keys);
  if (apiKey !== undefined) return { apiKey };
  return unknownKeyInBody(text, keys);
}
