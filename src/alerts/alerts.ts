// Alerts of a running server: the rules that are evaluated, the destinations that are told, the heartbeat. Loaded only
// where the configuration or the data file has something for it.

import type {
  AlertFigures,
  AlertService,
  AlertsResponse,
  AlertTestResponse,
  RuleChange,
  RuleChangeOutcome,
  ShownRule,
} from "../core/alert_responses.ts";
import type { AlertRule, RuleReading } from "../core/alert_rule.ts";
import type { AlertRow } from "../core/alerts.ts";
import type { ChangeService } from "../core/changes.ts";
import type { Clock } from "../core/clock.ts";
import type { Destination } from "../core/destination.ts";
import type { Notification } from "../core/notification.ts";
import type { QueryService } from "../core/queries.ts";
import type { Secret } from "../core/secret.ts";
import { AllowedAddresses } from "./delivery/addresses.ts";
import { postAlerts } from "./delivery/alertmanager.ts";
import { Deliveries } from "./delivery/deliveries.ts";
import { systemResolve } from "./delivery/dial.ts";
import { startHeartbeat } from "./delivery/heartbeat.ts";
import type { DeliveryContext, Schedule } from "./delivery/outcome.ts";
import { send } from "./delivery/send.ts";
import { Evaluator } from "./evaluator.ts";
import { decideChange } from "./rule_changes.ts";
import { WHOLE } from "./rules/observe.ts";
import type { RuleEvaluation } from "./rules/rule_evaluation.ts";
import type { Phase } from "./rules/state.ts";
import { type Links, notificationOf } from "./rules/telling.ts";

/** What the configuration says of alerts. */
export interface AlertSettings {
  readonly alerts: readonly AlertRule[];
  readonly destinations: readonly Destination[];
  readonly heartbeatUrl: Secret | undefined;
  readonly privateAddresses: readonly string[];
  readonly publicUrl: string | undefined;
}

export interface AlertsOptions {
  readonly settings: AlertSettings;
  /** What the data file has. */
  readonly rows: readonly AlertRow[];
  readonly queries: Pick<QueryService, "query">;
  readonly changes: ChangeService;
  /**
   * Reads a rule as a person writes it. `isKept`: it was checked when it was made, and what it refers to may be gone
   * meanwhile.
   */
  readonly readRule: (given: unknown, isKept: boolean) => RuleReading;
  /** Resolves once everything that was received before is committed or refused. */
  readonly drained: () => Promise<void>;
  readonly isReady: () => boolean;
  /** What the server listens on, without a slash at the end: for links where the configuration names no address. */
  readonly listenUrl: () => string;
  /** Unix ms. */
  readonly clock: Clock;
  readonly monotonic: Clock;
  readonly schedule: Schedule;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

export class Alerts implements Omit<AlertService, "preview"> {
  readonly #options: AlertsOptions;
  readonly #stopping = new AbortController();
  readonly #counts = new Map<string, number>();
  readonly #heartbeats = { answered: 0, failed: 0 };
  readonly #evaluator: Evaluator;
  readonly #deliveries: Deliveries;
  /** As they were written, of the data file's rules. */
  readonly #texts = new WeakMap<AlertRule, unknown>();
  /** What does not work of the data file's rules, under the present settings; null: nothing. */
  #problems = new WeakMap<AlertRule, string | null>();
  #settings: AlertSettings;
  #allowed: AllowedAddresses;
  #stopHeartbeat: () => void = () => undefined;

