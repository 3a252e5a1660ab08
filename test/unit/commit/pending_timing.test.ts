import { describe, expect, test } from "bun:test";
import {
  isOpenTiming,
  parsePendingTiming,
  type StartEntry,
  type StoredTiming,
  unpairedRecord,
  writePendingTiming,
} from "../../../src/commit/pending_timing.ts";

const ENTRY: StartEntry = {
  kind: "start",
  time: 1,
  receivedAt: 5,
  source: "server",
  keyType: "client",
  apiKey: "web shop",
  touchpoint: "t",
  key: 'k"\\',
  level: "warn",
  message: "",
  startTime: 2,
  endTime: undefined,
  duration: undefined,
  standalone: false,
  metadata: { a: 1, nested: { b: ["x"] }, ["__proto__"]: 2 },
};
const START: StoredTiming = { project: "shop", keyType: "client", sender: 5, bytes: 600, arrivedAt: 5, entry: ENTRY };
const END: StoredTiming = {
  ...START,
  keyType: "server",
  arrivedAt: 4,
  entry: {
    kind: "end",
    time: 3,
    receivedAt: 4,
    source: "client",
    keyType: "server",
    apiKey: "api",
    touchpoint: undefined,
    key: "k",
    level: undefined,
    message: undefined,
    startTime: undefined,
    endTime: 3,
    duration: undefined,
    metadata: undefined,
  },
};

/** A row with other members. */
function changed(timing: StoredTiming, members: object): string {
  return JSON.stringify({ ...(JSON.parse(writePendingTiming(timing)) as object), ...members });
}

describe("a row of a pending timing", () => {
  test.each([START, END])("comes back as it was written", (timing) => {
    expect(parsePendingTiming(writePendingTiming(timing))).toEqual(timing);
  });

  test("has only the members that the entry has", () => {
    const { entry } = JSON.parse(writePendingTiming(END)) as { entry: object };
    expect(Object.keys(entry)).toEqual(["kind", "time", "receivedAt", "source", "keyType", "apiKey", "key", "endTime"]);
  });

  test("says when it arrived by the steady clock where the wall clock differs by a second", () => {
    const arrivals = [4, 1_003, 1_005, -996].map((arrivedAt) => {
      const item = writePendingTiming({ ...END, arrivedAt });
      return [item.includes("arrivedAt"), parsePendingTiming(item)?.arrivedAt];
    });
    expect(arrivals).toEqual([
      [false, 4],
      [false, 4],
      [true, 1_005],
      [true, -996],
    ]);
  });

  test("is read as version 0.1 wrote it: without sender, size, prefixes and the entry's type of key", () => {
    const { keyType: _keyType, ...entry } = ENTRY;
    const item = JSON.stringify({ project: "shop", keyType: "client", entry });
    expect(parsePendingTiming(item)).toEqual({ ...START, sender: undefined, bytes: undefined });
  });

  test.each([
    ["no JSON", writePendingTiming(START).slice(0, -1)],
    ["no object", "[]"],
    ["no members", "{}"],
    ["no project", changed(START, { project: 1 })],
    ["no type of key", changed(START, { keyType: "other" })],
    ["no entry", changed(START, { entry: 1 })],
    ["no kind", changed(START, { entry: { startTime: 1 } })],
    ["a start without its time", changed(START, { entry: { kind: "start", endTime: 1 } })],
    ["an end without its time", changed(END, { entry: { kind: "end", startTime: 1 } })],
  ])("is undefined where it is damaged: %s", (_what, item) => {
    expect(parsePendingTiming(item)).toBeUndefined();
  });

  test("loses its metadata alone where that is damaged", () => {
    const item = writePendingTiming(START).replace("nested", "nested\\\\");
    expect(parsePendingTiming(item)?.entry).toEqual({ ...ENTRY, metadata: undefined });
  });

  test("holds no text of a client's that is as short as the engine's table of texts takes", () => {
    const row = writePendingTiming({
      ...START,
      entry: { ...ENTRY, metadata: { m1: "v1", m2: ["v2", { m3: "v3" }] } },
    });
    const texts: string[] = [];
    JSON.parse(row, (name, value: unknown) => {
      texts.push(name, ...(typeof value === "string" ? [value] : []));
      return value;
    });
    const short = texts.filter((text) => text.length <= 10);
    for (const own of ["t", 'k"\\', "m1", "m2", "m3", "v1", "v2", "v3"]) expect(short).not.toContain(own);
  });
});

test("a timing whose other half never comes is unfinished or orphaned, and a standalone start is started already", () => {
  const standalone = { ...ENTRY, standalone: true };
  const timings = [ENTRY, standalone, END.entry].map((entry) => [isOpenTiming(entry), unpairedRecord(entry).kind]);
  expect(timings).toEqual([
    [true, "unfinished"],
    [false, "started"],
    [true, "orphaned"],
  ]);
  const { kind: _kind, standalone: _standalone, ...fields } = ENTRY;
  expect(unpairedRecord(ENTRY)).toEqual({ kind: "unfinished", ...fields });
});
