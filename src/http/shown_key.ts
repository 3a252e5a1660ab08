// Whether a large body shows a live key: a string in its first or last KiB, wherever it stands there (maps that are written in
// sorted order have "entries" first). It is no proof that the key is the body's: that is decided once the body is parsed.
// Measured (Bun 1.4.5): 2 µs; 1 ms for a text of nothing but short strings.

import type { KeyLookup } from "./keys.ts";

/** So much of a text's beginning and of its end is looked at, in UTF-16 units. */
const SHOWN_LENGTH = 1024;
/** What begins within that may end so much later: each of a key's characters may be escaped. */
const KEY_LENGTH_MAX = 1024;
/** A quote that no backslash is before; what is skipped is escaped. */
const QUOTE = /"|\\./gs;

/** Whether a string at the beginning or at the end of a text is a live key. */
export function showsLiveKey(text: string, keys: KeyLookup): boolean {
  return (
    hasLiveKey(text.slice(0, SHOWN_LENGTH + KEY_LENGTH_MAX), SHOWN_LENGTH, keys) ||
    hasLiveKey(text.slice(-SHOWN_LENGTH), SHOWN_LENGTH, keys)
  );
}

/** Whether a live key stands between two quotes. Nobody knows which of them begin a string, so all are tried. */
function hasLiveKey(text: string, end: number, keys: KeyLookup): boolean {
  let from = -1;
  for (const { 0: found, index } of text.matchAll(QUOTE)) {
    if (found !== '"') continue;
    const key = from === -1 ? undefined : stringOf(text.slice(from, index));
    if (key !== undefined && keys.find(key) !== undefined) return true;
    from = index + 1;
    if (from > end) return false;
  }
  return false;
}

function stringOf(raw: string): string | undefined {
  if (!raw.includes("\\")) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}
