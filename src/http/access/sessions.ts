// The app's sessions and download tickets. In: the SHA-256 of a viewer's token at sign-in, later the cookie and the secret
// header of a request. Out: whose they are. A session has two halves. The id is in an HttpOnly, SameSite=Strict
// cookie. Cookies ignore ports, so a server on another port of this host name receives it and can replay it. The page
// therefore stores a secret for its origin, which includes the port, and sends it as a header. A request needs both
// halves and Sec-Fetch-Site: same-origin. A link can carry no header, so a download takes a ticket: for one path and
// query, once, within a minute.
// Invariant: memory and data file hold only hashes. Each change is saved as a whole, so sessions outlive a restart.
// Source: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header

import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { ChangeOutcome } from "../../core/changes.ts";
import type { Clock } from "../../core/clock.ts";
import { SESSION_SECONDS, SESSIONS_MAX } from "../../core/limits.ts";
import { SESSION_HEADER, type StoredSession } from "../../core/session.ts";
import type { HttpLog } from "../base/routes.ts";
import type { Viewer } from "./viewer.ts";

/** How long a ticket is good, in ms: a browser follows the link at once. */
const TICKET_MS = 60_000;
/** Tickets that wait to be used; the oldest goes first. */
const TICKETS_MAX = 1_000;
const RANDOM_BYTES = 32;
const COOKIE_NAME = "simplelogs_session";

/** Both halves of a new session, for its owner alone. */
export interface OpenedSession {
  readonly id: string;
  readonly secret: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** What a request shows of a session, whether or not it is good. */
export interface PresentedSession {
  /** More than one where a cookie of another path hides ours. */
  readonly ids: readonly string[];
  readonly secret: string | undefined;
}

/** A session that a request shows. */
export interface FoundSession {
  /** The id's hash. */
  readonly id: string;
  readonly viewer: Viewer;
}

interface Ticket {
  /** The id's hash; undefined: it was asked for with the token itself. */
  readonly session: string | undefined;
  readonly tokenSha256: string;
  /** Path and query that it is good for. */
  readonly target: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

export interface SessionsOptions {
  readonly clock: Clock;
  /** The sessions that an earlier run saved. */
  readonly stored: readonly StoredSession[];
  /**
   * Replaces the saved sessions with all that are open now. Resolves once they are saved or saving failed; never
   * rejects.
   */
  readonly save: (sessions: readonly StoredSession[]) => Promise<void>;
}

/** One for the life of the server. */
export class Sessions {
  readonly #options: SessionsOptions;
  /** By the hash of the id, oldest first, which is also the order in which they expire. */
  readonly #open = new Map<string, StoredSession>();
  /** The SHA-256 of the token that opened it, by the hash of the id; of those that this process has seen in use. */
  readonly #owners = new Map<string, string>();
  /** By the hash of the ticket, oldest first. */
  readonly #tickets = new Map<string, Ticket>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    const sorted = options.stored.toSorted((one, other) => one.expiresAt - other.expiresAt);
    for (const session of sorted.slice(-SESSIONS_MAX)) this.#open.set(session.id, session);
  }

