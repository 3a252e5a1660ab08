// `simplelogs alerts`: the rules with their states, a test, a preview, a mute, what happened. A running server answers, since only
// it evaluates rules.

import type { Command } from "commander";
import { parseDuration } from "../config/value_text.ts";
import type { AlertPreviewResponse, AlertsResponse, AlertTestResponse, ShownRule } from "../core/alert_responses.ts";
import type { RuleKind } from "../core/alert_rule.ts";
import { OperatingError } from "../core/errors.ts";
import { formatDuration, formatInstant } from "../core/format.ts";
import type { EntriesResponse } from "../core/responses.ts";
import { escapeControls } from "../core/terminal.ts";
import { addConfigOption, type CliContext, configFileOf, requireReadingSettings } from "./context.ts";
import {
  configuredUrl,
  remoteAddressOf,
  type SourceOptions,
  TOKEN_VARIABLE,
  tokenOf,
  URL_VARIABLE,
} from "./options.ts";
import { jsonLine } from "./output.ts";
import { RemoteServer } from "./remote_server.ts";
import { formatTable } from "./style.ts";

interface ServerOptions extends Pick<SourceOptions, "url" | "token"> {
  readonly json?: boolean;
}

interface MuteOptions extends ServerOptions {
  readonly for: string;
}

interface HistoryOptions extends ServerOptions {
  readonly limit: string;
}

/** Adds the commands to the program. */
export function registerAlerts(program: Command, context: CliContext): void {
  const alerts = program
    .command("alerts")
    .summary("show, test and mute alert rules")
    .description(
      "Shows, tests and mutes the alert rules of a running server: the configuration's, and those of the app.",
    );
  const command = (name: string, summary: string) =>
    addConfigOption(alerts.command(name))
      .summary(summary)
      .option("--url <url>", `the server at this address (or ${URL_VARIABLE}; default: as the configuration says)`)
      .option("--token <token>", `the server's admin token (better ${TOKEN_VARIABLE}, which other users cannot see)`)
      .option("--json", "print the server's answer");
  const list = command("list", "each rule with its state").description("Shows each alert rule with its state.");
  list.action(async (options: ServerOptions) => {
    const server = await serverOf(list, options, context);
    const answer = (await server.get("/api/v1/alerts", {})) as AlertsResponse;
    print(context, options, answer, () => rulesText(checked(answer.rules)));
  });
  const test = command("test", "tell a rule's destinations that this is a test")
    .description("Tells the destinations of a rule that this is a test, and shows who was told.")
    .argument("<name>", "name of the rule");
  test.action(async (name: string, options: ServerOptions) => {
    const server = await serverOf(test, options, context);
    const answer = (await server.post("/api/v1/alerts/test", { name })) as AlertTestResponse;
    const destinations = checked(answer.destinations);
    print(context, options, answer, () => testText(destinations));
    const failed = destinations.filter(({ problem }) => problem !== null).length;
    if (failed > 0)
      throw new OperatingError("io", `${failed} of ${destinations.length} destinations could not be told`);
  });
  const preview = command("preview", "how often a rule would have fired in the last week")
    .description("Shows when a rule would have fired, by the records that are stored.")
    .argument("<name>", "name of the rule")
    .option("--for <duration>", 'over how long, up to now, such as "30d"', "7d");
  preview.action(async (name: string, options: MuteOptions) => {
    const forMs = lengthOf(options);
    const server = await serverOf(preview, options, context);
    const to = Date.now();
    const body = { name, from: Math.max(0, to - forMs), to };
    const answer = (await server.post("/api/v1/alerts/preview", body)) as AlertPreviewResponse;
    const { rules } = (await server.get("/api/v1/alerts", {})) as AlertsResponse;
    const kind = checked(rules).find((rule) => rule.name === name)?.kind ?? "count";
    print(context, options, answer, () => previewText(answer, kind));
  });
  const mute = command("mute", "tell nothing new of a rule for some time")
    .description("Tells nothing new of a rule for some time. What was told as firing is told as resolved all the same.")
    .argument("<name>", "name of the rule")
    .requiredOption("--for <duration>", 'for how long, such as "2h"; "0s" ends the mute');
  mute.action(async (name: string, options: MuteOptions) => {
    const forMs = lengthOf(options);
    const server = await serverOf(mute, options, context);
    const answer = (await server.post("/api/v1/alerts/mute", { name, forMs })) as { mutedUntil: number | null };
    print(context, options, answer, () =>
      answer.mutedUntil === null
        ? `${name} is not muted\n`
        : `${name} is muted until ${formatInstant(answer.mutedUntil)}\n`,
    );
  });
  const history = command("history", "what fired and resolved, newest first")
    .description("Shows what fired and resolved, newest first: records of the project simplelogs.")
    .option("--limit <count>", "at most so many", "50");
  history.action(async (options: HistoryOptions) => {
    const server = await serverOf(history, options, context);
    const answer = (await server.get("/api/v1/alerts/history", { limit: options.limit })) as EntriesResponse;
    const lines = () =>
      checked(answer.entries).map(({ time, message = "" }) => `${formatInstant(time)}  ${escapeControls(message)}\n`);
    print(context, options, answer, () => lines().join("") || "nothing has fired yet\n");
  });
}

