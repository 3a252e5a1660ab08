import { describe, expect, test } from "bun:test";
import { ClockWatch, DOUBT_FOR_MS } from "../../../src/core/clock_watch.ts";

const HOUR_MS = 3_600_000;
const YEARS_MS = 73 * 365 * 24 * HOUR_MS;

/** A machine: `passes` lets time pass, `set` sets the wall clock alone. */
function machine() {
  const clocks = { wall: Date.UTC(2026, 10, 23), steady: 5 };
  const watch = new ClockWatch(
    () => clocks.wall,
    () => clocks.steady,
  );
  return {
    clocks,
    watch,
    passes: (ms: number): void => {
      clocks.wall += ms;
      clocks.steady += ms;
    },
    set: (byMs: number): void => {
      clocks.wall += byMs;
    },
  };
}

describe("a clock that was not set", () => {
  test("has not jumped, however long nobody looked", () => {
    const { watch, passes } = machine();
    const looks = [0, 1, 50, 24 * HOUR_MS].map((ms) => {
      passes(ms);
      return watch.look();
    });
    expect([looks, watch.doubtMs]).toEqual([[0, 0, 0, 0], 0]);
  });

  test("may be led to the right time in small steps", () => {
    const { watch, passes, set } = machine();
    const looks = new Set<number>();
    for (let step = 0; step < 1_000; step++) {
      passes(50);
      set(step % 2 === 0 ? 500 : -900);
      looks.add(watch.look());
    }
    expect([[...looks], watch.doubtMs]).toEqual([[0], 0]);
  });

  test("is not blamed for a thread that was held between two readings", () => {
    const clocks = { wall: 1_000_000, steady: 0, heldMs: 0 };
    const watch = new ClockWatch(
      () => {
        clocks.wall += clocks.heldMs;
        clocks.steady += clocks.heldMs;
        return clocks.wall - clocks.heldMs;
      },
      () => clocks.steady,
    );
    clocks.heldMs = 5_000;
    const held = watch.look();
    clocks.heldMs = 0;
    expect([held, watch.look()]).toEqual([0, 0]);
  });
});

describe("a clock that was set", () => {
  test("is seen once, by how much, in either direction", () => {
    const { watch, passes, set } = machine();
    const looks = [1_000, 0, -1_000, 0, YEARS_MS, 0, -2 * YEARS_MS, 0].map((byMs) => {
      passes(50);
      set(byMs);
      return watch.look();
    });
    expect(looks).toEqual([1_000, 0, -1_000, 0, YEARS_MS, 0, -2 * YEARS_MS, 0]);
  });

  test("by an hour is believed at once", () => {
    const { watch, set } = machine();
    set(HOUR_MS);
    expect([watch.look(), watch.doubtMs]).toEqual([HOUR_MS, 0]);
  });

  test("by more is doubted for an hour, in either direction", () => {
    for (const jumpMs of [HOUR_MS + 1, YEARS_MS, -YEARS_MS]) {
      const { watch, passes, set } = machine();
      set(jumpMs);
      watch.look();
      const doubts = [0, DOUBT_FOR_MS - 1, 1].map((ms) => {
        passes(ms);
        return watch.doubtMs;
      });
      expect(doubts).toEqual([jumpMs, jumpMs, 0]);
    }
  });

  test("and set back to within an hour is believed at once", () => {
    const { watch, passes, set } = machine();
    set(YEARS_MS);
    watch.look();
    passes(60_000);
    set(600_000 - YEARS_MS);
    watch.look();
    expect(watch.doubtMs).toBe(0);
  });

  test("again meanwhile is doubted by both together, for an hour from then on", () => {
    const { watch, passes, set } = machine();
    set(YEARS_MS);
    watch.look();
    passes(DOUBT_FOR_MS - 1);
    set(2 * HOUR_MS);
    watch.look();
    passes(DOUBT_FOR_MS - 1);
    expect(watch.doubtMs).toBe(YEARS_MS + 2 * HOUR_MS);
    passes(1);
    expect(watch.doubtMs).toBe(0);
  });
});
