// JSON objects as JSON.parse gives them. A member called "__proto__" is a member like any other, so it is defined and
// never assigned.

export type JsonObject = Record<string, unknown>;

/** Whether a JSON value is an object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON value's type as messages name it. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Sets a member, whatever its name. */
export function setMember(target: JsonObject, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * The first `lengthMax` characters of what JSON.stringify would make of a JSON value, and at least one more where there
 * is more. The work is bounded by that length: JSON.stringify looks for circles at each level in all levels above, so a
 * value that nests 50,000 levels takes it 1.5 s (measured on Bun 1.4.5), and a deeper one overflows the stack.
 */
export function jsonBeginning(value: unknown, lengthMax: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, lengthMax + 1));
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  let text = "";
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && text.length <= lengthMax; index++) {
      text += index === 0 ? "[" : ",";
      if (text.length <= lengthMax) text += jsonBeginning(value[index], lengthMax - text.length);
    }
    return value.length === 0 ? "[]" : `${text}]`;
  }
  for (const name in value) {
    if (text.length > lengthMax) break;
    text += `${text === "" ? "{" : ","}${jsonBeginning(name, lengthMax)}:`;
    if (text.length <= lengthMax) text += jsonBeginning((value as JsonObject)[name], lengthMax - text.length);
  }
  return text === "" ? "{}" : `${text}}`;
}
