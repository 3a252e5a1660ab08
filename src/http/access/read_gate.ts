// Authenticates whoever reads. They present the admin token or a reader's as `Authorization: Bearer <token>`, both
// halves of a session that was opened with it, or, on routes that a link leads to, a ticket. Only a token's SHA-256 is
// known; it is compared in constant time. Without a configured token nobody can read. Wrong guesses are slowed down,
// counted, and logged once in a while.

import { hash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { TICKET_PARAMETER } from "../../core/session.ts";
import type { ReadRefusalReason, ServerMetrics } from "../base/metrics.ts";
import { jsonResponse } from "../base/responses.ts";
import type { HttpLog } from "../base/routes.ts";
import { ClientAddresses } from "./client_address.ts";
import { FailureLimiter, type Sender } from "./failure_limiter.ts";
import { isSameOrigin, presentedSession, type Sessions } from "./sessions.ts";
import type { AccessSettings } from "./settings.ts";
import { type Viewer, viewerOfToken, viewersOf } from "./viewer.ts";

/** Wrong tokens of one address: 20 at once, then one in 3 s. A token has 16 characters at least. */
const TOKEN_RATES = { burst: 20, perSecond: 1 / 3 };
const TOKEN_RATES_ALL = { burst: 200, perSecond: 5 };
/**
 * Sessions that have ended are no guesses: pages that are still open ask with them. And 256 random bits cannot be
 * guessed.
 */
const SESSION_RATES = { burst: 100, perSecond: 10 };
const SESSION_RATES_ALL = { burst: 10_000, perSecond: 1_000 };
/** How the log counts failures: in minutes, and with a line for each tenfold in one. */
const LOG_EVERY_MS = 60_000;
const LOG_FACTOR = 10;

const MISSING_OR_WRONG = "Token is missing or wrong: send it as Authorization: Bearer";
const CHALLENGE = { "www-authenticate": "Bearer" };

export interface ReadAccessOptions {
  readonly access: () => AccessSettings;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly peerAddress: (request: Request) => string;
  readonly metrics: ServerMetrics;
  readonly log: HttpLog;
}

/** What decides who may read. */
export interface ReadAccess {
  readonly access: () => AccessSettings;
  readonly sessions: Sessions;
  readonly gate: ReadGate;
}

/** One for the life of the server. */
export class ReadGate {
  readonly #options: ReadAccessOptions;
  /**
   * Separate limiters, so that guesses at the app's sign-in do not lock out a scraper with the same address, and vice
   * versa.
   */
  readonly #tokens = new FailureLimiter(TOKEN_RATES, TOKEN_RATES_ALL);
  readonly #signIns = new FailureLimiter(TOKEN_RATES, TOKEN_RATES_ALL);
  readonly #sessions = new FailureLimiter(SESSION_RATES, SESSION_RATES_ALL);
  #proxies: readonly string[] = [];
  #addresses = new ClientAddresses([]);
  /** Of all that were refused since the start. */
  #count = 0;
  #minute = { startedAt: Number.NEGATIVE_INFINITY, count: 0, logged: 0 };

  constructor(options: ReadAccessOptions) {
    this.#options = options;
  }

  /** Who sent a request that was let in, if they still may read. Counts nothing. */
  viewerOf(request: Request): Viewer | undefined {
    const viewers = viewersOf(this.#options.access());
    const token = bearerToken(request);
    const bearer = token === undefined ? undefined : viewerOfToken(token, viewers);
    const session = presentedSession(request);
    return bearer ?? (session === undefined ? undefined : this.#options.sessions.find(session, viewers)?.viewer);
  }

  /**
   * Who sends the request; 401 or 429 for one that may not read. The response never says which part was wrong. `target`
   * is the path and query that a ticket must be for, where the route takes one.
   */
  admit(request: Request, target?: string): Viewer | Response {
    const { access, sessions } = this.#options;
    const viewers = viewersOf(access());
    if (viewers.length === 0) return readingIsOff();
    // Sessions are checked first and without a limit: nobody can guess one, so owners never wait for others.
    const session = presentedSession(request);
    const found = session === undefined ? undefined : sessions.find(session, viewers);
    if (found !== undefined) return found.viewer;
    const token = bearerToken(request);
    if (token !== undefined) return this.#admitToken(this.#tokens, request, token, MISSING_OR_WRONG);
    const ticket = target === undefined ? undefined : ticketOf(request);
    if (ticket !== undefined && target !== undefined) {
      const viewer = isFromHere(request) ? sessions.takeTicket(ticket, viewers, target) : undefined;
      if (viewer !== undefined) return viewer;
      return this.#failed(this.#sessions, request, "ticket", "The ticket was used before, is too old, or is another's");
    }
    if (session !== undefined) return this.#failed(this.#sessions, request, "session", MISSING_OR_WRONG);
    return jsonResponse(401, { message: MISSING_OR_WRONG }, CHALLENGE);
  }

  /** Who signs in with this token, or why nobody does. */
  admitSignIn(request: Request, token: string): Viewer | Response {
    return this.#admitToken(this.#signIns, request, token, "The token is wrong");
  }

  /** 401 for a wrong token, 429 while the sender must wait. */
  #admitToken(failures: FailureLimiter, request: Request, token: string, message: string): Viewer | Response {
    const { access, clock } = this.#options;
    const viewers = viewersOf(access());
    if (viewers.length === 0) return readingIsOff();
    const sender = this.#sender(request);
    const viewer = failures.waitSeconds(sender, clock()) > 0 ? undefined : viewerOfToken(token, viewers);
    if (viewer === undefined) return this.#failed(failures, request, "token", message, sender);
    this.#tokens.succeeded(sender);
    this.#signIns.succeeded(sender);
    return viewer;
  }

  #failed(
    failures: FailureLimiter,
    request: Request,
    reason: ReadRefusalReason,
    message: string,
    sender = this.#sender(request),
  ): Response {
    const { clock, metrics } = this.#options;
    const waitSeconds = failures.waitSeconds(sender, clock());
    metrics.countReadRefusal(waitSeconds === 0 ? reason : "limited");
    this.#noteFailure(sender.address);
    if (waitSeconds > 0) {
      const slower = `Too many wrong tokens or sessions from this address: wait ${waitSeconds} s`;
      return jsonResponse(429, { message: slower }, { "retry-after": String(waitSeconds) });
    }
    failures.failed(sender, clock());
    return jsonResponse(401, { message }, CHALLENGE);
  }

  /** A line for the first failure of a minute, and for each tenfold in it. */
  #noteFailure(address: string): void {
    const now = this.#options.clock();
    const age = now - this.#minute.startedAt;
    if (age >= LOG_EVERY_MS || age < 0) this.#minute = { startedAt: now, count: 0, logged: 0 };
    this.#count++;
    const minute = this.#minute;
    if (++minute.count < minute.logged * LOG_FACTOR) return;
    minute.logged = minute.count;
    const message = "requests to read were refused: a wrong token, or a session that is not good";
    this.#options.log("warn", message, { address, inThisMinute: minute.count, sinceTheStart: this.#count });
  }

  #sender(request: Request): Sender {
    const { access, peerAddress } = this.#options;
    const { trustedProxies } = access();
    if (trustedProxies !== this.#proxies) {
      this.#addresses = new ClientAddresses(trustedProxies);
      this.#proxies = trustedProxies;
    }
    const { headers } = request;
    const address = this.#addresses.of(peerAddress(request), request);
    const said = [address, headers.get("x-forwarded-for") ?? "", headers.get("user-agent") ?? ""].join("\n");
    return { address, mark: hash("sha256", said, "hex") };
  }
}

/** 401 where no token is configured. */
export function readingIsOff(): Response {
  const message = "Reading is off: set admin_token, admin_token_sha256 or [[readers]] in the configuration";
  return jsonResponse(401, { message }, CHALLENGE);
}

function bearerToken(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function ticketOf(request: Request): string | undefined {
  const at = request.url.indexOf("?");
  return at === -1 ? undefined : (new URLSearchParams(request.url.slice(at)).get(TICKET_PARAMETER) ?? undefined);
}

/** Whether no browser reports that another site follows the link. */
function isFromHere(request: Request): boolean {
  return request.headers.get("sec-fetch-site") === null || isSameOrigin(request);
}
