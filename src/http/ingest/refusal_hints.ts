// What helps against a refusal: one or two sentences for whoever sends, or runs the server.

import type { RefusalReason } from "../../core/refusals.ts";

const HINTS: Readonly<Record<RefusalReason, string>> = {
  not_json: "The body is no JSON, or the connection ended before it was complete. Send one JSON object.",
  malformed: "The body is not in the form of its protocol. Is this the right address for this sender?",
  unreadable: "The body does not decompress, or was cut short. Is Content-Encoding what the sender really does?",
  key_missing: "No API key was sent. Put it where the protocol expects it; an empty variable sends none.",
  key_unknown:
    "No live key has this text. Compare it with the configuration file: was it cut, revoked, or made for another server?",
  key_not_found:
    "A body over 64 KiB must show a live key in its first or last KiB. Write key before entries, and compare the key.",
  key_type_differs:
    'A client key was sent with source "server", or a server key with "client". Use the key of the right type.',
  origin_refused:
    "Client keys work from their listed origins only. Add this one to the pair's origins, or use a server key outside of browsers.",
  too_large: "The body is larger than the server takes. Send smaller batches, or raise max_body.",
  too_many_entries: "The batch has more entries than the server takes. Send smaller batches, or raise max_entries.",
  unknown_encoding: "Send identity, gzip, deflate, br or zstd as Content-Encoding.",
  unknown_type: "This path does not take this Content-Type. Is this the right address and format for this sender?",
  utf16: "Send the body as UTF-8.",
  invalid: "Nothing of the batch was stored: an entry is not what it can be. The problem names the member.",
  other_body: "The Idempotency-Key was used before for another body. Make a new one for each batch.",
  rate: "The key sent more entries than its rate allows. The sender should wait as Retry-After says; or raise rate.",
  internal: "The server could not handle the batch. Its log says why, and what was set aside is under rejections.",
  unavailable:
    "The server could not store fast enough, or not at all. The status says whether it is ready; senders should try again.",
};

const REVOKED =
  "The key looks like this pair's, which is revoked. Find the sender by its address, and give it a live key.";

/** One or two sentences. isRevoked: the text looks like a revoked key. */
export function hintFor(reason: RefusalReason, isRevoked: boolean): string {
  return isRevoked && (reason === "key_unknown" || reason === "key_not_found") ? REVOKED : HINTS[reason];
}
