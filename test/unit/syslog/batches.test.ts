import { describe, expect, test } from "bun:test";
import type { ApiKey } from "../../../src/core/batch.ts";
import {
  SYSLOG_BATCH_BYTES_MAX,
  SYSLOG_BATCH_MESSAGES_MAX,
  SYSLOG_DATAGRAM_TRIES_MAX,
  SYSLOG_GATHER_MS_MAX,
  SYSLOG_HELD_BYTES_MAX,
} from "../../../src/core/limits.ts";
import { readFrames } from "../../../src/core/syslog_frames.ts";
import { SyslogBatches } from "../../../src/syslog/batches.ts";
import { ManualSchedule } from "../../support/manual_schedule.ts";
import { ROUTERS, ScriptedIntake } from "../../support/scripted_intake.ts";

const FULL = { refused: "full", retryAfterSeconds: 3 } as const;
const OVER_RATE = { refused: "rate", retryAfterSeconds: 5, debtMs: 0 } as const;

function fixture(options: { canWait?: boolean; messagesMax?: number; bytesMax?: number } = {}) {
  const intake = new ScriptedIntake();
  const schedule = new ManualSchedule();
  const state = { key: ROUTERS as ApiKey | undefined, drained: 0 };
  const batches = new SyslogBatches({
    intake,
    clock: () => 1_000 + schedule.nowMs,
    schedule: schedule.schedule,
    key: () => state.key,
    route: "/syslog?listener=x",
    canWait: options.canWait ?? true,
    messagesMax: options.messagesMax ?? 10_000,
    bytesMax: options.bytesMax ?? 2 ** 20,
    drained: () => {
      state.drained++;
    },
  });
  /** Lets promises of outcomes run. */
  const settled = () => new Promise((wake) => setTimeout(wake, 0));
  const add = (count: number, message: (index: number) => string = (index) => `m${index}`) => {
    for (let index = 0; index < count; index++) batches.add(message(index), "10.0.0.7");
  };
  return { intake, schedule, state, batches, settled, add };
}

describe("messages gather to batches", () => {
  test("until a moment has passed", () => {
    const { intake, schedule, add } = fixture();
    add(2);
    expect(schedule.waits).toEqual([SYSLOG_GATHER_MS_MAX]);
    schedule.pass(SYSLOG_GATHER_MS_MAX - 1);
    add(1);
    expect(intake.pushed).toEqual([]);
    schedule.pass(1);
    const { isDisconnected, ...batch } = intake.pushed[0] ?? ({} as never);
    expect(isDisconnected()).toBe(false);
    const body = "2 1000 10.0.0.7 m02 1000 10.0.0.7 m12 1099 10.0.0.7 m0";
    expect(batch).toEqual({
      body,
      protocol: "syslog",
      bytes: body.length,
      apiKey: ROUTERS,
      origin: null,
      route: "/syslog?listener=x",
      idempotencyKey: undefined,
      sender: "syslog",
      receivedAt: 1_100,
    });
    expect(schedule.waits).toEqual([]);
  });

  test("until there are many, by number, by bytes or as the configuration says", () => {
    const many = fixture();
    many.add(SYSLOG_BATCH_MESSAGES_MAX + 1);
    expect(many.intake.pushed.map(({ body }) => readFrames(body as string)?.length)).toEqual([1_000]);
    const large = fixture();
    large.add(9, () => "x".repeat(60_000));
    expect(large.intake.pushed.map(({ body }) => readFrames(body as string)?.length)).toEqual([4, 4]);
    expect(large.intake.pushed.every(({ bytes }) => bytes <= SYSLOG_BATCH_BYTES_MAX)).toBe(true);
    const few = fixture({ messagesMax: 2 });
    few.add(5);
    expect(few.intake.pushed).toHaveLength(2);
    const small = fixture({ bytesMax: 1_000 });
    small.add(4, () => "x".repeat(300));
    expect(small.intake.pushed).toHaveLength(1);
  });
});

