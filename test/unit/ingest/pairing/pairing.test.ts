import { describe, expect, test } from "bun:test";
import { parsePendingTiming, type StoredTiming } from "../../../../src/commit/pending_timing.ts";
import type { Entry, Source } from "../../../../src/core/entry.ts";
import { normalise } from "../../../../src/ingest/entries/normalise.ts";
import { Pairing } from "../../../../src/ingest/pairing/pairing.ts";
import { pendingBytes } from "../../../../src/ingest/pairing/pending_timings.ts";
import { COMPLETED_KIND } from "../../../../src/ingest/pairing/recently_completed_chunks.ts";
import { batchContext, NOW } from "../entries/batch_context.ts";
import { Desk, LIMITS } from "./desk.ts";

const T = NOW;
const IGNORED = { store: () => {}, absorb: () => {}, ambiguous: () => {} };

describe("a start and its end", () => {
  test("become one record at the start's time, with the end's fields, and the start's where the end has none", () => {
    const desk = new Desk();
    const start: Entry = { touchpoint: "t", key: "k", startTime: T, timestamp: T - 1, message: "began", level: "warn" };
    desk.offer("s", { ...start, metadata: { a: 1, both: { x: 1 } } }, { apiKey: "one" });
    desk.offer(
      "e",
      { key: "k", endTime: T + 42, source: "client", metadata: { b: 2, both: { y: 2 } } },
      { at: T + 50, apiKey: "two" },
    );
    expect(desk.records).toEqual([
      {
        kind: "completed",
        time: T - 1,
        receivedAt: T + 50,
        source: "client",
        keyType: "server",
        apiKey: "two",
        touchpoint: "t",
        key: "k",
        level: "warn",
        message: "began",
        startTime: T,
        endTime: T + 42,
        duration: 42,
        metadata: { a: 1, b: 2, both: { y: 2 } },
      },
    ]);
    expect(desk.memory.openEntries).toBe(0);
  });

  test("are a client's where a client key sent either of them, whatever their source says", () => {
    const typeOf = (start: Source, end: Source) => {
      const desk = new Desk();
      desk.offer("s", { key: "k", startTime: T, source: "server" }, { type: start });
      desk.offer("e", { key: "k", endTime: T + 1, source: "server" }, { type: end });
      // Halves that do not pair are records of their own.
      desk.memory.expire(T + 2 * LIMITS.timeoutMs);
      return new Set(desk.records.map((record) => (record as { keyType?: Source }).keyType));
    };
    expect([typeOf("server", "server"), typeOf("client", "client"), typeOf("client", "server")]).toEqual([
      new Set(["server"]),
      new Set(["client"]),
      new Set(["client"]),
    ]);
    expect(typeOf("server", "client")).toContain("client");
  });

  test("that an older version left pending have the key type of their row", () => {
    const entry = {
      kind: "start",
      time: T,
      receivedAt: T,
      source: "server",
      apiKey: "web",
      key: "k",
      startTime: T,
      standalone: false,
    };
    const desk = new Desk();
    desk.memory.restore([{ id: 1, item: JSON.stringify({ project: "shop", keyType: "client", entry }) }], [], T);
    desk.offer("e", { key: "k", endTime: T + 1 });
    expect(desk.records).toMatchObject([{ kind: "completed", source: "server", keyType: "client" }]);
  });

  test("become the same record when the end arrives first", () => {
    const [one, other] = [new Desk(), new Desk()];
    const start: Entry = { touchpoint: "t", startTime: T };
    const end: Entry = { touchpoint: "t", endTime: T + 5 };
    one.offer("s", start, { apiKey: "one" }).offer("e", end, { apiKey: "two" });
    other.offer("e", end, { apiKey: "two" }).offer("s", start, { apiKey: "one" });
    expect(one.records).toHaveLength(1);
    expect(other.records).toEqual(one.records);
  });

  test("a metadata member named __proto__ survives the merge", () => {
    const desk = new Desk();
    desk.offer("s", { key: "k", startTime: T, metadata: JSON.parse('{"__proto__":{"a":1}}') });
    desk.offer("e", { key: "k", endTime: T, metadata: { b: 2 } });
    expect(JSON.stringify(desk.records.map((record) => (record as { metadata: unknown }).metadata))).toBe(
      '[{"__proto__":{"a":1},"b":2}]',
    );
  });

  const server = "server";
  const client = "client";
  test.each<[string, Entry, Source, Entry, Source, boolean]>([
    ["one key", { key: "k", startTime: T }, server, { key: "k", endTime: T }, server, true],
    ["one key from server and browser", { key: "k", startTime: T }, server, { key: "k", endTime: T }, client, false],
    [
      "one key, one touchpoint absent",
      { key: "k", touchpoint: "t", startTime: T },
      client,
      { key: "k", endTime: T },
      client,
      true,
    ],
    [
      "one key, two touchpoints",
      { key: "k", touchpoint: "t", startTime: T },
      server,
      { key: "k", touchpoint: "u", endTime: T },
      server,
      false,
    ],
    ["one touchpoint", { touchpoint: "t", startTime: T }, server, { touchpoint: "t", endTime: T }, server, true],
    [
      "one touchpoint, one key absent",
      { touchpoint: "t", key: "k", startTime: T },
      server,
      { touchpoint: "t", endTime: T },
      server,
      true,
    ],
    [
      "one touchpoint, the other key absent",
      { touchpoint: "t", startTime: T },
      server,
      { touchpoint: "t", key: "k", endTime: T },
      server,
      true,
    ],
    [
      "one touchpoint, two keys",
      { touchpoint: "t", key: "k", startTime: T },
      server,
      { touchpoint: "t", key: "l", endTime: T },
      server,
      false,
    ],
    [
      "one touchpoint, two key types",
      { touchpoint: "t", startTime: T },
      client,
      { touchpoint: "t", endTime: T },
      server,
      false,
    ],
    ["an end before its start", { key: "k", startTime: T }, server, { key: "k", endTime: T - 1 }, server, false],
    ["key against touchpoint", { key: "k", startTime: T }, server, { touchpoint: "t", endTime: T }, server, false],
  ])("%s", (_name, start, startType, end, endType, doesPair) => {
    const outcome = doesPair ? ["completed e+s (2)"] : [];
    const forth = new Desk().offer("s", start, { type: startType }).offer("e", end, { type: endType });
    const back = new Desk().offer("e", end, { type: endType }).offer("s", start, { type: startType });
    expect([forth.settled, back.settled]).toEqual([outcome, outcome]);
    expect([forth.memory.openEntries, back.memory.openEntries]).toEqual(doesPair ? [0, 0] : [2, 2]);
  });

  test("never pair across projects", () => {
    const desk = new Desk();
    desk
      .offer("s", { key: "k", startTime: T }, { project: "shop" })
      .offer("e", { key: "k", endTime: T }, { project: "blog" });
    expect(desk.settled).toEqual([]);
  });
});

