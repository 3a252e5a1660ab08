// Requests as the signed-in page sends them: each carries the session's secret, and a 401 is told to the session wherever it comes.

import { SESSION_HEADER } from "../../core/session.ts";
import type { Session } from "../state/session.ts";

export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** `fetch` is the browser's own. Headers are given as plain objects. */
export function createSignedFetch(fetch: Fetch, session: Session): Fetch {
  return async function signedFetch(path, init): Promise<Response> {
    const { secret } = session;
    const headers = { ...(init.headers as Record<string, string> | undefined) };
    if (secret !== undefined) headers[SESSION_HEADER] = secret;
    const answer = await fetch(path, { ...init, headers });
    if (answer.status !== 401) return answer;
    session.lose(secret);
    // Another tab has signed in again while this was under way.
    const isNewer = session.secret !== undefined && session.secret !== secret;
    return isNewer ? signedFetch(path, init) : answer;
  };
}
