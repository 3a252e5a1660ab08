// POST /api/v1/enqueue: the contract's checks 1 to 13, in this order, and the answer of the first that fails. A batch is
// handed on whole, as the text it came as; nothing of a refused one is kept. Whatever a client sends, the answer is its own
// fault (4xx) or ours (503); an exception in here is logged and answered 500 without its text.
// The hot path awaits twice, the body and the commit, and each further async function would cost it 0.3 µs: hence one long
// function, and a synchronous judge.

import type { Clock } from "../core/clock.ts";
import { assert } from "../core/errors.ts";
import type { ApiKey, BatchIntake, BatchOutcome, IncomingBatch, PushRefusal } from "../core/intake.ts";
import { isJsonObject } from "../core/json.ts";
import { matchesOrigin } from "../core/origin.ts";
import type { AccessSettings } from "./access.ts";
import {
  ACCEPTED,
  type Answer,
  CHARSET_REFUSED,
  ENCODING_UNKNOWN,
  INTERNAL,
  INVALID_JSON,
  KEY_MISSING,
  KEY_NOT_SHOWN,
  KEY_TYPE_DIFFERS,
  KEY_UNKNOWN,
  ORIGIN_REFUSED,
  rateExceeded,
  TOO_LARGE,
  toResponse,
  unavailable,
} from "./answers.ts";
import { type BodyRefusal, type BodyText, plainLength, readBody } from "./body.ts";
import { BodyRoom } from "./body_room.ts";
import { corsHeaders } from "./cors.ts";
import { Decompressor } from "./decompress.ts";
import { explainBatch, invalidBatch } from "./explain.ts";
import type { ServerMetrics } from "./metrics.ts";
import { ParseGuard } from "./parse_guard.ts";
import { RateLimiter } from "./rate.ts";
import { ClientAddresses } from "./sender.ts";
import { showsLiveKey } from "./shown_key.ts";
import { compileChecks } from "./validation.ts";

export type HttpLog = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  properties?: Readonly<Record<string, unknown>>,
) => void;

export interface EnqueueDependencies {
  readonly intake: BatchIntake;
  readonly clock: Clock;
  readonly access: () => AccessSettings;
  readonly peerAddress: (request: Request) => string;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** Where it is served. */
export const ENQUEUE_PATH = "/api/v1/enqueue";

/** What a body that was not read is answered. */
export const BODY_ANSWERS: Readonly<Record<Exclude<BodyRefusal, "no_room">, Answer>> = {
  too_large: TOO_LARGE,
  unknown_encoding: ENCODING_UNKNOWN,
  utf16: CHARSET_REFUSED,
  unreadable: INVALID_JSON,
};
/** Larger bodies, in bytes, are parsed only where they show a live key. */
const STRANGE_BYTES_MAX = 64 * 1024;

/** The ingestion endpoint; one for the life of the server. */
export class EnqueueEndpoint {
  readonly #dependencies: EnqueueDependencies;
  readonly #checks = compileChecks();
  readonly #rates = new RateLimiter();
  readonly #room: BodyRoom;
  readonly #decompressor = new Decompressor();
  /** Of all bodies that this thread parses. */
  readonly guard = new ParseGuard();
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
    let answer: Answer;
    let isReading = false;
    try {
      // Before the first await: the address of a connection that is gone cannot be asked for.
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
      const batch =
        typeof body === "string" ? this.#refuseBody(body) : this.#judge(request, body, origin, sender, access);
      if ("status" in batch) {
        answer = batch;
      } else {
        const pushed = this.#dependencies.intake.push(batch);
        answer = "refused" in pushed ? refusalAnswer(pushed) : this.#outcomeAnswer(await pushed);
        if (answer !== ACCEPTED && answer !== INTERNAL) this.#rates.giveBack(batch.apiKey, batch.entryCount);
      }
    } catch (error) {
      answer = isReading ? INVALID_JSON : this.#internal(error);
    }
    this.#dependencies.metrics.countBatch(answer.status);
    return toResponse(answer, corsHeaders(origin, access.keys));
  }

  /** Checks 3 to 11: the batch to queue, or why not. */
  #judge(
    request: Request,
    { text, bytes }: BodyText,
    origin: string | null,
    sender: string,
    access: AccessSettings,
  ): IncomingBatch | Answer {
    if (bytes > STRANGE_BYTES_MAX && !showsLiveKey(text, access.keys)) return KEY_NOT_SHOWN;
    const refusal = this.guard.refusal(text);
    if (refusal !== undefined) return invalidBatch([{ path: [], message: refusal }], isVerbose(request));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return INVALID_JSON;
    }
    if (!isJsonObject(value)) return invalidBatch(explainBatch(value, this.#checks.isEntry), isVerbose(request));
    const apiKey = authenticate(value["key"], value["source"], origin, access);
    if (apiKey !== undefined && "status" in apiKey) return apiKey;

    const receivedAt = this.#dependencies.clock();
    const entryCount = countEntries(value["entries"]);
    if (apiKey !== undefined) {
      const waitSeconds = this.#rates.take(apiKey, entryCount, receivedAt);
      if (waitSeconds > 0) return rateExceeded(waitSeconds);
    }
    const isValid = this.#checks.isBatch(value);
    if (isValid && entryCount <= access.entriesMax) {
      assert(apiKey !== undefined, "a valid batch has a key");
      return { text, bytes, entryCount, apiKey, secret: value["key"] as string, sender, receivedAt };
    }
    if (apiKey !== undefined) this.#rates.giveBack(apiKey, entryCount);
    return isValid ? TOO_LARGE : invalidBatch(explainBatch(value, this.#checks.isEntry), isVerbose(request));
  }

  #refuseBody(refusal: BodyRefusal): Answer {
    return refusal === "no_room" ? unavailable(this.#dependencies.intake.retryAfterSeconds()) : BODY_ANSWERS[refusal];
  }

  #outcomeAnswer(outcome: BatchOutcome): Answer {
    if (outcome === "accepted") return ACCEPTED;
    return outcome === "set_aside" ? INTERNAL : unavailable(this.#dependencies.intake.retryAfterSeconds());
  }

  #internal(error: unknown): Answer {
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

function refusalAnswer(refusal: PushRefusal): Answer {
  return refusal.refused === "too_large" ? TOO_LARGE : unavailable(refusal.retryAfterSeconds);
}

/** Checks 5 to 8. Undefined when the key is of a wrong type, which the schema refuses. */
function authenticate(
  key: unknown,
  source: unknown,
  origin: string | null,
  access: AccessSettings,
): ApiKey | Answer | undefined {
  if (key === undefined || key === null || key === "") return KEY_MISSING;
  if (typeof key !== "string") return undefined;
  const apiKey = access.keys.find(key);
  if (apiKey === undefined) return KEY_UNKNOWN;
  if ((source === "server" || source === "client") && source !== apiKey.type) return KEY_TYPE_DIFFERS;
  if (apiKey.type === "client" && (origin === null || !matchesOrigin(apiKey.origins, origin))) return ORIGIN_REFUSED;
  return apiKey;
}

/** What a request costs of its key's rate; one that the schema will refuse needs a token too, or it would go first. */
function countEntries(entries: unknown): number {
  return Array.isArray(entries) ? Math.max(1, entries.length) : 1;
}

function isVerbose(request: Request): boolean {
  const queryAt = request.url.indexOf("?");
  return queryAt !== -1 && new URLSearchParams(request.url.slice(queryAt)).get("verbose") === "1";
}