describe("among several starts", () => {
  test("the key goes before the touchpoint", () => {
    const desk = new Desk()
      .offer("touch", { touchpoint: "t", startTime: T - 9 })
      .offer("key", { key: "k", startTime: T });
    expect(desk.offer("e", { key: "k", touchpoint: "t", endTime: T }).settled).toEqual(["completed e+key (2)"]);
  });

  test("an equal startTime goes before an equal touchpoint", () => {
    const desk = new Desk()
      .offer("equal", { key: "k", touchpoint: "t", startTime: T - 9 })
      .offer("very", { key: "k", startTime: T });
    desk.offer("c", { key: "k", touchpoint: "t", startTime: T, endTime: T });
    expect(desk.settled).toEqual(["completed c+very (2)"]);
  });

  test("an equal touchpoint goes before the earliest startTime", () => {
    const desk = new Desk()
      .offer("early", { key: "k", startTime: T - 9 })
      .offer("equal", { key: "k", touchpoint: "t", startTime: T });
    expect(desk.offer("e", { key: "k", touchpoint: "t", endTime: T }).settled).toEqual(["completed e+equal (2)"]);
  });

  test("the earliest startTime goes before the first to arrive, and that before the others", () => {
    const desk = new Desk();
    desk.offer("late", { touchpoint: "t", startTime: T }).offer("early", { touchpoint: "t", startTime: T - 1 });
    desk.offer("later", { touchpoint: "t", startTime: T });
    for (const name of ["x", "y", "z"]) desk.offer(name, { touchpoint: "t", endTime: T });
    expect(desk.settled).toEqual(["completed early+x (2)", "completed late+y (2)", "completed later+z (2)"]);
  });
});

