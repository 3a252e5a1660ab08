// Unique ids: idempotency keys, keys of timings, sessions, pages.

/** A random UUID, or the time and a random number where there is none: in pages without TLS, and in Node 18. */
export function newId(): string {
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now()}${Math.random()}`;
}
