// POST /api/v1/enqueue: reads a body, looks for its key, and puts it into the queue as it came; the writer parses and
// checks it. In: a request. Out: the response of the first check of the contract (section 1) that fails, or 202. A bad
// request gets 4xx, a full queue 503. An exception is logged; the client gets 500 without its text. The hot path awaits
// twice, the body and the commit, and each further async function would cost it 0.3 µs: hence one long function.

import type { ApiKey, BatchIntake, BatchOutcome, BatchRefusal, PushRefusal } from "../../core/batch.ts";
import type { Clock } from "../../core/clock.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX, UNAUTHENTICATED_BYTES_MAX } from "../../core/limits.ts";
import { ClientAddresses } from "../access/client_address.ts";
import { corsHeaders } from "../access/cors.ts";
import type { AccessSettings } from "../access/settings.ts";
import type { ServerMetrics } from "../base/metrics.ts";
import {
  ACCEPTED,
  type FixedResponse,
  INTERNAL,
  INVALID_JSON,
  invalidBatch,
  KEY_MISSING,
  KEY_NOT_FOUND,
  KEY_TYPE_DIFFERS,
  KEY_UNKNOWN,
  ORIGIN_REFUSED,
  rateExceeded,
  TOO_LARGE,
  toResponse,
  unavailable,
} from "../base/responses.ts";
import type { HttpLog } from "../base/routes.ts";
import { BODY_RESPONSES, type BodyRefusal, type BodyText, plainLength, readBody } from "../bodies/body.ts";
import { BodyRoom } from "../bodies/body_room.ts";
import { Decompressor } from "../bodies/decompress.ts";
import { isOnlyKey, keyInBody } from "./key_in_body.ts";

export interface EnqueueDependencies {
  readonly intake: BatchIntake;
  readonly clock: Clock;
  readonly access: () => AccessSettings;
  readonly peerAddress: (request: Request) => string;
  /** Whether the request's connection has ended. */
  readonly isGone: (request: Request) => boolean;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** What the writer's refusals without a text of their own are answered. */
const REFUSAL_RESPONSES: Readonly<Record<Exclude<BatchRefusal["refused"], "invalid" | "rate">, FixedResponse>> = {
  not_json: INVALID_JSON,
  key_missing: KEY_MISSING,
  key_unknown: KEY_UNKNOWN,
  key_type_differs: KEY_TYPE_DIFFERS,
  origin_refused: ORIGIN_REFUSED,
  too_many_entries: TOO_LARGE,
  other_body: invalidBatch([{ path: [], message: "Idempotency-Key was used for another body" }], false),
  set_aside: INTERNAL,
};

/** The ingestion endpoint; one for the life of the server. */
export class EnqueueEndpoint {
  readonly #dependencies: EnqueueDependencies;
  readonly #room: BodyRoom;
  readonly #decompressor = new Decompressor();
  readonly #debts = new RateDebts();
  #proxies: readonly string[] = [];
  #addresses = new ClientAddresses([]);

  constructor(dependencies: EnqueueDependencies) {
    this.#dependencies = dependencies;
    this.#room = new BodyRoom(dependencies.access().bodyBytesMax);
  }

