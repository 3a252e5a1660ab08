// Signed webhooks: the receiver knows who sent a body, when, and that it is the same telling as before.
//
// Source: Standard Webhooks 1.0.0 (standardwebhooks.com). What is signed is "id.timestamp.body" with HMAC-SHA256; a
// secret that begins with "whsec_" is base64, any other is the bytes of its text.

import { createHmac } from "node:crypto";

const ENCODED_PREFIX = "whsec_";

/** The headers of a signed request. `secondsNow`: Unix seconds of this attempt. */
export function signatureHeaders(
  id: string,
  secondsNow: number,
  body: string,
  secret: string | undefined,
): Record<string, string> {
  const headers = { "webhook-id": id, "webhook-timestamp": String(secondsNow) };
  if (secret === undefined) return headers;
  const key = secret.startsWith(ENCODED_PREFIX)
    ? Buffer.from(secret.slice(ENCODED_PREFIX.length), "base64")
    : Buffer.from(secret, "utf8");
  const signature = createHmac("sha256", key).update(`${id}.${secondsNow}.${body}`, "utf8").digest("base64");
  return { ...headers, "webhook-signature": `v1,${signature}` };
}
