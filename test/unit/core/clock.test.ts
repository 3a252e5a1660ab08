import { describe, expect, test } from "bun:test";
import {
  AgeClock,
  AWAY_MS_MAX,
  type ClockReading,
  earliestNow,
  latestNow,
  TRUST_AFTER_MS,
} from "../../../src/core/clock.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const DECADES_MS = 73 * YEAR_MS;
const START = Date.UTC(2026, 10, 23);
const TICK_MS = 60_000;

/** A machine with a server: time passes, its wall clock is set, the server is stopped and started. */
class Machine {
  wall = START;
  monotonic = 5;
  log: string[] = [];
  clock: AgeClock;
  #saved: ClockReading | undefined;

  constructor() {
    this.clock = this.#start();
  }

  #start(): AgeClock {
    return new AgeClock({
      saved: this.#saved,
      log: (level, message) => this.log.push(`${level}: ${message}`),
      wall: () => this.wall,
      monotonic: () => this.monotonic,
    });
  }

  get reading(): ClockReading {
    return this.clock.reading;
  }

  /** Lets time pass, with a look at the clock once in a while. */
  passes(ms: number, lookEveryMs = TICK_MS): void {
    for (let left = ms; left > 0; left -= lookEveryMs) {
      const step = Math.min(left, lookEveryMs);
      this.wall += step;
      this.monotonic += step;
      this.clock.read();
    }
  }

  /** Sets the wall clock. */
  set(byMs: number): void {
    this.wall += byMs;
    this.clock.read();
  }

  /** The server is off for so long, and the wall clock is set by so much meanwhile. */
  restart(offMs: number, setByMs = 0): void {
    this.#saved = this.reading;
    this.wall += offMs + setByMs;
    this.monotonic = 100;
    this.clock = this.#start();
  }

  /** How far each of its times is from the wall clock, in ms. */
  get offsets(): { steady: number; trusted: number } {
    const { wall, steady, trusted } = this.reading;
    return { steady: wall - steady, trusted: wall - trusted };
  }
}

const EQUAL = { steady: 0, trusted: 0 };

describe("while nobody sets the wall clock", () => {
  test("the three times are equal, to the ms", () => {
    const machine = new Machine();
    const seen = [machine.offsets];
    for (const ms of [0, 1, 50, TICK_MS, 90 * DAY_MS]) {
      machine.passes(ms, Math.max(1, ms / 10));
      seen.push(machine.offsets);
    }
    expect([seen, machine.log]).toEqual([seen.map(() => EQUAL), []]);
  });

  test("a clock that counts whole milliseconds only is followed within one", () => {
    const machine = new Machine();
    let exact = machine.wall;
    for (let look = 0; look < 1_000; look++) {
      exact += 0.37;
      machine.wall = Math.floor(exact);
      machine.monotonic += 0.37;
      machine.clock.read();
      for (const offset of Object.values(machine.offsets)) expect(Math.abs(offset)).toBeLessThanOrEqual(1);
    }
  });

  test("a wall clock that is slewed, or drifts, is followed within a second", () => {
    for (const rate of [90e-6, -90e-6]) {
      const machine = new Machine();
      for (let minute = 0; minute < 7 * 24 * 60; minute++) {
        machine.set(TICK_MS * rate);
        machine.passes(TICK_MS);
      }
      expect([Math.abs(machine.offsets.steady) < 1_000, Math.abs(machine.offsets.trusted) < 1_000]).toEqual([
        true,
        true,
      ]);
      expect(machine.log).toEqual([]);
    }
  });

  test("a thread that is held between two readings sees no jump", () => {
    const machine = new Machine();
    let held = true;
    const clock = new AgeClock({
      saved: undefined,
      log: (_, message) => machine.log.push(message),
      wall: () => {
        const { wall } = machine;
        if (held) machine.passes(5_000);
        held = false;
        return wall;
      },
      monotonic: () => machine.monotonic,
    });
    held = true;
    const { wall, steady, trusted } = clock.read();
    expect([wall, steady, trusted, machine.log]).toEqual([machine.wall, machine.wall, machine.wall, []]);
  });
});

describe("a wall clock that is set by a second, as time servers do,", () => {
  test("is trusted within seconds, and what waits does not notice", () => {
    for (const byMs of [1_000, -1_000, 60_000, -60_000]) {
      const machine = new Machine();
      const before = machine.reading.steady;
      machine.set(byMs);
      machine.passes(60_000, 50);
      expect(machine.offsets.trusted).toBe(0);
      expect(Math.abs(machine.reading.steady - before - 60_000)).toBeLessThan(100);
    }
  });
});

