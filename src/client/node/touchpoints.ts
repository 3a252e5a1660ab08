// Names of requests: the pattern of the route that answered, with its parameters as "[name]"; where no route is known,
// the path with everything masked that looks like an id.

import { routePattern } from "../core/route_pattern.ts";

/**
 * Names that were made from paths, by this process. Scanners ask for paths without end; past it they share one name.
 */
const GUESSES_MAX = 1000;
const OTHER = "[other]";

const guesses = new Set<string>();

/** Values of a route's parameters by name; a parameter over several segments has an array. */
export type RouteParameters = Readonly<Record<string, unknown>>;

/**
 * "orders/[id]" of "/orders/:id", "/orders/:id(\\d+)", "/orders/:id{[0-9]+}", "/orders{/:id}"; "files/[path]" of
 * "/files/*path"; "files/[rest]" of "/files/*".
 */
export function touchpointOfPattern(pattern: string): string {
  const plain = pattern
    // Expressions in parentheses, or in braces after a name; other braces are around what may be left out.
    .replace(/\([^()]*\)|(?<=:\w+)\{[^:/]*\}|[{}]/g, "")
    .replace(/:(\w+)[?+*]?|\*(\w*)/g, (_, name, rest) => `[${name || rest || "rest"}]`);
  return routePattern(plain);
}

/** Of a path without a query: values of `parameters` become their names, ids become "[id]". */
export function touchpointOfPath(path: string, parameters: RouteParameters = {}): string {
  const guess = routePattern(withoutValues(path, parameters));
  if (guesses.size < GUESSES_MAX) guesses.add(guess);
  return guesses.has(guess) ? guess : OTHER;
}

/** A path (without a query), decoded, with the values of parameters replaced by their names in brackets. */
export function withoutValues(path: string, parameters: RouteParameters): string {
  let masked = `${path}/`;
  try {
    masked = decodeURIComponent(masked);
  } catch {
    // Malformed: its values cannot be known.
  }
  for (const [name, value] of Object.entries(parameters)) {
    const text = [value].flat().join("/");
    if (text) masked = masked.replaceAll(`/${text}/`, `/[${name}]/`);
  }
  return masked.slice(0, -1);
}
