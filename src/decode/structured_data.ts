// Structured data of RFC 5424: `[order@32473 id="ord_4" note="a \"b\""][meta …]`. Out: an object of objects, by element
// and parameter. A parameter that comes several times becomes a list, as RFC 5424 allows for origin's ip. Names become
// names of members, so the guard sees them first: see runtime/parse_guard.ts.

import { type JsonObject, setMember } from "../core/json.ts";
import type { ParseGuard } from "../runtime/parse_guard.ts";

/** Structured data, and where it ends: after the space before the message, if there is one. */
export interface StructuredData {
  readonly elements: JsonObject;
  readonly end: number;
}

interface Parameter {
  readonly name: string;
  readonly value: string;
}
interface Element {
  readonly id: string;
  readonly parameters: readonly Parameter[];
}

const ID = /\[([^\s=\]"]{1,255})/y;
const PARAMETER = / +([^\s=\]"]{1,255})="([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y;
const END = / *\]/y;
const ESCAPE = /\\(["\\\]])/g;
/** The member that holds structured data whose names the guard refuses, as it came. */
const REFUSED_NAME = "structured_data";

/** Reads from a place of a text on; undefined where no structured data is. */
export function structuredDataAt(text: string, from: number, guard: ParseGuard): StructuredData | undefined {
  if (text[from] === "-" && (from + 1 === text.length || text[from + 1] === " "))
    return { elements: {}, end: from + 2 };
  const elements: Element[] = [];
  let at = from;
  while (text[at] === "[") {
    const read = elementAt(text, at);
    if (read === undefined) return undefined;
    elements.push(read.element);
    at = read.end;
  }
  if (elements.length === 0 || (at < text.length && text[at] !== " ")) return undefined;
  const names = elements.flatMap(({ id, parameters }) => [id, ...parameters.map(({ name }) => name)]);
  const isRefused = guard.refusal(`{${names.map((name) => `${JSON.stringify(name)}:0`).join()}}`) !== undefined;
  return { elements: isRefused ? { [REFUSED_NAME]: text.slice(from, at) } : objectOf(elements), end: at + 1 };
}

function elementAt(text: string, from: number): { readonly element: Element; readonly end: number } | undefined {
  const id = matchAt(ID, text, from);
  if (id === undefined) return undefined;
  const parameters: Parameter[] = [];
  let at = ID.lastIndex;
  for (let read = matchAt(PARAMETER, text, at); read !== undefined; read = matchAt(PARAMETER, text, at)) {
    at = PARAMETER.lastIndex;
    parameters.push({ name: read[1] as string, value: (read[2] as string).replace(ESCAPE, "$1") });
  }
  if (matchAt(END, text, at) === undefined) return undefined;
  return { element: { id: id[1] as string, parameters }, end: END.lastIndex };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function objectOf(elements: readonly Element[]): JsonObject {
  const object: JsonObject = {};
  for (const { id, parameters } of elements) {
    const members = Object.hasOwn(object, id) ? (object[id] as JsonObject) : {};
    for (const { name, value } of parameters) {
      const before = Object.hasOwn(members, name) ? members[name] : undefined;
      if (Array.isArray(before)) before.push(value);
      else setMember(members, name, before === undefined ? value : [before, value]);
    }
    setMember(object, id, members);
  }
  return object;
}