describe("a complete timing", () => {
  test("closes by touchpoint only the start with an equal startTime", () => {
    const desk = new Desk()
      .offer("s", { touchpoint: "t", startTime: T })
      .offer("other", { touchpoint: "t", startTime: T + 1, endTime: T + 9 });
    desk.offer("own", { touchpoint: "t", endTime: T + 42, duration: 42 });
    expect(desk.settled).toEqual(["completed other (1)", "completed own+s (2)"]);
  });

  test("closes by key a start with another startTime, and has its own times", () => {
    const desk = new Desk()
      .offer("s", { key: "k", startTime: T })
      .offer("c", { key: "k", startTime: T + 1, endTime: T + 9, duration: 7.5 });
    expect(desk.settled).toEqual(["completed c+s (2)"]);
    expect(desk.records[0]).toMatchObject({ time: T, startTime: T + 1, endTime: T + 9, duration: 7.5 });
  });

  test("absorbs one start that comes within the grace, and no more", () => {
    const desk = new Desk().offer("c", { touchpoint: "t", startTime: T, duration: 5 });
    desk
      .offer("s", { touchpoint: "t", startTime: T }, { at: T + 60_000 })
      .offer("s2", { touchpoint: "t", startTime: T }, { at: T + 60_000 });
    expect([desk.settled, desk.memory.openEntries]).toEqual([["completed c (1)", "absorbed s"], 1]);
  });

  test("absorbs no start after the grace, of another touchpoint, or with another startTime by touchpoint", () => {
    const desk = new Desk().offer("c", { touchpoint: "t", startTime: T, duration: 5 });
    desk.offer("a", { touchpoint: "u", startTime: T }).offer("b", { touchpoint: "t", startTime: T - 1 });
    desk.offer("late", { touchpoint: "t", startTime: T }, { at: T + 60_001 });
    expect([desk.settled, desk.memory.openEntries]).toEqual([["completed c (1)"], 3]);
  });

  test("does not take a pending end", () => {
    const desk = new Desk().offer("e", { key: "k", endTime: T }).offer("c", { key: "k", startTime: T, endTime: T });
    expect([desk.settled, desk.memory.openEntries]).toEqual([["completed c (1)"], 1]);
  });

  test("is found by its startTime among a thousand of the same key", () => {
    const desk = new PairingDeskWithRoom();
    for (let index = 0; index < 1_000; index++)
      desk.offer(`c${index}`, { key: "k", startTime: T + index, duration: 1 });
    expect(desk.offer("s", { key: "k", startTime: T + 990 }).settled.at(-1)).toBe("absorbed s");
  });
});

class PairingDeskWithRoom extends Desk {
  override readonly memory = new Pairing(
    LIMITS,
    [1, 2],
    {
      store: () => this.settled.push("stored"),
      ambiguous: () => {},
      absorb: (_project, start) => this.settled.push(`absorbed ${Object.keys(start.metadata ?? {}).join("+")}`),
    },
    2_048,
  );
}

