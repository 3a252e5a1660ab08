// Which entries may pair: client keys against server keys, one sender among others, and ambiguous pairs.

import { describe, expect, test } from "bun:test";
import { parsePendingTiming, type StoredTiming } from "../../../../src/commit/pending_timing.ts";
import type { Entry } from "../../../../src/core/entry.ts";
import { SENDERLESS_COMPLETED_KIND } from "../../../../src/ingest/pairing/recently_completed_chunks.ts";
import { NOW } from "../entries/batch_context.ts";
import { Desk } from "./desk.ts";

const T = NOW;
const CLIENT = { type: "client" } as const;
const START: Entry = { key: "k", touchpoint: "t", startTime: T };
const END: Entry = { key: "k", touchpoint: "t", endTime: T + 9 };
const GRACE_MS = 60_000;

describe("a client key that knows the key of a server's timing", () => {
  const forms: [string, Entry][] = [
    ["an end", END],
    ["an end without a touchpoint", { key: "k", endTime: T + 1 }],
    ["an end by touchpoint", { touchpoint: "t", endTime: T + 1 }],
    ["a complete timing with the very startTime", { ...START, endTime: T + 5, duration: 5 }],
    ["a complete timing by key alone", { key: "k", duration: 5 }],
    ["a complete timing by touchpoint", { touchpoint: "t", startTime: T, duration: 5 }],
  ];

  test.each(forms)("does not close its start with %s, before or after it", (_name, forged) => {
    for (const standalone of [false, true]) {
      const start = { ...START, standalone };
      const after = new Desk().offer("start", start).offer("forged", forged, CLIENT).offer("end", END);
      const before = new Desk().offer("forged", forged, CLIENT).offer("start", start).offer("end", END);
      const between = new Desk().offer("start", start).restarted().offer("forged", forged, CLIENT).offer("end", END);
      for (const desk of [after, before, between]) {
        const pairs = desk.settled.filter((line) => line.startsWith("completed") && line.includes("+"));
        expect(pairs).toEqual([`completed end+start (${standalone ? 1 : 2})`]);
        expect(desk.settled.filter((line) => line.startsWith("absorbed"))).toEqual([]);
      }
    }
  });

  test("does not take its end away with a start, before the server's or after it", () => {
    const earlier = { ...START, startTime: T - 9 };
    const orders = [
      new Desk().offer("forged", earlier, CLIENT).offer("start", START).offer("end", END),
      new Desk().offer("start", START).offer("forged", earlier, CLIENT).offer("end", END),
      new Desk().offer("end", END).offer("forged", earlier, CLIENT).offer("start", START),
      new Desk()
        .offer("end", END)
        .offer("forged", { ...earlier, standalone: true }, CLIENT)
        .offer("start", START),
      new Desk()
        .offer("forged", { key: "k", startTime: T }, CLIENT)
        .offer("start", START)
        .offer("end", { key: "k", endTime: T }),
      new Desk()
        .offer("forged", START, CLIENT)
        .offer("start", { ...START, startTime: T - 1 })
        .offer("end", { ...START, endTime: T + 9 }),
    ];
    const pairs = orders.map(({ settled }) => settled.filter((line) => line !== "started forged (1)"));
    expect(pairs).toEqual(orders.map(() => ["completed end+start (2)"]));
  });

  test("does not take away what a server's complete timing absorbs, with any number of starts", () => {
    for (const isRestarted of [false, true]) {
      const desk = new Desk().offer("complete", { ...START, duration: 5 });
      for (const name of ["f1", "f2"]) desk.offer(name, START, CLIENT);
      const later = isRestarted ? desk.restarted() : desk;
      later.offer("f3", START, CLIENT).offer("start", START).offer("s2", START);
      expect(desk.settled.slice(0, 2)).toEqual(["completed complete (1)", "absorbed f1"]);
      // The other forged ones, and the server's second start, wait.
      expect([later.settled.slice(isRestarted ? 0 : 2), later.memory.openEntries]).toEqual([["absorbed start"], 3]);
    }
  });
});

