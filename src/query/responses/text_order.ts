// The order of names in answers: by UTF-16 units, the same on every machine.

/** Below 0, 0 or above it, as `sort` takes it. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
