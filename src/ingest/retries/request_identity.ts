// The identities of requests: keyed digests. Without the data file's secret nobody can tell from one what was sent, or
// make another body with the same digest. They differ between runtimes: a request that is repeated to a server on
// another runtime is new.

import { digestBytes, digestText } from "#runtime/hash.ts";
import type { RequestIdentity } from "../../commit/redo_group.ts";
import type { BodyContent, KeyIdentity } from "../../core/batch.ts";

/** Cached digests of a key and a route. */
const SCOPES_MAX = 1_024;

/** Makes the identities under one secret. */
export class RequestIdentities {
  readonly #secret: bigint;
  readonly #scopes = new Map<string, string>();
  /** Most requests have the scope of the one before. */
  #last: { readonly key: KeyIdentity; readonly route: string; readonly scope: string } | undefined;

  /** `seed` is two u32 that nobody else knows. */
  constructor(seed: readonly [number, number]) {
    this.#secret = (BigInt(seed[0] >>> 0) << 32n) | BigInt(seed[1] >>> 0);
  }

  /** The digest of a body alone: 22 characters of base64url. */
  bodyDigest(body: BodyContent): string {
    return typeof body === "string" ? digestText(body, this.#secret) : digestBytes(body, this.#secret);
  }

  /**
   * The identity of a request: digests of the API key and route (path and query), and of the idempotency key or else
   * the body. `isExact`: the body is its own idempotency key, as equal bodies are always repetitions.
   */
  of(
    key: KeyIdentity,
    route: string,
    idempotencyKey: string | undefined,
    content: BodyContent,
    isExact = false,
  ): RequestIdentity {
    const body = this.bodyDigest(content);
    const scope = this.#scopeOf(key, route);
    if (idempotencyKey === undefined && isExact) return { id: `${scope}e${body}`, body, keyType: key.type };
    if (idempotencyKey === undefined) return { id: `${scope}b${body}`, body: undefined, keyType: key.type };
    return { id: `${scope}i${this.bodyDigest(idempotencyKey)}`, body, keyType: key.type };
  }

  #scopeOf(key: KeyIdentity, route: string): string {
    if (this.#last?.key === key && this.#last.route === route) return this.#last.scope;
    const { project, name, type } = key;
    const text = JSON.stringify([project, name, type, route]);
    let scope = this.#scopes.get(text);
    if (scope === undefined) {
      if (this.#scopes.size >= SCOPES_MAX) this.#scopes.clear();
      scope = this.bodyDigest(text);
      this.#scopes.set(text, scope);
    }
    this.#last = { key, route, scope };
    return scope;
  }
}
