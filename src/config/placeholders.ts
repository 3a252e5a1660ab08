// Keys and tokens that protect nothing: what the documentation shows, texts that ask to be replaced, and the few characters over and
// over that people type to have something there. Whoever knows the documentation would know them.

import { hashKey } from "./keys.ts";

/** Every key and token that the documentation, the examples and the hosted service's pages show. */
const PUBLISHED = [
  "sk_your_server_key",
  "ck_your_client_key",
  "sk_replace_this_with_your_own",
  "ck_replace_this_with_your_own",
  "sk_…",
  "ck_…",
  "…",
  "the_admin_token",
  "${SIMPLELOGS_ADMIN_TOKEN}",
  "${SIMPLELOGS_TOKEN}",
  "",
] as const;
/** Fewer different characters than this are no secret: among 16 random hexadecimal digits there are as few once in 10 million. */
const DIFFERENT_MIN = 5;
/** A unit up to this long, repeated, is no secret either. */
const UNIT_MAX = 8;
/** Words that say that a text is to be replaced. */
const MARKERS =
  /^(?:your|yours|replace|replaceme|change|changeme|example|placeholder|insert|here|todo|fixme|sample|dummy|default)$/;
/** Words around them. A text that has a marker, and hardly anything but these, is a placeholder. */
const FILLERS =
  /^(?:a|an|and|any|api|at|be|by|characters|client|for|generate|generated|good|key|keys|least|long|me|must|my|of|own|paste|please|public|put|random|real|secret|server|set|simplelogs|some|something|string|test|the|this|to|token|use|value|very|with|admin|password|\d{1,2})$/;
/** Placeholders that are written without anything between their words. */
const JOINED =
  /replaceth|replaceme|changeme|changeth|placeholder|yourown|yourkey|yourserver|yourclient|youradmin|yoursecret|yourtoken|examplekey|exampletoken/;
/** What is left of a placeholder beside marker and fillers, at most. */
const REST_MAX = 7;
/** What people run their fingers over. */
const ROWS = ["0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"] as const;

/** Whether a key without its prefix, or a token, is an example or a placeholder rather than a secret. */
export function isPlaceholder(secret: string): boolean {
  return (
    new Set(secret).size < DIFFERENT_MIN ||
    /…|\.\.\.|^<.*>$/.test(secret) ||
    isRepeated(secret) ||
    isRow(secret) ||
    asks(secret)
  );
}

/** Whether a SHA-256 in lower-case hexadecimal is that of a published key or token. */
export function isPublishedDigest(sha256: string): boolean {
  return PUBLISHED.some((text) => hashKey(text) === sha256);
}

function isRepeated(secret: string): boolean {
  for (let unit = 1; unit <= Math.min(UNIT_MAX, secret.length / 2); unit++) {
    if (secret === secret.slice(0, unit).repeat(secret.length).slice(0, secret.length)) return true;
  }
  return false;
}

/** Whether it runs along the digits, the alphabet or a keyboard, forwards or backwards. */
function isRow(secret: string): boolean {
  const text = secret.toLowerCase();
  return ROWS.some((row) => {
    const along = row.repeat(Math.ceil(text.length / row.length) + 1);
    return along.includes(text) || Array.from(along).toReversed().join("").includes(text);
  });
}

/** Whether it asks to be replaced. */
function asks(secret: string): boolean {
  const words = secret
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const isMarked = words.some((word) => MARKERS.test(word)) || JOINED.test(words.join(""));
  const rest = words.filter((word) => !MARKERS.test(word) && !FILLERS.test(word) && !JOINED.test(word));
  return isMarked && rest.join("").length <= REST_MAX;
}
