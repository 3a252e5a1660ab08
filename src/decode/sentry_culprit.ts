// The part of a touchpoint that says where an event happened. Names must stay few: one route, or one function, is one
// name, whatever ids are in its address.

import type { JsonObject } from "../core/json.ts";
import type { StackFrames } from "./sentry_stack.ts";
import { textOf } from "./sentry_values.ts";

/** Characters of a type, and of a culprit: with "errors/" they are fewer than a listed name may have. */
const TYPE_LENGTH_MAX = 100;
const CULPRIT_LENGTH_MAX = 200;
/** Characters of an address that are looked at. */
const ADDRESS_LENGTH_MAX = 1_000;

const METHOD = /^[A-Z]{3,10} (?=\S)/;
const SERVER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const PARAMETER = /^(?::(\w+)\??|\{(?:\w+:)?(\w+)\}|<(?:\w+:)?(\w+)>|\[(?:\.\.\.)?(\w+)\])$/;
const ID = /^(?:\d+|[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;
/** What stands for the name of a function that has none. */
const NO_FUNCTION = /^(?:\?|<anonymous>|<lambda>|anonymous|<module>)$/;

/** The name as one part of a touchpoint. */
export function touchpointPart(name: string): string {
  return bounded(name.replaceAll("/", "."), TYPE_LENGTH_MAX);
}

/**
 * The transaction as a path, else the module and function of the innermost frame of the application itself, else what
 * the SDK or the logger is called; undefined where nothing says it.
 */
export function culpritOf(event: JsonObject, { frames }: StackFrames): string | undefined {
  const transaction = textOf(event["transaction"]);
  const route = transaction === undefined ? "" : routeOf(transaction);
  if (route !== "") return bounded(route, CULPRIT_LENGTH_MAX);
  const frame = frames.findLast((one) => one["in_app"] === true) ?? frames.at(-1);
  const name = (frame && frameName(frame)) ?? textOf(event["culprit"]) ?? textOf(event["logger"]);
  return name === undefined ? undefined : bounded(name, CULPRIT_LENGTH_MAX);
}

/** "GET /orders/:id?x=1" and "https://shop.example.com/orders/17" as "orders/[id]". */
function routeOf(transaction: string): string {
  const path = transaction.slice(0, ADDRESS_LENGTH_MAX).trim().replace(METHOD, "").replace(SERVER, "");
  const [plain = ""] = path.split(/[?#]/, 1);
  const isPath = plain.startsWith("/");
  const parts = plain.split("/").filter((part) => part !== "");
  return parts.map((part) => routePart(part, isPath)).join("/");
}

function routePart(part: string, isPath: boolean): string {
  const parameter = PARAMETER.exec(part);
  if (parameter !== null) return `[${parameter.slice(1).find((name) => name !== undefined)}]`;
  return isPath && ID.test(part) ? "[id]" : part;
}

/** Module and function, or the file's name where neither is known. */
function frameName(frame: JsonObject): string | undefined {
  const module = textOf(frame["module"]);
  const name = textOf(frame["function"]);
  const named = name !== undefined && !NO_FUNCTION.test(name) ? name : undefined;
  if (module !== undefined || named !== undefined) {
    return [module, named]
      .filter((part) => part !== undefined)
      .map((part) => part.replaceAll("/", "."))
      .join("/");
  }
  const file = textOf(frame["filename"])?.slice(-ADDRESS_LENGTH_MAX).split(/[?#]/, 1)[0];
  return file?.split(/[/\\]/).at(-1) || undefined;
}

/** One line of at most so many characters. */
function bounded(name: string, lengthMax: number): string {
  return name
    .slice(0, lengthMax)
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .toWellFormed();
}
