// The order of texts in responses: by UTF-16 units, the same on every machine.

/** A comparator for `sort`. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