describe("a queue that takes nothing", () => {
  test("is tried again when it said, with the same batches in their order, and nothing is lost", async () => {
    const { intake, schedule, batches, add, settled } = fixture({ messagesMax: 2 });
    intake.next = FULL;
    add(5);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    expect(intake.pushed).toHaveLength(1);
    schedule.pass(3_000 - SYSLOG_GATHER_MS_MAX - 1);
    expect(intake.pushed).toHaveLength(1);
    schedule.pass(1);
    expect(intake.pushed).toHaveLength(2);
    intake.next = "accepted";
    schedule.pass(3_000);
    await settled();
    expect(intake.messages).toEqual(["m0", "m1", "m2", "m3", "m4"]);
    expect([batches.received, batches.refused]).toEqual([5, 0]);
  });

  for (const outcome of ["unavailable", OVER_RATE] as const) {
    test(`batches that come back as ${JSON.stringify(outcome)} are tried again in their order`, async () => {
      const { intake, schedule, batches, add, settled } = fixture({ messagesMax: 1 });
      intake.next = "held";
      add(3);
      intake.settle(outcome);
      await settled();
      intake.next = "accepted";
      schedule.pass(5_000);
      await settled();
      expect(intake.messages).toEqual(["m0", "m1", "m2"]);
      expect(batches.refused).toBe(0);
    });
  }

  test("makes senders wait once much is held, and lets them go on when half of it is gone", async () => {
    const { intake, schedule, state, batches, add, settled } = fixture();
    intake.next = FULL;
    const message = "x".repeat(60_000);
    while (!batches.isFull) add(1, () => message);
    expect(batches.received * 60_000).toBeLessThan(SYSLOG_HELD_BYTES_MAX + 60_000);
    expect(state.drained).toBe(0);
    intake.next = "accepted";
    schedule.pass(3_000);
    await settled();
    expect([batches.isFull as boolean, state.drained]).toEqual([false, 1]);
    expect(intake.messages).toHaveLength(batches.received);
  });

  test("batches that can never fit are refused and counted", () => {
    const { intake, schedule, batches, add } = fixture();
    intake.next = { refused: "too_large" };
    add(3);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    expect([batches.received, batches.refused]).toEqual([3, 3]);
    expect(schedule.waits).toEqual([]);
  });

  test("many batches of one message each are refused one after the other", async () => {
    const { intake, schedule, state, batches, add } = fixture({ messagesMax: 1 });
    intake.next = FULL;
    add(30_000);
    state.key = undefined;
    batches.keysChanged();
    expect(batches.refused).toBe(30_000);
    expect(schedule.waits).toEqual([]);
  });
});

describe("datagrams", () => {
  test("are refused and counted when as much is held as may be", () => {
    const { intake, batches, add } = fixture({ canWait: false });
    intake.next = FULL;
    const message = "x".repeat(60_000);
    while (!batches.isFull) add(1, () => message);
    const held = batches.received;
    add(7);
    expect([batches.received, batches.refused]).toEqual([held + 7, 7]);
  });

  test("are tried so many times, and then refused and counted", () => {
    const { intake, schedule, batches, add } = fixture({ canWait: false });
    intake.next = FULL;
    add(3);
    schedule.pass(60_000);
    expect(intake.pushed).toHaveLength(SYSLOG_DATAGRAM_TRIES_MAX);
    expect(batches.refused).toBe(3);
    expect(schedule.waits).toEqual([]);
  });

  test("over the key's rate are refused and counted at once", async () => {
    const { intake, schedule, batches, add, settled } = fixture({ canWait: false });
    intake.next = OVER_RATE;
    add(3);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    await settled();
    expect(batches.refused).toBe(3);
    expect(schedule.waits).toEqual([]);
  });
});

describe("a key that is revoked", () => {
  test("has its messages refused and counted, those that were held as well", async () => {
    const { intake, schedule, state, batches, add } = fixture();
    intake.next = FULL;
    add(2);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    state.key = undefined;
    batches.keysChanged();
    add(3);
    expect([batches.received, batches.refused]).toEqual([5, 5]);
    state.key = ROUTERS;
    intake.next = "accepted";
    add(1);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    expect(intake.messages).toEqual(["m0"]);
  });

  test("which the writer noticed first has its messages refused", async () => {
    const { intake, schedule, batches, add, settled } = fixture();
    intake.next = { refused: "key_unknown" };
    add(2);
    schedule.pass(SYSLOG_GATHER_MS_MAX);
    await settled();
    expect(batches.refused).toBe(2);
  });
});

describe("stopping", () => {
  test("queues what has gathered, and waits until it is stored", async () => {
    const { intake, batches, add, settled } = fixture();
    intake.next = "held";
    add(3);
    const stopped = batches.stop(2_000);
    expect(await Promise.race([stopped, settled().then(() => "waits")])).toBe("waits");
    expect(intake.pushed).toHaveLength(1);
    intake.settle("accepted");
    await stopped;
    expect(intake.messages).toEqual(["m0", "m1", "m2"]);
  });

  test("tries again often, and refuses and counts what is left after its grace", async () => {
    const { intake, schedule, batches, add, settled } = fixture();
    intake.next = FULL;
    add(3);
    const stopped = batches.stop(2_000);
    await settled();
    schedule.pass(1_999);
    expect(intake.pushed.length).toBeGreaterThan(10);
    schedule.pass(1);
    await stopped;
    expect([batches.received, batches.refused]).toEqual([3, 3]);
    expect(schedule.waits).toEqual([]);
  });

  test("with nothing held ends at once", async () => {
    const { schedule, batches } = fixture();
    await batches.stop(2_000);
    expect(schedule.waits).toEqual([]);
  });
});
