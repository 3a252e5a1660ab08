// Alerts and time: clocks that are set while the server runs or is off, a process that stood still, windows that were
// missed, rules that change while they fire. And a model: whatever happens, nothing is stuck, lost or told twice.

import { describe, expect, test } from "bun:test";
import type { QueuedDelivery } from "../../../src/alerts/delivery/queue.ts";
import type { AlertRule } from "../../../src/core/alert_rule.ts";
import type { Notification } from "../../../src/core/notification.ts";
import { TestEvaluator, type TestRecord } from "../../support/alert_evaluator.ts";
import { ruleOf } from "../../support/alert_rules.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const T0 = Date.UTC(2026, 5, 1);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RULE = ruleOf({ bound: 0, notify: ["chat"] });
const SILENCE = ruleOf({ kind: "silence", side: "below", bound: 1, notify: ["chat"] });

const at = (seconds: number): TestRecord => ({ receivedAt: T0 + seconds * 1_000 });
const eachSecond = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => at(from + index));
const toldTo = (run: TestEvaluator) =>
  run.queued.map(({ destination, notification }) => `${(notification as Notification).state} ${destination}`);

describe("a rule that is changed while it fires", () => {
  test("tells whom it told of the firing that it has resolved, though it names others now", async () => {
    for (const notify of [[], ["mail"], ["mail", "chat"]]) {
      for (const isRestarted of [false, true]) {
        let run = new TestEvaluator([{ ...RULE, notify: ["chat", "page"] }], T0 - 500);
        run.records = [at(-2)];
        await run.pass(1);
        if (isRestarted) run = new TestEvaluator([{ ...RULE, notify }], run.now, run.file);
        else await run.evaluator.setRules([{ ...RULE, notify }]);
        await run.pass(70);
        const resolved = toldTo(run).filter((told) => told.startsWith("resolved"));
        expect(new Set(resolved)).toEqual(new Set(["chat", "page", ...notify].map((name) => `resolved ${name}`)));
        expect(resolved).toHaveLength(new Set(resolved).size);
      }
    }
  });

  test("is sent again to an Alertmanager that was told of it, until it has resolved", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    run.records = [at(-2)];
    await run.pass(1);
    await run.evaluator.setRules([{ ...RULE, notify: ["mail"] }]);
    expect([run.evaluator.firing("chat"), run.evaluator.firing("mail")].map(({ length }) => length)).toEqual([1, 1]);
    await run.pass(70);
    expect([run.evaluator.firing("chat"), run.evaluator.firing("mail")]).toEqual([[], []]);
  });
});

