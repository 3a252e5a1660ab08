// The app's sessions on their way to the data file, through the one connection that writes. Signing in and out waits for it, but
// not for long: a disk that is full must keep nobody from looking why.

import type { ChangeOutcome } from "../core/changes.ts";
import type { StoredSession } from "../core/session.ts";
import type { HttpLog } from "./ingest/enqueue.ts";

/** How long signing in and out waits, in ms. */
const WAIT_MS_MAX = 2_000;
/** After this, in ms, sessions that could not be kept are tried again. */
const RETRY_MS = 5_000;

/** What Sessions keeps with. Each call replaces what the one before asked for. */
export function createSessionKeep(
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
