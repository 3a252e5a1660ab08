// What looks like an API key never stands where people read it: not in an error, not in the log, and not in what is
// kept of a body. All of it is linear in the text's length: bodies are made by strangers.

import type { Source } from "./entry.ts";

/** What a key starts with, by its type. */
export const KEY_PREFIXES: Readonly<Record<Source, string>> = { server: "sk_", client: "ck_" };

/** Characters a key has at least after its prefix, and the admin token in all: beyond guessing when they are random. */
export const SECRET_CHARACTERS_MIN = 16;

/** Characters of a key that a mask shows after its prefix. */
const SHOWN_CHARACTERS = 4;
/** A key's prefix at the beginning of a word, and all up to a space but what closes a sentence or a quotation. */
const KEY_LIKE = /(?<![A-Za-z0-9])([sc]k_)\S*[^\s"'`;,.:!?)\]}…]/g;
/** Escapes in JSON's strings. */
const ESCAPE = /\\(?:u([0-9a-f]{4})|(.))/gis;
/** Characters of a key that JSON may or must escape in another way than by number. */
const ESCAPED = /["\\/]/;

/** A key for display: "sk_abcd…". A text that is too short, or has no known prefix, is hidden completely. */
export function maskKey(key: string): string {
  const prefix = Object.values(KEY_PREFIXES).find((known) => key.startsWith(known));
  if (prefix === undefined) return "…";
  const shown = key.length - prefix.length < SECRET_CHARACTERS_MIN ? 0 : SHOWN_CHARACTERS;
  return `${key.slice(0, prefix.length + shown)}…`;
}

/** The text with everything in it that looks like a key shortened to its prefix. */
export function maskKeys(text: string): string {
  return text.includes("k_") ? text.replace(KEY_LIKE, "$1…") : text;
}

/**
 * As maskKeys, of JSON text, or of a beginning of it: a key may be spelled with escapes, so every string is read first.
 */
export function maskKeysInJson(json: string): string {
  if (!json.includes("k_") && !json.includes("\\u")) return json;
  let masked = "";
  let done = 0;
  for (let from = json.indexOf('"'); from !== -1; from = json.indexOf('"', done)) {
    const end = stringEnd(json, from);
    masked += json.slice(done, from) + maskedString(json.slice(from, end));
    done = end;
  }
  return masked + json.slice(done);
}

/** Whether JSON text may hold this key or another, however it is spelled; in doubt it does. */
export function mayHoldKey(json: string, key: string): boolean {
  if (holds(json, key)) return true;
  return (json.includes("\\u") || ESCAPED.test(key)) && holds(unescaped(json), key);
}

/** Whether JSON text may hold what looks like a key, however it is spelled; in doubt it does. */
export function mayHoldAnyKey(json: string): boolean {
  return holdsAny(json) || (json.includes("\\u") && holdsAny(unescaped(json)));
}

function holds(text: string, key: string): boolean {
  return text.includes(key) || holdsAny(text);
}

function holdsAny(text: string): boolean {
  return text.includes("k_") && text.search(KEY_LIKE) !== -1;
}

function unescaped(json: string): string {
  return json.replace(ESCAPE, (_, hex: string | undefined, character: string) =>
    hex === undefined ? character : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Behind the quote that ends the string which begins at `from`; the text's end where none does. */
function stringEnd(json: string, from: number): number {
  for (let quote = json.indexOf('"', from + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

function maskedString(string: string): string {
  const value = valueOf(string);
  if (value === undefined) return maskKeys(string);
  const masked = maskKeys(value);
  return masked === value ? string : JSON.stringify(masked);
}

function valueOf(string: string): string | undefined {
  try {
    return JSON.parse(string) as string;
  } catch {
    return undefined;
  }
}
