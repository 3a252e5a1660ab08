// Finds a live key in a body before it is parsed: a string in its first or last KiB, at any place (maps written in
// sorted order have "entries" first). The string may belong to something else; the writer decides once it has parsed
// the body.
// Measured (Bun 1.4.5): 2 µs; 1 ms for a text of nothing but short strings.

import type { ApiKey } from "../../core/batch.ts";
import type { KeyLookup, UnknownKey } from "../access/keys.ts";

/** So much of a text's beginning and of its end is looked at, in UTF-16 units. */
const SEARCHED_LENGTH = 1024;
/** What begins within that may end so much later: each of a key's characters may be escaped. */
const KEY_LENGTH_MAX = 1024;
/** As every key begins: other strings need no look-up. */
const KEY_LIKE = /^[sc]k_/;
const KEY_NAME = '"key"';
/** A quote that no backslash is before; what is skipped is escaped. */
const QUOTE = /"|\\./gs;
/** A member named "key" with a text, which may be cut off. */
const KEY_MEMBER = /"key"\s*:\s*"([^"]{0,1024})/g;

/** The live key that a string at the beginning or at the end of a text is. */
export function keyInBody(text: string, keys: KeyLookup): ApiKey | undefined {
  const first = liveKeyIn(
    text.length <= SEARCHED_LENGTH ? text : text.slice(0, SEARCHED_LENGTH + KEY_LENGTH_MAX),
    keys,
  );
  return first ?? (text.length <= SEARCHED_LENGTH ? undefined : liveKeyIn(text.slice(-SEARCHED_LENGTH), keys));
}

/**
 * Whether no other member can be named "key", so that the key found is the body's. An escape may spell the name, and an
 * entry's member of that name counts as well: then only parsing decides.
 */
export function isOnlyKey(text: string): boolean {
  return !text.includes("\\") && text.indexOf(KEY_NAME, text.indexOf(KEY_NAME) + 1) === -1;
}

/**
 * What shows of the text that a refused body most likely has as its key: in a member "key" near its beginning or its end,
 * of those that look like a key and are none. Undefined: there is no such text.
 */
export function unknownKeyInBody(text: string, keys: KeyLookup): UnknownKey | undefined {
  const ends = text.length <= SEARCHED_LENGTH ? [text] : [text.slice(0, SEARCHED_LENGTH), text.slice(-SEARCHED_LENGTH)];
  let unknown: UnknownKey | undefined;
  for (const end of ends) {
    for (const [, raw = ""] of end.matchAll(KEY_MEMBER)) {
      const key = stringOf(raw) ?? raw;
      if (KEY_LIKE.test(key) && keys.find(key) === undefined) return keys.unknown(key);
      if (key !== "") unknown ??= keys.unknown(key);
    }
  }
  return unknown;
}

/** A live key that stands between two quotes. Nobody knows which of them begin a string, so all are tried. */
function liveKeyIn(text: string, keys: KeyLookup): ApiKey | undefined {
  let from = -1;
  for (const { 0: found, index } of text.matchAll(QUOTE)) {
    if (found !== '"') continue;
    const key = from === -1 ? undefined : stringOf(text.slice(from, index));
    const apiKey = key !== undefined && KEY_LIKE.test(key) ? keys.find(key) : undefined;
    if (apiKey !== undefined) return apiKey;
    from = index + 1;
    if (from > SEARCHED_LENGTH) return undefined;
  }
  return undefined;
}

function stringOf(raw: string): string | undefined {
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}
