import { describe, expect, test } from "bun:test";
import { openBlock } from "../../../../src/block/open_block.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { columnarOf } from "../../../support/merged_blocks.ts";
import { integer, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord } from "../random_records.ts";

const T = 1718900000000;
const COUNT = 200;

type Numbers = Partial<Pick<StoredRecord, "time" | "receivedAt" | "startTime" | "endTime" | "duration">>;

/** Stores records with these numbers, expects them back, and answers the names of their columns. */
function stored(random: Random, numbersOf: (index: number) => Numbers): string[] {
  const ids = Array.from({ length: COUNT }, (_, index) => 5 + index * 3).sort(() => random() - 0.5);
  const records = ids.map((id, index) => ({
    ...randomRecord(random, id),
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    ...numbersOf(index),
  }));
  const { chunks } = columnarOf(columnsOf(records));
  const view = openBlock(chunks, COUNT);
  const names = chunks.map(({ name }) => name).filter((name) => /^(received|start|end|duration)/.test(name));
  const back = view.records(Array.from(ids.keys()));
  const numbers = ({ receivedAt, startTime, endTime, duration }: StoredRecord) => [
    receivedAt,
    startTime,
    endTime,
    duration,
  ];
  expect(back.map(numbers)).toEqual(records.map(numbers));
  return names;
}

describe("residuals of numbers that other columns predict", () => {
  const random = seededRandom(runSeed("told numbers"));

  test("are the receipt in the order of ids, and start and end of timings by time and duration", () => {
    const numbersOf = (): Numbers => {
      const time = T + integer(random, 90_000);
      const duration = integer(random, 1e6) / 1000;
      return { time, startTime: time, endTime: time + duration, duration };
    };
    const names = stored(random, numbersOf);
    expect(names.slice(1)).toEqual(["duration", "start@time", "end@start+duration"]);
  });

  test("are starts before the time, where timings were sent with a duration alone", () => {
    const numbersOf = (): Numbers => {
      const time = T + integer(random, 90_000);
      const duration = integer(random, 1e6) / 1000;
      return { time, startTime: time - duration, endTime: time, duration };
    };
    expect(stored(random, numbersOf).slice(1)).toEqual(["duration", "start@time-duration", "end@start+duration"]);
  });

  test("are there where starts, ends and durations are each of some rows only", () => {
    const maybe = (value: number) => (random() < 0.5 ? value : undefined);
    for (let round = 0; round < 20; round++) {
      stored(random, () => {
        const time = T + integer(random, 90_000);
        const duration = integer(random, 1e6) / 1000;
        return { time, startTime: maybe(time), endTime: maybe(time + duration), duration: maybe(duration) };
      });
    }
  });

  test("are the receipt in the order of ids, where a batch has one and rows are sorted otherwise", () => {
    const batches = columnsOf(
      Array.from({ length: COUNT }, (_, index) => {
        const id = ((index * 77) % COUNT) + 1;
        return { ...randomRecord(random, id), receivedAt: T + 10 * Math.floor(id / 20) };
      }),
    );
    const { chunks } = columnarOf(batches);
    expect(chunks.map(({ name }) => name)).toContain("received@id");
    expect([...openBlock(chunks, COUNT).received()]).toEqual(Array.from(batches.received));
  });
});

describe("numbers that others do not tell", () => {
  const random = seededRandom(runSeed("numbers for themselves"));

  test("are as they are, where telling them would not be exact", () => {
    const names = stored(random, (index) => ({
      time: 8.64e15 - index,
      startTime: index / 1e6,
      endTime: index / 1e6,
      duration: 1.7e308,
    }));
    expect(names.slice(1)).toEqual(["duration", "start", "end"]);
  });
});
