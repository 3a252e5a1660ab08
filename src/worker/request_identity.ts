// What a request is known by. Keyed digests: nobody without the data file's secret can tell from one what was sent. SHA-256 is used
// because it is native in every runtime, and equal in all. Measured (Bun 1.4.5): 0.5 µs for 300 bytes, 27 µs for 22 kB.

import { hash } from "node:crypto";
import type { WorkerKey } from "./options.ts";
import type { RequestIdentity } from "./requests.ts";

/** Characters of a digest in base64url that are kept: 132 bits. */
const DIGEST_LENGTH = 22;
/** Scopes that are kept: a key and a route each. */
const SCOPES_MAX = 1_024;

export class RequestIdentities {
  readonly #secret: string;
  readonly #scopes = new Map<string, string>();

  /** `seed` is two u32 that nobody else knows. */
  constructor(seed: readonly [number, number]) {
    this.#secret = `${seed[0]},${seed[1]},`;
  }

  /** Of a body alone. */
  bodyDigest(text: string): string {
    return this.#digest(text);
  }

  /** Of a request: the API key, the route with its query, and the idempotency key or else the body. */
  of(key: WorkerKey, route: string, idempotencyKey: string | undefined, text: string): RequestIdentity {
    const body = this.#digest(text);
    const scope = this.#scopeOf(key, route);
    if (idempotencyKey === undefined) return { id: `${scope}b${body}`, body: undefined, keyType: key.type };
    return { id: `${scope}i${this.#digest(idempotencyKey)}`, body, keyType: key.type };
  }

  #scopeOf({ project, name, type }: WorkerKey, route: string): string {
    const text = JSON.stringify([project, name, type, route]);
    let scope = this.#scopes.get(text);
    if (scope === undefined) {
      if (this.#scopes.size >= SCOPES_MAX) this.#scopes.clear();
      scope = this.#digest(text);
      this.#scopes.set(text, scope);
    }
    return scope;
  }

  #digest(text: string): string {
    return hash("sha256", this.#secret + text, "base64url").slice(0, DIGEST_LENGTH);
  }
}