describe("a timing of a client key", () => {
  test("is closed by a server's end and complete timing by key", () => {
    const end = new Desk().offer("start", START, CLIENT).offer("end", END);
    const complete = new Desk().offer("start", START, CLIENT).offer("complete", { ...START, duration: 5 });
    expect([end.settled, complete.settled]).toEqual([["completed end+start (2)"], ["completed complete+start (2)"]]);
  });

  test("is closed by a server's earlier end once no server's start can come any more", () => {
    const desk = new Desk().offer("end", END).offer("start", START, { ...CLIENT, at: T + 10 });
    expect([desk.settled, desk.memory.openEntries]).toEqual([[], 2]);
    desk.memory.expire(T + GRACE_MS);
    expect(desk.settled).toEqual([]);
    desk.memory.expire(T + GRACE_MS + 1);
    expect([desk.settled, desk.memory.openEntries]).toEqual([["completed end+start (2)"], 0]);
    expect(desk.records[0]).toMatchObject({ time: T, receivedAt: T + 10, startTime: T, endTime: T + 9, duration: 9 });
  });

  test("is closed by it also after a restart, and when the end is pushed out", () => {
    const restarted = new Desk()
      .offer("end", END)
      .offer("start", START, CLIENT)
      .restarted(undefined, T + 2 * GRACE_MS);
    restarted.memory.expire(T + 2 * GRACE_MS);
    expect(restarted.settled).toEqual([]);
    restarted.memory.expire(T + 2 * GRACE_MS + 1);
    expect(restarted.settled).toEqual(["completed end+start (2)"]);
    const full = new Desk({ openMax: 2 }).offer("end", END).offer("start", START, CLIENT);
    full.offer("other", { key: "other", startTime: T });
    expect([full.settled, full.memory.openEntries]).toEqual([["completed end+start (2)"], 1]);
  });
});

describe("the sender", () => {
  const one = { sender: "10.0.0.1\nnode" };
  const two = { sender: "10.0.0.2\nnode" };

  test.each([
    ["address and User-Agent", one, two],
    ["API key", { apiKey: "one" }, { apiKey: "two" }],
  ])("an end takes a start of its own %s before an earlier one", (_name, own, other) => {
    const desk = new Desk().offer("other", { touchpoint: "t", startTime: T - 5 }, other);
    desk.offer("own2", { touchpoint: "t", startTime: T }, own).offer("own", { touchpoint: "t", startTime: T - 1 }, own);
    for (const name of ["a", "b", "c"]) desk.offer(name, { touchpoint: "t", endTime: T }, own);
    expect(desk.settled).toEqual(["completed a+own (2)", "completed b+own2 (2)", "completed c+other (2)"]);
  });

  test("goes after an equal startTime and an equal touchpoint, and before the earliest startTime, by key too", () => {
    const very = new Desk()
      .offer("own", { key: "k", startTime: T - 1 }, one)
      .offer("very", { key: "k", startTime: T }, two);
    very.offer("c", { key: "k", startTime: T, duration: 1 }, one);
    const equal = new Desk().offer("own", { key: "k", startTime: T }, one);
    equal.offer("equal", { key: "k", touchpoint: "t", startTime: T }, two).offer("e", END, one);
    const early = new Desk()
      .offer("early", { ...START, startTime: T - 9 }, two)
      .offer("own", START, one)
      .offer("e", END, one);
    expect([very.settled, equal.settled, early.settled]).toEqual([
      ["completed c+very (2)"],
      ["completed e+equal (2)"],
      ["completed e+own (2)"],
    ]);
  });

  test("decides also which of several ends or complete timings a late start takes", () => {
    const ends = new Desk().offer("other", { touchpoint: "t", endTime: T }, two);
    ends.offer("own", { touchpoint: "t", endTime: T + 1 }, one).offer("s", { touchpoint: "t", startTime: T }, one);
    expect(ends.settled).toEqual(["completed own+s (2)"]);
    // The first one of another sender is forgotten after its grace; had it been taken, there would be another for the
    // second start.
    const completes = new Desk().offer("other", { ...START, duration: 1 }, { ...two, at: T });
    completes.offer("own", { ...START, duration: 1 }, { ...one, at: T + 10 }).offer("s", START, { ...one, at: T + 20 });
    completes.offer("late", START, { ...one, at: T + GRACE_MS + 5 });
    expect([completes.settled.at(-1), completes.memory.openEntries]).toEqual(["absorbed s", 1]);
  });

  test("is known after a restart, and counts as unknown where an older file has none", () => {
    const touch = (startTime: number): Entry => ({ touchpoint: "t", startTime });
    const before = () => new Desk().offer("other", touch(T - 5), two).offer("own", touch(T), one);
    const end: Entry = { touchpoint: "t", endTime: T };
    expect(before().restarted().offer("e", end, one).settled).toEqual(["completed e+own (2)"]);
    const senderless = (item: string) => {
      const { project, keyType, sender, entry } = parsePendingTiming(item) as StoredTiming;
      expect(sender).toBeNumber();
      return JSON.stringify({ project, keyType, entry });
    };
    const old = before().restarted(senderless);
    old.offer("new", touch(T), one).offer("e", end, one).offer("e2", end, one);
    expect(old.settled).toEqual(["completed e+new (2)", "completed e2+other (2)"]);
  });

  test("is absent in the state log of an older version, whose complete timings absorb all the same", () => {
    const desk = new Desk().offer("c", { ...START, duration: 5 });
    const part = desk.memory.takeChanges().completed?.data as Uint8Array;
    // A head, how many were absorbed and added (8 bytes each), five numbers, and four words: the older form lacks the
    // last number.
    expect(part.length).toBe(8 + 8 + 40 + 16);
    const older = Uint8Array.of(...part.subarray(0, 8 + 8 + 32), ...part.subarray(-16));
    older[0] = older.length - 8;
    const after = new Desk();
    after.memory.restore([], [{ kind: SENDERLESS_COMPLETED_KIND, data: older }], 0);
    after.offer("s", START);
    expect(after.settled).toEqual(["absorbed s"]);
  });
});