describe("timings that do not pair", () => {
  test("are stored at once if they have no name", () => {
    const desk = new Desk().offer("s", { startTime: T }).offer("e", { endTime: T }).offer("c", { duration: 1 });
    desk.offer("standalone", { startTime: T, standalone: true });
    expect(desk.settled).toEqual(["unfinished s (1)", "orphaned e (1)", "completed c (1)", "started standalone (1)"]);
    expect(desk.memory.openEntries).toBe(0);
  });

  test("a start is unfinished after the timeout and an end orphaned after the grace, not before", () => {
    const desk = new Desk().offer("s", { key: "k", startTime: T }).offer("e", { key: "l", endTime: T });
    expect(desk.memory.nextDeadline()).toBe(T + 60_000);
    desk.memory.expire(T + 60_000);
    expect(desk.settled).toEqual([]);
    desk.memory.expire(T + 60_001);
    desk.memory.expire(T + 3_600_000);
    expect(desk.settled).toEqual(["orphaned e (1)"]);
    desk.memory.expire(T + 3_600_001);
    expect(desk.settled).toEqual(["orphaned e (1)", "unfinished s (1)"]);
  });

  test("an end that is received after the timeout is too late, even if expire was not called", () => {
    const desk = new Desk()
      .offer("s", { key: "k", startTime: T })
      .offer("e", { key: "k", endTime: T }, { at: T + 3_600_001 });
    expect(desk.settled).toEqual(["unfinished s (1)"]);
  });

  test("the oldest makes room when too many are pending, and clients push out only clients", () => {
    const desk = new Desk({ openMax: 4 });
    const offer = (name: string, type: Source) => desk.offer(name, { key: name, startTime: T }, { type });
    for (const name of ["s1", "s2", "s3", "s4"]) offer(name, "server");
    offer("c1", "client");
    expect(desk.settled).toEqual(["unfinished c1 (1)"]);
    offer("s5", "server");
    expect(desk.settled).toEqual(["unfinished c1 (1)", "unfinished s1 (1)"]);
  });

  test("the oldest of clients makes room when they are past their share", () => {
    const desk = new Desk({ openMax: 4 });
    desk.offer("s1", { key: "s1", startTime: T });
    for (const name of ["c1", "c2", "c3"]) desk.offer(name, { key: name, endTime: T }, { type: "client" });
    expect(desk.settled).toEqual(["orphaned c1 (1)"]);
  });

  test("bytes are bounded too, and a timing that can never fit pushes out no other", () => {
    const desk = new Desk({ openBytesMax: 20_000 });
    const large = "x".repeat(8_000);
    for (const name of ["a", "b", "c"]) desk.offer(name, { key: name, startTime: T, message: large });
    expect(desk.settled).toEqual(["unfinished a (1)"]);
    desk.offer("huge", { key: "huge", startTime: T, metadata: { huge: [large, large, large] } });
    expect(desk.settled).toEqual(["unfinished a (1)", "unfinished huge (1)"]);
  });
});

test("a pending timing counts by its bytes in the file, whatever characters its texts have", () => {
  const texts = ["\u0001", "\u2028", "日", "\u{1f98a}", '"', "\\", "plain "].map((text) => text.repeat(3_000));
  for (const text of [...texts, "\u0007".repeat(24)]) {
    const metadata = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`${text.slice(0, 40)}${index}`, text]),
    );
    const desk = new Desk({ openBytesMax: 1e9 });
    desk.offer("s", { key: "k", touchpoint: text, message: text, startTime: T, metadata });
    const [item] = desk.memory.takeChanges().added;
    const { entry } = parsePendingTiming(item?.item ?? "") as StoredTiming;
    expect(Buffer.byteLength(item?.item ?? "")).toBeLessThan(3 * pendingBytes(entry));
  }
});

