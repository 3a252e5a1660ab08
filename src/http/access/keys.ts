// The API keys in force: which one a request presents, and which origins they allow. Revoked keys are not in here.

import type { ApiKey } from "../../core/batch.ts";
import { matchesOrigin } from "../../core/origin.ts";
import { LiveKeys } from "../../runtime/live_keys.ts";

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
  readonly #keys: LiveKeys<ApiKey>;
  readonly #clientKeys: readonly ApiKey[];
  readonly #origins = new Map<string, boolean>();

  constructor(keys: readonly KnownKey[]) {
    this.#keys = new LiveKeys(keys.map(({ sha256, apiKey }) => [sha256, apiKey]));
    this.#clientKeys = keys.map(({ apiKey }) => apiKey).filter((apiKey) => apiKey.type === "client");
  }

  /** The live key with this text. */
  find(key: string): ApiKey | undefined {
    return this.#keys.find(key);
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