describe("a pair by touchpoint is ambiguous", () => {
  const start = (startTime: number, key?: string): Entry => ({
    touchpoint: "t",
    startTime,
    ...(key === undefined ? {} : { key }),
  });
  const end: Entry = { touchpoint: "t", endTime: T };

  test("where more than one start would have fitted, from any sender", () => {
    const desk = new Desk().offer("a", start(T - 2)).offer("b", start(T - 1), { sender: "another" });
    desk.offer("e1", end).offer("e2", end);
    expect([desk.settled.length, desk.ambiguous]).toEqual([2, ["shop server t"]]);
    const client = new Desk().offer("a", start(T), CLIENT).offer("b", start(T), CLIENT).offer("e", end, CLIENT);
    expect(client.ambiguous).toEqual(["shop client t"]);
  });

  test("not where the others could not have been its start", () => {
    const desk = new Desk()
      .offer("a", start(T))
      .offer("later", start(T + 1))
      .offer("keyed", start(T, "k"));
    desk.offer("client", start(T), CLIENT).offer("blog", start(T), { project: "blog" });
    desk.offer("e", { ...end, key: "l" });
    expect([desk.settled, desk.ambiguous]).toEqual([["completed a+e (2)"], []]);
  });

  test("for a complete timing only where several have an equal startTime", () => {
    const desk = new Desk()
      .offer("a", start(T - 1))
      .offer("b", start(T))
      .offer("c", start(T - 1));
    desk.offer("one", { touchpoint: "t", startTime: T, duration: 1 });
    expect(desk.ambiguous).toEqual([]);
    desk.offer("two", { touchpoint: "t", startTime: T - 1, duration: 1 });
    expect([desk.ambiguous, desk.settled.at(-1)]).toEqual([["shop server t"], "completed a+two (2)"]);
  });

  test("never by key, nor for a late start that chooses among ends", () => {
    const byKey = new Desk().offer("a", START).offer("b", START).offer("e", END);
    const late = new Desk().offer("e", end).offer("e2", end).offer("s", start(T));
    expect([byKey.ambiguous, byKey.settled.length, late.ambiguous, late.settled.length]).toEqual([[], 1, [], 1]);
  });
});

describe("the times of a pair", () => {
  const began = T - 109_000;
  test.each<[string, Entry, object]>([
    ["a duration alone", { duration: 42 }, { startTime: began, endTime: began + 42, duration: 42 }],
    [
      "a duration and a timestamp",
      { duration: 42, timestamp: T - 5 },
      { startTime: began, endTime: began + 42, duration: 42 },
    ],
    ["an end and a duration", { endTime: T, duration: 42 }, { startTime: began, endTime: T, duration: 42 }],
    ["an end", { endTime: T }, { startTime: began, endTime: T, duration: 109_000 }],
    [
      "its own start and a duration",
      { startTime: T - 50, duration: 42 },
      { startTime: T - 50, endTime: T - 8, duration: 42 },
    ],
  ])("closed by %s", (_name, closing, times) => {
    const desk = new Desk().offer("s", { key: "k", startTime: began }, { at: began });
    desk.offer("c", { key: "k", ...closing });
    expect(desk.settled).toEqual(["completed c+s (2)"]);
    expect(desk.records[0]).toMatchObject({ time: began, receivedAt: T, ...times });
  });

  test("its receipt is the later half's in either order", () => {
    const forth = new Desk().offer("s", START, { at: T }).offer("e", END, { at: T + 7 });
    const back = new Desk().offer("e", END, { at: T }).offer("s", START, { at: T + 7 });
    expect([forth, back].map(({ records }) => (records[0] as { receivedAt: number }).receivedAt)).toEqual([
      T + 7,
      T + 7,
    ]);
  });
});
