// A trace beside its layout: items of a response, the sentence's figures, lines, the axis, and what is drawn.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../../../../src/core/record.ts";
import type { RunningTiming } from "../../../../../src/core/responses.ts";
import { axisMarks, formatStretch, parseStretch } from "../../../../../src/web/pages/trace/axis.ts";
import { areaOf, ticksOf } from "../../../../../src/web/pages/trace/bar.tsx";
import { type Item, itemsOf } from "../../../../../src/web/pages/trace/items.ts";
import { layOut } from "../../../../../src/web/pages/trace/layout.ts";
import { logsByRow, shownRows } from "../../../../../src/web/pages/trace/shown_rows.ts";
import { summaryOf } from "../../../../../src/web/pages/trace/summary.ts";

const START = 1_718_900_000_000;
let lastId = 0;

function record(more: Partial<ShownRecord>): ShownRecord {
  const own = { project: "shop", apiKey: "test", source: "server", kind: "log", receivedAt: START, key: "k" } as const;
  return { id: ++lastId, ...own, time: START, ...more };
}

function log(at: number, more: Partial<ShownRecord> = {}): ShownRecord {
  return record({ level: "info", time: START + at, ...more });
}

function timing(touchpoint: string, from: number, duration: number, more: Partial<ShownRecord> = {}): ShownRecord {
  const time = START + from;
  const times = { time, startTime: time, endTime: time + duration, duration };
  return record({ kind: "timing", status: "completed", touchpoint, ...times, ...more });
}

function running(touchpoint: string, from: number): RunningTiming {
  return { project: "shop", apiKey: "test", source: "server", touchpoint, startTime: START + from, receivedAt: START };
}

/** Without a duration and an end. */
function start(status: "started" | "unfinished", touchpoint: string, from: number): ShownRecord {
  const { endTime: _end, duration: _duration, ...rest } = timing(touchpoint, from, 0, { status });
  return rest;
}

function items(records: readonly ShownRecord[], open: readonly RunningTiming[] = [], now = START): Item[] {
  return itemsOf({ records: [...records], running: [...open] }, now);
}

const shape = (all: readonly Item[]) =>
  all.map(({ name, state, start, end }) => [name, state, start - START, end - START]);

describe("the items of a trace", () => {
  test("last as long as was measured, whatever the clock said at the end", () => {
    expect(shape(items([timing("a", 0, 10, { endTime: START + 500 }), log(3, { message: "m" })]))).toEqual([
      ["a", "ended", 0, 10],
      ["m", "ended", 3, 3],
    ]);
    expect(shape(items([timing("a", 5, -3)]))).toEqual([["a", "ended", 5, 5]]);
  });

  test("that have no end last until the last instant; that run, until now", () => {
    expect(shape(items([start("unfinished", "a", 0), log(40)]))[0]).toEqual(["a", "unfinished", 0, 40]);
    const all = items([start("unfinished", "a", 0), log(40)], [running("b", 10)], START + 100);
    expect(shape(all)).toEqual([
      ["a", "unfinished", 0, 100],
      ["", "ended", 40, 40],
      ["b", "running", 10, 100],
    ]);
  });

  test("that run do not end before they began, where this clock is behind", () => {
    expect(shape(items([], [running("b", 10)], START - 500))).toEqual([["b", "running", 10, 10]]);
  });

  test("that were stored when they began are marks where the timing itself is there, ended or not", () => {
    const own = start("started", "a", 0);
    expect(shape(items([own, timing("a", 0, 10)]))[0]).toEqual(["a", "mark", 0, 0]);
    expect(shape(items([own], [running("a", 0)], START + 9))[0]).toEqual(["a", "mark", 0, 0]);
    expect(shape(items([own, timing("a", 1, 10)]))[0]).toEqual(["a", "unfinished", 0, 11]);
  });

  test("whose start is missing are an instant", () => {
    const { startTime: _start, duration: _duration, ...orphan } = timing("a", 5, 0, { status: "orphaned" });
    expect(shape(items([orphan]))).toEqual([["a", "orphaned", 5, 5]]);
  });

  test("have the ids of their metadata, where they are texts that name something", () => {
    const ids = (metadata: NonNullable<ShownRecord["metadata"]>) => {
      const [item] = items([log(0, { metadata })]);
      return [item?.spanId, item?.parentSpanId];
    };
    expect(ids({ spanId: "a", parentSpanId: "b" })).toEqual(["a", "b"]);
    expect(ids({ spanId: 7, parentSpanId: "0000000000000000" })).toEqual([undefined, undefined]);
    expect(ids({ spanId: "", parentSpanId: null })).toEqual([undefined, undefined]);
  });

  test("that run have different ids, also where they began in the same instant", () => {
    const all = items([], [running("a", 0), running("b", 0), running("a", 0)]);
    expect(new Set(all.map(({ id }) => id)).size).toBe(3);
  });
});

