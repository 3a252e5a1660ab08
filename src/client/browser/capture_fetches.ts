// Same-origin fetches become timings. They carry the ids of the page and the session, so that the server's logs can be
// found with them.

import { routeTouchpoint } from "../core/route_pattern.ts";
import type { Logger } from "../core/types.ts";
import type { Page } from "./page.ts";

/**
 * Wraps `window.fetch` without changing its result or its errors. `isOwn` recognises requests of this library, which
 * are not captured.
 */
export function captureFetches(logger: Pick<Logger, "record">, page: Page, isOwn: (url: string) => boolean): void {
  const original = window.fetch.bind(window);
  const timed = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    let tell: ((status: number, error?: unknown) => void) | undefined;
    let given = init;
    try {
      const request = input instanceof Request ? input : undefined;
      const { href, origin, pathname } = new URL(input instanceof Request ? input.url : input, document.baseURI);
      if (origin === location.origin && !isOwn(href)) {
        const { pageId, sessionId } = page;
        const headers = new Headers(init?.headers ?? request?.headers);
        headers.set("x-simplelogs-page-id", pageId);
        headers.set("x-simplelogs-session-id", sessionId);
        given = { ...init, headers };
        const method = init?.method ?? request?.method ?? "GET";
        const startTime = Date.now();
        const startedAtMs = performance.now();
        tell = (status, error) =>
          logger.record({
            touchpoint: routeTouchpoint("fetch", pathname),
            startTime,
            duration: performance.now() - startedAtMs,
            level: error || status > 499 ? "error" : status > 399 ? "warn" : undefined,
            message: error,
            metadata: { method, path: pathname, status },
          });
      }
    } catch {
      // The original throws the right error for a malformed request.
    }
    const answer = original(input, given);
    if (tell)
      answer.then(
        ({ status }) => tell(status),
        (error) => tell(0, error),
      );
    return answer;
  };
  window.fetch = timed as typeof fetch;
}
