// POST, PATCH and DELETE /api/v1/keys. In: what the admin wants of a pair of keys. Out: the pair as the running server has
// it after the change, and new keys, once. The configuration file is edited as `simplelogs keys` does it; each answer
// comes after the server has loaded it again.

import { Type } from "@sinclair/typebox";
import { CreatedPairSchema, type KeyPair, KeyPairSchema } from "../../core/account_responses.ts";
import { KEY_PARTS, type KeyChange, type KeyChangeService, type KeyRefusalCode } from "../../core/key_changes.ts";
import { KEY_NAME_LENGTH_MAX, ORIGINS_MAX } from "../../core/limits.ts";
import { parseOriginPattern } from "../../core/origin.ts";
import { MessageSchema } from "../../core/responses.ts";
import { maskKeys } from "../../core/secrets.ts";
import { jsonResponse } from "../base/responses.ts";
import type { Operation, ResponseDocument } from "../base/routes.ts";
import { invalidBody } from "./json_body.ts";
import { type Call, defineOperation, NO_PARAMETERS, type ReadDependencies, UNAVAILABLE } from "./operation.ts";
import { PROJECT, strictObject } from "./parameters.ts";

export interface KeyChangeDependencies extends ReadDependencies {
  readonly keyChanges: KeyChangeService;
}

/** The pair of a name as it is now, with its use. */
export type FindPair = (
  call: Pick<Call<never, never>, "queries" | "request">,
  name: string,
) => Promise<KeyPair | Response>;

const STATUSES: Readonly<Record<KeyRefusalCode, number>> = {
  not_found: 404,
  already_there: 409,
  invalid: 409,
  conflict: 409,
  unwritable: 409,
  not_applied: 409,
};

const REFUSALS: Readonly<Record<number, ResponseDocument>> = {
  404: { description: "There is no such pair", schema: MessageSchema },
  409: {
    description:
      "The name is taken, the file does not load, was changed at the same time or cannot be written, or the server did not take it: `message` says which, and where",
    schema: MessageSchema,
  },
};

const NAME = Type.String({
  minLength: 2,
  maxLength: KEY_NAME_LENGTH_MAX,
  pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
  expects: "a name of 2 to 80 characters without control characters",
  description: "Name of the pair",
  examples: ["web shop"],
});
const PART = Type.Union(
  KEY_PARTS.map((part) => Type.Literal(part)),
  { expects: KEY_PARTS.map((part) => JSON.stringify(part)).join(" or "), description: 'Which key; absent: "both"' },
);
const ORIGINS = Type.Array(Type.String(), {
  maxItems: ORIGINS_MAX,
  expects: `a list of at most ${ORIGINS_MAX} origins`,
  description: "Pages that may use the client key",
  examples: [["https://shop.example.com"]],
});
const RATE = Type.Number({
  exclusiveMinimum: 0,
  maximum: 1e9,
  expects: "a number above 0, up to 1e9",
  description: "Entries a second that each key may send",
});
const HASHED = Type.Boolean({ expects: "true or false", description: "Whether the file gets the keys' SHA-256 only" });

/** The three operations. */
export function keyChangeOperations(
  dependencies: KeyChangeDependencies,
  findPair: FindPair,
): Readonly<Record<"POST" | "PATCH" | "DELETE", Operation>> {
  const { keyChanges, log } = dependencies;
  const run = async (change: KeyChange) => {
    const outcome = await keyChanges.change(change);
    const { kind, name } = change;
    if (outcome.ok) log("info", `a pair of keys was changed over HTTP: ${kind}`, { name, changed: outcome.isChanged });
    else log("warn", `a pair of keys could not be changed over HTTP: ${outcome.code}`, { name, change: kind });
    return outcome.ok ? outcome : jsonResponse(STATUSES[outcome.code], { message: maskKeys(outcome.message) });
  };
  const create = defineOperation(dependencies, {
    id: "createKeys",
    summary: "Add a pair of new keys to the configuration; they are shown once",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({
      name: NAME,
      project: Type.Optional(PROJECT),
      key: Type.Optional(PART),
      origins: Type.Optional(ORIGINS),
      rate: Type.Optional(RATE),
      hashed: Type.Optional(HASHED),
    }),
    responses: { 201: { description: "Added", schema: CreatedPairSchema }, ...REFUSALS, ...UNAVAILABLE },
    async handle(call) {
      const { name, project, key: part = "both", origins: given = [], rate, hashed = false } = call.body;
      const origins = readOrigins(given);
      if (origins instanceof Response) return origins;
      if (part === "server" && origins.length > 0)
        return invalidBody({ origins: ["Expected none without a client key"] }, []);
      const done = await run({ kind: "create", name, project, part, origins, rate, isHashed: hashed });
      if (done instanceof Response) return done;
      const pair = await findPair(call, name);
      if (pair instanceof Response) return pair;
      const { server = null, client = null } = done.created ?? {};
      return jsonResponse(201, { pair, server, client });
    },
  });
  const edit = defineOperation(dependencies, {
    id: "editKeys",
    summary: "Change the origins or the rate of a pair",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({
      name: NAME,
      origins: Type.Optional(ORIGINS),
      rate: Type.Optional(
        Type.Union([RATE, Type.Null()], {
          expects: "a number above 0, up to 1e9, or null",
          description: "Entries a second that each key may send; null: no limit",
        }),
      ),
    }),
    responses: { 200: { description: "Changed", schema: KeyPairSchema }, ...REFUSALS, ...UNAVAILABLE },
    async handle(call) {
      const { name, origins: given, rate } = call.body;
      if (given === undefined && rate === undefined) return invalidBody({}, ["Expected origins or a rate"]);
      const origins = given === undefined ? undefined : readOrigins(given);
      if (origins instanceof Response) return origins;
      const done = await run({ kind: "edit", name, origins, rate });
      return done instanceof Response ? done : shown(await findPair(call, name));
    },
  });
  const revoke = defineOperation(dependencies, {
    id: "revokeKeys",
    summary: "Let a pair's keys, or one of them, be refused from now on",
    description:
      "Sets revoked = true in the pair. With `key`, removes the line of that key; a pair without another key is revoked as a whole.",
    access: "admin",
    query: strictObject({ name: NAME, key: Type.Optional(PART) }),
    responses: { 200: { description: "Revoked", schema: KeyPairSchema }, ...REFUSALS, ...UNAVAILABLE },
    async handle(call) {
      const { name, key: part = "both" } = call.query;
      const done = await run({ kind: "revoke", name, part });
      return done instanceof Response ? done : shown(await findPair(call, name));
    },
  });
  return { POST: create, PATCH: edit, DELETE: revoke };
}

function shown(pair: KeyPair | Response): Response {
  return pair instanceof Response ? pair : jsonResponse(200, pair);
}

/** The origins, normalised, each once; or the answer that refuses one. */
function readOrigins(given: readonly string[]): readonly string[] | Response {
  const origins = new Set<string>();
  for (const origin of given) {
    const parsed = parseOriginPattern(origin);
    if (!parsed.ok) return invalidBody({ origins: [`${maskKeys(origin.slice(0, 100))}: ${parsed.problem}`] }, []);
    origins.add(parsed.pattern);
  }
  return [...origins];
}
