// A rule as the app writes it, by the same schema and checks as an [[alerts]] table. What a variable of the environment
// would be there is plain text here.

import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { AlertRuleText, RuleProblem, RuleReading } from "../core/alert_rule.ts";
import { SERVER_PROJECT } from "../core/alerts.ts";
import { isJsonObject, type JsonObject, typeName } from "../core/json.ts";
import { nearestName } from "../core/nearest.ts";
import { AlertSchema, type RuleContext, ruleOf, ruleProblems } from "./alerts.ts";
import { decode } from "./check.ts";
import type { Settings } from "./settings.ts";

/** Then nothing more is looked at: a body may have any number of wrong names. */
const PROBLEMS_MAX = 10;

/** What rules can refer to under these settings. */
export function ruleContextOf({ projects, destinations }: Pick<Settings, "projects" | "destinations">): RuleContext {
  return {
    projects: [...new Set([...Object.keys(projects), SERVER_PROJECT])],
    destinations: destinations.map(({ name }) => name),
  };
}

/**
 * Reads and checks a rule.
 * @param context undefined: the names of projects and destinations are not looked at
 */
export function readRuleText(given: unknown, context: RuleContext | undefined): RuleReading {
  if (!isJsonObject(given)) return refuse([{ message: `expected a rule, an object, received ${typeName(given)}` }]);
  const problems: RuleProblem[] = [];
  const text: JsonObject = {};
  const completed: Record<string, unknown> = {};
  const known: Readonly<Record<string, TSchema>> = AlertSchema.properties;
  for (const [member, value] of Object.entries(given)) {
    if (problems.length >= PROBLEMS_MAX) break;
    const schema = Object.hasOwn(known, member) ? known[member] : undefined;
    if (schema === undefined) {
      const nearest = JSON.stringify(nearestName(member, Object.keys(known)));
      problems.push({ member, message: `unknown name; did you mean ${nearest}?` });
      continue;
    }
    const formed = wellFormed(value);
    const decoded = decode(schema, formed);
    if (!decoded.ok) problems.push({ member, message: decoded.problem });
    else if (formed !== undefined) completed[member] = text[member] = formed as JsonObject[string];
  }
  for (const [member, schema] of Object.entries(known)) {
    if (Object.hasOwn(given, member)) continue;
    if (schema["default"] !== undefined) completed[member] = schema["default"];
    else if (member === "name") problems.push({ member, message: `is missing: expected ${String(schema["expects"])}` });
  }
  if (problems.length > 0 || !Value.Check(AlertSchema, completed)) return refuse(problems);
  const values = Value.Decode(AlertSchema, completed);
  const everyName = { projects: values.project === undefined ? [] : [values.project], destinations: values.notify };
  const found = ruleProblems(values, text, context ?? everyName);
  if (found.length > 0) return refuse(found.map(({ setting: member, message, at }) => ({ member, message, at })));
  return { ok: true, rule: ruleOf(values), text: text as unknown as AlertRuleText };
}

function refuse(problems: readonly RuleProblem[]): RuleReading {
  return { ok: false, problems: problems.length > 0 ? problems : [{ message: "expected a rule" }] };
}

/** A lone surrogate in a text is U+FFFD, as in records. */
function wellFormed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wellFormed);
  return typeof value === "string" ? value.toWellFormed() : value;
}
