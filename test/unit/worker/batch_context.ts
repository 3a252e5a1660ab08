// A batch's context for the worker's tests.

import type { BatchContext } from "../../../src/worker/normalise.ts";

/** 2024-06-20T16:13:20Z, the specification's own instant. */
export const NOW = 1_718_900_000_000;

export function batchContext(changes: Partial<BatchContext> = {}): BatchContext {
  return {
    project: "shop",
    apiKey: "web shop",
    keyType: "server",
    sender: "127.0.0.1\ncurl/8.5.0",
    batchSource: "server",
    batchTimestamp: undefined,
    receivedAt: NOW,
    arrivedAt: changes.receivedAt ?? NOW,
    agedFrom: changes.receivedAt ?? NOW,
    retentionMs: 30 * 86_400_000,
    behindMs: 0,
    mayHoldLoneSurrogates: false,
    ...changes,
  };
}