describe("a wall clock that is set a year ahead", () => {
  test("and back within the hour has aged records by a day at most, and is trusted at once then", () => {
    const machine = new Machine();
    machine.passes(DAY_MS);
    machine.set(YEAR_MS);
    machine.passes(HOUR_MS - TICK_MS);
    expect(earliestNow(machine.reading) - (machine.wall - YEAR_MS)).toBeLessThan(DAY_MS);
    machine.set(-YEAR_MS);
    expect(earliestNow(machine.reading)).toBe(machine.wall);
    machine.passes(HOUR_MS);
    expect(machine.offsets.trusted).toBe(0);
    expect(machine.log).toEqual([
      "warn: the machine's clock was set 365 days ahead, or the machine slept; deletion by age follows by a day an hour",
      "warn: the machine's clock was set 365 days back",
    ]);
  });

  test("is trusted a day later", () => {
    const machine = new Machine();
    machine.set(YEAR_MS);
    machine.passes(TRUST_AFTER_MS - TICK_MS);
    const before = machine.offsets.trusted;
    machine.passes(TICK_MS);
    expect([before > 300 * DAY_MS, machine.offsets.trusted]).toEqual([true, 0]);
  });

  test("and again after 23 hours is trusted a day after that", () => {
    const machine = new Machine();
    machine.set(YEAR_MS);
    machine.passes(23 * HOUR_MS);
    machine.set(YEAR_MS);
    machine.passes(TRUST_AFTER_MS - TICK_MS);
    const before = machine.offsets.trusted;
    machine.passes(TICK_MS);
    expect([before > YEAR_MS, machine.offsets.trusted]).toEqual([true, 0]);
  });

  test("moves nothing that waits, in either direction", () => {
    for (const byMs of [YEAR_MS, -YEAR_MS, DECADES_MS, -START]) {
      const machine = new Machine();
      const before = machine.reading.steady;
      machine.set(byMs);
      machine.passes(HOUR_MS);
      expect(Math.abs(machine.reading.steady - before - HOUR_MS)).toBeLessThan(HOUR_MS / 9_000);
    }
  });
});

describe("a wall clock that is set back", () => {
  test("does not make what came before it be of the future, for long enough to set it right", () => {
    const machine = new Machine();
    machine.set(-YEAR_MS);
    machine.passes(HOUR_MS - TICK_MS);
    expect([earliestNow(machine.reading), latestNow(machine.reading) > machine.wall + YEAR_MS - DAY_MS]).toEqual([
      machine.wall,
      true,
    ]);
    machine.passes(TRUST_AFTER_MS);
    expect(latestNow(machine.reading)).toBe(machine.wall);
  });

  test("and forward again has changed nothing but by what time passed", () => {
    const machine = new Machine();
    machine.set(-40 * DAY_MS);
    machine.passes(10 * TICK_MS);
    machine.set(40 * DAY_MS);
    expect(machine.offsets.trusted).toBeLessThanOrEqual(4.2 * HOUR_MS);
    machine.passes(11 * TICK_MS);
    expect(machine.offsets.trusted).toBe(0);
  });
});

