// Evaluates the rules: at each whole multiple of a rule's `every`, one rule after the other, once everything that was
// received up to then is committed or refused. A change of a state, its record and its deliveries are one transaction;
// only then they are in force here. Where it is not known whether the transaction was committed, the data file is read
// again.
//

import type { AlertRule } from "../core/alert_rule.ts";
import type { AlertRow, AlertWrite } from "../core/alerts.ts";
import type { ChangeService } from "../core/changes.ts";
import type { Clock } from "../core/clock.ts";
import { type Notification, SAMPLES_MAX } from "../core/notification.ts";
import type { QueryRequest, QueryService } from "../core/queries.ts";
import type {
  EntriesResponse,
  LatestReceivedResponse,
  MeasureResponse,
  RunningResponse,
  ScanWarnings,
} from "../core/responses.ts";
import { ClockWatch } from "./clock_watch.ts";
import { type QueuedDelivery, queuedDelivery } from "./delivery/queue.ts";
import { askInTurn } from "./query_turns.ts";
import {
  allEvaluatedRow,
  applied,
  deliveryRow,
  evaluatedRow,
  lastPlace,
  type Mute,
  muteAt,
  muteRow,
  storedAlerts,
} from "./rows.ts";
import type { KnownRules, RuleDecision } from "./rule_changes.ts";
import { instanceId, instanceRow, type StoredInstance } from "./rules/instance_rows.ts";
import { instantAfter, instantOf, nextInstant, type Span } from "./rules/instants.ts";
import { fromIdOf, type GroupValue, requestOf, samplesRequestOf } from "./rules/observe.ts";
import { RuleEvaluation, type RuleStep } from "./rules/rule_evaluation.ts";
import { actionRecord, type Change, type Links, notificationOf, recordOf, withdrawn } from "./rules/telling.ts";

/** How often it looks whether a rule is due, in ms: also after the clock was set. */
const TICK_EVERY_MS = 1_000;
/** Evaluations of one rule in a row, where it lags behind. */
const CATCH_UP_MAX = 10;
/** A record that was received further ahead than this was received before the clock was set back, in ms. */
const AHEAD_MS_MIN = 2_000;
/** How often it notes until when rules were evaluated, in ms. */
const NOTE_EVERY_MS = 60_000;

/** Counters since the start. */
export interface EvaluationFigures {
  evaluations: number;
  failures: number;
  queryMs: number;
}

export interface EvaluatorOptions {
  /** Of the configuration. */
  readonly rules: readonly AlertRule[];
  /** The rule of a row of kind "rule"; undefined: it cannot be read. Absent: these rows are left alone. */
  readonly ruleOf?: (row: AlertRow) => AlertRule | undefined;
  readonly queries: Pick<QueryService, "query">;
  readonly changes: ChangeService;
  /** Resolves once everything that was received before is committed or refused. */
  readonly drained: () => Promise<void>;
  /** Unix ms. */
  readonly clock: Clock;
  /** Ms of a clock that nobody sets. */
  readonly monotonic: Clock;
  /** Runs a function after some ms; returns what cancels it. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  readonly links: () => Links;
  /** Deliveries that a committed transaction has put into the queue; at the start, all that the data file has. */
  readonly queued: (deliveries: readonly QueuedDelivery[]) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** A notification, and the names of the destinations that are told. */
type Telling = readonly [notification: Notification, destinations: readonly string[]];

export class Evaluator {
  readonly figures: EvaluationFigures = { evaluations: 0, failures: 0, queryMs: 0 };
  readonly #options: EvaluatorOptions;
  readonly #stopping = new AbortController();
  readonly #mutes = new Map<string, Mute>();
  #rules: ReadonlyMap<string, RuleEvaluation> = new Map();
  #configured: readonly AlertRule[] = [];
  /** Rows of kind "rule". */
  #ruleRows: readonly AlertRow[] = [];
  /** Names of rules of the data file that the configuration has too. */
  #setAside: readonly string[] = [];
  /** Instances of the data file whose rule is gone or is grouped by another field. */
  #orphans: readonly StoredInstance[] = [];
  /** Names of rules that have a row of their own about until when they were evaluated. */
  readonly #evaluatedRows = new Set<string>();
  #notedAt = Number.NEGATIVE_INFINITY;
  /** The time before the start in which nothing was received, Unix ms. */
  #away: Span | undefined;
  #place = 0;
  /** The places of the deliveries that whoever sends them knows, by id. */
  readonly #places = new Map<string, number>();
  readonly #watch: ClockWatch;
  #cancel: () => void = () => undefined;
  /** Changes one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  /** Whether the data file may have another state than this. */
  #isStale = false;

