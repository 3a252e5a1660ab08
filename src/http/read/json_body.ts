// Bodies of the operations that change something: JSON whatever the Content-Type, bounded, checked by a schema. What
// does not fit is answered 422 in the shape of the ingestion endpoint's, so a client reads one kind of refusal.

import { OptionalKind, type Static, type TObject, type TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { assert } from "../../core/errors.ts";
import { isJsonObject, typeName } from "../../core/json.ts";
import { READ_BODY_BYTES_MAX } from "../../core/limits.ts";
import type { ParseGuard } from "../../runtime/parse_guard.ts";
import { INVALID_JSON, jsonResponse, toResponse } from "../base/responses.ts";
import { BODY_RESPONSES, readText } from "../bodies/body.ts";
import { BodyRoom } from "../bodies/body_room.ts";
import { quoted } from "./parameters.ts";

/** The body, or the answer that refuses it. A lone surrogate in a text is U+FFFD, as in records. */
export async function readJsonBody<T extends TObject>(
  request: Request,
  schema: T,
  guard: ParseGuard,
): Promise<Static<T> | Response> {
  // A room of its own, which one body always has: so small a one is no burden.
  const body = await readText(request, READ_BODY_BYTES_MAX, new BodyRoom(READ_BODY_BYTES_MAX));
  assert(body !== "no_room", "a body that is alone in its room has it");
  if (typeof body === "string") return toResponse(BODY_RESPONSES[body]);
  const refusal = guard.refusal(body.text);
  if (refusal !== undefined) return invalidBody({}, [refusal]);
  let value: unknown;
  try {
    value = JSON.parse(body.text);
  } catch {
    return toResponse(INVALID_JSON);
  }
  if (!isJsonObject(value)) return invalidBody({}, [`Expected object, received ${typeName(value)}`]);
  const fieldErrors: Record<string, string[]> = {};
  const checked: Record<string, unknown> = {};
  for (const [name, property] of Object.entries<TSchema>(schema.properties)) {
    if (Object.hasOwn(value, name)) checked[name] = wellFormed(value[name]);
    const problem = fieldProblem(property, checked[name]);
    if (problem !== undefined) fieldErrors[name] = [problem];
  }
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(schema.properties, name));
  const formErrors = unknown.slice(0, 10).map((name) => `Unrecognized key in object: ${quoted(name)}`);
  if (Object.keys(fieldErrors).length > 0 || formErrors.length > 0) return invalidBody(fieldErrors, formErrors);
  return Value.Decode(schema, checked);
}

/** 422: messages by the body's members, and about the body as a whole. */
export function invalidBody(
  fieldErrors: Readonly<Record<string, readonly string[]>>,
  formErrors: readonly string[],
): Response {
  return jsonResponse(422, { message: "Invalid payload", errors: { fieldErrors, formErrors } });
}

function wellFormed(value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

function fieldProblem(schema: TSchema, value: unknown): string | undefined {
  if (value === undefined) return schema[OptionalKind] === undefined ? "Required" : undefined;
  if (Value.Check(schema, value)) return undefined;
  const isText = schema["type"] === "string";
  if (isText && typeof value !== "string") return `Expected string, received ${typeName(value)}`;
  return `Expected ${String(schema["expects"])}`;
}
