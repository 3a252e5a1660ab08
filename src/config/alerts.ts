// The [[alerts]] tables: their schema, from values to rules, and what is wrong with a rule as a whole. A search is
// parsed here, so that a rule that cannot work is found before the server starts.

import { type Static, type StaticDecode, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { type AlertRule, RULE_KINDS, type RuleKind, SEVERITIES } from "../core/alert_rule.ts";
import { SERVER_PROJECT } from "../core/alerts.ts";
import { formatDuration } from "../core/format.ts";
import { nearestName } from "../core/nearest.ts";
import { parseSearch } from "../search/parser.ts";
import type { LineProblem, Path, TomlDocument, TomlTable, TomlValue } from "./document.ts";
import {
  choice,
  duration,
  durationOrNone,
  PROJECT_EXPECTED,
  PROJECT_PATTERN,
  SettingRefused,
  table,
  text,
} from "./value_schemas.ts";
import { parseDuration } from "./value_text.ts";

const EVERY_MS_MIN = 1_000;
const EVERY_MS_MAX = 3_600_000;
const SEARCH_CHARACTERS_MAX = 2_000;
const NOTE_CHARACTERS_MAX = 2_000;
const NOTIFY_MAX = 10;
/** Too few of them say nothing of a share. */
const SHARE_MIN = 20;
/** Too few of them say nothing of a percentile. */
const PERCENTILE_MIN = 10;
const MIN_DEFAULTS: Readonly<Record<RuleKind, number>> = {
  count: 0,
  share: SHARE_MIN,
  percentile: PERCENTILE_MIN,
  silence: 0,
  running: 0,
};
const PERCENTILE_DEFAULT = 95;
const OF_DEFAULT = "kind:log";

/** Fields that every value of can be looked for exactly. */
const GROUP_FIELDS = ["touchpoint", "key", "apiKey", "project", "level", "source", "keyType", "kind", "status"];
const GROUP_EXPECTED = `one of ${GROUP_FIELDS.join(", ")}, or a metadata field such as "metadata.region"`;

const shortText = (what: string, charactersMax: number, standard?: string) => {
  const expects = `${what} of at most ${charactersMax} characters`;
  const decode = (value: string) => {
    if (Array.from(value).length > charactersMax) throw new SettingRefused(`expected ${expects}`);
    return value;
  };
  return text(expects, decode, standard === undefined ? {} : { default: standard });
};

const ruleName = () => {
  const expects = "1 to 80 characters without control characters";
  return text(expects, (value) => {
    const length = Array.from(value).length;
    if (length < 1 || length > 80 || /\p{Cc}/u.test(value) || value.trim() === "")
      throw new SettingRefused(`expected ${expects}`);
    return value;
  });
};

const groupField = () =>
  text(GROUP_EXPECTED, (value) => {
    if (!GROUP_FIELDS.includes(value) && !/^metadata\.[^"]/.test(value)) {
      const nearest = nearestName(value, [...GROUP_FIELDS, `metadata.${value}`], 3);
      const hint = nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
      throw new SettingRefused(`expected ${GROUP_EXPECTED}${hint}`);
    }
    return value;
  });

/** A number; of a percentile a duration as well, as ms. */
const bound = () => {
  const expects = 'a number, or of a percentile a duration such as "800ms" or "1.5s"';
  return Type.Optional(
    Type.Transform(Type.Union([Type.Number(), Type.String()], { expects }))
      .Decode((value) => {
        const milliseconds = typeof value === "string" ? boundMs(value) : value;
        if (milliseconds === undefined) throw new SettingRefused(`expected ${expects}`);
        return milliseconds;
      })
      .Encode((value) => value),
  );
};

/** "1.5s" has no place in other durations: nobody keeps records for half a day and a bit. */
function boundMs(written: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(written) ?? [];
  const unitMs = parseDuration(`1${unit}`);
  return unitMs === undefined ? undefined : Number(number) * unitMs;
}

const destinationNames = () =>
  Type.Array(Type.String(), {
    maxItems: NOTIFY_MAX,
    expects: `a list of at most ${NOTIFY_MAX} names of [[destinations]]`,
    default: [],
  });

/** One [[alerts]] table. */
export const AlertSchema = table({
  name: ruleName(),
  project: Type.Optional(Type.String({ pattern: PROJECT_PATTERN, expects: PROJECT_EXPECTED })),
  q: shortText("a search", SEARCH_CHARACTERS_MAX, ""),
  kind: choice(RULE_KINDS, "count"),
  of: Type.Optional(shortText("a search", SEARCH_CHARACTERS_MAX)),
  p: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100, expects: "a number above 0, up to 100" })),
  window: duration("5m"),
  every: duration("30s"),
  above: bound(),
  below: bound(),
  resolve_below: bound(),
  resolve_above: bound(),
  for: durationOrNone("0s"),
  keep: durationOrNone("0s"),
  group_by: Type.Optional(groupField()),
  min: Type.Optional(Type.Integer({ minimum: 0, maximum: 1e9, expects: "a whole number from 0 to 1e9" })),
  repeat: Type.Optional(duration()),
  notify: destinationNames(),
  severity: choice(SEVERITIES, "warning"),
  note: Type.Optional(shortText("a text", NOTE_CHARACTERS_MAX)),
});

