// One rule while the server runs: its instances, what was last found of them, and the step that an evaluation takes. It
// changes nothing by itself: a step is applied once the data file has it.

import { type Observation, remembersValues } from "../../core/alert_measure.ts";
import { type AlertRule, fingerprintOf } from "../../core/alert_rule.ts";
import type { AlertRow, AlertWrite } from "../../core/alerts.ts";
import type { Notification } from "../../core/notification.ts";
import type { MeasureResponse, RunningResponse } from "../../core/responses.ts";
import { instanceId, instanceRow, type StoredInstance } from "./instance_rows.ts";
import { type Continuity, type GroupValue, observe, WHOLE } from "./observe.ts";
import { type InstanceState, isSameState, NEVER_SEEN, nextState, shiftState, underChangedRule } from "./state.ts";
import type { Change } from "./telling.ts";

/** An instance, and what was last found of it. */
export interface Instance {
  readonly state: InstanceState;
  /** The last notification of this firing; null: none. */
  readonly last: Notification | null;
  /** Whom this firing was told to. */
  readonly notify: readonly string[];
  /** Undefined: never evaluated since the start. */
  readonly observation: Observation | undefined;
}

/** What is to be told and recorded. */
export interface ToldChange extends Change {
  /** Names of destinations: those of the rule, and on "resolved" those that were told of the firing. */
  readonly notify: readonly string[];
}

/** What an evaluation changes. */
export interface RuleStep {
  readonly t: number;
  readonly instances: ReadonlyMap<GroupValue, Instance>;
  readonly changes: readonly ToldChange[];
}

export class RuleEvaluation {
  readonly rule: AlertRule;
  #instances: ReadonlyMap<GroupValue, Instance>;
  /** The instant of the last evaluation, Unix ms; undefined: none since the start. */
  evaluatedAt: number | undefined;
  /** Until when it was evaluated before the start, at least, Unix ms; undefined: not known. */
  evaluatedBefore: number | undefined;
  /** Why the last evaluation found nothing; undefined: it found something. */
  failure: string | undefined;

