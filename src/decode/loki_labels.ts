// The labels of a Loki stream as one text, {name="value", …}, and how labels and the members of a line become one
// object. Values are quoted as in Go, in double quotes with escapes or in backquotes without; names may be quoted, too.
// One pass, each character once.
// Source: https://grafana.com/docs/loki/latest/query/log_queries/, https://go.dev/ref/spec#String_literals

import { type JsonObject, setMember } from "../core/json.ts";
import type { AttributeNames } from "./attribute_names.ts";

/** Names and values; of JSON a value may be anything. */
export type Labels = JsonObject;

const SPACE = /\s*/y;
const NAME = /[^\s"'`=,{}]+/y;
const ESCAPE = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/gs;
const ESCAPED: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The labels of a text; undefined for what is none. Their names go through the guard. */
export function parseLabels(text: string, names: AttributeNames): Labels | undefined {
  const labels: Labels = {};
  let slots = 0;
  let at = skip(SPACE, text, 0);
  if (text[at] !== "{") return undefined;
  at = skip(SPACE, text, at + 1);
  while (text[at] !== "}") {
    const name = readName(text, at);
    if (name === undefined) return undefined;
    at = skip(SPACE, text, name.end);
    if (text[at] !== "=") return undefined;
    const value = readQuoted(text, skip(SPACE, text, at + 1));
    if (value === undefined) return undefined;
    slots = names.set(labels, names.ofText(name.text), value.text, slots);
    at = skip(SPACE, text, value.end);
    if (text[at] === ",") at = skip(SPACE, text, at + 1);
    else if (text[at] !== "}") return undefined;
  }
  names.count(slots);
  return skip(SPACE, text, at + 1) === text.length ? labels : undefined;
}

/** What Loki adds to the name of a member that a label has as well. */
const SUFFIX = "_extracted";
/** Labels, structured metadata and the line: no more than three can have one name. */
const SUFFIXES_MAX = 2;

/**
 * Sets a member of the metadata. Where another value has its name, "_extracted" is added to it; a text and the number
 * that it writes are one value, the later one.
 */
export function mergeMember(target: JsonObject, name: string, value: unknown): void {
  let free = name;
  for (let suffixes = 0; suffixes < SUFFIXES_MAX; suffixes++) {
    if (!Object.hasOwn(target, free) || isSame(target[free], value)) break;
    free += SUFFIX;
  }
  setMember(target, free, value);
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one === "string") return typeof other !== "object" && one === JSON.stringify(other);
  return typeof other === "string" && typeof one !== "object" && other === JSON.stringify(one);
}

interface Token {
  readonly text: string;
  readonly end: number;
}

function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function readName(text: string, at: number): Token | undefined {
  if (text[at] === '"') return readQuoted(text, at);
  const end = skip(NAME, text, at);
  return end === at ? undefined : { text: text.slice(at, end), end };
}

function readQuoted(text: string, at: number): Token | undefined {
  const quote = text[at];
  if (quote !== '"' && quote !== "'" && quote !== "`") return undefined;
  let end = at + 1;
  if (quote === "`") end = text.indexOf(quote, end);
  else for (; end < text.length && text[end] !== quote; end++) if (text[end] === "\\") end++;
  if (end === -1 || end >= text.length) return undefined;
  const raw = text.slice(at + 1, end);
  const value = quote === "`" || !raw.includes("\\") ? raw : unescape(raw);
  return { text: value, end: end + 1 };
}

/** An escape that Go does not have stays as it is written. */
function unescape(raw: string): string {
  return raw.replaceAll(
    ESCAPE,
    (written: string, x?: string, u?: string, long?: string, octal?: string, one?: string) => {
      if (one !== undefined)
        return Object.hasOwn(ESCAPED, one) ? (ESCAPED[one] as string) : /\W/.test(one) ? one : written;
      const code = octal === undefined ? Number.parseInt(x ?? u ?? long ?? "", 16) : Number.parseInt(octal, 8);
      return code > 0x10_ff_ff ? written : String.fromCodePoint(code);
    },
  );
}
