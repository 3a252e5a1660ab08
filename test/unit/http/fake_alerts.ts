// Alerts with two rules, for tests of the routes.

import type {
  AlertFigures,
  AlertService,
  AlertsResponse,
  AlertTestResponse,
  PreviewOrder,
  PreviewOutcome,
  RuleChange,
  RuleChangeOutcome,
  ShownRule,
} from "../../../src/core/alert_responses.ts";

/** A rule with a problem that names what a reader of one project does not see. */
function shown(name: string, project: string | null): ShownRule {
  return {
    name,
    project,
    q: "level:error",
    kind: "count",
    of: "kind:log",
    p: 95,
    min: 0,
    windowMs: 300_000,
    everyMs: 30_000,
    side: "above",
    bound: 10,
    resolveBound: null,
    forMs: 0,
    keepMs: 0,
    groupBy: null,
    repeatMs: null,
    severity: "warning",
    note: null,
    notify: ["chat"],
    source: "configuration",
    line: 9,
    problem: "notify: there is no mail (there are: chat, the boss)",
    state: "firing",
    unknown: null,
    evaluatedAt: 1_718_900_000_000,
    mutedUntil: null,
    instances: [{ group: null, state: "firing", since: 1_718_900_000_000, value: 12, unknown: null }],
  };
}

export class FakeAlerts implements AlertService {
  readonly muted: [rule: string, until: number][] = [];
  readonly changed: RuleChange[] = [];
  readonly previewed: PreviewOrder[] = [];
  /** What the next changes and previews come to; undefined: they succeed. */
  changeOutcome: RuleChangeOutcome | undefined;
  previewOutcome: PreviewOutcome | undefined;
  canWrite = true;
  /** Whether every name is a rule's. */
  knowsAll = false;

  list(): AlertsResponse {
    const destinations = [{ name: "chat", type: "webhook", url: "https://chat.example/…", waiting: 1, problem: null }];
    return { rules: [shown("errors", "shop"), shown("all", null)], destinations };
  }

  figures(): AlertFigures {
    return {
      evaluations: 7,
      failures: 1,
      querySeconds: 0.25,
      firing: 2,
      deliveries: [{ destination: "chat", outcome: "delivered", count: 3 }],
      heartbeats: { answered: 4, failed: 1 },
    };
  }

  async test(rule: string): Promise<AlertTestResponse | undefined> {
    if (rule !== "errors" && !this.knowsAll) return undefined;
    return { destinations: [{ name: "chat", problem: "answered 404" }] };
  }

  async mute(rule: string, until: number): Promise<"done" | "not_found" | "unavailable"> {
    if (rule !== "errors" && !this.knowsAll) return "not_found";
    if (!this.canWrite) return "unavailable";
    this.muted.push([rule, until]);
    return "done";
  }

  async changeRule(change: RuleChange): Promise<RuleChangeOutcome> {
    this.changed.push(change);
    const rule = change.kind === "delete" ? undefined : { ...shown("mine", null), source: "app" as const, line: null };
    return this.changeOutcome ?? { ok: true, rule };
  }

  async preview(order: PreviewOrder): Promise<PreviewOutcome> {
    this.previewed.push(order);
    const [from, to] = [1_718_900_000_000, 1_718_900_060_000];
    const preview = {
      from,
      to,
      everyMs: 30_000,
      evaluated: 3,
      unknown: 0,
      fired: 1,
      firings: [{ group: null, from, to: null, peak: 12 }],
      threshold: 10,
      values: [{ at: from, value: 12 }],
      truncated: null,
      notes: [],
    };
    return this.previewOutcome ?? { ok: true, preview };
  }
}
