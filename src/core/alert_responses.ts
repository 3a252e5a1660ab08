// What is shown of alerts: rules with their states, destinations, and what a person did to them; and rules as a person
// writes them. As schemas with their types; all times are Unix milliseconds.

import { Type } from "@sinclair/typebox";
import { RULE_KINDS, type RuleProblem, SEVERITIES } from "./alert_rule.ts";
import type { QueryRefusal } from "./queries.ts";
import { count, nullable, object, text, time, type ValueOf } from "./schema_parts.ts";

const literals = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

/** Who can change a rule: whoever edits the configuration, or the admin in the app. */
export const RULE_SOURCES = ["configuration", "app"] as const;

/** Firings that a preview lists. */
export const FIRINGS_MAX = 500;
/** Points of a preview's chart. */
export const PREVIEW_POINTS_MAX = 400;

/** Where an instance of a rule stands. */
export const PHASE_NAMES = ["ok", "pending", "firing", "recovering"] as const;

const InstanceSchema = Type.Object({
  group: nullable(text("The value of the field that the rule groups by; null: it groups by none")),
  state: literals(PHASE_NAMES, "recovering: still firing, and the value is back"),
  since: nullable(time("When it began to fire")),
  value: nullable(Type.Number({ description: "Records, a share from 0 to 1, or ms, when it was last looked at" })),
  unknown: nullable(text("Why nothing is known of it now")),
});

