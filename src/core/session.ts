// The app's session, as the server, the data file and the app in the browser know it. Its id is in a cookie that no
// script can read, its secret in storage that only pages of this very origin can read; neither is worth anything
// without the other.

/** The header that carries a session's secret. */
export const SESSION_HEADER = "simplelogs-session";

/** The parameter that carries a ticket, where a browser follows a link and can set no header. */
export const TICKET_PARAMETER = "ticket";

/** What is kept of a session: hashes, from which neither half can be found, nor the admin token be guessed. */
export interface StoredSession {
  /** SHA-256 of the id, hexadecimal. */
  readonly id: string;
  /** SHA-256 of id, secret and the hash of the admin token together, hexadecimal. */
  readonly proof: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** What signing in answers. */
export interface SignInResponse {
  readonly secret: string;
  /** Unix ms. */
  readonly expiresAt: number;
}

/** What asking for a ticket answers. */
export interface TicketResponse {
  readonly ticket: string;
}