export type AlertValues = StaticDecode<typeof AlertSchema>;

/** The rules of tables that have no problem. */
export function alertRules(document: TomlDocument, tables: readonly AlertValues[]): AlertRule[] {
  return tables.map((values, index) => ({ ...ruleOf(values), line: document.line(["alerts", index]) }));
}

/** The rule of values that have no problem. */
export function ruleOf(values: AlertValues): AlertRule {
  const { name, project, q, kind, window: windowMs, every: everyMs, group_by: groupBy, severity, note } = values;
  const side = kind === "silence" || values.below !== undefined ? "below" : "above";
  const bounds: Readonly<Record<string, number | undefined>> = { silence: 1, running: values.above ?? 0 };
  return {
    name,
    project,
    q,
    kind,
    of: values.of ?? OF_DEFAULT,
    percentile: values.p ?? PERCENTILE_DEFAULT,
    windowMs,
    everyMs,
    side,
    bound: bounds[kind] ?? values.above ?? values.below ?? 0,
    resolveBound: side === "above" ? values.resolve_below : values.resolve_above,
    forMs: values.for,
    keepMs: values.keep,
    groupBy,
    min: values.min ?? MIN_DEFAULTS[kind],
    repeatMs: values.repeat,
    notify: [...new Set(values.notify)],
    severity,
    note,
  };
}

/** What is wrong with a rule: the setting that it is about, and the message after that setting's name and value. */
export interface SettingProblem {
  readonly setting: keyof Static<typeof AlertSchema> | undefined;
  readonly message: string;
  /** Where in the setting's search, in UTF-16 units from 0. */
  readonly at?: number;
  /** Whether it is about a name that the rule needs and that there is not. */
  readonly isMissing?: boolean;
}

/** The names that a rule can refer to, and the settings that decide what it can find. */
export interface RuleContext {
  readonly projects: readonly string[];
  readonly destinations: readonly string[];
}