export const ShownRuleSchema = object("AlertRule", {
  name: text("Unique"),
  project: nullable(text("null: all projects")),
  q: text("The search"),
  kind: literals(RULE_KINDS, "What is measured"),
  of: text("Of a share: the search for the records among which those that match are counted"),
  p: Type.Number({ description: "Of a percentile: which one" }),
  min: count("Records of `of`, or timings, below which nothing is known"),
  windowMs: Type.Number({ description: "Records received in this time are looked at, ms" }),
  everyMs: Type.Number({ description: "How often, ms" }),
  side: literals(["above", "below"], "Which side of the bound is bad"),
  bound: Type.Number({ description: "Records, a share from 0 to 1, or ms" }),
  resolveBound: nullable(Type.Number()),
  forMs: Type.Number(),
  keepMs: Type.Number(),
  groupBy: nullable(text("A field")),
  repeatMs: nullable(Type.Number({ description: "How often it is told again while it fires, ms; null: never" })),
  severity: literals(SEVERITIES, "How urgent it is"),
  note: nullable(text("For whoever is told")),
  notify: Type.Array(Type.String(), { description: "Names of destinations" }),
  source: literals(RULE_SOURCES, "configuration: the file has it, and only there it can be changed"),
  line: nullable(count("Of the configuration file; null: it is not there")),
  problem: nullable(text("What of it does not work: a destination or a project that the configuration has no more")),
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
  rules: Type.Array(ShownRuleSchema, {
    description: "Those of the configuration in its order, then the app's by name",
  }),
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

/** A member of a rule as it is written: described here, and checked where the configuration's rules are. */
const member = (type: string, description: string, example: unknown) =>
  Type.Optional(Type.Any({ type, description, examples: [example] }));

/** A rule as a person writes it, as AlertRuleText: the members of an [[alerts]] table. */
export const AlertRuleTextSchema = Type.Object({
  name: Type.Any({ type: "string", description: "Unique among all rules", examples: ["errors in the shop"] }),
  project: member("string", "Absent: all projects but the server's own", "default"),
  q: member("string", 'The search; absent: ""', "level:error"),
  kind: member("string", `One of ${RULE_KINDS.join(", ")}; absent: "count"`, "count"),
  of: member("string", 'Of a share: a search; absent: "kind:log"', "kind:log"),
  p: member("number", "Of a percentile: above 0, up to 100; absent: 95", 95),
  window: member("string", 'Absent: "5m"', "5m"),
  every: member("string", 'From "1s" to "1h"; absent: "30s"', "30s"),
  above: member("number", 'Or below. Of a percentile ms, or a duration such as "1.5s"', 10),
  below: member("number", 'Or above. Of a percentile ms, or a duration such as "1.5s"', 5),
  resolve_below: member("number", "With above; absent: above", 5),
  resolve_above: member("number", "With below; absent: below", 7),
  for: member("string", 'Absent: "0s"', "1m"),
  keep: member("string", 'Absent: "0s"', "5m"),
  group_by: member("string", "A field", "touchpoint"),
  min: member("integer", "Of a share or a percentile; absent: 20, or 10", 20),
  repeat: member("string", "Absent: it is told once", "4h"),
  notify: Type.Optional(Type.Any({ description: "Names of destinations", examples: [[]] })),
  severity: member("string", `One of ${SEVERITIES.join(", ")}; absent: "warning"`, "warning"),
  note: member("string", "For whoever is told", "The runbook is in the wiki."),
});

export const RuleProblemSchema = object("AlertRuleProblem", {
  message: text("What is wrong, for people"),
  member: Type.Optional(text("The member of the rule that it is about; absent: the rule as a whole")),
  at: Type.Optional(count("Where in the member's search, in UTF-16 units from 0")),
  errors: Type.Optional(
    Type.Object(
      {
        fieldErrors: Type.Record(Type.String(), Type.Array(Type.String())),
        formErrors: Type.Array(Type.String()),
      },
      { description: "What is wrong with the body around the rule" },
    ),
  ),
});

const FiringSchema = Type.Object({
  group: nullable(text("The value of the field that the rule groups by; null: it groups by none")),
  from: time("When it would have begun to fire"),
  to: nullable(time("When it would have resolved; null: it would fire still")),
  peak: Type.Number({ description: "The value furthest beyond the bound" }),
});

export const AlertPreviewSchema = object("AlertPreview", {
  from: time("The first evaluation"),
  to: time("The last evaluation"),
  everyMs: Type.Number({ description: "From one evaluation to the next" }),
  evaluated: count("Evaluations"),
  unknown: count("Evaluations that would have known nothing: too few records"),
  fired: count("How often it would have fired"),
  firings: Type.Array(FiringSchema, { maxItems: FIRINGS_MAX, description: "The first of them, by their begin" }),
  threshold: Type.Number({ description: "The bound" }),
  values: Type.Array(Type.Object({ at: time("The first of them"), value: nullable(Type.Number()) }), {
    maxItems: PREVIEW_POINTS_MAX,
    description: "Of evaluations next to each other the worst value of any instance",
  }),
  truncated: nullable(text("What was left out; null: nothing")),
  notes: Type.Array(Type.String(), { description: "What the stored records cannot tell of this rule" }),
});
/** How often a rule would have fired. */
export type AlertPreviewResponse = ValueOf<typeof AlertPreviewSchema>;

/** A change of the rules that the data file has. The rule is not checked yet. */
export type RuleChange =
  | { readonly kind: "create"; readonly rule: unknown }
  /** The whole rule; another name in it renames it. */
  | { readonly kind: "replace"; readonly name: string; readonly rule: unknown }
  | { readonly kind: "delete"; readonly name: string };

/** Why rules were not changed. */
export type RuleRefusalCode = "invalid" | "not_found" | "already_there" | "limit" | "configured" | "unavailable";

export type RuleChangeOutcome =
  /** The rule as it is now; undefined: it was deleted. */
  | { readonly ok: true; readonly rule: ShownRule | undefined }
  | { readonly ok: false; readonly code: RuleRefusalCode; readonly problem: RuleProblem };

/** What to preview: evaluations from the first instant to the second, Unix ms; undefined: the last week. */
export interface PreviewOrder {
  /** Not checked yet; or, where it is a rule that there is, its name. */
  readonly rule: unknown;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

export type PreviewOutcome =
  | { readonly ok: true; readonly preview: AlertPreviewResponse }
  /** Undefined: there is no rule of this name. */
  | { readonly ok: false; readonly problem: RuleProblem | undefined }
  | { readonly ok: false; readonly refusal: QueryRefusal };

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
  /** Changes the rules of the data file. */
  changeRule(change: RuleChange): Promise<RuleChangeOutcome>;
  /** How often a rule would have fired, by the stored records. An aborted signal stops the work. */
  preview(order: PreviewOrder, signal: AbortSignal): Promise<PreviewOutcome>;
}