  /** @param stored what the data file has of this rule, by its present group_by */
  constructor(rule: AlertRule, stored: readonly StoredInstance[]) {
    this.rule = rule;
    const fingerprint = fingerprintOf(rule);
    this.#instances = new Map(
      stored.map(({ value, state, last, notify, fingerprint: before }) => {
        const kept = before === fingerprint ? state : underChangedRule(state);
        return [value, { state: kept, last, notify, observation: undefined }] as const;
      }),
    );
  }

  /** Takes over what was last found by the same rule; states are the data file's, but for those at rest. */
  remember(before: RuleEvaluation | undefined): void {
    if (before === undefined) return;
    this.evaluatedAt = before.evaluatedAt;
    this.evaluatedBefore = before.evaluatedBefore;
    if (fingerprintOf(before.rule) !== fingerprintOf(this.rule)) return;
    this.failure = before.failure;
    const instances = new Map(this.#instances);
    for (const [value, instance] of before.instances) {
      const kept = instances.get(value) ?? (instance.state.phase === "ok" ? instance : undefined);
      if (kept !== undefined) instances.set(value, { ...kept, observation: instance.observation });
    }
    this.#instances = instances;
  }

  get instances(): ReadonlyMap<GroupValue, Instance> {
    return this.#instances;
  }

  /** The values of the instances. */
  get values(): string[] {
    return [...this.#instances.keys()].filter((value) => value !== WHOLE);
  }

  /** How many instances fire, those that recover among them. */
  get firing(): number {
    return [...this.#instances.values()].filter(({ state }) => state.firingFrom !== undefined).length;
  }

  /** The step of an evaluation that was answered. */
  step(answer: MeasureResponse | RunningResponse, t: number, continuity: Continuity, isMuted: boolean): RuleStep {
    const { rule } = this;
    const instances = new Map<GroupValue, Instance>();
    const changes: ToldChange[] = [];
    for (const { value, observation } of observe(rule, answer, t, this.values, continuity)) {
      const before = this.#instances.get(value);
      const { state, telling } = nextState(before?.state ?? NEVER_SEEN, observation, rule, t, isMuted);
      const last = state.firingFrom === undefined ? null : (before?.last ?? null);
      const told = before?.notify ?? [];
      const notify = state.firingFrom === undefined ? [] : told;
      if (isKept(rule, value, state)) instances.set(value, { state, last, notify, observation });
      // What was told of a firing keeps its beginning, though the clock was set meanwhile.
      const since = telling === "firing" ? undefined : before?.last?.since;
      const firingFrom = since ?? state.firingFrom ?? before?.state.firingFrom;
      if (telling === undefined || firingFrom === undefined) continue;
      const measured = observation.isKnown ? observation.value : undefined;
      const destinations = telling === "resolved" ? union(told, rule.notify) : rule.notify;
      changes.push({ rule, group: value, telling, value: measured, firingFrom, t, notify: destinations });
    }
    return { t, instances, changes };
  }

  /** Takes over a step that the data file has. @param told the notifications of its changes, by instance */
  apply({ t, instances }: RuleStep, told: ReadonlyMap<GroupValue, Notification>): void {
    this.evaluatedAt = t;
    this.failure = undefined;
    this.#instances = new Map(
      [...instances].map(([value, instance]) => {
        const notification = told.get(value);
        return [
          value,
          { ...instance, last: lastOf(instance, notification), notify: this.#toldOf(instance, notification) },
        ];
      }),
    );
  }

  /** The evaluation found nothing: every state stays as it is. */
  fail(t: number, reason: string): void {
    this.evaluatedAt = t;
    this.failure = reason;
  }

  /** The clock was set by so many ms. */
  shift(ms: number): void {
    if (this.evaluatedAt !== undefined) this.evaluatedAt += ms;
    this.evaluatedBefore = undefined;
    this.#instances = new Map(
      [...this.#instances].map(([value, instance]) => [value, { ...instance, state: shiftState(instance.state, ms) }]),
    );
  }

  /** The rows that a step changes: what is at rest has none. @param told the notifications of its changes */
  rowsOf(
    step: RuleStep,
    told: ReadonlyMap<GroupValue, Notification>,
  ): { readonly put: AlertRow[]; readonly remove: AlertWrite["remove"] } {
    const put: AlertRow[] = [];
    const remove: Pick<AlertRow, "kind" | "id">[] = [];
    for (const value of new Set([...this.#instances.keys(), ...step.instances.keys()])) {
      const before = this.#instances.get(value);
      const after = step.instances.get(value);
      const hadRow = before !== undefined && this.#hasRow(before.state);
      if (after !== undefined && this.#hasRow(after.state)) {
        const isSame = hadRow && isSameState(before.state, after.state);
        if (!isSame) put.push(instanceRow(this.#stored(value, after, told.get(value))));
      } else if (hadRow) remove.push({ kind: "state", id: instanceId(this.#idOf(value)) });
    }
    return { put, remove };
  }

  /** All rows that the data file has of the rule. */
  rows(): AlertRow[] {
    const kept = [...this.#instances].filter(([, { state }]) => this.#hasRow(state));
    return kept.map(([value, instance]) => instanceRow(this.#stored(value, instance, undefined)));
  }

  #hasRow({ phase }: InstanceState): boolean {
    return phase !== "ok" || (this.rule.groupBy !== undefined && remembersValues(this.rule));
  }

  #idOf(value: GroupValue): Pick<StoredInstance, "rule" | "field" | "value"> {
    return { rule: this.rule.name, field: this.rule.groupBy ?? null, value };
  }

  #stored(value: GroupValue, instance: Instance, told: Notification | undefined): StoredInstance {
    const { state } = instance;
    const [last, notify] = [lastOf(instance, told), this.#toldOf(instance, told)];
    return { ...this.#idOf(value), fingerprint: fingerprintOf(this.rule), state, last, notify };
  }

  #toldOf({ state, notify }: Instance, told: Notification | undefined): readonly string[] {
    if (state.firingFrom === undefined) return [];
    return told === undefined ? notify : union(notify, this.rule.notify);
  }
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])];
}

function lastOf({ state, last }: Instance, told: Notification | undefined): Notification | null {
  return state.firingFrom === undefined ? null : (told ?? last);
}

/** Whether an instance is kept: the only one, one that is not at rest, and one whose silence would be news. */
function isKept(rule: AlertRule, value: GroupValue, { phase }: InstanceState): boolean {
  return value === WHOLE || phase !== "ok" || remembersValues(rule);
}
