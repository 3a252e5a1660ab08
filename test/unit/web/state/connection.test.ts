// The connection to the server: how soon a failure shows, and that it is over.

import { describe, expect, test } from "bun:test";
import { signal } from "@preact/signals";
import { Connection } from "../../../../src/web/state/connection.ts";
import { ManualSchedule } from "../../../support/manual_schedule.ts";

/** Lets promises that are settled go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function makeConnection() {
  const time = new ManualSchedule();
  const isVisible = signal(true);
  const server = {
    answer: "yes" as "yes" | "no" | "never",
    /** Answers the probe that is under way. */
    answerLate: () => {},
    probes: 0,
    back: 0,
  };
  const connection = new Connection({ clock: time.clock, schedule: time.schedule, isVisible }, (signal) => {
    server.probes++;
    if (server.answer !== "never") return Promise.resolve(server.answer === "yes");
    const { promise, resolve } = Promise.withResolvers<boolean>();
    signal.addEventListener("abort", () => resolve(false));
    server.answerLate = () => resolve(true);
    return promise;
  });
  const stop = connection.start(() => server.back++);
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      time.pass(100);
      await settle();
    }
  };
  return { connection, server, isVisible, pass, stop, time };
}

describe("a server that stops", () => {
  test.each(["no", "never"] as const)(
    "is missed within three seconds when it answers %s, since it answered last",
    async (answer) => {
      const { connection, server, pass } = makeConnection();
      await pass(10_000);
      expect(connection.lostSinceMs.value).toBeUndefined();
      const reachedAt = 9_000;
      server.answer = answer;
      await pass(3_000);
      expect(connection.lostSinceMs.value).toBe(reachedAt);
      await pass(60_000);
      expect(connection.lostSinceMs.value).toBe(reachedAt);
    },
  );

  test("and answers again is noticed by itself, by a press, or by any other response", async () => {
    const { connection, server, pass } = makeConnection();
    const lose = async () => {
      server.answer = "no";
      await pass(3_000);
      expect(connection.lostSinceMs.value).toBeNumber();
      server.answer = "yes";
    };
    await lose();
    await pass(1_500);
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 1]);
    await lose();
    connection.check();
    await settle();
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 2]);
    await lose();
    connection.reached();
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 3]);
  });
});

describe("a server that answers late", () => {
  test("is missed meanwhile, and nothing is asked again when it answers", async () => {
    const { connection, server, pass } = makeConnection();
    server.answer = "never";
    await pass(3_000);
    expect([connection.lostSinceMs.value, server.probes]).toEqual([0, 1]);
    await pass(2_000);
    server.answerLate();
    await settle();
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 0]);
    await pass(3_000);
    connection.reached();
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 0]);
  });

  test("is lost after five seconds, and everything is asked again when it is back", async () => {
    const { connection, server, pass } = makeConnection();
    server.answer = "never";
    await pass(6_500);
    server.answer = "yes";
    expect(connection.lostSinceMs.value).toBe(0);
    await pass(1_500);
    expect([connection.lostSinceMs.value, server.back]).toEqual([undefined, 1]);
  });
});

describe("probes", () => {
  test("rest while the page is hidden, and begin at once when it is seen", async () => {
    const { server, isVisible, pass } = makeConnection();
    await pass(1_500);
    isVisible.value = false;
    await pass(60_000);
    const before = server.probes;
    isVisible.value = true;
    await settle();
    expect(server.probes).toBe(before + 1);
    await pass(3_000);
    expect(server.probes).toBe(before + 3);
  });

  test("end when it is stopped, also one that is under way", async () => {
    const { connection, server, pass, stop, time } = makeConnection();
    server.answer = "never";
    await pass(2_000);
    stop();
    await pass(10_000);
    expect([server.probes, time.waits, connection.lostSinceMs.value]).toEqual([1, [], undefined]);
  });

  test("run once at a time, however often they are asked for", async () => {
    const { connection, server, pass, time } = makeConnection();
    for (let press = 0; press < 5; press++) connection.check();
    await settle();
    expect(time.waits).toHaveLength(1);
    const before = server.probes;
    await pass(1_500);
    expect(server.probes).toBe(before + 1);
  });
});
