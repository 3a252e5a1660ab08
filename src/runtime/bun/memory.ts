// What the runtime can do about memory that nobody uses any more.

/**
 * Collects garbage now, all of it; takes some ten milliseconds. For work in large portions, which the runtime collects
 * late.
 */
export function collectGarbage(): void {
  Bun.gc(true);
}