  constructor(options: AlertsOptions) {
    const { settings, rows, queries, changes, drained, clock, monotonic, schedule, log } = options;
    this.#options = options;
    this.#settings = settings;
    this.#allowed = new AllowedAddresses(settings.privateAddresses);
    // The evaluator hands over what the data file has before there is anyone to take it.
    const early: Parameters<Deliveries["add"]>[0][number][] = [];
    let take = (deliveries: Parameters<Deliveries["add"]>[0]): void => void early.push(...deliveries);
    this.#evaluator = new Evaluator(
      {
        rules: settings.alerts,
        ruleOf: (row) => this.#ruleOf(row),
        queries,
        changes,
        drained,
        clock,
        monotonic,
        schedule,
        links: () => this.#links(),
        queued: (deliveries) => take(deliveries),
        log,
      },
      rows,
    );
    this.#deliveries = new Deliveries({
      destinations: settings.destinations,
      queued: early,
      store: { change: ({ removed, put }) => this.#evaluator.changeQueue(removed, put) },
      send: (destination, told) => send(destination, told, this.#context()),
      repost: (destination, firing) =>
        destination.type === "alertmanager"
          ? postAlerts(destination, firing, this.#context())
          : Promise.resolve({ outcome: "delivered" as const }),
      firing: (destination) => this.#evaluator.firing(destination),
      clock,
      monotonic,
      schedule,
      count: (destination, outcome, count) => {
        const key = JSON.stringify([destination, outcome]);
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
      },
      log,
    });
    take = (deliveries) => this.#deliveries.add(deliveries);
    this.#beginHeartbeat();
    this.#evaluator.start();
  }

  /** Takes over a changed configuration. */
  async setSettings(settings: AlertSettings): Promise<void> {
    const isOtherHeartbeat = settings.heartbeatUrl?.reveal() !== this.#settings.heartbeatUrl?.reveal();
    this.#settings = settings;
    this.#problems = new WeakMap();
    this.#allowed = new AllowedAddresses(settings.privateAddresses);
    this.#deliveries.setDestinations(settings.destinations);
    if (isOtherHeartbeat) this.#beginHeartbeat();
    await this.#evaluator.setRules(settings.alerts);
  }

  /** Begins nothing more, and ends what is under way. */
  stop(): void {
    this.#stopHeartbeat();
    this.#evaluator.stop();
    this.#deliveries.stop();
    this.#stopping.abort();
  }

  list(): AlertsResponse {
    const destinations = this.#deliveries.status();
    return {
      rules: this.#evaluator.rules.map((evaluation) => this.#shown(evaluation)),
      destinations: destinations.map((one) => ({ ...one, problem: one.problem ?? null })),
    };
  }

  figures(): AlertFigures {
    const { evaluations, failures, queryMs } = this.#evaluator.figures;
    const firing = this.#evaluator.rules.reduce((sum, one) => sum + one.firing, 0);
    const deliveries = [...this.#counts].map(([key, count]) => {
      const [destination = "", outcome = ""] = JSON.parse(key) as string[];
      return { destination, outcome, count };
    });
    const heartbeats = { ...this.#heartbeats };
    return { evaluations, failures, querySeconds: queryMs / 1_000, firing, deliveries, heartbeats };
  }

