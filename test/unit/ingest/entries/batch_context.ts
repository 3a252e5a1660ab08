// A batch's context for the tests of ingestion.

import type { BatchContext } from "../../../../src/ingest/entries/normalise.ts";

type Changes = Partial<BatchContext> & { readonly retentionMs?: number };

/** 2024-06-20T16:13:20Z, the specification's own instant. */
export const NOW = 1_718_900_000_000;

/** A batch that is received by a right clock. */
export function batchContext({ retentionMs = 30 * 86_400_000, ...changes }: Changes = {}): BatchContext {
  const { receivedAt = NOW } = changes;
  return {
    project: "shop",
    apiKey: "web shop",
    keyType: "server",
    sender: "127.0.0.1\ncurl/8.5.0",
    batchSource: "server",
    batchTimestamp: undefined,
    receivedAt: NOW,
    arrivedAt: receivedAt,
    timeMin: receivedAt - retentionMs,
    timeMax: receivedAt + 86_400_000,
    mayHoldLoneSurrogates: false,
    isPaired: true,
    ...changes,
  };
}
