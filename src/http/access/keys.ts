// The API keys in force: which one a request presents, and which origins they allow. Revoked keys are known too, but
// only to tell in the list of refused batches whose they were.

import type { ApiKey } from "../../core/batch.ts";
import { matchesOrigin } from "../../core/origin.ts";
import { maskKey } from "../../core/secrets.ts";
import { LiveKeys } from "../../runtime/live_keys.ts";

/** A live key: the SHA-256 of its text in lower-case hexadecimal, and what it may do. */
export interface KnownKey {
  readonly sha256: string;
  readonly apiKey: ApiKey;
}

/** What a request shows in place of a live key. */
export interface UnknownKey {
  readonly masked: string;
  /** The key that it was. */
  readonly revoked?: ApiKey;
}

/** Origins whose answer is remembered; beyond it the memory starts anew, so made-up origins cost no space. */
const ORIGINS_REMEMBERED_MAX = 1024;
/** Keys that are gone from the configuration, and are remembered until a restart. */
const GONE_MAX = 1_000;
/** Longer Origin headers are no origin: a host name has at most 253 characters. */
const ORIGIN_LENGTH_MAX = 300;

/** The keys of one configuration; a reload makes another. */
export class KeyLookup {
  readonly #keys: LiveKeys<ApiKey>;
  readonly #clientKeys: readonly ApiKey[];
  readonly #revoked: LiveKeys<ApiKey>;
  /** Live, revoked and gone. */
  readonly #known: readonly KnownKey[];
  readonly #origins = new Map<string, boolean>();

  /** `before`: the keys of the configuration before. Those that are gone since then count as revoked. */
  constructor(keys: readonly KnownKey[], revoked: readonly KnownKey[] = [], before?: KeyLookup) {
    const present = new Set([...keys, ...revoked].map(({ sha256 }) => sha256.toLowerCase()));
    const known = before === undefined ? [] : before.#known;
    const gone = known.filter(({ sha256 }) => !present.has(sha256.toLowerCase()));
    this.#known = [...keys, ...revoked, ...gone.slice(0, GONE_MAX)];
    this.#revoked = new LiveKeys([...revoked, ...gone].map(({ sha256, apiKey }) => [sha256, apiKey]));
    this.#keys = new LiveKeys(keys.map(({ sha256, apiKey }) => [sha256, apiKey]));
    this.#clientKeys = keys.map(({ apiKey }) => apiKey).filter((apiKey) => apiKey.type === "client");
  }

  /** The live key with this text. */
  find(key: string): ApiKey | undefined {
    return this.#keys.find(key);
  }

  /** What a text that is no live key shows of itself. */
  unknown(text: string): UnknownKey {
    const revoked = this.#revoked.find(text);
    return { masked: maskKey(text), ...(revoked === undefined ? {} : { revoked }) };
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
