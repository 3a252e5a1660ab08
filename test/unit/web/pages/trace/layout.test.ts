// The layout of a trace: what lies in what, whose time it is, the longest path, and the gaps.

import { describe, expect, test } from "bun:test";
import { type Layout, layOut, lengthOf } from "../../../../../src/web/pages/trace/layout.ts";
import { NO_PARENT, type Span } from "../../../../../src/web/pages/trace/nesting.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../../support/random.ts";

type Ids = Pick<Span, "spanId" | "parentSpanId">;

function timing(start: number, end: number, ids: Ids = {}): Span {
  return { isLog: false, start, end, ...ids };
}

function log(time: number, ids: Ids = {}): Span {
  return { isLog: true, start: time, end: time, ...ids };
}

/** Each span's parent, by index. */
function parents({ rows }: Layout): number[] {
  const found: number[] = [];
  for (const { at, parent } of rows) found[at] = rows[parent]?.at ?? NO_PARENT;
  return found;
}

/** By span, in ms. */
function lengths({ rows }: Layout, what: "own" | "path"): number[] {
  const found: number[] = [];
  for (const row of rows) found[row.at] = lengthOf(row[what]);
  return found;
}

describe("without ids", () => {
  test("a span lies in the timing that began last among those that contain it", () => {
    const spans = [timing(0, 100), timing(10, 50), timing(20, 30), timing(60, 90), log(25), log(95), log(120)];
    expect(parents(layOut(spans))).toEqual([-1, 0, 1, 0, 2, 0, -1]);
  });

  test("the order in which spans come changes nothing", () => {
    const spans = [timing(0, 100), timing(10, 50), timing(20, 30), log(25)];
    const shown = (all: readonly Span[]) => {
      const { rows, ...rest } = layOut(all);
      return { rows: rows.map(({ at, own, ...row }) => ({ ...row, own, span: all[at], at: 0 })), ...rest };
    };
    expect(shown(spans.toReversed())).toEqual(shown(spans));
  });

  test("spans of the same times are beside one another", () => {
    expect(parents(layOut([timing(0, 10), timing(0, 10), timing(5, 5), timing(5, 5)]))).toEqual([-1, -1, 1, 1]);
  });

  test("the next of a row is no part of the one before, although clocks of whole milliseconds touch", () => {
    expect(parents(layOut([timing(0, 10), timing(10, 20), timing(10, 10.9), timing(20, 21)]))).toEqual([-1, -1, 1, -1]);
    expect(parents(layOut([timing(0, 10.2), timing(10, 10.9)]))).toEqual([-1, -1]);
  });

  test("a part may end a millisecond after its whole, where clocks are of whole milliseconds", () => {
    expect(parents(layOut([timing(1_000, 1_010.2), timing(1_001, 1_010.6)]))).toEqual([-1, 0]);
    expect(parents(layOut([timing(1_000, 1_010.2), timing(1_001, 1_011.6)]))).toEqual([-1, -1]);
    expect(parents(layOut([timing(0, 10), timing(2, 9.8), log(10.5), log(9.9), log(11.5)]))).toEqual([-1, 0, 0, 0, -1]);
  });

  test("overlapping timings are beside one another, and both are parts of what contains them", () => {
    expect(parents(layOut([timing(0, 100), timing(10, 60), timing(40, 90)]))).toEqual([-1, 0, 0]);
  });

  test("a timing without length contains nothing", () => {
    expect(parents(layOut([timing(5, 5), log(5), timing(5, 5)]))).toEqual([-1, -1, -1]);
  });
});

