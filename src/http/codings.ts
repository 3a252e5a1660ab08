// Which coding an answer is sent in. Source: RFC 9110, section 12.5.3.

/** A coding's weight where Accept-Encoding does not name it: identity is taken unless it is refused, others are not. */
const IDENTITY = "identity";

/**
 * The best of the codings by the weights of an Accept-Encoding, the first of equal ones; undefined where it refuses all of them. `available` are in the
 * order of the server's liking. Without the header it is identity.
 */
export function chooseCoding<C extends string>(
  accepted: string | null,
  available: readonly (C | "identity")[],
): C | "identity" | undefined {
  if (accepted === null) return IDENTITY;
  const weights = weightsOf(accepted);
  let best: C | "identity" | undefined;
  let bestWeight = 0;
  for (const coding of available) {
    const given = weights.get(coding) ?? weights.get("*");
    // What is only not refused is worth less than anything that is asked for.
    const weight = given ?? (coding === IDENTITY ? Number.MIN_VALUE : 0);
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  return best;
}

function weightsOf(accepted: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of accepted.split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    if (name === "") continue;
    const given = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
    const weight = given === undefined ? 1 : Number(given);
    // A weight that is none is as good as refused.
    weights.set(name === "x-gzip" ? "gzip" : name, weight >= 0 && weight <= 1 && given !== "" ? weight : 0);
  }
  return weights;
}
