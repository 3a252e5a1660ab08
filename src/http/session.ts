// The app's sign-in: a cookie in place of the admin token. Sessions live in memory, known by the hash of their id and bound to
// the hash of the token they were opened with, so a changed token ends them, and so does a restart. The cookie is believed
// only where the browser says that a page of this very origin asks: cookies ignore ports, so SameSite alone would believe a
// page of another server on the same host. Source: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header

import { hash, randomBytes } from "node:crypto";
import type { Clock } from "../core/clock.ts";

/** How long a session lasts, in seconds: a working day. */
export const SESSION_SECONDS = 12 * 3_600;
/** Open sessions at a time, all of one person or a team; the oldest goes first. Bounds the memory to about 300 kB. */
const SESSIONS_MAX = 1_000;
const ID_BYTES = 32;
const COOKIE_NAME = "simplelogs_session";

interface Session {
  readonly adminTokenSha256: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** One for the life of the server. */
export class Sessions {
  readonly #clock: Clock;
  /** By the SHA-256 of the id, oldest first, which is also the order in which they expire. */
  readonly #open = new Map<string, Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens a session and gives its id: 256 random bits as base64url. */
  open(adminTokenSha256: string): string {
    const now = this.#clock();
    for (const [digest, session] of this.#open) {
      if (session.expiresAt > now && this.#open.size < SESSIONS_MAX) break;
      this.#open.delete(digest);
    }
    const id = randomBytes(ID_BYTES).toString("base64url");
    this.#open.set(digestOf(id), { adminTokenSha256, expiresAt: now + SESSION_SECONDS * 1_000 });
    return id;
  }

  /** Whether a request is of a session that was opened with the token in force. */
  admits(request: Request, adminTokenSha256: string): boolean {
    return sessionIds(request).some((id) => {
      const session = this.#open.get(digestOf(id));
      return session?.adminTokenSha256 === adminTokenSha256 && session.expiresAt > this.#clock();
    });
  }

  /** Ends the sessions of a request. */
  close(request: Request): void {
    for (const id of sessionIds(request)) this.#open.delete(digestOf(id));
  }
}

/** Whether the browser says that a page of this origin asks. */
export function isSameOrigin(request: Request): boolean {
  return request.headers.get("sec-fetch-site") === "same-origin";
}

/** Set-Cookie for an id, or, for undefined, what makes the browser forget it. */
export function sessionCookie(id: string | undefined, request: Request): string {
  // Behind a proxy that ends TLS, only the page's own origin tells.
  const isHttps = request.url.startsWith("https:") || request.headers.get("origin")?.startsWith("https:") === true;
  const life = id === undefined ? 0 : SESSION_SECONDS;
  const cookie = `${COOKIE_NAME}=${id ?? ""}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${life}`;
  return isHttps ? `${cookie}; Secure` : cookie;
}

/** The ids that a request presents and that may be believed: more than one where a cookie of another path hides ours. */
function sessionIds(request: Request): string[] {
  if (!isSameOrigin(request)) return [];
  const cookies = (request.headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  const prefix = `${COOKIE_NAME}=`;
  return cookies.filter((cookie) => cookie.startsWith(prefix)).map((cookie) => cookie.slice(prefix.length));
}

function digestOf(id: string): string {
  return hash("sha256", id, "hex");
}