describe("ids", () => {
  test("decide against times", () => {
    const spans = [
      timing(0, 100, { spanId: "a" }),
      timing(10, 50, { spanId: "b", parentSpanId: "a" }),
      timing(20, 30, { spanId: "c", parentSpanId: "a" }),
      log(25, { spanId: "b" }),
    ];
    expect(parents(layOut(spans))).toEqual([-1, 0, 0, 1]);
  });

  test("that no span has leave it to the times; the first of a trace is only in timings without ids", () => {
    const spans = [
      timing(0, 100),
      timing(10, 50, { spanId: "b" }),
      timing(20, 30, { spanId: "c", parentSpanId: "gone" }),
      timing(21, 29, { spanId: "d" }),
      log(25, { spanId: "gone" }),
    ];
    expect(parents(layOut(spans))).toEqual([-1, 0, 1, 0, 3]);
  });

  test("hold where a clock is off, and the part lies before, after or around its whole", () => {
    for (const [start, end] of [
      [-50, -20],
      [150, 180],
      [-50, 180],
      [-50, 40],
    ] as const) {
      const layout = layOut([timing(0, 100, { spanId: "a" }), timing(start, end, { spanId: "b", parentSpanId: "a" })]);
      expect(parents(layout)).toEqual([-1, 0]);
      const [own] = lengths(layout, "own");
      expect(own).toBe(100 - Math.max(0, Math.min(end, 100) - Math.max(start, 0)));
      expect([layout.start, layout.end]).toEqual([Math.min(0, start), Math.max(100, end)]);
      const [path = 0, part = 0] = lengths(layout, "path");
      expect(path + part).toBe(layout.busyMs);
    }
  });

  test("in a circle are cut at the earliest span, whatever leads into it", () => {
    const itself = timing(0, 10, { spanId: "a", parentSpanId: "a" });
    expect(parents(layOut([itself]))).toEqual([-1]);
    const two = [timing(0, 10, { spanId: "a", parentSpanId: "b" }), timing(5, 8, { spanId: "b", parentSpanId: "a" })];
    expect(parents(layOut(two))).toEqual([-1, 0]);
    const three = [
      timing(1, 2, { spanId: "d", parentSpanId: "a" }),
      timing(3, 4, { spanId: "a", parentSpanId: "c" }),
      timing(5, 6, { spanId: "b", parentSpanId: "a" }),
      timing(7, 8, { spanId: "c", parentSpanId: "b" }),
      log(9, { spanId: "c" }),
    ];
    expect(parents(layOut(three))).toEqual([1, -1, 1, 2, 3]);
  });

  test("in a circle with times are cut where the times chose", () => {
    const spans = [
      timing(0, 100, { spanId: "a", parentSpanId: "b" }),
      timing(10, 20, { spanId: "b", parentSpanId: "x" }),
    ];
    expect(parents(layOut(spans))).toEqual([1, -1]);
  });

  test("that two timings have mean the first of them", () => {
    const spans = [
      timing(0, 100, { spanId: "a" }),
      timing(5, 90, { spanId: "a" }),
      timing(200, 210, { parentSpanId: "a" }),
    ];
    expect(parents(layOut(spans))[2]).toBe(0);
  });
});

describe("time", () => {
  test("of its own is what none of the parts took, and overlapping parts count once", () => {
    const layout = layOut([timing(0, 100), timing(10, 60), timing(40, 90), log(5)]);
    expect(lengths(layout, "own")).toEqual([20, 50, 50, 0]);
    expect(layout.rows[0]?.own).toEqual([
      { from: 0, to: 10 },
      { from: 90, to: 100 },
    ]);
  });

  test("on the longest path is that of the span that ended last, of several then the one that began first", () => {
    const layout = layOut([timing(0, 100), timing(10, 60), timing(40, 90), timing(35, 80), timing(12, 20)]);
    expect(lengths(layout, "path")).toEqual([20, 22, 50, 0, 8]);
    expect(layout.rows.map(({ path }) => path)).toEqual([
      [
        { from: 0, to: 10 },
        { from: 90, to: 100 },
      ],
      [
        { from: 10, to: 12 },
        { from: 20, to: 40 },
      ],
      [{ from: 12, to: 20 }],
      [],
      [{ from: 40, to: 90 }],
    ]);
  });

  test("between timings is a gap, which logs divide; overlapping ones leave none", () => {
    const layout = layOut([timing(0, 10), timing(30, 50), timing(45, 60), log(20), log(70), log(50)]);
    expect(layout.gaps).toEqual([
      { from: 10, to: 20 },
      { from: 20, to: 30 },
      { from: 60, to: 70 },
    ]);
    expect([layout.start, layout.end, layout.busyMs]).toEqual([0, 70, 40]);
  });

  test("in which a part outlasts its whole is no gap", () => {
    const layout = layOut([timing(0, 10, { spanId: "a" }), timing(5, 30, { parentSpanId: "a" }), timing(40, 50)]);
    expect(layout.gaps).toEqual([{ from: 30, to: 40 }]);
    expect(lengths(layout, "path")).toEqual([5, 25, 10]);
  });
});

