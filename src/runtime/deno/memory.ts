// What the runtime can do about memory that nobody uses any more.

/** Collects garbage now where Deno was started with --v8-flags=--expose-gc; otherwise V8 does it when it sees fit. */
export function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
}