describe("a clock that is set", () => {
  test("twice in a window is not taken for silence, however little the second time", async () => {
    for (const [first, second] of [
      [HOUR_MS, 3_000],
      [-HOUR_MS, 3_000],
      [3_000, -HOUR_MS],
      [-3_000, HOUR_MS],
    ] as const) {
      const run = new TestEvaluator([SILENCE], T0);
      run.records = eachSecond(0, 100);
      await run.pass(100);
      run.now += first;
      await run.pass(10);
      run.now += second;
      await run.pass(45);
      expect([first, second, run.told]).toEqual([first, second, []]);
      await run.pass(60);
      expect(run.told).toEqual(["firing errors"]);
    }
  });

  test("back does not count what was received before once more", async () => {
    for (const isRestarted of [false, true]) {
      const rule = { ...RULE, bound: 50 };
      let run = new TestEvaluator([rule], T0);
      const old = eachSecond(1, 300).map((record) => ({ ...record, isOld: true }));
      run.records = old.map(({ receivedAt }) => ({ receivedAt }));
      await run.pass(400);
      expect(run.told).toEqual(["firing errors", "resolved errors"]);
      run.now -= 300_000;
      if (isRestarted) run = new TestEvaluator([rule], run.now, run.file);
      // From now on one record each 10 s.
      run.records = [...old, ...Array.from({ length: 60 }, (_, index) => ({ receivedAt: run.now + index * 10_000 }))];
      await run.pass(400);
      expect([isRestarted, run.told]).toEqual([isRestarted, ["firing errors", "resolved errors"]]);
    }
  });

  test("back gives the same change at the same time another id", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    run.records = [at(115)];
    await run.pass(230);
    expect(run.told).toEqual(["firing errors", "resolved errors"]);
    run.now -= 180_000;
    run.records = [{ ...at(115), isOld: true }, at(115)];
    await run.pass(200);
    expect(run.told).toEqual(["firing errors", "resolved errors", "firing errors", "resolved errors"]);
    const tos = run.queued.map(({ notification }) => (notification as Notification).to);
    expect(tos.slice(2)).toEqual(tos.slice(0, 2));
    expect(new Set(run.queued.map(({ id }) => id)).size).toBe(4);
  });

  test("does not part what is told of one firing: its beginning stays", async () => {
    for (const jump of [HOUR_MS, -HOUR_MS]) {
      const run = new TestEvaluator([RULE], T0 - 500);
      run.records = [at(-2)];
      await run.pass(1);
      run.now += jump;
      await run.pass(130);
      expect(run.told).toEqual(["firing errors", "resolved errors"]);
      const [firing, resolved] = run.queued.map(({ notification }) => notification as Notification);
      expect(resolved?.since).toBe(firing?.since as number);
      expect(run.file.records[1]?.key).toBe(run.file.records[0]?.key as string);
    }
  });

  test("leaves `for` as long as it is, though the configuration is loaded or the server restarts afterwards", async () => {
    for (const jump of [HOUR_MS, -HOUR_MS]) {
      for (const isRestarted of [false, true]) {
        const rule = ruleOf({ bound: 0, forMs: 60_000, windowMs: DAY_MS, notify: ["chat"] });
        let run = new TestEvaluator([rule], T0 - 500);
        run.records = [{ receivedAt: T0 - 8_000_000 }];
        const { records } = run;
        await run.pass(31);
        run.now += jump;
        await run.pass(2);
        if (isRestarted) run = new TestEvaluator([rule], run.now, run.file);
        else await run.evaluator.setRules([rule]);
        run.records = records;
        await run.pass(18);
        expect([jump, isRestarted, run.told]).toEqual([jump, isRestarted, []]);
        await run.pass(25);
        expect([jump, isRestarted, run.told]).toEqual([jump, isRestarted, ["firing errors"]]);
      }
    }
  });

  test("back between two lives leaves no rule muted for longer than it was meant to", async () => {
    for (const years of [0.01, 1, 50]) {
      const run = new TestEvaluator([RULE], T0 + years * 365 * DAY_MS);
      await run.evaluator.mute("errors", run.now + 2 * HOUR_MS);
      const next = new TestEvaluator([RULE], T0, run.file);
      const until = next.evaluator.mutedUntil("errors") ?? 0;
      expect(until - next.now).toBe(2 * HOUR_MS);
    }
  });

  test("between two lives neither loses a resolve nor holds a rule, in either direction", async () => {
    for (const jump of [-30 * DAY_MS, -5 * HOUR_MS, -90_000, 90_000, 5 * HOUR_MS, 30 * DAY_MS]) {
      const run = new TestEvaluator([RULE], T0 - 500);
      run.records = [at(-2)];
      await run.pass(1);
      const next = new TestEvaluator([RULE], run.now + jump, run.file);
      next.records = [{ ...at(-2), isOld: true }];
      await next.pass(200);
      expect([jump, next.told]).toEqual([jump, ["firing errors", "resolved errors"]]);
    }
  });
});

describe("a process that stood still", () => {
  test("does not take that for silence", async () => {
    const run = new TestEvaluator([SILENCE], T0);
    run.records = [...eachSecond(0, 100), ...eachSecond(702, 800)];
    await run.pass(100);
    await run.standStill(600);
    await run.pass(90);
    expect(run.told).toEqual([]);
    await run.pass(80);
    expect(run.told).toEqual(["firing errors"]);
  });

  test("looks at what it received before that, though the window has moved on", async () => {
    const run = new TestEvaluator([RULE], T0 - 500);
    await run.pass(15);
    run.records = [at(16)];
    await run.standStill(600);
    await run.pass(60);
    expect(run.told).toEqual(["firing errors", "resolved errors"]);
  });
});

describe("a server that was killed", () => {
  test("looks at what it received last, though the window has moved on until it starts again", async () => {
    for (const downSeconds of [1, 30, 61, 600, 86_400, 40 * 86_400]) {
      for (const windowMs of [10_000, 60_000]) {
        const rule = { ...RULE, windowMs };
        const run = new TestEvaluator([rule], T0 - 500);
        await run.pass(200);
        const records = [{ receivedAt: run.now - 100 }];
        const next = new TestEvaluator([rule], run.now + downSeconds * 1_000, run.file);
        next.records = records;
        await next.pass(120);
        expect([downSeconds, windowMs, next.told]).toEqual([
          downSeconds,
          windowMs,
          ["firing errors", "resolved errors"],
        ]);
      }
    }
  });

  test("does not tell once more what was told and has resolved", async () => {
    for (const quietSeconds of [0, 30, 100, 3_600]) {
      const run = new TestEvaluator([RULE], T0 - 500);
      run.records = [at(2)];
      await run.pass(75 + quietSeconds);
      expect(run.told).toEqual(["firing errors", "resolved errors"]);
      for (const downSeconds of [1, 120, 7_200]) {
        const next = new TestEvaluator([RULE], run.now + downSeconds * 1_000, run.file);
        next.records = run.records;
        await next.pass(130);
        expect([quietSeconds, downSeconds, next.told]).toEqual([
          quietSeconds,
          downSeconds,
          ["firing errors", "resolved errors"],
        ]);
      }
    }
  });
});