describe("a trace", () => {
  test("of nothing, of one log, of one timing without length is laid out", () => {
    expect(layOut([])).toEqual({ rows: [], start: 0, end: 0, gaps: [], busyMs: 0 });
    const row = { at: 0, depth: 0, parent: NO_PARENT, below: 0, own: [], path: [] };
    for (const span of [log(5), timing(5, 5)]) {
      expect(layOut([span])).toEqual({ rows: [row], start: 5, end: 5, gaps: [], busyMs: 0 });
    }
  });

  test("whose 2,000 spans lie each in the one before is laid out, by times and by ids", () => {
    const count = 2_000;
    const byTimes = Array.from({ length: count }, (_, index) => timing(index, 2 * count - index));
    const byIds = Array.from({ length: count }, (_, index) =>
      timing(0, 10, { spanId: `s${index}`, parentSpanId: `s${index - 1}` }),
    );
    for (const spans of [byTimes, byIds, byIds.toReversed()]) {
      const { rows } = layOut(spans);
      expect(rows.map(({ depth }) => depth)).toEqual(spans.map((_, index) => index));
      expect(rows[0]?.below).toBe(count - 1);
    }
    expect(lengths(layOut(byTimes), "own").slice(0, -1)).toEqual(new Array(count - 1).fill(2));
  });

  test("of 2,000 spans side by side, all at once, is laid out", () => {
    const { rows } = layOut(Array.from({ length: 2_000 }, (_, index) => timing(0, 1_000 + index)));
    expect(new Set(rows.map(({ at }) => at)).size).toBe(2_000);
  });
});

function randomSpans(random: Random): Span[] {
  const ids = ["a", "b", "c", "d", undefined];
  return Array.from({ length: integer(random, 30) }, () => {
    const start = integer(random, 40);
    const marks = { spanId: pick(random, ids), parentSpanId: pick(random, ids) };
    return random() < 0.3 ? log(start, marks) : timing(start, start + integer(random, 20), marks);
  });
}

test("whatever the spans, each is there once, below its parent, and no moment belongs to two", () => {
  const random = seededRandom(runSeed("layout"));
  for (let round = 0; round < 500; round++) {
    const spans = randomSpans(random);
    const { rows, start, end, busyMs, gaps } = layOut(spans);
    expect(rows.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual(spans.map((_, index) => index));
    for (const [index, { parent, depth, below }] of rows.entries()) {
      expect(parent).toBeLessThan(index);
      const outer = rows[parent];
      expect(depth).toBe(outer === undefined ? 0 : outer.depth + 1);
      if (outer !== undefined) expect(index + below).toBeLessThanOrEqual(parent + outer.below);
    }
    const onPath = rows.flatMap(({ path }) => path).toSorted((a, b) => a.from - b.from);
    for (const [index, stretch] of onPath.entries()) {
      expect(stretch.from).toBeGreaterThanOrEqual(onPath[index - 1]?.to ?? start);
    }
    expect(lengthOf(onPath)).toBeLessThanOrEqual(busyMs);
    expect(Math.abs(lengthOf(gaps) + busyMs - (end - start))).toBeLessThan(1e-6);
  }
});
