// Turns paths with ids into names that stay the same.

/**
 * One per thing, not per kind of thing: numbers, dates and versions; with a digit, hexadecimal of 8 characters or more
 * (UUIDs too) and anything of 16 or more (tokens, files with a hash); addresses of mail.
 */
const ID = /^(?=.*\d)([\d.,:_-]+|[\da-f-]{8,}|.{16,})$|@/i;

/**
 * "orders/[id]" of "/orders/42?tab=1" and of "/orders/:orderId" becomes "orders/[orderId]": query and fragment are
 * dropped, ids and parameters are masked. "/" becomes "/".
 */
export function routePattern(path: string): string {
  const segments = path
    .replace(/[?#].*$/s, "")
    .split("/")
    .filter(Boolean);
  return segments.map(maskSegment).join("/") || "/";
}

/** "fetch/api/orders/[id]": what happened, and on which route. */
export function routeTouchpoint(kind: string, path: string): string {
  return `${kind}/${routePattern(path)}`.replace(/\/+$/, "");
}

function maskSegment(segment: string): string {
  const parameter = /^:(\w+)|^\{(\w+)\}$/.exec(segment);
  if (parameter) return `[${parameter[1] ?? parameter[2]}]`;
  return ID.test(segment) ? "[id]" : segment;
}
