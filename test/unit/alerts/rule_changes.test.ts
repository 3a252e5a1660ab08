// Rules that are made, changed and deleted while alerts run: what is in force, what is in the data file, what is told.

import { describe, expect, test } from "bun:test";
import { type AlertSettings, Alerts } from "../../../src/alerts/alerts.ts";
import { AlertSwitch } from "../../../src/alerts/switch.ts";
import { readRuleText } from "../../../src/config/alert_rule_text.ts";
import type { RuleChange } from "../../../src/core/alert_responses.ts";
import { RULES_MAX } from "../../../src/core/alert_rule.ts";
import type { AlertRecord, AlertRow } from "../../../src/core/alerts.ts";
import type { ChangeOutcome, ChangeRequest } from "../../../src/core/changes.ts";
import type { QueryOutcome, QueryRequest } from "../../../src/core/queries.ts";
import { ruleOf } from "../../support/alert_rules.ts";
import { ManualSchedule } from "../../support/manual_schedule.ts";

const T0 = Date.UTC(2026, 5, 1);

/** Alerts over a data file in memory, where every search finds `count` records. */
class Run {
  readonly schedule = new ManualSchedule();
  rows = new Map<string, AlertRow>();
  records: AlertRecord[] = [];
  count = 0;
  canWrite = true;
  canRead = true;
  readonly logged: string[] = [];
  settings: AlertSettings = {
    alerts: [],
    destinations: [],
    heartbeatUrl: undefined,
    privateAddresses: [],
    publicUrl: undefined,
  };
  destinations: readonly string[] = [];

  get options() {
    return {
      queries: { query: async (request: QueryRequest) => this.#answer(request) },
      changes: { change: async (request: ChangeRequest) => this.#change(request) },
      readRule: (given: unknown, isKept: boolean) =>
        readRuleText(given, isKept ? undefined : { projects: ["shop"], destinations: this.destinations }),
      drained: async () => undefined,
      isReady: () => true,
      listenUrl: () => "http://localhost:7070",
      clock: () => T0 + this.schedule.nowMs,
      monotonic: this.schedule.clock,
      schedule: this.schedule.schedule,
      log: (level: string, message: string) => void this.logged.push(`${level}: ${message}`),
    };
  }

  start(): Alerts {
    return new Alerts({ ...this.options, settings: this.settings, rows: [...this.rows.values()] });
  }

  /** Lets seconds pass, with all that they bring. */
  async pass(seconds: number): Promise<void> {
    for (; seconds > 0; seconds--) {
      this.schedule.pass(1_000);
      for (let turn = 0; turn < 5; turn++) await new Promise((wake) => setImmediate(wake));
    }
  }

  get history(): string[] {
    return this.records.map(({ message }) => message);
  }

  rowsOf(kind: string): string[] {
    return [...this.rows.values()].filter((row) => row.kind === kind).map(({ id }) => id);
  }

  #answer(request: QueryRequest): QueryOutcome<string> {
    const { count } = this;
    const measured = { count, of: count, timings: 0, percentile: null };
    const answer = request.kind === "measure" ? measured : { entries: [], nextCursor: null };
    return { ok: true, answer: JSON.stringify(answer) };
  }

  #change(request: ChangeRequest): ChangeOutcome {
    const refusal = { code: "unavailable", message: "the disk is full" } as const;
    if (request.kind === "read_alerts") {
      return this.canRead ? { ok: true, alerts: [...this.rows.values()] } : { ok: false, refusal };
    }
    if (request.kind !== "write_alerts") throw new Error(request.kind);
    if (!this.canWrite) return { ok: false, refusal };
    for (const { kind, id } of request.write.remove) this.rows.delete(`${kind} ${id}`);
    for (const row of request.write.put) this.rows.set(`${row.kind} ${row.id}`, row);
    this.records.push(...request.write.records);
    return { ok: true };
  }
}

const create = (rule: object): RuleChange => ({ kind: "create", rule });
const names = (alerts: Pick<Alerts, "list">) => alerts.list().rules.map(({ name, source }) => `${name} ${source}`);
/** The name, or why there is none: "already_there name: …". */
const outcome = async (alerts: Pick<Alerts, "changeRule">, change: RuleChange): Promise<string> => {
  const result = await alerts.changeRule(change);
  if (result.ok) return result.rule?.name ?? "gone";
  const { message, member } = result.problem;
  return `${result.code}${member === undefined ? "" : ` ${member}`}: ${message}`;
};
const MINE = { name: "mine", q: "level:error", window: "1m", every: "10s", above: 3 };

