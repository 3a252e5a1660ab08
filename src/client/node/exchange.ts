// One request and its answer: opened when it comes, closed once, when the answer is over, as one complete timing.

import type { Carrier } from "../core/trace.ts";
import type { Options } from "../core/types.ts";
import { client, type ServerScope, scopeOf, scopes } from "./server_client.ts";

/** Settings of `simpleLogs`: those of `configureSDK`, and these. */
export interface MiddlewareOptions extends Options {
  /** Requests that are not recorded: paths, exactly, or what their paths match. */
  readonly ignore?: readonly (string | RegExp)[] | undefined;
  /**
   * Names a request, given as the framework's own; `routePattern` masks a path. Without a name it is named by its
   * route.
   */
  readonly touchpoint?: ((request: never) => string | undefined) | undefined;
}

/** How a request ended. */
export interface Outcome {
  /** Of the answer; absent where none was begun. */
  readonly status?: number | undefined;
  /** What the application threw. */
  readonly error?: unknown;
  /** The client left before the answer was complete. */
  readonly isAborted?: boolean | undefined;
}

/** What is known of a request when it comes. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: Carrier;
  /** As the framework hands it on. */
  readonly subject: unknown;
  /** Its name by its route, or by its path without the query. Called when the answer is over. */
  readonly touchpoint: (path: string) => string;
}

export interface Exchange {
  readonly scope: ServerScope;
  /** Records it; a second call does nothing. Never throws. */
  close(outcome: Outcome): void;
}

/** Begins to measure; undefined for a request that is ignored. Never throws. */
export function openExchange(incoming: Incoming, { ignore, touchpoint }: MiddlewareOptions): Exchange | undefined {
  const path = incoming.path.replace(/[?#].*/s, "");
  if (ignore?.some((one) => (typeof one === "string" ? one === path : path.search(one) >= 0))) return undefined;
  const { method } = incoming;
  const scope = scopeOf(incoming.headers);
  const startTime = Date.now();
  const startedAtMs = performance.now();
  let isOpen = true;
  return {
    scope,
    close({ status = 0, error, isAborted }) {
      if (!isOpen) return;
      isOpen = false;
      let name = "";
      try {
        name = touchpoint?.(incoming.subject as never) || incoming.touchpoint(path);
      } catch {
        // The application's own name for it threw: the request has none.
      }
      // Thrown after the answer was begun: its status says nothing.
      const level =
        status >= 500 || (error && status < 400) ? "error" : status >= 400 || isAborted ? "warn" : undefined;
      const message = error ?? (level && `${method} ${name}: ${isAborted ? "aborted" : status}`);
      const metadata = { method, status: status || undefined, aborted: isAborted || undefined };
      const duration = +(performance.now() - startedAtMs).toFixed(3);
      scopes.run(scope, () => client.record({ touchpoint: name, level, message, startTime, duration, metadata }));
    },
  };
}