  async test(name: string): Promise<AlertTestResponse | undefined> {
    const rule = this.find(name)?.rule;
    if (rule === undefined) return undefined;
    const now = this.#options.clock();
    const change = { rule, group: WHOLE, telling: "test", value: undefined, firingFrom: now, t: now } as const;
    const notification: Notification = notificationOf(change, [], this.#links());
    const destinations = rule.notify.map(async (destination) => {
      const outcome = await this.#deliveries.tell(destination, notification);
      return { name: destination, problem: outcome.outcome === "delivered" ? null : outcome.reason };
    });
    return { destinations: await Promise.all(destinations) };
  }

  async mute(name: string, until: number): Promise<"done" | "not_found" | "unavailable"> {
    if (this.find(name) === undefined) return "not_found";
    return (await this.#evaluator.mute(name, until)) ? "done" : "unavailable";
  }

  async changeRule(change: RuleChange): Promise<RuleChangeOutcome> {
    const { clock, readRule } = this.#options;
    const decision = await this.#evaluator.changeRules((known) =>
      decideChange(change, known, (rule) => readRule(rule, false), clock()),
    );
    if (decision === undefined) {
      return { ok: false, code: "unavailable", problem: { message: "The rules could not be written" } };
    }
    if (!decision.ok) return decision;
    const found = decision.name === undefined ? undefined : this.find(decision.name);
    return { ok: true, rule: found === undefined ? undefined : this.#shown(found) };
  }

  /** The rule of a name; undefined: there is none. */
  find(name: string): RuleEvaluation | undefined {
    return this.#evaluator.rules.find(({ rule }) => rule.name === name);
  }

  /** The rule of a row; one that another version wrote may be none. */
  #ruleOf({ id, data }: AlertRow): AlertRule | undefined {
    const text = parsed(data);
    const reading = this.#options.readRule(text, true);
    if (reading.ok && reading.rule.name === id) {
      this.#texts.set(reading.rule, text);
      return reading.rule;
    }
    const [problem] = reading.ok ? [{ message: "it has another name" }] : reading.problems;
    this.#options.log("error", `the rule ${JSON.stringify(id)} of the data file is not looked at: ${problem?.message}`);
    return undefined;
  }

  #problemOf(rule: AlertRule): string | null {
    const known = this.#problems.get(rule);
    if (known !== undefined) return known;
    const text = this.#texts.get(rule);
    const reading = text === undefined ? undefined : this.#options.readRule(text, false);
    const [first] = reading === undefined || reading.ok ? [] : reading.problems;
    const problem = first === undefined ? null : [first.member, first.message].filter(Boolean).join(": ");
    this.#problems.set(rule, problem);
    return problem;
  }

  #links(): Links {
    return { url: this.#settings.publicUrl ?? this.#options.listenUrl() };
  }

  #context(): DeliveryContext {
    const { clock, schedule } = this.#options;
    return { clock, schedule, resolve: systemResolve, allowed: this.#allowed, signal: this.#stopping.signal };
  }

  #beginHeartbeat(): void {
    this.#stopHeartbeat();
    this.#stopHeartbeat = () => undefined;
    const { heartbeatUrl: url } = this.#settings;
    if (url === undefined) return;
    const { isReady, log, schedule } = this.#options;
    this.#stopHeartbeat = startHeartbeat({
      url,
      schedule,
      context: () => this.#context(),
      isReady,
      asked: (isAnswered) => {
        this.#heartbeats[isAnswered ? "answered" : "failed"]++;
      },
      log,
    });
  }

  #shown(evaluation: RuleEvaluation): ShownRule {
    const { rule, instances, evaluatedAt, failure } = evaluation;
    const shown = [...instances].map(([group, { state, observation }]) => ({
      group,
      state: state.phase,
      since: state.firingFrom ?? null,
      value: observation?.isKnown === true ? observation.value : null,
      unknown: observation?.isKnown === false ? observation.reason : null,
    }));
    const worst = Math.max(0, ...shown.map(({ state }) => BADNESS.indexOf(state)));
    return {
      name: rule.name,
      project: rule.project ?? null,
      q: rule.q,
      kind: rule.kind,
      of: rule.of,
      p: rule.percentile,
      min: rule.min,
      windowMs: rule.windowMs,
      everyMs: rule.everyMs,
      side: rule.side,
      bound: rule.bound,
      resolveBound: rule.resolveBound ?? null,
      forMs: rule.forMs,
      keepMs: rule.keepMs,
      groupBy: rule.groupBy ?? null,
      repeatMs: rule.repeatMs ?? null,
      severity: rule.severity,
      note: rule.note ?? null,
      notify: rule.notify,
      source: rule.line === undefined ? "app" : "configuration",
      line: rule.line ?? null,
      problem: this.#problemOf(rule),
      state: BADNESS[worst] ?? "ok",
      unknown: failure ?? shown.find(({ group, unknown }) => group === WHOLE && unknown !== null)?.unknown ?? null,
      evaluatedAt: evaluatedAt ?? null,
      mutedUntil: this.#evaluator.mutedUntil(rule.name) ?? null,
      instances: shown,
    };
  }
}

/** Phases, the best first. */
const BADNESS: readonly Phase[] = ["ok", "pending", "recovering", "firing"];

/** JSON's value; undefined where it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