describe("a rule that is made", () => {
  test("is in force at once, in the data file, and there after a restart", async () => {
    const run = new Run();
    const alerts = run.start();
    expect(await outcome(alerts, create(MINE))).toBe("mine");
    expect(alerts.list().rules[0]).toMatchObject({ name: "mine", source: "app", line: null, bound: 3, problem: null });
    run.count = 9;
    await run.pass(1);
    expect(alerts.list().rules[0]).toMatchObject({ state: "firing", evaluatedAt: T0 });
    alerts.stop();
    const again = run.start();
    expect(names(again)).toEqual(["mine app"]);
    expect(again.list().rules[0]?.state).toBe("firing");
    run.count = 0;
    await run.pass(11);
    expect(run.history).toEqual(["mine was made", "mine is firing: 9, above 3", "mine has resolved: 0"]);
  });

  test("stands after those of the configuration, by name, and does not have a name of theirs", async () => {
    const run = new Run();
    run.settings = { ...run.settings, alerts: [ruleOf({ name: "z", line: 4 }), ruleOf({ name: "y", line: 9 })] };
    const alerts = run.start();
    for (const name of ["c", "a", "b"]) expect(await outcome(alerts, create({ ...MINE, name }))).toBe(name);
    expect(names(alerts)).toEqual(["z configuration", "y configuration", "a app", "b app", "c app"]);
    expect(await outcome(alerts, create({ ...MINE, name: "y" }))).toBe(
      'already_there name: there is a rule "y" in the configuration file, line 9 already: choose another name',
    );
    expect(await outcome(alerts, create({ ...MINE, name: "a" }))).toMatch(/^already_there name: .*"a" already/);
    const configured = 'configured: "y" stands in the configuration file, line 9: change it there';
    expect(await outcome(alerts, { kind: "delete", name: "y" })).toBe(configured);
    expect(await outcome(alerts, { kind: "replace", name: "y", rule: MINE })).toBe(configured);
    expect(await outcome(alerts, { kind: "replace", name: "a", rule: { ...MINE, name: "z" } })).toMatch(
      /^already_there name: .*line 4/,
    );
    expect(run.rowsOf("rule").toSorted()).toEqual(["a", "b", "c"]);
  });

  test("over what there is not is refused, and nothing is changed", async () => {
    const run = new Run();
    const alerts = run.start();
    expect(await outcome(alerts, create({ ...MINE, project: "shp" }))).toMatch(/^invalid project: .*no key sends/);
    expect(await outcome(alerts, create({ ...MINE, notify: ["chat"] }))).toMatch(/^invalid notify: .*"chat"/);
    expect(await outcome(alerts, create({ ...MINE, q: "(" }))).toMatch(/^invalid q: .*character/);
    expect(await outcome(alerts, { kind: "delete", name: "mine" })).toMatch(/^not_found: .*no rule "mine"/);
    expect(await outcome(alerts, { kind: "replace", name: "mine", rule: MINE })).toStartWith("not_found");
    run.canWrite = false;
    expect(await outcome(alerts, create(MINE))).toStartWith("unavailable");
    expect([names(alerts), run.rows.size]).toEqual([[], 0]);
  });

  test("is one of a bounded number", async () => {
    const run = new Run();
    const configured = Array.from({ length: RULES_MAX - 1 }, (_, index) =>
      ruleOf({ name: `${index}`, line: index + 1 }),
    );
    run.settings = { ...run.settings, alerts: configured };
    const alerts = run.start();
    expect(await outcome(alerts, create(MINE))).toBe("mine");
    expect(await outcome(alerts, create({ ...MINE, name: "more" }))).toStartWith("limit");
    expect(await outcome(alerts, { kind: "replace", name: "mine", rule: { ...MINE, name: "other" } })).toBe("other");
  });

  test("of which it is not known whether it was written is what the data file says", async () => {
    const run = new Run();
    const alerts = run.start();
    run.canWrite = false;
    expect(await outcome(alerts, create(MINE))).toStartWith("unavailable");
    run.canWrite = true;
    // The transaction was committed, and its answer was lost.
    run.rows.set("rule mine", { kind: "rule", id: "mine", data: JSON.stringify(MINE) });
    expect(await outcome(alerts, create(MINE))).toStartWith("already_there");
    expect(names(alerts)).toEqual(["mine app"]);
  });
});