  /** Answers a POST; never rejects. */
  async handle(request: Request): Promise<Response> {
    const access = this.#dependencies.access();
    const origin = request.headers.get("origin");
    let response: FixedResponse;
    let isReading = false;
    try {
      // Before the first await, because a closed connection no longer has an address.
      const sender = this.#sender(request, access.trustedProxies);
      const plainBytes = plainLength(request.headers);
      const isPlain = plainBytes >= 0 && plainBytes <= access.bodyBytesMax && this.#room.reserve(plainBytes);
      let body: BodyText | BodyRefusal;
      isReading = true;
      try {
        body = isPlain
          ? { text: await request.text(), bytes: plainBytes }
          : await readBody(request, access.bodyBytesMax, this.#room, this.#decompressor.decompress);
      } finally {
        if (isPlain) this.#room.release(plainBytes);
      }
      isReading = false;
      const pushed =
        typeof body === "string" ? this.#refuseBody(body) : this.#push(request, body, origin, sender, access);
      response = "status" in pushed ? pushed : this.#outcomeResponse(await pushed, request);
    } catch (error) {
      response = isReading ? INVALID_JSON : this.#internal(error);
    }
    this.#dependencies.metrics.countBatch(response.status);
    return toResponse(response, corsHeaders(origin, access.keys));
  }

  /** Puts the batch into the queue, or answers why not. */
  #push(
    request: Request,
    { text, bytes }: BodyText,
    origin: string | null,
    sender: string,
    { keys }: AccessSettings,
  ): Promise<BatchOutcome> | FixedResponse {
    const apiKey = keyInBody(text, keys);
    if (apiKey === undefined && bytes > UNAUTHENTICATED_BYTES_MAX) return KEY_NOT_FOUND;
    const receivedAt = this.#dependencies.clock();
    if (apiKey !== undefined) {
      const waitSeconds = this.#debts.secondsOf(apiKey, receivedAt);
      if (waitSeconds > 0 && isOnlyKey(text)) return rateExceeded(waitSeconds);
    }
    const route = routeOf(request.url);
    const pushed = this.#dependencies.intake.push({
      text,
      bytes,
      apiKey,
      origin,
      route,
      idempotencyKey: idempotencyKeyOf(request, route),
      isDisconnected: () => this.#dependencies.isGone(request),
      sender,
      receivedAt,
    });
    if ("refused" in pushed) return refusalResponse(pushed);
    if (apiKey?.rate === undefined) return pushed;
    return pushed.then((outcome) => {
      this.#debts.observe(apiKey, outcome, receivedAt);
      return outcome;
    });
  }

  #refuseBody(refusal: BodyRefusal): FixedResponse {
    return refusal === "no_room" ? unavailable(this.#dependencies.intake.retryAfterSeconds()) : BODY_RESPONSES[refusal];
  }

  #outcomeResponse(outcome: BatchOutcome, request: Request): FixedResponse {
    if (outcome === "accepted") return ACCEPTED;
    if (outcome === "set_aside") return INTERNAL;
    if (outcome === "unavailable") return unavailable(this.#dependencies.intake.retryAfterSeconds());
    if (outcome.refused === "invalid") return invalidBatch(outcome.issues, isVerbose(request));
    if (outcome.refused === "rate") return rateExceeded(outcome.retryAfterSeconds);
    return REFUSAL_RESPONSES[outcome.refused];
  }

  #internal(error: unknown): FixedResponse {
    const cause = error instanceof Error ? error.message : "not an error";
    this.#dependencies.log("error", "a batch could not be handled", { error: cause });
    return INTERNAL;
  }

  #sender(request: Request, trustedProxies: readonly string[]): string {
    if (trustedProxies !== this.#proxies) {
      this.#addresses = new ClientAddresses(trustedProxies);
      this.#proxies = trustedProxies;
    }
    const address = this.#addresses.of(this.#dependencies.peerAddress(request), request);
    return `${address}\n${request.headers.get("user-agent") ?? ""}`;
  }
}

/** Keys over their rate limit: their bodies are refused before they enter the queue. */
class RateDebts {
  /** Unix ms, by type and name of the pair. */
  readonly #untilMs = new Map<string, number>();

  observe(apiKey: ApiKey, outcome: BatchOutcome, now: number): void {
    if (typeof outcome !== "object" || outcome.refused !== "rate" || outcome.debtMs === 0) return;
    this.#untilMs.set(debtName(apiKey), now + outcome.debtMs);
  }

  /** Whole seconds until an entry may be admitted; 0: now. */
  secondsOf(apiKey: ApiKey, now: number): number {
    if (apiKey.rate === undefined || this.#untilMs.size === 0) return 0;
    const untilMs = this.#untilMs.get(debtName(apiKey));
    return untilMs === undefined || untilMs <= now ? 0 : Math.ceil((untilMs - now) / 1_000);
  }
}

function debtName({ type, name }: ApiKey): string {
  return `${type} ${name}`;
}

function refusalResponse(refusal: PushRefusal): FixedResponse {
  return refusal.refused === "too_large" ? TOO_LARGE : unavailable(refusal.retryAfterSeconds);
}

/** Path and query. */
function routeOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

/** Of the header, else of the query; a value of another length than the contract's counts as absent. */
function idempotencyKeyOf(request: Request, route: string): string | undefined {
  const header = request.headers.get("idempotency-key");
  if (header !== null) return isIdempotencyKey(header) ? header : undefined;
  const queryAt = route.indexOf("?");
  if (queryAt === -1) return undefined;
  const value = new URLSearchParams(route.slice(queryAt)).get("idempotency_key");
  return value !== null && isIdempotencyKey(value) ? value : undefined;
}

function isIdempotencyKey(value: string): boolean {
  return value.length >= 1 && value.length <= IDEMPOTENCY_KEY_LENGTH_MAX;
}

function isVerbose(request: Request): boolean {
  const queryAt = request.url.indexOf("?");
  return queryAt !== -1 && new URLSearchParams(request.url.slice(queryAt)).get("verbose") === "1";
}