/** The tellings of a file's whole life, in order. */
function tellingsOf(all: readonly QueuedDelivery[]): Map<string, Notification[]> {
  const lanes = new Map<string, Notification[]>();
  for (const { destination, notification } of all) {
    const one = notification as Notification;
    const lane = `${destination} ${one.rule} ${one.group?.value ?? ""}`;
    lanes.set(lane, [...(lanes.get(lane) ?? []), one]);
  }
  return lanes;
}

test("whatever is done to clocks, rules, disks and processes: no rule is stuck, no resolve is lost, nothing floods", async () => {
  const random = seededRandom(runSeed("alerts and time"));
  let told = 0;
  for (let round = 0; round < 25; round++) {
    const isGrouped = random() < 0.5;
    const made = (): AlertRule =>
      ruleOf({
        bound: integer(random, 2),
        windowMs: pick(random, [10_000, 30_000, 60_000]),
        forMs: integer(random, 2) * 10_000,
        keepMs: integer(random, 2) * 10_000,
        notify: pick(random, [["chat"], ["chat", "mail"], ["mail"]]),
        groupBy: isGrouped ? "touchpoint" : undefined,
      });
    let rules = [made()];
    let run = new TestEvaluator(rules, T0);
    const { file } = run;
    const everything: QueuedDelivery[] = [];
    let records: TestRecord[] = [];
    let jumps = 0;
    /** The deliveries of this life that were not there before. */
    const collect = () => {
      for (const delivery of run.queued) {
        if (!everything.some(({ id }) => id === delivery.id)) everything.push(delivery);
      }
    };
    const setBack = (ms: number) => {
      jumps++;
      run.now += ms;
      records = records.map((record) => ({ ...record, isOld: true }));
      run.records = records;
    };
    for (let step = 0; step < 60; step++) {
      const chance = random();
      if (chance < 0.5) {
        const group = isGrouped ? { group: pick(random, ["a", "b"]) } : {};
        for (let count = integer(random, 3); count > 0; count--) records.push({ receivedAt: run.now, ...group });
        run.records = records;
      } else if (chance < 0.58) setBack(pick(random, [-2_500, -30_000, -HOUR_MS, -DAY_MS, 2_500, HOUR_MS, 9 * DAY_MS]));
      else if (chance < 0.68) {
        run.evaluator.stop();
        collect();
        const next = run.now + pick(random, [0, 5_000, 120_000, -20_000, -2 * HOUR_MS, 40 * DAY_MS]);
        if (next < run.now) records = records.map((record) => ({ ...record, isOld: true }));
        run = new TestEvaluator(rules, next, file);
        run.records = records;
      } else if (chance < 0.74) {
        rules = [{ ...made(), windowMs: rules[0]?.windowMs ?? 10_000 }];
        await run.evaluator.setRules(rules);
      } else if (chance < 0.78) await run.evaluator.mute("errors", run.now + integer(random, 60) * 1_000);
      else if (chance < 0.82) await run.standStill(integer(random, 100));
      run.fateOf = () => (random() < 0.1 ? pick(random, ["failed", "lost"]) : "done");
      await run.pass(1 + integer(random, 15));
    }
    run.fateOf = () => "done";
    await run.pass(400);
    collect();
    const lanes = tellingsOf(everything);
    for (const [lane, notifications] of lanes) {
      const states = notifications.map(({ state }) => state);
      told += states.length;
      // A destination that was named while it fired is told of the end alone.
      const isPaired = states.every((state, index) => state !== "firing" || states[index + 1] === "resolved");
      expect([round, lane, states, isPaired]).toEqual([round, lane, states, true]);
    }
    expect(run.evaluator.rules.map(({ firing, failure }) => [firing, failure])).toEqual([[0, undefined]]);
    expect(run.evaluator.mutedUntil("errors")).toBeUndefined();
    // A firing needs a record of its own, unless the clock or the rule changed meanwhile.
    const firings = new Set(
      everything.flatMap(({ notification }) => (notification.state === "firing" ? notification.id : [])),
    );
    expect(firings.size).toBeLessThanOrEqual(records.length + jumps + 60);
  }
  expect(told).toBeGreaterThan(50);
}, 60_000);
