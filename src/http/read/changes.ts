// What the admin may change: the list of touchpoints, and records that must go for good. Names are checked here,
// everything else is decided where the data is.

import { type TSchema, Type } from "@sinclair/typebox";
import { ErasedSchema, RegisteredSchema, TouchpointSchema, TouchpointsSchema } from "../../core/account_responses.ts";
import type { ChangeOutcome } from "../../core/changes.ts";
import { assert } from "../../core/errors.ts";
import { MessageSchema, QueryProblemSchema } from "../../core/responses.ts";
import { TOUCHPOINT_LENGTH_MAX } from "../../core/touchpoint.ts";
import type { Connections } from "../../runtime/contract/connections.ts";
import { jsonResponse } from "../base/responses.ts";
import type { ResponseDocument, Route } from "../base/routes.ts";
import { invalidBody } from "./json_body.ts";
import {
  defineOperation,
  type ReadDependencies,
  refuse,
  respondWith,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import { FROM, PROJECT, readScope, SEARCH, strictObject, TIME_ZONE, TO } from "./parameters.ts";

/** The project where none is named, as in the configuration. */
const PROJECT_DEFAULT = "default";

const NEW_NAME = Type.String({
  minLength: 1,
  maxLength: TOUCHPOINT_LENGTH_MAX,
  expects: `1 to ${TOUCHPOINT_LENGTH_MAX} characters`,
  description: "Exactly as it is sent with entries, spaces included; levels are separated by /",
  examples: ["api/orders/submit"],
});
/** Any name that was ever sent can be meant, also one that nobody could register. */
const KNOWN_NAME = Type.String({ minLength: 1, expects: "a touchpoint's name", description: "A touchpoint's name" });

const UNKNOWN: Readonly<Record<number, ResponseDocument>> = {
  404: { description: "There is no such project or touchpoint", schema: MessageSchema },
};
const TAKEN: Readonly<Record<number, ResponseDocument>> = {
  409: { description: "The name is registered already, or the project has no room for more", schema: MessageSchema },
};

const row = (description: string): ResponseDocument => ({ description, schema: TouchpointSchema });

export function touchpointRoute(dependencies: ReadDependencies): Route {
  const { changes: changing } = dependencies;
  const list = defineOperation(dependencies, {
    id: "listTouchpoints",
    summary: "All touchpoints; those that were only seen, not registered, are flagged",
    access: "reader",
    query: strictObject({ project: Type.Optional(PROJECT) }),
    responses: { 200: { description: "The answer", schema: TouchpointsSchema }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    handle: (call) => respondWith(call, { kind: "touchpoints", project: call.query.project }),
  });
  const register = defineOperation(dependencies, {
    id: "registerTouchpoint",
    access: "admin",
    summary: "Register a touchpoint; what was recorded under its name belongs to it",
    query: strictObject({}),
    body: strictObject({ project: Type.Optional(PROJECT), name: NEW_NAME }),
    responses: { 201: row("Registered"), ...UNKNOWN, ...TAKEN, ...UNAVAILABLE },
    async handle({ body: { project = PROJECT_DEFAULT, name } }) {
      const outcome = await changing.change({ kind: "register_touchpoint", project, name });
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.touchpoint !== undefined, "a registered touchpoint is shown");
      return jsonResponse(201, outcome.touchpoint);
    },
  });
  const rename = defineOperation(dependencies, {
    id: "renameTouchpoint",
    access: "admin",
    summary: "Rename a touchpoint in the list; records keep the name they were sent with",
    query: strictObject({}),
    body: strictObject({ project: Type.Optional(PROJECT), name: KNOWN_NAME, to: NEW_NAME }),
    responses: { 200: row("Renamed"), ...UNKNOWN, ...TAKEN, ...UNAVAILABLE },
    async handle({ body: { project = PROJECT_DEFAULT, name, to } }) {
      const outcome = await changing.change({ kind: "rename_touchpoint", project, name, to });
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.touchpoint !== undefined, "a renamed touchpoint is shown");
      return jsonResponse(200, outcome.touchpoint);
    },
  });
  const remove = defineOperation(dependencies, {
    id: "deleteTouchpoint",
    access: "admin",
    summary: "Take a touchpoint off the list; its history stays",
    query: strictObject({ project: Type.Optional(PROJECT), name: KNOWN_NAME }),
    responses: { 204: { description: "Taken off" }, ...UNKNOWN, ...UNAVAILABLE },
    async handle({ query: { project = PROJECT_DEFAULT, name } }) {
      const outcome = await changing.change({ kind: "delete_touchpoint", project, name });
      return outcome.ok ? noContent() : refuse(outcome.refusal);
    },
  });
  return {
    path: "/api/v1/touchpoints",
    operations: { GET: list, POST: register, PATCH: rename, DELETE: remove },
  };
}

