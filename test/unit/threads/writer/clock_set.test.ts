import { describe, expect, spyOn, test } from "bun:test";
import type { ClockReading } from "../../../../src/core/clock.ts";
import { DAY_MS } from "../../../../src/core/limits.ts";
import { openForReading } from "../../../../src/store/database.ts";
import { withFolder } from "../../../support/folder.ts";
import { WriterStage } from "./writer_stage.ts";

const HOUR_MS = DAY_MS / 24;
const YEARS_MS = 73 * 365 * DAY_MS;
/** Readings of the wall clock: more than a tick makes. */
const READINGS_MAX = 10;

/** A writer whose ticks come when the test says so. */
async function withTicks(work: (stage: WriterStage, tick: () => void) => void): Promise<void> {
  const ticks: (() => void)[] = [];
  const never = ((tick: () => void) => ticks.push(tick)) as unknown as typeof setInterval;
  await withFolder((folder) => {
    const timers = spyOn(globalThis, "setInterval").mockImplementation(never);
    try {
      const stage = new WriterStage(folder);
      try {
        work(stage, () => {
          for (const tick of ticks) tick();
        });
      } finally {
        stage.writer.close();
      }
    } finally {
      timers.mockRestore();
    }
  });
}

/** The right clock until it is read for the `jumpAt`th time, and from then on decades ahead. */
function clockThatJumps(jumpAt: number): () => number {
  const rightClock = Date.now.bind(Date);
  let readings = 0;
  return () => rightClock() + (++readings >= jumpAt ? YEARS_MS : 0);
}

describe("a clock that is set ahead by decades, at whichever of its readings,", () => {
  test.each(Array.from({ length: READINGS_MAX }, (_, index) => index + 1))(
    "is logged, has nothing deleted, and expires no pending timing (%d)",
    async (jumpAt) => {
      await withTicks((stage, tick) => {
        stage.send([{ message: "a" }, { key: "open", startTime: Date.now() }]);
        const clock = clockThatJumps(jumpAt);
        const wall = spyOn(Date, "now").mockImplementation(clock);
        try {
          // Each reads it once or more.
          for (let ticks = 0; ticks <= jumpAt; ticks++) tick();
        } finally {
          wall.mockRestore();
        }
        const { records, open } = stage.snapshot();
        const jumps = stage.said.filter((said) => said.kind === "log" && said.message.includes("clock was set"));
        expect([records, open, jumps.length]).toEqual([1, 1, 1]);
      });
    },
  );
});

describe("the clock's reading", () => {
  test("is written once an hour while nothing else is, so that a crash does not look like a long absence", async () => {
    await withTicks((stage, tick) => {
      stage.send([{ message: "a" }]);
      const written = () => {
        const database = openForReading(stage.file);
        const row = database.query("SELECT value FROM meta WHERE name = 'clock'").get() as { readonly value: string };
        database.close();
        return (JSON.parse(row.value) as ClockReading).wall;
      };
      const [wall, monotonic] = [Date.now(), performance.now()];
      let passedMs = 0;
      const clocks = [
        spyOn(Date, "now").mockImplementation(() => wall + passedMs),
        spyOn(performance, "now").mockImplementation(() => monotonic + passedMs),
      ];
      try {
        // The first is the change that closes the requests of 10 s before.
        const seen = [20_000, HOUR_MS - 1, HOUR_MS + 20_000, HOUR_MS + 25_000, 3 * HOUR_MS].map((ms) => {
          passedMs = ms;
          tick();
          return written() - wall === ms;
        });
        expect(seen).toEqual([true, false, true, false, true]);
      } finally {
        for (const clock of clocks) clock.mockRestore();
      }
    });
  });
});