/** Problems and warnings of the rules; `completed` comes from checkDocument. */
export function checkAlerts(
  document: TomlDocument,
  completed: TomlTable,
): { readonly problems: LineProblem[]; readonly warnings: LineProblem[] } {
  const problems: LineProblem[] = [];
  const warnings: LineProblem[] = [];
  const names = new Map<string, number>();
  const context = { projects: projectsOf(completed), destinations: namesOf(completed["destinations"]) };
  const timeoutMs = timeoutOf(completed);
  const tables = Array.isArray(completed["alerts"]) ? completed["alerts"] : [];
  for (const [index, given] of tables.entries()) {
    if (!isTable(given)) continue;
    const path: Path = ["alerts", index];
    const place = ({ setting, message, isMissing = false }: SettingProblem): LineProblem => ({
      line: document.line(setting === undefined ? path : [...path, setting]),
      message: setting === undefined ? `alerts: ${message}` : `alerts.${setting}${written(given[setting])}: ${message}`,
      ...(isMissing ? { isMissing } : {}),
    });
    const { name } = given;
    if (typeof name === "string") {
      const line = document.line([...path, "name"]);
      const earlier = names.get(name);
      if (earlier === undefined) names.set(name, line);
      else problems.push(place({ setting: "name", message: `the rule in line ${earlier} has this name too` }));
    }
    // A value that was refused is absent, and has its own problem.
    if (hasRefused(document, path, given) || !Value.Check(AlertSchema, given)) continue;
    const values = Value.Decode(AlertSchema, given);
    const found = ruleProblems(values, given, context);
    problems.push(...found.map(place));
    if (values.kind === "running" && timeoutMs !== undefined && values.window >= timeoutMs) {
      const timeout = `timings.timeout (${formatDuration(timeoutMs)})`;
      const message = `a start is closed as unfinished after ${timeout}: only starts that were sent late are found`;
      warnings.push(place({ setting: "window", message }));
    }
  }
  return { problems, warnings };
}

/** Whether a setting that is written in the file was refused. */
function hasRefused(document: TomlDocument, path: Path, given: TomlTable): boolean {
  const names = Object.keys(AlertSchema.properties);
  return names.some((name) => given[name] === undefined && document.mark([...path, name]) !== undefined);
}

/** What is wrong with a rule as a whole. @param given the same as it is written */
export function ruleProblems(
  values: AlertValues,
  given: Readonly<Record<string, unknown>>,
  context: RuleContext,
): SettingProblem[] {
  return [...boundProblems(values, given), ...problemsOf(values, context)];
}

/** Fields that only a stored record has. */
const UNKNOWN_OF_STARTS: readonly string[] = ["level", "kind", "status"];

function problemsOf(values: AlertValues, context: RuleContext): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const { kind, project, notify, window, every } = values;
  for (const setting of ["q", "of"] as const) {
    const parsed = parseSearch(values[setting] ?? "");
    if (parsed.ok) continue;
    const { message, at } = parsed.problem;
    problems.push({ setting, message: `at character ${at + 1}: ${message}`, at });
  }
  if (every < EVERY_MS_MIN || every > EVERY_MS_MAX)
    problems.push({ setting: "every", message: "expected a duration from 1s to 1h" });
  const { group_by: groupBy } = values;
  if (kind === "running" && groupBy !== undefined && UNKNOWN_OF_STARTS.includes(groupBy))
    problems.push({ setting: "group_by", message: "a timing that is open has none of this yet" });
  if (kind !== "running" && window < every) {
    const message = `expected at least every (${formatDuration(every)}): what is received between two windows would never be looked at`;
    problems.push({ setting: "window", message });
  }
  if (kind !== "share" && values.of !== undefined) problems.push(onlyOf("of", "share"));
  if (kind !== "percentile" && values.p !== undefined) problems.push(onlyOf("p", "percentile"));
  if (kind !== "share" && kind !== "percentile" && values.min !== undefined)
    problems.push({ setting: "min", message: 'expected with kind = "share" or "percentile" only' });
  if (project !== undefined && !context.projects.includes(project)) {
    const known = context.projects.filter((name) => name !== SERVER_PROJECT);
    const message = `no key sends to this project${hint(project, context.projects)} (there are: ${known.join(", ")})`;
    problems.push({ setting: "project", message, isMissing: true });
  }
  for (const name of notify) {
    if (context.destinations.includes(name)) continue;
    const there =
      context.destinations.length === 0 ? "there are none" : `there are: ${context.destinations.join(", ")}`;
    const message = `no [[destinations]] table is named ${JSON.stringify(name)}${hint(name, context.destinations)} (${there})`;
    problems.push({ setting: "notify", message, isMissing: true });
  }
  return problems;
}