export function seenTouchpointsRoute(dependencies: ReadDependencies): Route {
  const register = defineOperation(dependencies, {
    id: "registerSeenTouchpoints",
    access: "admin",
    summary: "Register every touchpoint that was seen and is not registered",
    query: strictObject({}),
    body: strictObject({
      project: Type.Optional({ ...PROJECT, description: "Only names of this project; absent: of every project" }),
      contains: Type.Optional(
        Type.String({
          maxLength: TOUCHPOINT_LENGTH_MAX,
          expects: `at most ${TOUCHPOINT_LENGTH_MAX} characters`,
          description: "Only names with this text in them, in any case",
          examples: ["api/"],
        }),
      ),
    }),
    responses: { 200: { description: "Registered", schema: RegisteredSchema }, ...UNKNOWN, ...UNAVAILABLE },
    async handle({ body: { project, contains = "" } }) {
      const outcome = await dependencies.changes.change({ kind: "register_seen", project, contains });
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.seen !== undefined, "registering all says how many there were");
      return jsonResponse(200, outcome.seen);
    },
  });
  return { path: "/api/v1/touchpoints/seen", operations: { POST: register } };
}

/** An instant in a body may be a number as well. */
const bodyInstant = (schema: TSchema & { readonly static: string }) =>
  Type.Optional(
    Type.Union([Type.Number(), schema], {
      expects: String(schema["expects"]),
      description: String(schema["description"]),
    }),
  );

export interface EraseDependencies extends ReadDependencies {
  /** To exempt erasures from the idle timeout: one of many blocks takes minutes, and sends no byte meanwhile. */
  readonly connections: Connections;
}

export function eraseRoute(dependencies: EraseDependencies): Route {
  const erase = defineOperation(dependencies, {
    id: "eraseRecords",
    access: "admin",
    summary: "Remove every record that matches, for good",
    query: strictObject({}),
    body: strictObject({
      project: PROJECT,
      q: Type.Optional(SEARCH),
      from: bodyInstant(FROM),
      to: bodyInstant(TO),
      timeZone: Type.Optional(TIME_ZONE),
    }),
    responses: {
      200: { description: "What was removed", schema: ErasedSchema },
      400: { description: "The body is no JSON, or the search is wrong: `at` says where", schema: QueryProblemSchema },
      ...UNKNOWN,
      ...UNAVAILABLE,
    },
    async handle({ request, body, now }) {
      // Most likely an empty variable in a script; nobody writes that to mean everything.
      if (body.q?.trim() === "") return invalidBody({ q: ["Expected a search; leave q out to remove everything"] }, []);
      const scope = readScope(body, now);
      if (!scope.ok) return invalidBody({}, [scope.message]);
      const { project } = body;
      dependencies.connections.exemptFromIdleTimeout(request);
      const outcome = await Promise.race([
        dependencies.changes.change({ kind: "erase", scope: { ...scope.value, project } }),
        stopped(dependencies.stopping),
      ]);
      if (!outcome.ok) return refuse(outcome.refusal);
      assert(outcome.erased !== undefined, "an erasure says what it removed");
      return jsonResponse(200, { erased: outcome.erased });
    },
  });
  return { path: "/api/v1/erase", operations: { POST: erase } };
}

/** Resolves when the server begins to stop, because it closes connections before the writer can report. */
function stopped(stopping: AbortSignal): Promise<ChangeOutcome> {
  const message = "The server stops before everything was erased: erase again";
  const outcome: ChangeOutcome = { ok: false, refusal: { code: "unavailable", message } };
  if (stopping.aborted) return Promise.resolve(outcome);
  return new Promise((resolve) => stopping.addEventListener("abort", () => resolve(outcome), { once: true }));
}

function noContent(): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}