  /** Opens a session; resolves once it is saved. */
  async open({ tokenSha256 }: Viewer): Promise<OpenedSession> {
    this.#dropExpired();
    // Whoever signs in again and again ends their own sessions first.
    const own = [...this.#open.keys()].filter((id) => this.#owners.get(id) === tokenSha256);
    for (const id of [...own, ...this.#open.keys()]) {
      if (this.#open.size < SESSIONS_MAX) break;
      this.#forget(id);
    }
    const [id, secret] = [randomText(), randomText()];
    const expiresAt = this.#options.clock() + SESSION_SECONDS * 1_000;
    const digest = digestOf(id);
    this.#open.set(digest, { id: digest, proof: proofOf(id, secret, tokenSha256), expiresAt });
    this.#owners.set(digest, tokenSha256);
    await this.#save();
    return { id, secret, expiresAt };
  }

  /** The session that both halves are of, if it was opened with a token in force. */
  find({ ids, secret }: PresentedSession, viewers: readonly Viewer[]): FoundSession | undefined {
    if (secret === undefined) return undefined;
    for (const id of ids) {
      const digest = digestOf(id);
      const session = this.#open.get(digest);
      if (session === undefined || !this.#isLive(session)) continue;
      const viewer = viewers.find(({ tokenSha256 }) => {
        const proof = proofOf(id, secret, tokenSha256);
        return timingSafeEqual(Buffer.from(proof), Buffer.from(session.proof));
      });
      if (viewer === undefined) continue;
      this.#owners.set(digest, viewer.tokenSha256);
      return { id: digest, viewer };
    }
    return undefined;
  }

  /** Ends a session and its tickets; resolves once that is saved. */
  async close(session: string): Promise<void> {
    this.#forget(session);
    for (const [digest, ticket] of this.#tickets) if (ticket.session === session) this.#tickets.delete(digest);
    await this.#save();
  }

  /**
   * Ends those whose token is no longer in force, and those that this process has not seen in use, whose token nobody
   * knows.
   */
  async endOthers(viewers: readonly Viewer[]): Promise<void> {
    const inForce = new Set(viewers.map(({ tokenSha256 }) => tokenSha256));
    for (const [digest, { tokenSha256 }] of this.#tickets) {
      if (!inForce.has(tokenSha256)) this.#tickets.delete(digest);
    }
    const ended = [...this.#open.keys()].filter((id) => !inForce.has(this.#owners.get(id) ?? ""));
    if (ended.length === 0) return;
    for (const id of ended) this.#forget(id);
    await this.#save();
  }

  /** A ticket of a session, or of the token itself, for one path with its query. */
  issueTicket(session: string | undefined, { tokenSha256 }: Viewer, target: string): string {
    const now = this.#options.clock();
    for (const [digest, { expiresAt }] of this.#tickets) {
      if (expiresAt > now && this.#tickets.size < TICKETS_MAX) break;
      this.#tickets.delete(digest);
    }
    const ticket = randomText();
    this.#tickets.set(digestOf(ticket), { session, tokenSha256, target, expiresAt: now + TICKET_MS });
    return ticket;
  }

  /** Whose ticket it is, if it is good for the target. It is used up either way. */
  takeTicket(ticket: string, viewers: readonly Viewer[], target: string): Viewer | undefined {
    const digest = digestOf(ticket);
    const found = this.#tickets.get(digest);
    this.#tickets.delete(digest);
    if (found === undefined || found.target !== target) return undefined;
    const viewer = viewers.find(({ tokenSha256 }) => tokenSha256 === found.tokenSha256);
    const leftMs = found.expiresAt - this.#options.clock();
    if (leftMs <= 0 || leftMs > TICKET_MS) return undefined;
    if (found.session === undefined) return viewer;
    const session = this.#open.get(found.session);
    return session !== undefined && this.#isLive(session) ? viewer : undefined;
  }

  /** A session that outlasts the maximum was opened while the clock was ahead, so it is invalid. */
  #isLive({ expiresAt }: StoredSession): boolean {
    const leftMs = expiresAt - this.#options.clock();
    return leftMs > 0 && leftMs <= SESSION_SECONDS * 1_000;
  }

  #dropExpired(): void {
    for (const [id, session] of this.#open) if (!this.#isLive(session)) this.#forget(id);
  }

  #forget(id: string): void {
    this.#open.delete(id);
    this.#owners.delete(id);
  }

  #save(): Promise<void> {
    return this.#options.save([...this.#open.values()]);
  }
}

/** Whether the browser says that a page of this origin asks. */
export function isSameOrigin(request: Request): boolean {
  return request.headers.get("sec-fetch-site") === "same-origin";
}

/** The halves that a request shows, where the browser says that they may be believed; undefined where it shows none. */
export function presentedSession(request: Request): PresentedSession | undefined {
  if (!isSameOrigin(request)) return undefined;
  const cookies = (request.headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  const prefix = `${COOKIE_NAME}=`;
  const ids = cookies.filter((cookie) => cookie.startsWith(prefix)).map((cookie) => cookie.slice(prefix.length));
  const secret = request.headers.get(SESSION_HEADER) ?? undefined;
  return ids.length === 0 && secret === undefined ? undefined : { ids, secret };
}

/** Set-Cookie for an id, or, for undefined, what makes the browser forget it. */
export function sessionCookie(id: string | undefined, request: Request): string {
  // Behind a proxy that ends TLS, only the page's own origin tells.
  const isHttps = request.url.startsWith("https:") || request.headers.get("origin")?.startsWith("https:") === true;
  const life = id === undefined ? 0 : SESSION_SECONDS;
  const cookie = `${COOKIE_NAME}=${id ?? ""}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${life}`;
  return isHttps ? `${cookie}; Secure` : cookie;
}

function randomText(): string {
  return randomBytes(RANDOM_BYTES).toString("base64url");
}

function digestOf(text: string): string {
  return hash("sha256", text, "hex");
}

/**
 * The token's hash is in it beside 512 random bits, so that nobody can guess the token from a data file or a backup.
 */
function proofOf(id: string, secret: string, tokenSha256: string): string {
  return digestOf(`${id}\n${secret}\n${tokenSha256}`);
}

/** How long signing in and out waits, in ms. */
const WAIT_MS_MAX = 2_000;
/** After this, in ms, sessions that could not be saved are saved again. */
const RETRY_MS = 5_000;

/**
 * Makes the `save` of SessionsOptions. Each call replaces the one before; a failed save is repeated until it succeeds
 * or is replaced.
 */
export function createSessionSaver(
  change: (sessions: readonly StoredSession[]) => Promise<ChangeOutcome>,
  log: HttpLog,
): (sessions: readonly StoredSession[]) => Promise<void> {
  let latest: readonly StoredSession[] = [];
  const write = async (sessions: readonly StoredSession[]): Promise<void> => {
    const outcome = await change(sessions);
    if (outcome.ok) return;
    log("warn", `the app's sessions could not be kept: ${outcome.refusal.message}`);
    const retry = setTimeout(() => {
      if (latest === sessions) void write(sessions);
    }, RETRY_MS);
    retry.unref();
  };
  return async (sessions) => {
    latest = sessions;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, WAIT_MS_MAX);
    await Promise.race([write(sessions), timeout.promise]);
    clearTimeout(timer);
  };
}