  /** @param rows what the data file has */
  constructor(options: EvaluatorOptions, rows: readonly AlertRow[]) {
    this.#options = options;
    const { clock, monotonic } = options;
    this.#watch = new ClockWatch({ clock, monotonic, everyMs: TICK_EVERY_MS });
    this.#restore(options.rules, rows);
  }

  /** Every rule: those of the configuration in its order, then those of the data file by name. */
  get rules(): readonly RuleEvaluation[] {
    return [...this.#rules.values()];
  }

  /** Until when a rule is muted, Unix ms; undefined: it is not. */
  mutedUntil(rule: string): number | undefined {
    const until = this.#mutes.get(rule)?.until;
    return until !== undefined && until > this.#options.clock() ? until : undefined;
  }

  /** The last notifications of what fires now and is told to a destination. */
  firing(destination: string): Notification[] {
    return this.rules.flatMap(({ rule, instances }) =>
      [...instances.values()].flatMap(({ last, notify }) =>
        last !== null && (notify.includes(destination) || rule.notify.includes(destination)) ? [last] : [],
      ),
    );
  }

  start(): void {
    this.#cancel = this.#options.schedule(() => this.#tick(), TICK_EVERY_MS);
    void this.#inTurn(() => this.#withdrawOrphans());
    void this.#inTurn(() => this.#takeUp());
  }

  /** Ends queries under way. */
  stop(): void {
    this.#stopping.abort();
    this.#cancel();
  }

  /** Takes over a changed configuration. */
  setRules(rules: readonly AlertRule[]): Promise<void> {
    return this.#inTurn(async () => {
      await this.#refresh();
      this.#restore(rules, this.#rowsNow());
      await this.#withdrawOrphans();
    });
  }

  /** Changes the rules of the data file as decided. Undefined: it could not be written. */
  changeRules(decide: (known: KnownRules) => RuleDecision): Promise<RuleDecision | undefined> {
    return this.#inTurn(async () => {
      if (!(await this.#refresh())) return undefined;
      const decision = decide({ configured: this.#configured, stored: this.#ruleRows });
      if (!decision.ok) return decision;
      if (!(await this.#write(decision.write))) return undefined;
      this.#restore(this.#configured, applied(this.#rowsNow(), decision.write));
      await this.#withdrawOrphans();
      return decision;
    });
  }

  /** Mutes a rule until an instant, Unix ms; one that is over ends the mute. False: it could not be written. */
  mute(rule: string, until: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const now = this.#options.clock();
      const isMuted = until > now;
      const text = isMuted
        ? `${rule} is muted until ${new Date(until).toISOString()}`
        : `${rule} is not muted any more`;
      const mute = { rule, until, at: now };
      const isWritten = await this.#write({
        put: isMuted ? [muteRow(mute)] : [],
        remove: isMuted ? [] : [{ kind: "mute", id: rule }],
        records: [actionRecord(rule, text, now)],
      });
      if (isWritten && isMuted) this.#mutes.set(rule, mute);
      else if (isWritten) this.#mutes.delete(rule);
      return isWritten;
    });
  }

