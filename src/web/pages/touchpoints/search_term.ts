// A field and its exact value as a search writes them.

/** touchpoint:api/orders, apiKey:"web shop". The value is meant as it is: a * in it is no pattern. */
export function searchTerm(field: "touchpoint" | "apiKey", value: string): string {
  return /^[\w./-]+$/.test(value) ? `${field}:${value}` : `${field}:"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