describe("a server that was off", () => {
  test("for up to a day goes on as if it had not been, and says nothing", () => {
    const machine = new Machine();
    for (const offMs of [0, 50, HOUR_MS, AWAY_MS_MAX]) machine.restart(offMs);
    expect([machine.offsets, machine.log]).toEqual([EQUAL, []]);
  });

  test("for three days, or whose clock is three days ahead, has made that up after three hours", () => {
    for (const [offMs, setByMs] of [
      [3 * DAY_MS, 0],
      [TICK_MS, 3 * DAY_MS - TICK_MS],
    ] as const) {
      const machine = new Machine();
      machine.restart(offMs, setByMs);
      const seen = [machine.offsets];
      machine.passes(3 * HOUR_MS - TICK_MS);
      seen.push(machine.offsets);
      machine.passes(TICK_MS);
      expect(seen[0]).toEqual({ steady: 3 * DAY_MS, trusted: 3 * DAY_MS });
      expect([seen[1]?.trusted, machine.offsets.trusted]).toEqual([24 * TICK_MS, 0]);
      expect(machine.log).toEqual([
        "info: nothing was written for 3 days; in case the clock is wrong, deletion by age follows by a day an hour",
      ]);
    }
  });

  test("for years is trusted after a day", () => {
    const machine = new Machine();
    machine.restart(3 * YEAR_MS);
    machine.passes(TRUST_AFTER_MS);
    expect(machine.offsets.trusted).toBe(0);
  });

  test("goes on with what was suspected before, however often it crashes", () => {
    const machine = new Machine();
    machine.set(DECADES_MS);
    for (let crash = 0; crash < 100; crash++) {
      machine.passes(TICK_MS);
      machine.restart(1_000);
    }
    const aheadMs = earliestNow(machine.reading) - (machine.wall - DECADES_MS);
    expect([aheadMs, machine.offsets.trusted]).toEqual([100 * 24 * TICK_MS, DECADES_MS - 100 * 24 * TICK_MS]);
    machine.restart(0, -DECADES_MS);
    expect(earliestNow(machine.reading)).toBe(machine.wall);
  });

  test("and whose clock is behind gives what waits its time, and says so", () => {
    const machine = new Machine();
    const { steady } = machine.reading;
    machine.restart(TICK_MS, -YEAR_MS);
    expect([machine.reading.steady, earliestNow(machine.reading), machine.log]).toEqual([
      steady,
      machine.wall,
      ["warn: the data was last written 365 days after now: is the clock behind?"],
    ]);
  });

  test("is trusted at once where only that makes room, but not where the clock was set", () => {
    const away = new Machine();
    away.restart(DECADES_MS);
    away.clock.trustStart();
    const set = new Machine();
    set.restart(DECADES_MS);
    set.set(DECADES_MS);
    set.clock.trustStart();
    const suspected = new Machine();
    suspected.set(DECADES_MS);
    suspected.restart(DECADES_MS);
    suspected.clock.trustStart();
    const offsets = [away, set, suspected].map((machine) => machine.offsets.trusted);
    expect(offsets).toEqual([0, 2 * DECADES_MS, 2 * DECADES_MS]);
  });
});

describe("however the wall clock is set, and the server stopped and started,", () => {
  test("nothing ages by more than 25 times the time that passed, and the wall clock is trusted a day after the last jump", () => {
    const random = seededRandom(runSeed("age clock"));
    const jumps = [900, -900, 1_000, -1_000, HOUR_MS, DAY_MS, 40 * DAY_MS, YEAR_MS, DECADES_MS];
    for (let round = 0; round < 300; round++) {
      const machine = new Machine();
      // The most that a record may have aged, and that what waits may have waited.
      let [agedMs, waitedMs] = [0, 0];
      let sinceJumpMs = 0;
      const first = machine.reading;
      for (let step = 0; step < 40 && sinceJumpMs < TRUST_AFTER_MS / 2; step++) {
        const ms = integer(random, pick(random, [100, 10_000, 5 * HOUR_MS]));
        const jump = pick(random, jumps) * (random() < 0.5 ? -1 : 1);
        const does = pick(random, ["passes", "passes", "set", "right again", "restart"] as const);
        if (does === "passes") {
          machine.passes(ms, Math.max(1, ms / (1 + integer(random, 20))));
          agedMs += 25 * ms;
          waitedMs += 1.0001 * ms;
          sinceJumpMs += ms;
        } else if (does === "restart") {
          const wall = machine.wall;
          machine.restart(ms, random() < 0.5 ? jump : 0);
          // A clock that seems to have gone on for up to a day is believed.
          const believedMs = machine.wall >= wall && machine.wall - wall <= AWAY_MS_MAX ? machine.wall - wall : 0;
          agedMs += believedMs;
          waitedMs += believedMs;
          sinceJumpMs = 0;
        } else {
          const byMs = does === "set" ? jump : START - machine.wall;
          machine.set(byMs);
          if (Math.abs(byMs) >= 1_000) sinceJumpMs = 0;
        }
        const { wall, steady, trusted } = machine.reading;
        expect(earliestNow(machine.reading)).toBe(Math.min(wall, trusted));
        expect(trusted - first.trusted).toBeLessThanOrEqual(agedMs + 1);
        expect(steady - first.steady).toBeLessThanOrEqual(waitedMs + 1);
        expect(steady).toBeGreaterThanOrEqual(first.steady);
      }
      // Sums of fractions of a ms are not exact.
      machine.passes(TRUST_AFTER_MS + 1);
      expect(machine.offsets.trusted).toBe(0);
    }
  });
});
