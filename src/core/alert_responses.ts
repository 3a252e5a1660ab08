// What is shown of alerts: rules with their states, destinations, and what a person did to them. As schemas with their
// types; all times are Unix milliseconds.

import { Type } from "@sinclair/typebox";
import { RULE_KINDS, SEVERITIES } from "./alert_rule.ts";
import { count, nullable, object, text, time, type ValueOf } from "./schema_parts.ts";

const literals = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

/** Where an instance of a rule stands. */
export const PHASE_NAMES = ["ok", "pending", "firing", "recovering"] as const;

const InstanceSchema = Type.Object({
  group: nullable(text("The value of the field that the rule groups by; null: it groups by none")),
  state: literals(PHASE_NAMES, "recovering: still firing, and the value is back"),
  since: nullable(time("When it began to fire")),
  value: nullable(Type.Number({ description: "Records, a share from 0 to 1, or ms, when it was last looked at" })),
  unknown: nullable(text("Why nothing is known of it now")),
});

const ShownRuleSchema = Type.Object({
  name: text("Unique"),
  project: nullable(text("null: all projects")),
  q: text("The search"),
  kind: literals(RULE_KINDS, "What is measured"),
  windowMs: Type.Number({ description: "Records received in this time are looked at, ms" }),
  everyMs: Type.Number({ description: "How often, ms" }),
  side: literals(["above", "below"], "Which side of the bound is bad"),
  bound: Type.Number({ description: "Records, a share from 0 to 1, or ms" }),
  resolveBound: nullable(Type.Number()),
  forMs: Type.Number(),
  keepMs: Type.Number(),
  groupBy: nullable(text("A field")),
  severity: literals(SEVERITIES, "How urgent it is"),
  note: nullable(text("For whoever is told")),
  notify: Type.Array(Type.String(), { description: "Names of destinations" }),
  state: literals(PHASE_NAMES, "The worst of its instances"),
  unknown: nullable(text("Why the last evaluation found nothing")),
  evaluatedAt: nullable(time("When it was last looked at; null: not since the server started")),
  mutedUntil: nullable(time("Until when nothing new is told of it")),
  instances: Type.Array(InstanceSchema, {
    description: "Those that are not ok, and those whose silence would be news",
  }),
});
/** A rule and its state. */
export type ShownRule = ValueOf<typeof ShownRuleSchema>;

const ShownDestinationSchema = Type.Object({
  name: text("Unique"),
  type: text("webhook, email or alertmanager"),
  url: text("Without what may be secret"),
  waiting: count("Notifications that wait to be sent"),
  problem: nullable(text("Why the last attempt failed")),
});

export const AlertsSchema = object("Alerts", {
  rules: Type.Array(ShownRuleSchema, { description: "In the order of the configuration" }),
  destinations: Type.Array(ShownDestinationSchema),
});
/** The rules and destinations as they are now. */
export type AlertsResponse = ValueOf<typeof AlertsSchema>;

export const AlertTestSchema = object("AlertTest", {
  destinations: Type.Array(
    Type.Object({ name: text("Of the destination"), problem: nullable(text("Why it was not told; null: it was")) }),
    { description: "Those of the rule" },
  ),
});
export type AlertTestResponse = ValueOf<typeof AlertTestSchema>;

export const AlertMuteSchema = object("AlertMute", { mutedUntil: nullable(time("null: it is not muted")) });
export type AlertMuteResponse = ValueOf<typeof AlertMuteSchema>;

/** Figures for metrics. Counters since the start of the process. */
export interface AlertFigures {
  readonly evaluations: number;
  readonly failures: number;
  /** How long their queries took, from the asking to the answer. */
  readonly querySeconds: number;
  /** Now: instances that fire. */
  readonly firing: number;
  /** By destination and outcome, in the form "chat delivered". */
  readonly deliveries: readonly { readonly destination: string; readonly outcome: string; readonly count: number }[];
  /** Requests to heartbeat_url. */
  readonly heartbeats: { readonly answered: number; readonly failed: number };
}

/** Figures of a server that has no alerts. */
export const NO_FIGURES: AlertFigures = {
  evaluations: 0,
  failures: 0,
  querySeconds: 0,
  firing: 0,
  deliveries: [],
  heartbeats: { answered: 0, failed: 0 },
};

/** Alerts as the read API sees them. */
export interface AlertService {
  list(): AlertsResponse;
  figures(): AlertFigures;
  /** Tells the rule's destinations that this is a test; undefined: there is no such rule. */
  test(rule: string): Promise<AlertTestResponse | undefined>;
  /** Nothing new is told until then, Unix ms; an instant that is over ends the mute. */
  mute(rule: string, until: number): Promise<"done" | "not_found" | "unavailable">;
}