/** The running server: as --url or the environment say, else as the configuration says. Throws OperatingError. */
async function serverOf(command: Command, options: ServerOptions, context: CliContext): Promise<RemoteServer> {
  const address = remoteAddressOf(command, options, context);
  if (address !== undefined) return new RemoteServer(address);
  const token = tokenOf(options, context);
  const settings = await requireReadingSettings(configFileOf(command, context), context);
  const url = configuredUrl(settings);
  if (token !== undefined && url !== undefined) return new RemoteServer({ url, token, isOwn: true });
  const missing = url === undefined ? "--url: the port is not known" : `the admin token: set ${TOKEN_VARIABLE}`;
  throw new OperatingError("usage", `a running server is asked, which needs ${missing}`);
}

function lengthOf({ for: written }: MuteOptions): number {
  const forMs = parseDuration(written);
  if (forMs !== undefined) return forMs;
  throw new OperatingError("usage", `--for ${written}: expected a duration such as "2h" or "30m", or "0s"`);
}

function print(context: CliContext, { json }: ServerOptions, answer: object, text: () => string): void {
  context.stdout.write(json === true ? jsonLine(answer, context) : text());
}

/** Any program may answer at an address. */
function checked<T>(rows: readonly T[]): readonly T[] {
  if (!Array.isArray(rows)) throw new OperatingError("io", "the answer is not of alerts: is it a SimpleLogs server?");
  return rows;
}

function rulesText(rules: readonly ShownRule[]): string {
  if (rules.length === 0) return "there are no rules: docs/alerts.md has twenty to begin with\n";
  const rows = rules.flatMap((rule) => {
    const muted = rule.mutedUntil === null ? "" : `muted until ${formatInstant(rule.mutedUntil)}`;
    const place = rule.line === null ? "the app" : `line ${rule.line}`;
    const remarks = [rule.problem, rule.unknown, muted].filter((remark) => remark !== null && remark !== "");
    const own = [rule.name, rule.state, valueText(rule, wholeOf(rule)), boundText(rule), place, remarks.join("; ")];
    const groups = rule.instances.filter(({ group }) => group !== null);
    return [
      own,
      ...groups.map((one) => [`  ${one.group}`, one.state, valueText(rule, one.value), "", "", one.unknown ?? ""]),
    ];
  });
  const head = ["RULE", "STATE", "VALUE", "FIRES", "MADE IN", ""];
  return formatTable([head, ...rows], ["left", "left", "left", "left", "left", "left"]);
}

function wholeOf({ instances }: ShownRule): number | null {
  return instances.find(({ group }) => group === null)?.value ?? null;
}

function valueText({ kind }: ShownRule, value: number | null): string {
  return value === null ? "-" : valueOf(kind, value);
}

function boundText({ kind, side, bound }: ShownRule): string {
  return kind === "silence" ? "when nothing comes" : `${side} ${valueOf(kind, bound)}`;
}

function valueOf(kind: RuleKind, value: number): string {
  if (kind === "percentile") return formatDuration(value);
  return kind === "share" ? `${Number((value * 100).toPrecision(3))} %` : String(value);
}

function previewText(
  { from, to, fired, firings, evaluated, unknown, truncated, notes }: AlertPreviewResponse,
  kind: RuleKind,
) {
  const times = fired === 1 ? "once" : `${fired} times`;
  const blind = unknown === 0 ? "" : `; nothing was known at ${unknown}`;
  const lines = checked(firings).map((firing) => [
    formatInstant(firing.from),
    firing.to === null ? "fires still" : formatDuration(firing.to - firing.from),
    valueOf(kind, firing.peak),
    firing.group ?? "",
  ]);
  const table =
    lines.length === 0 ? "" : formatTable([["FIRED", "FOR", "PEAK", ""], ...lines], ["left", "right", "right", "left"]);
  const remarks = [...(truncated === null ? [] : [`left out: ${truncated}`]), ...notes];
  return [
    `would ${fired === 0 ? "not have fired" : `have fired ${times}`} from ${formatInstant(from)} to ${formatInstant(to)}\n`,
    `${evaluated} evaluations${blind}\n`,
    table,
    ...remarks.map((remark) => `${escapeControls(remark)}\n`),
  ].join("");
}

function testText(destinations: AlertTestResponse["destinations"]): string {
  if (destinations.length === 0) return "the rule tells nobody: it has no notify\n";
  return destinations
    .map(({ name, problem }) => `${escapeControls(name)}: ${problem === null ? "told" : escapeControls(problem)}\n`)
    .join("");
}