  /** Changes the queue of the data file; rejects where it could not be written. */
  async changeQueue(removed: readonly string[], put: readonly QueuedDelivery[]): Promise<void> {
    const outcome = await this.#options.changes.change({
      kind: "write_alerts",
      write: {
        put: put.map((delivery) => this.#deliveryRow(delivery)),
        remove: removed.map((id) => ({ kind: "delivery", id })),
        records: [],
      },
    });
    if (!outcome.ok) throw new Error(outcome.refusal.message);
    for (const id of removed) this.#places.delete(id);
  }

  /** Resolves once nothing is under way; for tests. */
  async settled(): Promise<void> {
    let work: unknown;
    do {
      work = this.#work;
      await this.#work;
    } while (work !== this.#work);
  }

  /** @param configured the rules of the configuration */
  #restore(configured: readonly AlertRule[], rows: readonly AlertRow[]): void {
    this.#configured = configured;
    this.#ruleRows = rows.filter(({ kind }) => kind === "rule");
    const rules = [...configured, ...this.#storedRules()];
    const { instances, mutes, deliveries, evaluated } = storedAlerts(rows);
    this.#handOver(
      deliveries
        .filter(({ delivery }) => !this.#places.has(delivery.id))
        .map(({ place, delivery }) => {
          this.#places.set(delivery.id, place);
          return delivery;
        }),
    );
    this.#place = Math.max(this.#place, lastPlace(rows));
    for (const { kind, id } of rows) if (kind === "evaluated" && id !== "") this.#evaluatedRows.add(id);
    const isOf = (rule: AlertRule) => (instance: StoredInstance) =>
      instance.rule === rule.name && instance.field === (rule.groupBy ?? null);
    const before = this.#rules;
    this.#rules = new Map(
      rules.map((rule) => {
        const evaluation = new RuleEvaluation(rule, instances.filter(isOf(rule)));
        evaluation.evaluatedBefore = evaluated.get(rule.name);
        evaluation.remember(before.get(rule.name));
        return [rule.name, evaluation];
      }),
    );
    this.#orphans = instances.filter((instance) => !rules.some((rule) => isOf(rule)(instance)));
    this.#mutes.clear();
    for (const mute of mutes) this.#mutes.set(mute.rule, muteAt(mute, this.#options.clock()));
  }

  /** The rules of the data file whose names the configuration does not have, by name. */
  #storedRules(): AlertRule[] {
    const { ruleOf, log } = this.#options;
    const stored = this.#ruleRows.flatMap((row) => ruleOf?.(row) ?? []);
    const lines = new Map(this.#configured.map(({ name, line }) => [name, line]));
    const setAside = stored.filter(({ name }) => lines.has(name)).map(({ name }) => name);
    for (const name of setAside) {
      if (this.#setAside.includes(name)) continue;
      const where = `line ${lines.get(name) ?? "?"} of the configuration has one of this name`;
      log("warn", `the rule ${JSON.stringify(name)} that was made in the app is set aside: ${where}; rename that one`);
    }
    this.#setAside = setAside;
    return stored.filter(({ name }) => !lines.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Runs work after all that was begun before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#work.then(work);
    this.#work = result.catch((error: unknown) => {
      this.#options.log("error", `alerts: ${error instanceof Error ? error.message : String(error)}`);
    });
    return result;
  }

  #tick(): void {
    if (this.#stopping.signal.aborted) return;
    this.#cancel = this.#options.schedule(() => this.#tick(), TICK_EVERY_MS);
    const { jumpMs, before } = this.#watch.look();
    const now = this.#options.clock();
    if (jumpMs !== 0) void this.#inTurn(() => this.#jump(jumpMs, before, now));
    if (this.#isRunning) return;
    const due = this.rules.filter((evaluation) => instantOf(evaluation.rule, now) !== evaluation.evaluatedAt);
    if (due.length === 0 && jumpMs === 0) return;
    this.#isRunning = true;
    void this.#inTurn(() => this.#evaluateAll(this.rules, now)).finally(() => {
      this.#isRunning = false;
    });
  }

  /** What the server before this one received last is looked at too: it may have died before it did so itself. */
  async #takeUp(): Promise<void> {
    const now = this.#options.clock();
    await this.#noteReplay(now);
    this.#away = { from: (await this.#latest(0, now))?.receivedAt ?? now, to: now };
  }

  /** The clock was set: lengths of time go on as if it had not been. What came before is looked at by the old clock. */
  async #jump(ms: number, before: number, now: number): Promise<void> {
    const text = `the clock was set by ${Math.round(ms / 1_000)} s: rules over it are unknown for a window`;
    this.#options.log("warn", text);
    if (ms > 0) await this.#evaluateAll(this.rules, before, instantAfter);
    this.#watch.jumped(ms, now);
    for (const evaluation of this.#rules.values()) evaluation.shift(ms);
    for (const [rule, { until, at }] of this.#mutes) {
      this.#mutes.set(rule, { rule, until: until + ms, at: (at ?? until) + ms });
    }
    if (ms < 0) await this.#noteReplay(now);
    // A restart or a reload goes on with these. Where that fails, it goes on with the old ones.
    if (this.#isStale) return;
    const put = this.#rowsNow().filter(({ kind }) => kind === "state" || kind === "mute");
    if (put.length > 0) await this.#write({ put, remove: [], records: [] });
  }

  /** Finds what was received at a time that is yet to come: then the clock was set back. */
  async #noteReplay(now: number): Promise<void> {
    const latest = await this.#latest(now + AHEAD_MS_MIN, Number.MAX_SAFE_INTEGER);
    if (latest !== null) this.#watch.replays(latest.receivedAt, latest.id + 1, now);
  }

  /** Null: nothing was received, or it cannot be read. */
  async #latest(after: number, upTo: number): Promise<LatestReceivedResponse["latest"]> {
    const scope = { project: undefined, q: "", from: undefined, to: undefined };
    const answer = await this.#ask<LatestReceivedResponse>({ kind: "latest_received", scope, after, upTo });
    return typeof answer === "string" ? null : answer.latest;
  }

  /** Evaluates the rules up to an instant, Unix ms: at the last one of each before it, and at those that were missed. */
  async #evaluateAll(rules: readonly RuleEvaluation[], upTo: number, latestOf = instantOf): Promise<void> {
    if (!(await this.#refresh())) return;
    await this.#withdrawOrphans();
    await this.#options.drained();
    for (const { rule } of rules) {
      for (let times = 0; times < CATCH_UP_MAX; times++) {
        const evaluation = this.#rules.get(rule.name);
        if (this.#stopping.signal.aborted || evaluation === undefined || this.#isStale) return;
        const t = nextInstant(evaluation, latestOf(evaluation.rule, upTo), this.#away);
        if (t === undefined) break;
        await this.#evaluate(evaluation, t);
      }
    }
    await this.#noteEvaluated();
  }

  /** Notes now and then until when rules were evaluated: whoever takes up goes on there. */
  async #noteEvaluated(): Promise<void> {
    const steady = this.#options.monotonic();
    if (this.#isStale || steady - this.#notedAt < NOTE_EVERY_MS) return;
    this.#notedAt = steady;
    const known = this.rules.map(({ rule, evaluatedAt }) => [rule.name, evaluatedAt ?? Number.NaN] as const);
    const evaluated = new Map(known.filter(([, t]) => Number.isFinite(t)));
    const remove = [...this.#evaluatedRows].map((id) => ({ kind: "evaluated" as const, id }));
    if (await this.#write({ put: [allEvaluatedRow(evaluated)], remove, records: [] })) this.#evaluatedRows.clear();
  }

  /** Reads the data file again where it may have another state than this; false: it cannot be read. */
  async #refresh(): Promise<boolean> {
    if (!this.#isStale) return true;
    const rows = await this.#read();
    if (rows === undefined) return false;
    this.#isStale = false;
    this.#restore(this.#configured, rows);
    return true;
  }

  async #evaluate(evaluation: RuleEvaluation, t: number): Promise<void> {
    const { rule } = evaluation;
    this.figures.evaluations++;
    const answer = await this.#ask<(MeasureResponse & ScanWarnings) | RunningResponse>(
      requestOf(rule, t, evaluation.values, this.#fromId(rule, t)),
    );
    if (typeof answer === "string" || ("stoppedEarly" in answer && answer.stoppedEarly !== undefined)) {
      this.figures.failures++;
      evaluation.fail(t, typeof answer === "string" ? answer : "the query took too long");
      return;
    }
    const isMuted = this.mutedUntil(rule.name) !== undefined;
    const step = evaluation.step(answer, t, this.#watch.continuity, isMuted);
    const told = new Map<GroupValue, Notification>();
    for (const change of step.changes) told.set(change.group, await this.#notification(change));
    if (await this.#commit(evaluation, step, told)) evaluation.apply(step, told);
    // It is still due: an evaluation of the same instant changes nothing twice.
    else evaluation.failure = "the state could not be written";
  }

  /** Commits what a step changes, if it changes anything; false where that is not known to have been done. */
  async #commit(
    evaluation: RuleEvaluation,
    step: RuleStep,
    told: ReadonlyMap<GroupValue, Notification>,
  ): Promise<boolean> {
    const { put, remove } = evaluation.rowsOf(step, told);
    const records = step.changes.flatMap(({ group, telling }) => {
      const notification = told.get(group);
      return notification === undefined || telling === "repeat" ? [] : [recordOf(notification)];
    });
    if (put.length + remove.length + told.size === 0) return true;
    put.push(evaluatedRow(evaluation.rule.name, step.t));
    this.#evaluatedRows.add(evaluation.rule.name);
    const notifications = step.changes.flatMap(({ group, notify }): Telling[] => {
      const notification = told.get(group);
      return notification === undefined ? [] : [[notification, notify]];
    });
    return this.#tell(notifications, { put, remove, records });
  }

  /** Commits a write with the deliveries of notifications, and hands these over. */
  async #tell(tellings: readonly Telling[], { put, remove, records }: AlertWrite): Promise<boolean> {
    const now = this.#options.clock();
    const deliveries = tellings.flatMap(([notification, destinations]) =>
      destinations.map((destination) => queuedDelivery(notification, destination, now)),
    );
    const queued = deliveries.map((delivery) => this.#deliveryRow(delivery));
    if (await this.#write({ put: [...put, ...queued], remove, records })) {
      this.#handOver(deliveries);
      return true;
    }
    // Whether they are there is seen when the data file is read.
    for (const { id } of deliveries) this.#places.delete(id);
    return false;
  }

  #handOver(deliveries: readonly QueuedDelivery[]): void {
    if (deliveries.length > 0) this.#options.queued(deliveries);
  }

  /** Firing instances without a rule are told as resolved by what the data file knows of them, and forgotten. */
  async #withdrawOrphans(): Promise<void> {
    if (this.#orphans.length === 0) return;
    const now = this.#options.clock();
    for (const orphan of this.#orphans) {
      const remove = [{ kind: "state" as const, id: instanceId(orphan) }];
      const last = orphan.state.toldAt === undefined ? null : orphan.last;
      const notifications = last === null ? [] : [withdrawn(last, now)];
      const tellings = notifications.map((one): Telling => [one, orphan.notify]);
      const isDone = await this.#tell(tellings, { put: [], remove, records: notifications.map(recordOf) });
      if (!isDone) return;
    }
    this.#orphans = [];
  }

  async #notification(change: Change): Promise<Notification> {
    const { rule, t, group, telling } = change;
    const fromId = this.#fromId(rule, t);
    const request = telling === "resolved" ? undefined : samplesRequestOf(rule, t, group, SAMPLES_MAX, fromId);
    const page = request === undefined ? undefined : await this.#ask<EntriesResponse>(request);
    const entries = page === undefined || typeof page === "string" ? [] : page.entries;
    return notificationOf(change, entries, this.#options.links(), this.#watch.continuity.replay?.fromId);
  }

  #fromId({ windowMs }: AlertRule, t: number): number | undefined {
    return fromIdOf(this.#watch.continuity, t - windowMs);
  }

  /** The response, or why there is none. */
  #ask<T extends object>(request: QueryRequest): Promise<T | string> {
    const { queries, monotonic, schedule } = this.#options;
    const { signal } = this.#stopping;
    const took = (ms: number) => void (this.figures.queryMs += ms);
    return askInTurn<T>(request, { queries, monotonic, schedule, signal, took });
  }

  /** Commits; where that failed, nobody knows whether it was done, and the data file is read before the next one. */
  async #write(write: AlertWrite): Promise<boolean> {
    const outcome = await this.#options.changes.change({ kind: "write_alerts", write });
    if (outcome.ok) return true;
    this.#isStale = true;
    this.#options.log("error", `alerts cannot be written: ${outcome.refusal.message}`);
    return false;
  }

  async #read(): Promise<readonly AlertRow[] | undefined> {
    const outcome = await this.#options.changes.change({ kind: "read_alerts" });
    return outcome.ok ? outcome.alerts : undefined;
  }

  /** The rows of what is in force here. */
  #rowsNow(): AlertRow[] {
    const rows = [...this.rules.flatMap((evaluation) => evaluation.rows()), ...this.#orphans.map(instanceRow)];
    return [...this.#ruleRows, ...rows, ...[...this.#mutes.values()].map(muteRow)];
  }

  /** A delivery that changes keeps its place in the order, and a summary has that of the first that it replaces. */
  #deliveryRow(delivery: QueuedDelivery): AlertRow {
    const replaced = this.#places.get(delivery.inPlaceOf ?? "");
    const place = this.#places.get(delivery.id) ?? replaced ?? ++this.#place;
    this.#places.set(delivery.id, place);
    return deliveryRow(delivery, place);
  }
}