describe("the sentence", () => {
  const summary = (all: readonly Item[]) => summaryOf(all, layOut(all));

  test("names the touchpoint with most of the longest path, all its timings together, and the way to the longest", () => {
    const { longest, gap } = summary(
      items([
        timing("api/checkout", 0, 31_200),
        timing("db/orders/insert", 100, 900),
        timing("ext/payments/authorize", 1_200, 9_900),
        timing("ext/payments/authorize", 11_200, 20_000),
      ]),
    );
    expect(longest).toEqual({
      name: "ext/payments/authorize",
      ms: 29_900,
      count: 2,
      row: 3,
      way: ["api/checkout", "ext/payments/authorize"],
      isOpen: false,
    });
    expect(gap).toBeUndefined();
  });

  test("tells that it has not ended, and of the longest time in which nothing ran", () => {
    const { longest, gap } = summary(items([timing("a", 0, 10), timing("b", 60, 10)], [running("c", 65)], START + 100));
    expect([longest?.name, longest?.ms, longest?.isOpen]).toEqual(["c", 35, true]);
    expect(gap).toEqual({ from: START + 10, to: START + 60 });
  });

  test("has no part of anything where nothing lasted", () => {
    expect(summary(items([log(0), timing("a", 0, 0)]))).toEqual({ longest: undefined, gap: undefined });
    expect(summary([])).toEqual({ longest: undefined, gap: undefined });
    expect(summary(items([log(0), log(100)])).gap).toEqual({ from: START, to: START + 100 });
  });
});

describe("the lines", () => {
  const all = items([timing("a", 0, 100), log(5), timing("b", 10, 50), log(20), log(30), log(200)]);
  const { rows } = layOut(all);

  test("are all rows, without the parts of folded ones, and without the logs of timings where those are ticks only", () => {
    const [a, , b] = all.map(({ id }) => id);
    const shown = (folded: readonly (string | undefined)[], hasLogLines: boolean) =>
      shownRows(rows, all, { folded: new Set(folded.map(String)), hasLogLines });
    expect(shown([], true)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shown([b], true)).toEqual([0, 1, 2, 5]);
    expect(shown([a, b], true)).toEqual([0, 5]);
    expect(shown([], false)).toEqual([0, 2, 5]);
  });

  test("show the logs within them as ticks, a folded one also those of its parts", () => {
    const logs = logsByRow(rows, all);
    expect([logs(0, false), logs(0, true), logs(2, false), logs(5, false)]).toEqual([[1], [1, 3, 4], [3, 4], []]);
  });
});

describe("the axis", () => {
  test.each([
    [0, 31_200, [0, 10_000, 20_000, 30_000]],
    [0, 0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]],
    [0, 600_000, [0, 120_000, 240_000, 360_000, 480_000, 600_000]],
    [2_500, 4_500, [2_500, 3_000, 3_500, 4_000, 4_500]],
    [-1_000, 1_000, [-1_000, -500, 0, 500, 1_000]],
  ])("from %p to %p ms has round marks", (from, to, marks) => {
    expect(axisMarks({ from: START + from, to: START + to }, START, 6)).toEqual(marks);
  });

  test.each([0, 1e-9, 1, 1e3, 1e6, 1e9, 1e12, Number.MAX_SAFE_INTEGER])(
    "of any length has few marks: %p ms",
    (length) => {
      const marks = axisMarks({ from: START, to: START + length }, START, 6);
      expect(marks.length).toBeLessThanOrEqual(7);
      expect(marks).toEqual(marks.toSorted((a, b) => a - b));
    },
  );

  test("is in the address as two instants", () => {
    const stretch = { from: START + 0.25, to: START + 17 };
    expect(parseStretch(formatStretch(stretch))).toEqual(stretch);
    for (const text of ["", "5", "7-5", "5-5", "a-b", "-5-7", "1e3-2e3"]) expect(parseStretch(text)).toBeUndefined();
  });
});

describe("a bar", () => {
  test("is one area, whatever its parts: those that look like one are one, those out of view are not there", () => {
    const visible = { from: 0, to: 1_000 };
    const parts = (...ends: [number, number][]) =>
      areaOf(
        ends.map(([from, to]) => ({ from, to })),
        visible,
      );
    expect(parts([0, 100], [500, 600])).toBe("M0 0H1000V1H0zM5000 0H6000V1H5000z");
    expect(parts([0, 100], [100, 200], [200.05, 300])).toBe("M0 0H3000V1H0z");
    expect(parts([-500, -100], [-50, 10], [2_000, 3_000])).toBe("M0 0H100V1H0z");
    const many = Array.from({ length: 5_000 }, (_, index): [number, number] => [index / 5, index / 5 + 0.1]);
    expect(parts(...many)).toBe("M0 0H9999V1H0z");
  });

  test("has a tick for each place and level, the worst level last", () => {
    const window = { from: START, to: START + 1_000 };
    const all = items([
      log(5),
      log(5),
      log(5.1, { level: "error" }),
      log(900, { level: "debug" }),
      log(-50),
      log(2_000),
    ]);
    expect([...ticksOf(all, window)]).toEqual([
      ["debug", [900]],
      ["info", [5]],
      ["error", [5]],
    ]);
  });
});
