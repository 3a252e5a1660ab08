// Which values of a record's metadata a dotted name means. "a.b" is the member "a.b", and member "b" of "a"; an array
// stands for its elements, at any depth. Each value of an object is visited at most once, because a path spells exactly
// one name.

import type { JsonObject } from "../../core/json.ts";

export type ValueTest = (value: unknown) => boolean;

/** Whether the test accepts the value itself (path undefined) or a value at the path below it. */
export function someValueAt(value: unknown, path: string | undefined, test: ValueTest): boolean {
  if (path === undefined && test(value)) return true;
  if (Array.isArray(value)) return value.some((element) => someValueAt(element, path, test));
  if (path === undefined || value === null || typeof value !== "object") return false;
  return someMember(value as JsonObject, path, test);
}

function someMember(object: JsonObject, name: string, test: ValueTest): boolean {
  if (Object.hasOwn(object, name) && someValueAt(object[name], undefined, test)) return true;
  return splitName(name).some(([head, path]) => Object.hasOwn(object, head) && someValueAt(object[head], path, test));
}

/**
 * Calls `visit` for the value itself (path undefined) or each value at the path below it. An array is one value where
 * the path ends.
 */
export function forEachValueAt(value: unknown, path: string | undefined, visit: (value: unknown) => void): void {
  if (path === undefined) visit(value);
  else if (Array.isArray(value)) for (const element of value) forEachValueAt(element, path, visit);
  else if (value !== null && typeof value === "object") forEachMember(value as JsonObject, path, visit);
}

function forEachMember(object: JsonObject, name: string, visit: (value: unknown) => void): void {
  if (Object.hasOwn(object, name)) forEachValueAt(object[name], undefined, visit);
  for (const [head, path] of splitName(name)) {
    if (Object.hasOwn(object, head)) forEachValueAt(object[head], path, visit);
  }
}

/** Every way to split a name in two at a dot. */
export function splitName(name: string): [head: string, path: string][] {
  const splits: [string, string][] = [];
  for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
    splits.push([name.slice(0, dot), name.slice(dot + 1)]);
  }
  return splits;
}
