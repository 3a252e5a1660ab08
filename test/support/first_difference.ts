// Where two answers that should be the same are not.

/** The first place where two answers differ (".fields.0.name"), and what stands there; undefined: nowhere. */
export function firstDifference(found: unknown, expected: unknown, path = ""): object | undefined {
  if (Bun.deepEquals(found, expected)) return undefined;
  const isWhole = [found, expected].some((one) => typeof one !== "object" || one === null);
  if (isWhole) return { path, found, expected };
  const [one, other] = [found, expected] as [Record<string, unknown>, Record<string, unknown>];
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const inside = firstDifference(one[name], other[name], `${path}.${name}`);
    if (inside !== undefined) return inside;
  }
  return { path, found, expected };
}
