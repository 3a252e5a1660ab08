// Requests made from a description of an API: values that its schemas allow, and values that they do not.

import { integer, pick, type Random } from "../support/random.ts";

/** What is used of JSON Schema here. */
interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly statuses: readonly number[];
  /**
   * Whether no made-up request succeeds: it needs an API key, the Origin of one, or a token; or it is always refused.
   */
  readonly isRefused: boolean;
}

export interface MadeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "%",
  "%zz",
  "a".repeat(3000),
  "-1",
  "1e999",
  "NaN",
  "null",
  "../../etc/passwd",
  "🦊\ud800",
  "(((",
  '"',
  "__proto__",
  "sk_unknown0123456789",
  "2026-02-30",
  "9".repeat(30),
];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.5,
  [],
  {},
  [null],
  { __proto__: null, a: {} },
  ...ODD_TEXTS,
];
const WORDS = [
  "level:error",
  "api/orders",
  "a b",
  "-x",
  "naïve",
  "日本",
  "0",
  "metadata.id:5",
  "4102444800000",
  "2100-01-31",
];

/** The operations of a parsed openapi.json. */
export function describedOperations(description: unknown): Operation[] {
  const { paths } = description as { paths: Record<string, Record<string, Described>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({
      id: one.operationId,
      method: method.toUpperCase(),
      path,
      parameters: one.parameters ?? [],
      body: one.requestBody?.content["application/json"].schema,
      statuses: Object.keys(one.responses).map(Number),
      isRefused:
        one.operationId === "signIn" ||
        one.operationId.startsWith("preflight") ||
        one.security.some((needed) => "apiKey" in needed) ||
        Object.keys(one.responses).every((status) => Number(status) >= 400),
    })),
  );
}

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, object>>;
}

/** A request that keeps to the description, but for `faults` faults. */
export function makeRequest(operation: Operation, random: Random, faults: number): MadeRequest {
  const spoilt = new Set(Array.from({ length: faults }, () => integer(random, operation.parameters.length)));
  const query = new URLSearchParams();
  const headers: Record<string, string> = { "sec-fetch-site": "same-origin" };
  let { path } = operation;
  for (const [index, { name, in: where, required, schema }] of operation.parameters.entries()) {
    const isSpoilt = spoilt.has(index);
    if (!required && !isSpoilt && random() < 0.5) continue;
    const text = isSpoilt ? pick(random, ODD_TEXTS) : String(valueOf(schema, random));
    if (where === "path") path = path.replace(`{${name}}`, encodeURIComponent(text.toWellFormed()) || "x");
    else if (where === "header") headers[name] = text.replaceAll(/[^ -~]/g, "?");
    else query.append(name, text);
    if (isSpoilt && where === "query" && random() < 0.2) query.append(name, text);
  }
  const isSpoilt = spoilt.has(operation.parameters.length);
  if (isSpoilt && operation.body === undefined) query.append(pick(random, ["form", "limit", "__proto__"]), "1");
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  const made = { method: operation.method, path: path + search, headers };
  if (operation.body === undefined) return made;
  return { ...made, body: bodyText(operation.body, random, isSpoilt) };
}

function bodyText(schema: Schema, random: Random, isSpoilt: boolean): string {
  const value = valueOf(schema, random);
  if (!isSpoilt) return JSON.stringify(value);
  const text = JSON.stringify(pick(random, [pick(random, ODD_VALUES), spoilMember(value as object, random)]));
  return random() < 0.2 ? text.slice(integer(random, text.length)) : text;
}

function spoilMember(value: object, random: Random): object {
  const name = pick(random, [...Object.keys(value), "unknown"]);
  return { ...value, [name]: pick(random, ODD_VALUES) };
}

/** A value that the schema allows. */
function valueOf(schema: Schema, random: Random): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.anyOf !== undefined) return valueOf(pick(random, schema.anyOf), random);
  switch (schema.type) {
    case "boolean":
      return random() < 0.5;
    case "integer":
      return integer(random, Math.min(schema.maximum ?? 1000, 1e6) - (schema.minimum ?? 0)) + (schema.minimum ?? 0);
    case "number":
      return pick(random, [0, -1.5, 1_718_900_000_000, random() * 1e6]);
    case "array": {
      const count = (schema.minItems ?? 0) + integer(random, 3);
      return Array.from({ length: count }, () => valueOf(schema.items ?? {}, random));
    }
    case "object": {
      const members = Object.entries(schema.properties ?? {});
      const chosen = members.filter(([name]) => schema.required?.includes(name) === true || random() < 0.5);
      return Object.fromEntries(chosen.map(([name, one]) => [name, valueOf(one, random)]));
    }
    case "string":
      return textOf(schema, random);
    case undefined:
    default:
      return pick(random, ODD_VALUES);
  }
}

function textOf({ examples, minLength = 0, maxLength = 1000, pattern }: Schema, random: Random): string {
  const isAllowed = (text: string) =>
    text.length >= minLength && text.length <= maxLength && (pattern === undefined || new RegExp(pattern).test(text));
  const allowed = [...WORDS, ...ODD_TEXTS].filter(isAllowed);
  const known = (examples ?? []).map(String);
  return pick(random, random() < 0.5 && known.length > 0 ? known : [...allowed, ...known]);
}
