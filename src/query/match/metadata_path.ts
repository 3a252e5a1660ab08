// Values of the metadata: which a name means, and which a term accepts. An array stands for its elements, at any depth.
//
// A name's dots can be part of a member's name or stand between two: "a.b" is the member "a.b", and member "b" of "a". Each value of
// an object is looked at once at most, because a way to it spells one name only.

import type { JsonObject } from "../../core/json.ts";
import {
  isInRange,
  type MetadataNumberTerm,
  type MetadataTerm,
  matchesAnyPattern,
  type Pattern,
} from "../../search/expression.ts";

export type ValueTest = (value: unknown) => boolean;

/** What the term asks of a single value: a text, a number, a boolean or null, or, where any value will do, whatever there is. */
export function testOf(term: MetadataTerm | MetadataNumberTerm): ValueTest {
  if (term.kind === "metadataNumber") {
    const { range } = term;
    return (value) => typeof value === "number" && isInRange(range, value);
  }
  const { patterns } = term;
  if (patterns.some(isAnything)) return () => true;
  return (value) => {
    if (typeof value === "string") return matchesAnyPattern(patterns, value);
    if (value !== null && typeof value === "object") return false;
    const text = String(value);
    return (
      matchesAnyPattern(patterns, text) || (typeof value === "number" && patterns.some(({ number }) => number === text))
    );
  };
}

/** Whether the pattern only asks for some value. */
export function isAnything({ text, isPrefix }: Pattern): boolean {
  return isPrefix && text === "";
}

/** Whether the test accepts the value, or what lies at a path below it. */
export function someAt(value: unknown, path: string | undefined, test: ValueTest): boolean {
  if (path === undefined && test(value)) return true;
  if (Array.isArray(value)) return value.some((element) => someAt(element, path, test));
  if (path === undefined || value === null || typeof value !== "object") return false;
  return someMember(value as JsonObject, path, test);
}

/** Whether the test accepts any value that the name means in the object. */
function someMember(object: JsonObject, name: string, test: ValueTest): boolean {
  if (Object.hasOwn(object, name) && someAt(object[name], undefined, test)) return true;
  return splitsOf(name).some(([head, path]) => Object.hasOwn(object, head) && someAt(object[head], path, test));
}

/** The ways to cut a name in two at a dot. */
export function splitsOf(name: string): [head: string, path: string][] {
  const splits: [string, string][] = [];
  for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
    splits.push([name.slice(0, dot), name.slice(dot + 1)]);
  }
  return splits;
}
