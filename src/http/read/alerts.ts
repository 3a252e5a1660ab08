// The routes of alerts: rules with their states, their history, a test, a mute; rules made in the app, and what one would
// have done. A reader of some projects sees the rules over these only, and the history where the project simplelogs is
// one of them.

import { Type } from "@sinclair/typebox";
import {
  AlertMuteSchema,
  AlertPreviewSchema,
  AlertRuleTextSchema,
  type AlertService,
  AlertsSchema,
  AlertTestSchema,
  type RuleChangeOutcome,
  RuleProblemSchema,
  type RuleRefusalCode,
  ShownRuleSchema,
} from "../../core/alert_responses.ts";
import type { RuleProblem } from "../../core/alert_rule.ts";
import { ALERT_RECORDS_SEARCH, SERVER_PROJECT } from "../../core/alerts.ts";
import { DAY_MS, ENTRIES_LIMIT_MAX } from "../../core/limits.ts";
import { EntriesSchema, MessageSchema } from "../../core/responses.ts";
import { maskKeys } from "../../core/secrets.ts";
import { jsonResponse } from "../base/responses.ts";
import type { ResponseDocument, Route } from "../base/routes.ts";
import { invalidBody } from "./json_body.ts";
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
const RULE = Type.Unsafe<unknown>({ ...AlertRuleTextSchema, expects: "a rule: an object with a name" });
const INSTANT = (description: string) =>
  Type.Optional(
    Type.Number({ minimum: 0, maximum: 8.64e15, expects: "Unix ms", description, examples: [1_718_900_000_000] }),
  );
const PROBLEM = "It refers to what the configuration does not have";
const STATUSES: Readonly<Record<RuleRefusalCode, number>> = {
  invalid: 422,
  not_found: 404,
  already_there: 409,
  limit: 409,
  configured: 409,
  unavailable: 503,
};
const BAD_RULE: Readonly<Record<number, ResponseDocument>> = {
  422: { description: "The rule cannot work: `message` says why", schema: RuleProblemSchema },
};
const NOT_CHANGED: Readonly<Record<number, ResponseDocument>> = {
  409: {
    description: "There is a rule of that name, no room for more, or the rule stands in the configuration file",
    schema: MessageSchema,
  },
};
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
      // A problem names projects and destinations that are not theirs.
      const shown = theirs.map((rule) => (rule.problem === null ? rule : { ...rule, problem: PROBLEM }));
      return jsonResponse(200, { rules: shown, destinations: [] });
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
  const create = defineOperation(dependencies, {
    id: "createAlert",
    summary: "Make a rule; it is kept in the data file, and in force at once",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({ rule: RULE }),
    responses: {
      201: { description: "Made", schema: ShownRuleSchema },
      ...BAD_RULE,
      ...NOT_CHANGED,
      ...UNAVAILABLE,
    },
    async handle({ body: { rule } }) {
      return changed(await alerts.changeRule({ kind: "create", rule }), 201);
    },
  });
  const replace = defineOperation(dependencies, {
    id: "replaceAlert",
    summary: "Put another rule in the place of one that was made here",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({ name: NAME, rule: RULE }),
    responses: {
      200: { description: "Replaced", schema: ShownRuleSchema },
      ...BAD_RULE,
      ...NO_RULE,
      ...NOT_CHANGED,
      ...UNAVAILABLE,
    },
    async handle({ body: { name, rule } }) {
      return changed(await alerts.changeRule({ kind: "replace", name, rule }), 200);
    },
  });
  const remove = defineOperation(dependencies, {
    id: "deleteAlert",
    summary: "Delete a rule that was made here; what fires is told as resolved",
    access: "admin",
    query: strictObject({ name: NAME }),
    responses: { 204: { description: "Deleted" }, ...NO_RULE, ...NOT_CHANGED, ...UNAVAILABLE },
    async handle({ query: { name } }) {
      return changed(await alerts.changeRule({ kind: "delete", name }), 204);
    },
  });
  const preview = defineOperation(dependencies, {
    id: "previewAlert",
    summary: "How often a rule would have fired, by the records that are stored",
    description: "A rule as it is written, or the name of one that there is.",
    access: "admin",
    query: NO_PARAMETERS,
    body: strictObject({
      rule: Type.Optional(RULE),
      name: Type.Optional(NAME),
      from: INSTANT("The first evaluation, Unix ms; absent: a week before the last"),
      to: INSTANT("The last evaluation, Unix ms; absent: now"),
    }),
    responses: {
      200: { description: "The answer", schema: AlertPreviewSchema },
      ...SEARCH_REFUSALS,
      404: { description: "There is no such rule, or no such project", schema: MessageSchema },
      ...BAD_RULE,
      ...UNAVAILABLE,
    },
    async handle({ request, body: { rule, name, from, to } }) {
      if ((rule === undefined) === (name === undefined)) return invalidBody({}, ["Expected either a rule or a name"]);
      if (from !== undefined && to !== undefined && from >= to)
        return invalidBody({ from: ["Expected an instant before to"] }, []);
      const outcome = await alerts.preview({ rule: name ?? rule, from, to }, request.signal);
      if (outcome.ok) return jsonResponse(200, outcome.preview);
      if ("refusal" in outcome) return refuse(outcome.refusal);
      return outcome.problem === undefined ? noRule(name ?? "") : badRule(outcome.problem, 422);
    },
  });
  return [
    { path: "/api/v1/alerts", operations: { GET: list, POST: create, PATCH: replace, DELETE: remove } },
    { path: "/api/v1/alerts/preview", operations: { POST: preview } },
    { path: "/api/v1/alerts/history", operations: { GET: history } },
    { path: "/api/v1/alerts/test", operations: { POST: test } },
    { path: "/api/v1/alerts/mute", operations: { POST: mute } },
  ];
}

function noRule(name: string): Response {
  return jsonResponse(404, { message: `there is no rule ${JSON.stringify(name)}` });
}

/** @param status of success */
function changed(outcome: RuleChangeOutcome, status: number): Response {
  if (!outcome.ok && outcome.code === "unavailable")
    return refuse({ code: "unavailable", message: outcome.problem.message });
  if (!outcome.ok) return badRule(outcome.problem, STATUSES[outcome.code]);
  if (outcome.rule !== undefined) return jsonResponse(status, outcome.rule);
  return new Response(null, { status, headers: { "cache-control": "no-store" } });
}

function badRule({ message, member, at }: RuleProblem, status: number): Response {
  return jsonResponse(status, { message: maskKeys(message), member, at });
}
