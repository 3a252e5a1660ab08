// What every ingestion endpoint shares: reading a body within its bounds, who sent it, and the way into the queue. One
// for the life of the server, so that all endpoints together keep within the bounds.

import type { ApiKey, BatchIntake, BatchOutcome, IncomingBatch, PushRefusal } from "../../core/batch.ts";
import type { Clock } from "../../core/clock.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX } from "../../core/limits.ts";
import { ClientAddresses } from "../access/client_address.ts";
import type { AccessSettings } from "../access/settings.ts";
import type { ServerMetrics } from "../base/metrics.ts";
import {
  type FixedResponse,
  INTERNAL,
  INVALID_JSON,
  invalidBatch,
  KEY_MISSING,
  KEY_TYPE_DIFFERS,
  KEY_UNKNOWN,
  malformedBody,
  ORIGIN_REFUSED,
  rateExceeded,
  TOO_LARGE,
  TOO_MANY_ENTRIES,
  unavailable,
} from "../base/responses.ts";
import type { HttpLog } from "../base/routes.ts";
import { BODY_RESPONSES, type BodyRefusal } from "../bodies/body.ts";
import { BodyRoom } from "../bodies/body_room.ts";
import { Decompressor } from "../bodies/decompress.ts";
import { type RefusedBatch, RefusedBatches } from "./refused_batches.ts";

export interface AdmissionDependencies {
  readonly intake: BatchIntake;
  readonly clock: Clock;
  readonly access: () => AccessSettings;
  readonly peerAddress: (request: Request) => string;
  /** Whether the request's connection has ended. */
  readonly isGone: (request: Request) => boolean;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
  /** Bytes of the largest body that any endpoint takes; absent: `max_body`. */
  readonly bodyBytesMax?: number;
}

type RefusalName = Exclude<
  Exclude<BatchOutcome, string | { readonly accepted: unknown }>["refused"],
  "invalid" | "rate"
>;

/** What the writer's refusals without a text of their own are answered. */
const REFUSAL_RESPONSES: Readonly<Record<Exclude<RefusalName, "malformed">, FixedResponse>> = {
  not_json: INVALID_JSON,
  key_missing: KEY_MISSING,
  key_unknown: KEY_UNKNOWN,
  key_type_differs: KEY_TYPE_DIFFERS,
  origin_refused: ORIGIN_REFUSED,
  too_many_entries: TOO_MANY_ENTRIES,
  other_body: {
    ...invalidBatch([{ path: [], message: "Idempotency-Key was used for another body" }], false),
    reason: "other_body",
  },
  set_aside: INTERNAL,
};

/** What a request gives to the queue beside its body and its key. */
export type RequestParts = Pick<IncomingBatch, "origin" | "sender">;

export class Admission {
  readonly room: BodyRoom;
  readonly decompressor = new Decompressor();
  readonly refusedBatches: RefusedBatches;
  readonly #dependencies: AdmissionDependencies;
  readonly #debts = new RateDebts();
  #proxies: readonly string[] = [];
  #addresses = new ClientAddresses([]);

  constructor(dependencies: AdmissionDependencies) {
    this.#dependencies = dependencies;
    const { access, clock, bodyBytesMax = 0 } = dependencies;
    this.refusedBatches = new RefusedBatches(clock());
    this.room = new BodyRoom(Math.max(bodyBytesMax, access().bodyBytesMax));
  }

  /** Address and User-Agent of a request. Called before its first await, as a closed connection has no address. */
  senderOf(request: Request): string {
    const { trustedProxies } = this.#dependencies.access();
    if (trustedProxies !== this.#proxies) {
      this.#addresses = new ClientAddresses(trustedProxies);
      this.#proxies = trustedProxies;
    }
    const address = this.#addresses.of(this.#dependencies.peerAddress(request), request);
    return `${address}\n${request.headers.get("user-agent") ?? ""}`;
  }

  /** Whole seconds until a key over its rate may send an entry; 0: now. */
  debtSeconds(apiKey: ApiKey): number {
    return this.#debts.secondsOf(apiKey, this.#dependencies.clock());
  }

  /** Puts a body into the queue, or answers why not. */
  push(
    request: Request,
    content: Pick<IncomingBatch, "body" | "bytes" | "protocol" | "apiKey">,
    parts: RequestParts,
  ): Promise<BatchOutcome> | FixedResponse {
    const { intake, clock, isGone } = this.#dependencies;
    const receivedAt = clock();
    const route = routeOf(request.url);
    const pushed = intake.push({
      ...content,
      ...parts,
      route,
      idempotencyKey: idempotencyKeyOf(request, route),
      isDisconnected: () => isGone(request),
      receivedAt,
    });
    if ("refused" in pushed) return refusalResponse(pushed);
    const { apiKey } = content;
    if (apiKey?.rate === undefined) return pushed;
    return pushed.then((outcome) => {
      this.#debts.observe(apiKey, outcome, receivedAt);
      return outcome;
    });
  }

  /** What a body that was not read is answered. */
  refuseBody(refusal: BodyRefusal): FixedResponse {
    return refusal === "no_room" ? unavailable(this.#dependencies.intake.retryAfterSeconds()) : BODY_RESPONSES[refusal];
  }

  /** What a batch that was not accepted is answered. */
  outcomeResponse(outcome: Exclude<BatchOutcome, "accepted" | { readonly accepted: unknown }>, request: Request) {
    if (outcome === "set_aside") return INTERNAL;
    if (outcome === "unavailable") return unavailable(this.#dependencies.intake.retryAfterSeconds());
    if (outcome.refused === "invalid") return invalidBatch(outcome.issues, isVerbose(request));
    if (outcome.refused === "malformed") return malformedBody(outcome.problem);
    if (outcome.refused === "rate") return rateExceeded(outcome.retryAfterSeconds);
    return REFUSAL_RESPONSES[outcome.refused];
  }

  /** Remembers that a batch was refused. `sender` as senderOf gave it. */
  remember({ sender, ...batch }: Omit<RefusedBatch, "address"> & { readonly sender: string }): void {
    const address = sender.slice(0, sender.indexOf("\n"));
    this.refusedBatches.add({ ...batch, address }, this.#dependencies.clock());
  }

  /** Logs what went wrong; the client gets 500 without its text. */
  internal(error: unknown): FixedResponse {
    const cause = error instanceof Error ? error.message : "not an error";
    this.#dependencies.log("error", "a batch could not be handled", { error: cause });
    return INTERNAL;
  }
}

/** Keys over their rate limit: their bodies are refused before they enter the queue. */
class RateDebts {
  /** Unix ms, by type and name of the pair. */
  readonly #untilMs = new Map<string, number>();

  observe(apiKey: ApiKey, outcome: BatchOutcome, now: number): void {
    if (typeof outcome !== "object" || !("refused" in outcome)) return;
    if (outcome.refused === "rate" && outcome.debtMs > 0) this.#untilMs.set(debtName(apiKey), now + outcome.debtMs);
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
