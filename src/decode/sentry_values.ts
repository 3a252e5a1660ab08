// Values of Sentry's items: texts, times and lists, each in the forms that SDKs of different ages send.

import { isJsonObject, type JsonObject } from "../core/json.ts";
import { timeOf } from "./values.ts";

/** A text, or the text of a number or a boolean; undefined for "" and everything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The member's value where it is an object, else an empty one. */
export function objectIn(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

/** The objects of a list, which is an array or `{"values":[…]}`. */
export function objectsOf(value: unknown): JsonObject[] {
  const list = isJsonObject(value) ? value["values"] : value;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

/** An instant in seconds or ISO 8601 as Unix ms. A double of seconds has no more than microseconds. */
export function secondsOf(value: unknown): number | undefined {
  const time = timeOf(value);
  return time === undefined || typeof value !== "number" ? time : Math.round(time * 1_000) / 1_000;
}

/** The first `lengthMax` characters, with an ellipsis where it is longer. */
export function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax).toWellFormed()}…`;
}