describe("a standalone start", () => {
  test("is stored at once, and once more with its end, which then counts alone", () => {
    const desk = new Desk().offer("s", { key: "k", startTime: T, standalone: true });
    expect([desk.settled, desk.memory.openEntries]).toEqual([["started s (1)"], 0]);
    expect(desk.offer("e", { key: "k", endTime: T + 1 }).settled).toEqual(["started s (1)", "completed e+s (1)"]);
  });

  test("is stored twice also when its end came before, and once when its complete timing did", () => {
    const end = new Desk()
      .offer("e", { key: "k", endTime: T })
      .offer("s", { key: "k", startTime: T, standalone: true });
    expect(end.settled).toEqual(["started s (1)", "completed e+s (1)"]);
    const complete = new Desk().offer("c", { key: "k", startTime: T, duration: 1 });
    complete.offer("s", { key: "k", startTime: T, standalone: true }).offer("s2", { key: "k", startTime: T });
    expect([complete.settled, complete.memory.openEntries]).toEqual([["completed c (1)", "started s (1)"], 1]);
  });

  test("is forgotten without a second record after the timeout", () => {
    const desk = new Desk().offer("s", { key: "k", startTime: T, standalone: true });
    desk.memory.expire(T + 3_600_001);
    expect([desk.settled, desk.memory.nextDeadline()]).toEqual([["started s (1)"], Number.POSITIVE_INFINITY]);
  });
});

describe("the changes for the file", () => {
  test("have nothing of a timing that came and went within one group", () => {
    const desk = new Desk().offer("s", { key: "k", startTime: T }).offer("e", { key: "k", endTime: T });
    desk.offer("c", { key: "k", startTime: T, duration: 1 }).offer("s2", { key: "k", startTime: T });
    expect(desk.memory.takeChanges()).toEqual({ added: [], removed: [], completed: undefined });
  });

  test("restore pending timings, with their grace at least, and complete timings", () => {
    const before = new Desk().offer("s", { key: "k", startTime: T }).offer("e", { key: "e", endTime: T });
    before.offer("c", { touchpoint: "t", startTime: T, duration: 1 }, { type: "client" });
    const { added, removed, completed } = before.memory.takeChanges();
    expect([added.map(({ id }) => id), removed, completed?.receivedAt]).toEqual([[1, 2], [], T]);
    const after = new Desk();
    after.memory.restore(
      added,
      completed === undefined ? [] : [{ kind: COMPLETED_KIND, ...completed }],
      T + 3_600_000 + 60_000,
    );
    expect([after.memory.openEntries, after.memory.nextDeadline()]).toEqual([2, T + 3_660_000]);
    after.offer("cs", { touchpoint: "t", startTime: T }, { type: "client", at: T + 60_000 });
    after.offer("end", { key: "k", endTime: T }, { at: T + 3_660_000 });
    expect(after.settled).toEqual(["absorbed cs", "completed end+s (2)"]);
    expect(after.memory.takeChanges()).toMatchObject({ added: [], removed: [1] });
  });

  test("of complete timings are needed until the last of them cannot absorb any more", () => {
    const desk = new Desk().offer("c", { touchpoint: "t", startTime: T, duration: 1 });
    expect(desk.memory.completedNeededSince(T + 60_000)).toBe(T);
    expect(desk.memory.completedNeededSince(T + 60_001)).toBe(T + 60_001);
  });
});

test("a hundred thousand starts of one name, in falling order of time, pair with their ends without slowing down", () => {
  const count = 100_000;
  const limits = { ...LIMITS, openMax: count, openBytesMax: 1e9, clientShare: 1 };
  let pairs = 0;
  const memory = new Pairing(limits, [1, 2], { ...IGNORED, store: () => pairs++ }, 64);
  const entry = { key: "k", touchpoint: "t" };
  const offer = (times: Entry) => {
    const normal = normalise({ ...entry, ...times }, batchContext());
    if (typeof normal !== "string" && normal.kind !== "log")
      memory.offer(normal, { project: "shop", keyType: "client", sender: 1 });
  };
  for (let index = 0; index < count; index++) offer({ startTime: T - index });
  for (let index = 0; index < count; index++) offer({ endTime: T });
  expect([pairs, memory.openEntries]).toEqual([count, 0]);
}, 5_000);