describe("a rule that fires", () => {
  async function firing(): Promise<[Run, Alerts]> {
    const run = new Run();
    const alerts = run.start();
    await outcome(alerts, create({ ...MINE, keep: "10s" }));
    run.count = 9;
    await run.pass(1);
    expect(alerts.list().rules[0]?.state).toBe("firing");
    run.records = [];
    return [run, alerts];
  }

  test("goes on firing when it is changed, and resolves by its new bounds", async () => {
    const [run, alerts] = await firing();
    expect(await outcome(alerts, { kind: "replace", name: "mine", rule: { ...MINE, above: 8 } })).toBe("mine");
    expect(alerts.list().rules[0]).toMatchObject({ state: "firing", bound: 8 });
    run.count = 8;
    await run.pass(10);
    expect(alerts.list().rules[0]?.state).toBe("ok");
    expect(run.history).toEqual(["mine was changed", "mine has resolved: 8"]);
  });

  test("is told as resolved when it is deleted, renamed, or grouped by another field", async () => {
    const [one, alerts] = await firing();
    await alerts.mute("mine", T0 + 1e9);
    expect(await outcome(alerts, { kind: "delete", name: "mine" })).toBe("gone");
    expect(one.history.slice(1)).toEqual(["mine was deleted", "mine has resolved"]);
    // Until when all rules were evaluated is one row.
    expect([[...one.rows.keys()], names(alerts)]).toEqual([["evaluated "], []]);

    const [two, renamed] = await firing();
    expect(await outcome(renamed, { kind: "replace", name: "mine", rule: { ...MINE, name: "yours" } })).toBe("yours");
    expect(two.history).toEqual(["yours was made of mine", "mine has resolved"]);
    expect(two.rowsOf("rule")).toEqual(["yours"]);

    const [three, grouped] = await firing();
    await outcome(grouped, { kind: "replace", name: "mine", rule: { ...MINE, group_by: "level" } });
    expect(three.history).toEqual(["mine was changed", "mine has resolved"]);
  });

  test("leaves what was found of other rules as it is", async () => {
    const [run, alerts] = await firing();
    await outcome(alerts, create({ ...MINE, name: "calm", above: 100 }));
    await run.pass(1);
    const calm = { name: "calm", state: "ok", instances: [{ value: 9 }] };
    expect(alerts.list().rules[0]).toMatchObject(calm);
    await outcome(alerts, { kind: "delete", name: "mine" });
    expect(alerts.list().rules).toMatchObject([calm]);
  });
});

describe("a reload", () => {
  test("that takes the name of a rule of the app sets that one aside, with a warning, until the name is free", async () => {
    const run = new Run();
    const alerts = run.start();
    await outcome(alerts, create(MINE));
    run.count = 9;
    await run.pass(1);
    const taken = { ...run.settings, alerts: [ruleOf({ name: "mine", bound: 100, line: 12 })] };
    await alerts.setSettings(taken);
    await alerts.setSettings(taken);
    expect(run.logged.filter((line) => line.includes("set aside"))).toEqual([
      'warn: the rule "mine" that was made in the app is set aside: line 12 of the configuration has one of this name; rename that one',
    ]);
    expect(alerts.list().rules).toMatchObject([{ name: "mine", source: "configuration", bound: 100, state: "firing" }]);
    await alerts.setSettings(run.settings);
    expect(alerts.list().rules).toMatchObject([{ name: "mine", source: "app", bound: 3 }]);
    await alerts.setSettings(taken);
    expect(await outcome(alerts, { kind: "delete", name: "mine" })).toBe("gone");
    expect([run.rowsOf("rule"), names(alerts)]).toEqual([[], ["mine configuration"]]);
    expect(await outcome(alerts, { kind: "delete", name: "mine" })).toStartWith("configured");
  });

  test("that takes away a destination leaves the rule in force, and the list says so", async () => {
    const run = new Run();
    run.destinations = ["chat"];
    const alerts = run.start();
    expect(await outcome(alerts, create({ ...MINE, notify: ["chat"] }))).toBe("mine");
    expect(alerts.list().rules[0]?.problem).toBeNull();
    run.destinations = [];
    await alerts.setSettings(run.settings);
    expect(alerts.list().rules[0]).toMatchObject({ problem: expect.stringContaining("notify: no [[destinations]]") });
    run.count = 9;
    await run.pass(1);
    expect(alerts.list().rules[0]?.state).toBe("firing");
    run.destinations = ["chat"];
    await alerts.setSettings(run.settings);
    expect(alerts.list().rules[0]?.problem).toBeNull();
    alerts.stop();
  });
});

describe("rows of the data file that another version wrote", () => {
  test("are left alone, and their names are taken", async () => {
    const run = new Run();
    const row = (id: string, data: string): AlertRow => ({ kind: "rule", id, data });
    for (const one of [
      row("a", '{"name":"a","above":1,"later":2}'),
      row("b", "{"),
      row("c", '{"name":"d","above":1}'),
    ]) {
      run.rows.set(`rule ${one.id}`, one);
    }
    const alerts = run.start();
    expect(names(alerts)).toEqual([]);
    expect(run.logged.length).toBe(3);
    expect(await outcome(alerts, create({ ...MINE, name: "a" }))).toStartWith("already_there");
    expect(await outcome(alerts, { kind: "delete", name: "b" })).toBe("gone");
    expect(run.rowsOf("rule")).toEqual(["a", "c"]);
  });
});

describe("a server without alerts", () => {
  test("loads them with the first rule, and finds it at the next start", async () => {
    const run = new Run();
    const first = new AlertSwitch(run.options);
    expect(await outcome(first, create(MINE))).toStartWith("unavailable");
    await first.setSettings(run.settings);
    expect(await outcome(first, { kind: "delete", name: "mine" })).toStartWith("not_found");
    expect(await outcome(first, create(MINE))).toBe("mine");
    expect(names(first)).toEqual(["mine app"]);
    first.stop();
    const second = new AlertSwitch(run.options);
    run.canRead = false;
    await second.setSettings(run.settings);
    expect(names(second)).toEqual([]);
    run.canRead = true;
    await run.pass(3);
    expect(names(second)).toEqual(["mine app"]);
    second.stop();
  });
});
