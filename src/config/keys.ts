// API keys and the admin token as text: made here, hashed here, and shown only masked.

import { createHash, randomBytes } from "node:crypto";
import type { Source } from "../core/entry.ts";

/** What a key starts with, by its type. */
export const KEY_PREFIXES: Readonly<Record<Source, string>> = { server: "sk_", client: "ck_" };

/** Characters a key has at least after its prefix, and the admin token in all: beyond guessing when they are random. */
export const SECRET_CHARACTERS_MIN = 16;

/** 24 bytes are 192 random bits and 32 characters of base64url without padding. */
const RANDOM_BYTES = 24;
const SHOWN_CHARACTERS = 4;
const KEY_IN_TEXT = /\b[sc]k_[A-Za-z0-9_-]{5,}/g;

function randomText(): string {
  return randomBytes(RANDOM_BYTES).toString("base64url");
}

/** A new key: its prefix and 32 random characters that need no escaping in URLs, JSON or shells. */
export function generateKey(type: Source): string {
  return KEY_PREFIXES[type] + randomText();
}

/** A new admin token: 32 random characters. */
export function generateAdminToken(): string {
  return randomText();
}

/** SHA-256 of the key's UTF-8, in lower-case hex: what the configuration and the look-up hold in its place. */
export function hashKey(key: string): string {
  return createHash("sha256").update(key, "utf8").digest("hex");
}

/** What may be shown of a key: "sk_abcd…"; of anything too short or without a known prefix, nothing. */
export function maskKey(key: string): string {
  const prefix = Object.values(KEY_PREFIXES).find((known) => key.startsWith(known));
  if (prefix === undefined) return "…";
  const shown = key.length - prefix.length < SECRET_CHARACTERS_MIN ? 0 : SHOWN_CHARACTERS;
  return `${key.slice(0, prefix.length + shown)}…`;
}

/** The text with everything in it that looks like a key masked: keys end up in wrong places. */
export function maskKeysIn(text: string): string {
  return text.replace(KEY_IN_TEXT, maskKey);
}
