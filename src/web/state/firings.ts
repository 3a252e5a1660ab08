// When alerts fired: from the records of the history and the present states to intervals, one for each time that an
// instance of a rule fired.

import type { ShownRule } from "../../core/alert_responses.ts";
import { RULE_KINDS, type RuleKind } from "../../core/alert_rule.ts";
import { formatDuration } from "../../core/format.ts";
import type { ShownRecord } from "../../core/record.ts";

/** One time that a rule, or one of its groups, fired. Times in Unix ms. */
export interface Firing {
  readonly rule: string;
  /** Null: the rule groups by no field. */
  readonly group: string | null;
  readonly kind: RuleKind;
  readonly from: number;
  /** Null: it fires still, or resolved after what was asked for. */
  readonly to: number | null;
  /** Whether it fires still. */
  readonly isNow: boolean;
  /** What was measured when it began to fire. Undefined: not known. */
  readonly value: number | undefined;
}

const FIRING: ReadonlySet<string> = new Set<ShownRule["state"]>(["firing", "recovering"]);

/** Whether an instance in this state fires: one that recovers does until it has resolved. */
export function isFiring({ state }: { readonly state: ShownRule["state"] }): boolean {
  return FIRING.has(state);
}

/** Whether a rule looks at a project ("": any). */
export function isOfProject(rule: { readonly project: string | null }, project: string): boolean {
  return project === "" || rule.project === null || rule.project === project;
}

/**
 * What fired, newest first.
 * @param records of the history, in any order
 * @param rules as they are now: what fires is in no record that is older than the range
 * @param project "": of any; rules over all projects belong to each
 */
export function firingsOf(
  records: readonly ShownRecord[],
  rules: readonly ShownRule[],
  project: string,
): readonly Firing[] {
  const found = new Map<string, Firing>();
  const add = (firing: Firing) => {
    const key = JSON.stringify([firing.rule, firing.group, firing.from]);
    const other = found.get(key);
    found.set(key, {
      ...firing,
      to: other?.to ?? firing.to,
      isNow: other?.isNow === true || firing.isNow,
      value: firing.value ?? other?.value,
    });
  };
  for (const record of records) {
    const firing = firingOf(record);
    if (firing !== undefined && isOfProject({ project: textOf(record.metadata?.["project"]) }, project)) add(firing);
  }
  for (const rule of rules) {
    if (!isOfProject(rule, project)) continue;
    for (const instance of rule.instances) {
      const { since, group } = instance;
      if (!isFiring(instance) || since === null) continue;
      add({ rule: rule.name, group, kind: rule.kind, from: since, to: null, isNow: true, value: undefined });
    }
  }
  return [...found.values()].toSorted((a, b) => b.from - a.from);
}

/** The firing that a record tells of; undefined: of none, such as a mute. */
function firingOf({ metadata = {}, time }: ShownRecord): Firing | undefined {
  const { rule, state, since, value } = metadata;
  const kind = RULE_KINDS.find((one) => one === metadata["kind"]);
  if (typeof rule !== "string" || typeof since !== "number" || kind === undefined) return undefined;
  const isEnd = state === "resolved";
  return {
    rule,
    group: textOf(metadata["group"]),
    kind,
    from: since,
    to: isEnd ? time : null,
    isNow: false,
    value: typeof value === "number" && !isEnd ? value : undefined,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** How long it fired. Undefined: it resolved after what was asked for. @param now Unix ms */
export function lengthOf({ from, to, isNow }: Firing, now: number): string | undefined {
  return to === null && !isNow ? undefined : formatDuration((to ?? now) - from);
}

/** "errors (checkout), 2026-01-31 12:00:00, for 5 m". */
export function firingText(firing: Firing, second: (time: number) => string, now: number): string {
  const { rule, group, from, isNow } = firing;
  const length = lengthOf(firing, now);
  const text = `${rule}${group === null ? "" : ` (${group})`}, ${second(from)}`;
  return length === undefined ? text : `${text}, ${isNow ? "still firing after" : "for"} ${length}`;
}

/** Where one or more firings are in a chart: shares of its width. */
export interface Band {
  readonly left: number;
  readonly right: number;
  /** Oldest first. */
  readonly firings: readonly Firing[];
}

/** Firings that are closer than this share of the width are one band. */
const GAP_SHARE = 0.004;

/** The bands of a chart from one time to another, Unix ms. Those that overlap are one. */
export function bandsOf(firings: readonly Firing[], from: number, to: number): readonly Band[] {
  const shareOf = (time: number) => Math.min(1, Math.max(0, (time - from) / (to - from)));
  const bands: Band[] = [];
  for (const firing of firings.toSorted((a, b) => a.from - b.from)) {
    if (firing.from >= to || (firing.to ?? to) <= from) continue;
    const [left, right] = [shareOf(firing.from), shareOf(firing.to ?? to)];
    const last = bands.at(-1);
    if (last === undefined || left > last.right + GAP_SHARE) bands.push({ left, right, firings: [firing] });
    else
      bands[bands.length - 1] = {
        left: last.left,
        right: Math.max(last.right, right),
        firings: [...last.firings, firing],
      };
  }
  return bands;
}
