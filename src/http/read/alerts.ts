// The routes of alerts: rules with their states, their history, a test, a mute. A reader of some projects sees the
// rules over these only, and the history where the project simplelogs is one of them.

import { Type } from "@sinclair/typebox";
import { AlertMuteSchema, type AlertService, AlertsSchema, AlertTestSchema } from "../../core/alert_responses.ts";
import { ALERT_RECORDS_SEARCH, SERVER_PROJECT } from "../../core/alerts.ts";
import { DAY_MS, ENTRIES_LIMIT_MAX } from "../../core/limits.ts";
import { EntriesSchema, MessageSchema } from "../../core/responses.ts";
import { jsonResponse } from "../base/responses.ts";
import type { Route } from "../base/routes.ts";
import {
  badRequest,
  defineOperation,
  jsonTextResponse,
  NO_PARAMETERS,
  type ReadDependencies,
  refuse,
  SEARCH_REFUSALS,
  UNAVAILABLE,
} from "./operation.ts";
import { limit, readScope, SCOPE, strictObject, TO } from "./parameters.ts";

/** A rule is not forgotten by a mute. */
const MUTE_MS_MAX = 90 * DAY_MS;

export interface AlertDependencies extends ReadDependencies {
  readonly alerts: AlertService;
}

const NAME = Type.String({ minLength: 1, expects: "the name of a rule", description: "Of a rule" });
const NO_RULE = { 404: { description: "There is no such rule", schema: MessageSchema } };

export function alertRoutes(dependencies: AlertDependencies): Route[] {
  const { alerts } = dependencies;
  const list = defineOperation(dependencies, {
    id: "listAlerts",
    summary: "The alert rules with their states, and the destinations",
    access: "reader",
    query: NO_PARAMETERS,
    responses: { 200: { description: "The answer", schema: AlertsSchema } },
    handle({ viewer: { projects } }) {
      const { rules, destinations } = alerts.list();
      if (projects === undefined) return jsonResponse(200, { rules, destinations });
      const theirs = rules.filter(({ project }) => project !== null && projects.includes(project));
      return jsonResponse(200, { rules: theirs, destinations: [] });
    },
  });
  const history = defineOperation(dependencies, {
    id: "listAlertHistory",
    summary: "What fired and resolved, newest first: records of the project simplelogs",
    access: "reader",
    query: strictObject({
      from: SCOPE.from,
      to: Type.Optional({
        ...TO,
        description: "Only of what began to fire before this time, also if it resolved later",
      }),
      timeZone: SCOPE.timeZone,
      limit: limit(ENTRIES_LIMIT_MAX),
      cursor: Type.Optional(Type.String({ description: "`nextCursor` of the page before" })),
    }),
    responses: { 200: { description: "The answer", schema: EntriesSchema }, ...SEARCH_REFUSALS, ...UNAVAILABLE },
    async handle({ request, queries, query: { limit, cursor, ...range }, now }) {
      const read = readScope(range, now);
      if (!read.ok) return badRequest(read.message);
      // With both ends these are the records of everything that fired within, whenever it resolved.
      const { from, to } = read.value;
      const q = to === undefined ? ALERT_RECORDS_SEARCH : `${ALERT_RECORDS_SEARCH} metadata.since:<${to}`;
      const scope = { project: SERVER_PROJECT, q, from, to: undefined };
      const outcome = await queries.query({ kind: "entries", scope, limit, cursor }, request.signal);
      if (outcome.ok) return jsonTextResponse(outcome.answer);
      // The first change makes the project.
      if (outcome.refusal.code === "unknown_project") return jsonResponse(200, { entries: [], nextCursor: null });
      return refuse(outcome.refusal);
    },
  });
  const test = defineOperation(dependencies, {
    id: "testAlert",
    summary: "Tell a rule's destinations that this is a test, and see who was told",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({ name: NAME }),
    responses: { 200: { description: "Who was told", schema: AlertTestSchema }, ...NO_RULE },
    async handle({ body: { name } }) {
      const tested = await alerts.test(name);
      return tested === undefined ? noRule(name) : jsonResponse(200, tested);
    },
  });
  const mute = defineOperation(dependencies, {
    id: "muteAlert",
    summary: "Tell nothing new of a rule for some time",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({
      name: NAME,
      forMs: Type.Number({
        minimum: 0,
        maximum: MUTE_MS_MAX,
        expects: `a number from 0 to ${MUTE_MS_MAX}`,
        description: "For how long, ms; 0 ends the mute",
      }),
    }),
    responses: { 200: { description: "Until when", schema: AlertMuteSchema }, ...NO_RULE, ...UNAVAILABLE },
    async handle({ body: { name, forMs }, now }) {
      const outcome = await alerts.mute(name, now + forMs);
      if (outcome === "not_found") return noRule(name);
      if (outcome === "unavailable") return refuse({ code: "unavailable", message: "The mute could not be written" });
      return jsonResponse(200, { mutedUntil: forMs === 0 ? null : now + forMs });
    },
  });
  return [
    { path: "/api/v1/alerts", operations: { GET: list } },
    { path: "/api/v1/alerts/history", operations: { GET: history } },
    { path: "/api/v1/alerts/test", operations: { POST: test } },
    { path: "/api/v1/alerts/mute", operations: { POST: mute } },
  ];
}

function noRule(name: string): Response {
  return jsonResponse(404, { message: `there is no rule ${JSON.stringify(name)}` });
}
