// Timers and requests of every runtime with fetch: browsers, workers, Deno, Bun, Node.

import type { Platform } from "./types.ts";

/** What this needs of fetch. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** `send`: the runtime's fetch, taken before anybody wraps it. */
export function createPlatform(send: Send): Platform {
  return {
    later(delayMs, call) {
      const timer = setTimeout(call, delayMs);
      return () => clearTimeout(timer);
    },
    async post(url, body, keepalive, timeoutMs) {
      try {
        const signal = AbortSignal.timeout?.(timeoutMs);
        // A text is sent as text/plain, which needs no preflight.
        const response = await send(url, { method: "POST", body, keepalive, signal });
        return {
          status: response.status,
          retryAfter: response.headers.get("retry-after"),
          text: await response.text(),
        };
      } catch {
        return { status: 0 };
      }
    },
  };
}
