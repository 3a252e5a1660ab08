import { describe, expect, test } from "bun:test";
import type { QueuedDelivery } from "../../../src/alerts/delivery/queue.ts";
import type { Notification } from "../../../src/core/notification.ts";
import type { QueryRequest } from "../../../src/core/queries.ts";
import { TestEvaluator, type TestRecord, type WriteFate } from "../../support/alert_evaluator.ts";
import { ruleOf } from "../../support/alert_rules.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const T0 = Date.UTC(2026, 5, 1);
const RULE = ruleOf({ bound: 0, notify: ["chat"] });

const at = (seconds: number, group?: string): TestRecord => ({
  receivedAt: T0 + seconds * 1_000,
  ...(group === undefined ? {} : { group }),
});

describe("an evaluator", () => {
  test("looks at each whole multiple of every, at what was received in the window, once that is committed", async () => {
    const run = new TestEvaluator([RULE], T0 + 3_000);
    await run.pass(20);
    expect(run.asked.map((request) => request.kind === "measure" && request.received)).toEqual(
      [0, 10, 20].map((seconds) => ({ after: T0 + seconds * 1_000 - 60_000, upTo: T0 + seconds * 1_000 })),
    );
    expect(run.steps).toEqual(["drained", "measure", "drained", "measure", "drained", "measure"]);
  });

  test("does not look before everything that was received is committed or refused", async () => {
    const run = new TestEvaluator([RULE], T0);
    const { promise, resolve } = Promise.withResolvers<void>();
    run.drained = () => promise;
    run.now += 1_000;
    run.schedule.pass(1_000);
    await new Promise((wake) => setImmediate(wake));
    expect(run.steps).toEqual(["drained"]);
    resolve();
    await run.evaluator.settled();
    expect(run.steps).toEqual(["drained", "measure"]);
  });

  test("commits the state, the record and the deliveries at once, and hands the deliveries over afterwards", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    run.records = [at(-2)];
    await run.pass(1);
    expect(run.steps).toEqual(["drained", "measure", "entries", "write done", "queued"]);
    expect([...run.file.rows.keys()].filter((key) => !key.startsWith("evaluated"))).toEqual([
      'state ["errors",null,null]',
      `delivery ${run.queued[0]?.id}`,
    ]);
    expect(run.file.records).toMatchObject([
      { time: T0, level: "warn", touchpoint: "alerts/errors", message: "errors is firing: 1, above 0" },
    ]);
    await run.pass(60);
    expect(run.told).toEqual(["firing errors", "resolved errors"]);
    expect(run.file.records[1]).toMatchObject({ level: "info", message: "errors has resolved: 0" });
    expect(run.file.records[1]?.key).toBe(String(run.file.records[0]?.key));
    expect([...run.file.rows.keys()].filter((key) => key.startsWith("state"))).toEqual([]);
  });

  test("tells each destination of a rule, with the same id and links that open the search", async () => {
    const run = new TestEvaluator([{ ...RULE, notify: ["chat", "mail"], project: "shop" }], T0 - 500);
    run.records = [at(-2)];
    await run.pass(1);
    expect(run.queued.map(({ destination }) => destination)).toEqual(["chat", "mail"]);
    const [one, other] = run.queued.map(({ notification }) => notification as Notification);
    expect(other).toEqual(one as Notification);
    expect(one).toMatchObject({
      state: "firing",
      value: 1,
      threshold: 0,
      side: "above",
      from: T0 - 60_000,
      to: T0,
      since: T0,
    });
    expect(one?.url).toBe(`http://localhost:7070/logs?project=shop&from=${T0 - 60_000}&to=${T0}&q=level%3Aerror`);
  });

  test("goes on after a restart with states, mutes and deliveries", async () => {
    const first = new TestEvaluator([RULE], T0 - 500);
    first.records = [at(-2)];
    await first.pass(1);
    const second = new TestEvaluator([RULE], T0 + 30_000, first.file);
    expect(second.queued).toEqual(first.queued);
    second.records = first.records;
    await second.pass(40);
    expect(second.told).toEqual(["firing errors", "resolved errors"]);
    await second.evaluator.mute("errors", second.now + 100_000);
    const third = new TestEvaluator([RULE], second.now, first.file);
    expect(third.evaluator.mutedUntil("errors")).toBe(second.now + 100_000);
    third.records = [{ receivedAt: third.now }];
    await third.pass(60);
    expect(third.told).toEqual(["firing errors", "resolved errors"]);
    await third.pass(60);
    third.records = [{ receivedAt: third.now }];
    await third.pass(20);
    expect(third.told.at(-1)).toBe("firing errors");
  });

  test("tells and records the same as one that nothing happened to, whatever fails and whenever it is killed", async () => {
    const random = seededRandom(runSeed("killed evaluator"));
    let total = 0;
    for (let round = 0; round < 60; round++) {
      const groups = random() < 0.5 ? ["a", "b", "c"] : undefined;
      const rule = ruleOf({
        bound: 0,
        windowMs: pick(random, [10_000, 20_000]),
        notify: ["chat"],
        forMs: integer(random, 2) * 10_000,
        keepMs: integer(random, 2) * 10_000,
        groupBy: groups === undefined ? undefined : "touchpoint",
      });
      const records: TestRecord[] = [];
      for (let second = 0; second < 300; second += 10) {
        if (random() < 0.4) records.push(at(second + integer(random, 9), groups && pick(random, groups)));
      }
      const told = async (isDisturbed: boolean): Promise<{ told: Set<string>; records: string[] }> => {
        const ids: string[] = [];
        let run = new TestEvaluator([rule], T0);
        const { file } = run;
        for (let second = 0; second < 300; second++) {
          run.records = records;
          // Before the next instant of evaluation the disk is well again.
          const isWell = !isDisturbed || second % 10 > 6;
          run.fateOf = () => (isWell ? "done" : pick(random, ["done", "failed", "lost"] satisfies WriteFate[]));
          await run.pass(1);
          const before = ids.length;
          for (const [key, { data }] of file.rows) {
            const { delivery } = JSON.parse(data) as { delivery: QueuedDelivery };
            if (key.startsWith("delivery") && !ids.includes(delivery.id)) ids.push(delivery.id);
          }
          if (ids.length > before) total += ids.length - before;
          if (!isDisturbed || random() > 0.1) continue;
          run.evaluator.stop();
          run = new TestEvaluator([rule], run.now, file);
        }
        // Whoever sends has got all that the data file has.
        run.fateOf = () => "done";
        run.records = records;
        await run.pass(10);
        const waiting = [...file.rows.keys()].filter((key) => key.startsWith("delivery"));
        expect(new Set(run.queued.map(({ id }) => `delivery ${id}`)).isSupersetOf(new Set(waiting))).toBe(true);
        return { told: new Set(ids), records: file.records.map(({ message }) => message).toSorted() };
      };
      expect({ rule, ...(await told(true)) }).toEqual({ rule, ...(await told(false)) });
    }
    expect(total).toBeGreaterThan(100);
  });

  test("says that a failed query is unknown, and leaves the state as it is", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    run.records = [at(-2)];
    await run.pass(1);
    run.refusal = "cannot read the data file";
    await run.pass(120);
    const [evaluation] = run.evaluator.rules;
    expect([evaluation?.failure, evaluation?.firing]).toEqual(["cannot read the data file", 1]);
    expect(run.evaluator.figures.failures).toBe(12);
    run.refusal = undefined;
    await run.pass(10);
    expect(run.told).toEqual(["firing errors", "resolved errors"]);
  });

  test("does not take a start, or a clock that was set, for silence", async () => {
    const silence = ruleOf({ kind: "silence", side: "below", bound: 1, windowMs: 60_000 });
    const run = new TestEvaluator([{ ...silence, notify: ["chat"] }], T0);
    await run.pass(59);
    expect(run.told).toEqual([]);
    await run.pass(2);
    expect(run.told).toEqual(["firing errors"]);
    for (const jump of [3_600_000, -7_200_000]) {
      const heard = new TestEvaluator([{ ...silence, notify: ["chat"] }], T0);
      heard.records = Array.from({ length: 200 }, (_, second) => at(second));
      await heard.pass(150);
      heard.now += jump;
      await heard.pass(1);
      heard.records = [
        ...heard.records,
        ...Array.from({ length: 50 }, (_, s) => ({ receivedAt: heard.now + s * 1_000 })),
      ];
      await heard.pass(55);
      expect(heard.told).toEqual([]);
      await heard.pass(120);
      expect(heard.told).toEqual(["firing errors"]);
    }
  });

  test("holds a value as long as `for` says though the clock is set meanwhile", async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const rule = ruleOf({ bound: 0, forMs: 60_000, windowMs: 86_400_000, notify: ["chat"] });
      const run = new TestEvaluator([rule], T0 - 500);
      run.records = [{ receivedAt: T0 - 8_000_000 }];
      await run.pass(31);
      run.now += jump;
      await run.pass(20);
      expect(run.told).toEqual([]);
      await run.pass(20);
      expect(run.told).toEqual(["firing errors"]);
    }
  });

  test("goes on firing under a changed rule, and resolves by its bounds", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    run.records = [at(-2), at(-1)];
    await run.pass(1);
    await run.evaluator.setRules([{ ...RULE, bound: 1 }]);
    await run.pass(10);
    expect(run.told).toEqual(["firing errors"]);
    await run.evaluator.setRules([{ ...RULE, bound: 5 }]);
    await run.pass(10);
    expect(run.told).toEqual(["firing errors", "resolved errors"]);
  });

  test("tells that a rule has resolved which is removed or grouped otherwise while it fires", async () => {
    for (const rules of [[], [{ ...RULE, groupBy: "touchpoint" }], [{ ...RULE, name: "faults" }]]) {
      const run = new TestEvaluator([RULE], T0 - 500);
      run.records = [at(-2)];
      await run.pass(1);
      await run.evaluator.setRules(rules);
      expect(run.told).toEqual(["firing errors", "resolved errors"]);
      expect(run.queued.at(-1)?.destination).toBe("chat");
      const restarted = new TestEvaluator(rules, T0 + 10_000, run.file);
      await restarted.pass(1);
      expect(restarted.told.filter((told) => told === "resolved errors")).toHaveLength(1);
    }
  });

  test("has an instance for each of 20 values, and the one that fires stays when worse ones come", async () => {
    const rule = ruleOf({ bound: 0, windowMs: 10_000, groupBy: "touchpoint", notify: ["chat"] });
    const run = new TestEvaluator([rule], T0);
    const group = (name: string, count: number, second: number) =>
      Array.from({ length: count }, () => at(second, name));
    run.records = [
      ...Array.from({ length: 30 }, (_, index) => group(`g${index}`, index + 1, 5)).flat(),
      ...group("g10", 1, 15),
      ...Array.from({ length: 30 }, (_, index) => group(`h${index}`, 50, 15)).flat(),
    ];
    await run.pass(10);
    expect(run.told.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => `firing errors g${index + 10}`));
    await run.pass(10);
    const values = run.evaluator.rules[0]?.values ?? [];
    expect(values).toContain("g10");
    expect(values.filter((value) => value.startsWith("g"))).toEqual(["g10"]);
    expect(run.told.filter((told) => told.startsWith("resolved"))).toHaveLength(19);
  });

  test("knows which values fall silent, also after a restart", async () => {
    const rule = ruleOf({
      kind: "silence",
      side: "below",
      bound: 1,
      windowMs: 10_000,
      groupBy: "key",
      notify: ["chat"],
    });
    const run = new TestEvaluator([rule], T0);
    run.records = [at(12, "one"), at(12, "other"), at(22, "other"), at(32, "other"), at(42, "other"), at(52, "other")];
    await run.pass(21);
    expect(run.told).toEqual([]);
    const restarted = new TestEvaluator([rule], run.now, run.file);
    restarted.records = run.records;
    await restarted.pass(25);
    expect(restarted.told).toEqual(["firing errors one"]);
  });

  test("asks again when too many queries wait, and rests after a query for as long as it took", async () => {
    const run = new TestEvaluator([RULE], T0);
    let asked = 0;
    const { schedule } = run;
    const slow = {
      query: ({ kind }: QueryRequest) => {
        if (kind === "latest_received") return Promise.resolve({ ok: true as const, answer: '{"latest":null}' });
        schedule.nowMs += 300;
        return Promise.resolve(++asked < 3 ? BUSY : { ok: true as const, answer: JSON.stringify(EMPTY) });
      },
    };
    const evaluator = new (await import("../../../src/alerts/evaluator.ts")).Evaluator(
      {
        ...BARE,
        rules: [RULE],
        queries: slow,
        clock: () => T0,
        monotonic: schedule.clock,
        schedule: schedule.schedule,
      },
      [],
    );
    run.evaluator.stop();
    evaluator.start();
    schedule.pass(1_000);
    for (let turn = 0; turn < 20; turn++) {
      await new Promise((wake) => setImmediate(wake));
      const [next] = schedule.waits;
      if (next !== undefined && asked < 4) schedule.pass(Math.min(next, 1_000));
    }
    expect(asked).toBe(3);
    expect(evaluator.figures).toEqual({ evaluations: 1, failures: 0, queryMs: 900 });
    evaluator.stop();
  });
});

const BUSY = { ok: false as const, refusal: { code: "busy" as const, message: "Too many queries" } };
const EMPTY = { count: 0, of: 0, timings: 0, percentile: null };
const BARE = {
  changes: { change: () => Promise.resolve({ ok: true as const }) },
  drained: () => Promise.resolve(),
  links: () => ({ url: "" }),
  queued: () => undefined,
  log: () => undefined,
};
