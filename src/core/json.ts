// JSON objects as JSON.parse gives them. A member called "__proto__" is a member like any other, so it is defined and never assigned.

export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a member, whatever its name. */
export function setMember(target: JsonObject, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
