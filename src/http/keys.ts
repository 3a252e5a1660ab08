// Which live key a request presents. Keys are known by their SHA-256 only and looked up by it: how long a look-up takes
// says something about the digest, and nothing that helps to guess the key. Revoked keys are not in here.
// A live key that was presented is found by its text from then on; no made-up text gets there.

import { hash } from "node:crypto";
import type { ApiKey } from "../core/intake.ts";
import { matchesOrigin } from "../core/origin.ts";

/** A live key: the SHA-256 of its text in lower-case hexadecimal, and what it may do. */
export interface KnownKey {
  readonly sha256: string;
  readonly apiKey: ApiKey;
}

/** Origins whose answer is remembered; beyond it the memory starts anew, so made-up origins cost no space. */
const ORIGINS_REMEMBERED_MAX = 1024;
/** Longer Origin headers are no origin: a host name has at most 253 characters. */
const ORIGIN_LENGTH_MAX = 300;

/** The keys of one configuration; a reload makes another. */
export class KeyLookup {
  readonly #byDigest = new Map<string, ApiKey>();
  /** Live keys by their text, once they were presented. */
  readonly #presented = new Map<string, ApiKey>();
  readonly #clientKeys: readonly ApiKey[];
  readonly #origins = new Map<string, boolean>();

  constructor(keys: readonly KnownKey[]) {
    for (const { sha256, apiKey } of keys) this.#byDigest.set(sha256.toLowerCase(), apiKey);
    this.#clientKeys = [...this.#byDigest.values()].filter((apiKey) => apiKey.type === "client");
  }

  /** The live key with this text. */
  find(key: string): ApiKey | undefined {
    const presented = this.#presented.get(key);
    if (presented !== undefined) return presented;
    const found = this.#byDigest.get(hash("sha256", key, "hex"));
    if (found !== undefined) this.#presented.set(key, found);
    return found;
  }

  /** Whether some live client key allows the origin: what a preflight asks, since it carries no key. */
  allowsOrigin(origin: string): boolean {
    if (origin.length > ORIGIN_LENGTH_MAX) return false;
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const isAllowed = this.#clientKeys.some((apiKey) => matchesOrigin(apiKey.origins, origin));
    if (this.#origins.size >= ORIGINS_REMEMBERED_MAX) this.#origins.clear();
    this.#origins.set(origin, isAllowed);
    return isAllowed;
  }
}
