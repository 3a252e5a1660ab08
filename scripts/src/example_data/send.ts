// Sends the example data to a server, as its users would: POST /api/v1/enqueue, in batches.

import type { Entry, Source } from "../../../src/core/entry.ts";
import { pause } from "../command.ts";
import { type ProjectName, type TwoWeeks, twoWeeks } from "./two_weeks.ts";

/** Least number of entries that a server with the default limits takes in one batch. */
const BATCH_ENTRIES = 1_000;
/** How often a batch is sent again that the server could not take. */
const ATTEMPTS_MAX = 20;
const PAUSE_MS = 250;

export interface Target {
  readonly url: string;
  /** Where entries of pages come from: one of the client key's origins. */
  readonly origin: string;
  /** Without a key, these entries are left out. */
  readonly keys: Readonly<Record<`${ProjectName}.${Source}`, string | undefined>>;
}

/** The number of entries that were sent. Throws when the server refuses a batch. */
export async function sendTwoWeeks(target: Target, options: TwoWeeks): Promise<number> {
  const waiting = new Map<`${ProjectName}.${Source}`, Entry[]>();
  let sent = 0;
  const send = async (sender: `${ProjectName}.${Source}`): Promise<void> => {
    const entries = waiting.get(sender) ?? [];
    const key = target.keys[sender];
    waiting.delete(sender);
    if (key === undefined || entries.length === 0) return;
    await post(target, { key, source: sender.endsWith("client") ? "client" : "server", entries });
    sent += entries.length;
  };
  for (const { project, source, entry } of twoWeeks(options)) {
    const sender = `${project}.${source}` as const;
    const entries = waiting.get(sender) ?? [];
    waiting.set(sender, entries);
    if (entries.push(entry) >= BATCH_ENTRIES) await send(sender);
  }
  for (const sender of waiting.keys()) await send(sender);
  return sent;
}

async function post({ url, origin }: Target, batch: object): Promise<void> {
  const headers = { "content-type": "application/json", origin };
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${url}/api/v1/enqueue`, { method: "POST", headers, body: JSON.stringify(batch) });
    const text = await response.text();
    if (response.status === 202) return;
    if (![429, 503].includes(response.status) || attempt === ATTEMPTS_MAX)
      throw new Error(`the server answered ${response.status}: ${text}`);
    await pause(PAUSE_MS);
  }
}
