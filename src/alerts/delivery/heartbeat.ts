// A dead man's switch: asks heartbeat_url each minute while the server is ready, so that somebody else notices when it
// no longer does.

import type { Secret } from "../../core/secret.ts";
import { sendRequest } from "./http_request.ts";
import { type DeliveryContext, reasonOf, type Schedule } from "./outcome.ts";

/** How often it is asked, in ms. */
export const HEARTBEAT_MS = 60_000;

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  readonly url: Secret;
  /** Of the next request: a reload may change which addresses are allowed. */
  readonly context: () => DeliveryContext;
  readonly schedule: Schedule;
  readonly isReady: () => boolean;
  /** Of each request. */
  readonly asked: (isAnswered: boolean) => void;
  readonly log: (level: "info" | "warn", message: string) => void;
}

/** Asks now and then each minute; returns what stops it. */
export function startHeartbeat(options: HeartbeatOptions): () => void {
  let isStopped = false;
  let cancel = (): void => undefined;
  let wasAnswered = true;
  const ask = async (): Promise<void> => {
    const problem = await problemOf(options);
    if (isStopped) return;
    const isAnswered = problem === undefined;
    options.asked(isAnswered);
    if (isAnswered && !wasAnswered) options.log("info", "heartbeat_url answers again");
    if (!isAnswered && wasAnswered) options.log("warn", `heartbeat_url does not answer as it should: ${problem}`);
    wasAnswered = isAnswered;
  };
  const beat = (): void => {
    if (isStopped) return;
    // The next one does not wait for this one: each ends by itself within 10 s.
    cancel = options.schedule(beat, HEARTBEAT_MS);
    if (options.isReady()) void ask();
  };
  beat();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Why the answer was none, or not 2xx. */
async function problemOf({ url, context }: HeartbeatOptions): Promise<string | undefined> {
  try {
    const request = { url: new URL(url.reveal()), method: "GET", headers: { "user-agent": "SimpleLogs" } } as const;
    const { status } = await sendRequest(request, context());
    return status >= 200 && status <= 299 ? undefined : `answered ${status}`;
  } catch (error) {
    return reasonOf(error);
  }
}
