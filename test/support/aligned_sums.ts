// Answers that are compared but for the rounding of sums: these depend on the order in which doubles come.

/**
 * What is found, with the expected sums in the place of its own where they differ by their rounding only. The difference
 * of two sums is rounded as they are, however small it is itself.
 * @param sum of all durations of the row in which the value is
 */
export function aligned(found: unknown, expected: unknown, name = "", sum = 0): unknown {
  if (typeof found === "number" && typeof expected === "number") {
    const isSum = name === "mean" || name === "total" || name === "worse";
    return isSum && Math.abs(found - expected) <= 1e-9 * (Math.abs(expected) + sum) + 1e-6 ? expected : found;
  }
  if (typeof found !== "object" || found === null || typeof expected !== "object" || expected === null) return found;
  const other = expected as Record<string, unknown>;
  // The example of a pattern is any of its messages.
  if (name === "example") return expected;
  if (Array.isArray(found)) return found.map((one, index) => aligned(one, (expected as unknown[])[index]));
  const { mean, count } = other;
  const inside = typeof mean === "number" && typeof count === "number" ? Math.abs(mean * count) : sum;
  return Object.fromEntries(Object.entries(found).map(([key, one]) => [key, aligned(one, other[key], key, inside)]));
}