const onlyOf = (setting: "of" | "p", kind: string): SettingProblem => ({
  setting,
  message: `expected with kind = "${kind}" only`,
});

function hint(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
}

const BOUNDS = ["above", "below", "resolve_below", "resolve_above"] as const;

function boundProblems(values: AlertValues, given: Readonly<Record<string, unknown>>): SettingProblem[] {
  const { kind, above, below, resolve_below: resolveBelow, resolve_above: resolveAbove } = values;
  if (kind === "silence") {
    return BOUNDS.filter((name) => values[name] !== undefined).map((setting) => ({
      setting,
      message: "silence has no bounds: it fires when nothing matches in the window",
    }));
  }
  const problems: SettingProblem[] = [];
  const add = (setting: (typeof BOUNDS)[number] | undefined, message: string) => problems.push({ setting, message });
  if (above !== undefined && below !== undefined) add("below", "expected either above or below");
  if (above === undefined && below === undefined && kind !== "running") {
    problems.push({ setting: undefined, message: `a rule of kind "${kind}" needs above or below`, isMissing: true });
  }
  if (resolveBelow !== undefined && below !== undefined) add("resolve_below", "belongs to above: take resolve_above");
  if (resolveAbove !== undefined && below === undefined) add("resolve_above", "belongs to below: take resolve_below");
  const upper = above ?? (kind === "running" ? 0 : undefined);
  if (upper !== undefined && resolveBelow !== undefined && resolveBelow > upper)
    add("resolve_below", `expected at most above (${upper}): between the two the rule would fire and resolve at once`);
  if (below !== undefined && resolveAbove !== undefined && resolveAbove < below)
    add("resolve_above", `expected at least below (${below}): between the two the rule would fire and resolve at once`);
  if (resolveBelow !== undefined && resolveBelow <= 0)
    add("resolve_below", "no value is below 0: it would never resolve; leave it out to resolve at above itself");
  if (below !== undefined && below <= 0) add("below", "no value is below 0: it would never fire");
  if (above !== undefined && above < 0) add("above", "every value is above it: expected 0 or more");
  for (const setting of BOUNDS) {
    const value = values[setting];
    if (value === undefined) continue;
    if (typeof given[setting] === "string" && kind !== "percentile")
      add(setting, "a duration belongs to a percentile: expected a number");
    if (kind !== "share") continue;
    if (value > 1) add(setting, `expected a share from 0 to 1: ${value} % is ${value / 100}`);
    else if (setting === "above" && value === 1) add(setting, "no share is above 1: it would never fire");
    else if (setting === "resolve_above" && value === 1) add(setting, "no share is above 1: it would never resolve");
  }
  return problems;
}

/** Projects that a key sends to, that have a table, and the server's own. */
function projectsOf(completed: TomlTable): string[] {
  const keys = Array.isArray(completed["keys"]) ? completed["keys"] : [];
  const sent = keys.flatMap((pair) => (isTable(pair) && typeof pair["project"] === "string" ? [pair["project"]] : []));
  const tables = isTable(completed["projects"]) ? Object.keys(completed["projects"]) : [];
  return [...new Set([...sent, ...tables, SERVER_PROJECT])];
}

function namesOf(tables: TomlValue | undefined): string[] {
  if (!Array.isArray(tables)) return [];
  return tables.flatMap((one) => (isTable(one) && typeof one["name"] === "string" ? [one["name"]] : []));
}

function timeoutOf({ timings }: TomlTable): number | undefined {
  const timeout = isTable(timings) ? timings["timeout"] : undefined;
  return typeof timeout === "string" ? parseDuration(timeout) : undefined;
}

function written(value: TomlValue | undefined): string {
  return typeof value === "string" || typeof value === "number" ? ` = ${JSON.stringify(value)}` : "";
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}
