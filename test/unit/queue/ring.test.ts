import { describe, expect, test } from "bun:test";
import { BatchRing, type Sized } from "../../../src/queue/ring.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";

const batch = (entryCount: number, bytes: number, isClient = false): Sized => ({ entryCount, bytes, isClient });
const limits = { entries: 10, bytes: 1_000, clientShare: 0.5 };

describe("a ring with room", () => {
  test("gives batches back in the order in which they came", () => {
    const ring = new BatchRing(limits);
    const batches = [batch(1, 1), batch(2, 2), batch(3, 3)];
    for (const one of batches) expect(ring.push(one)).toBe(true);
    expect([ring.take(), ring.take(), ring.take(), ring.take()]).toEqual([...batches, undefined]);
  });

  test("keeps a taken batch's room until it is released", () => {
    const ring = new BatchRing(limits);
    const large = batch(10, 10);
    ring.push(large);
    expect(ring.take()).toBe(large);
    expect(ring.push(batch(1, 1))).toBe(false);
    ring.release(large);
    expect(ring.push(batch(1, 1))).toBe(true);
  });

  test("holds exactly its bound of entries and of bytes", () => {
    const ring = new BatchRing(limits);
    expect(ring.push(batch(10, 1_000))).toBe(true);
    expect([ring.entries, ring.bytes]).toEqual([10, 1_000]);
  });
});

describe("a ring without room", () => {
  test("refuses the whole batch when one entry does not fit", () => {
    const ring = new BatchRing(limits);
    ring.push(batch(8, 1));
    expect(ring.push(batch(3, 1))).toBe(false);
    expect(ring.entries).toBe(8);
  });

  test("refuses the whole batch when one byte does not fit", () => {
    const ring = new BatchRing(limits);
    ring.push(batch(1, 999));
    expect(ring.push(batch(1, 2))).toBe(false);
  });

  test("refuses client keys past their share and still takes servers' batches", () => {
    const ring = new BatchRing(limits);
    expect(ring.push(batch(5, 1, true))).toBe(true);
    expect(ring.push(batch(1, 1, true))).toBe(false);
    expect(ring.push(batch(5, 1))).toBe(true);
  });

  test("knows what it could never hold", () => {
    const ring = new BatchRing(limits);
    expect(
      [batch(10, 1_000), batch(11, 1), batch(1, 1_001), batch(6, 1, true)].map((one) => ring.couldHold(one)),
    ).toEqual([true, false, false, false]);
  });
});

test("a ring answers as an array does, for random pushes, takes and releases", () => {
  const random = seededRandom(runSeed("ring against array"));
  for (let round = 0; round < 200; round++) {
    const bounds = { entries: 1 + integer(random, 300), bytes: 1 + integer(random, 3_000), clientShare: random() };
    const ring = new BatchRing<Sized>(bounds);
    const waiting: Sized[] = [];
    const taken: Sized[] = [];
    const sum = (pickSize: (one: Sized) => number, only: (one: Sized) => boolean) =>
      [...waiting, ...taken].filter(only).reduce((total, one) => total + pickSize(one), 0);
    const everything = () => true;
    const clients = (one: Sized) => one.isClient;
    for (let step = 0; step < 300; step++) {
      const action = random();
      if (action < 0.5) {
        const one = batch(1 + integer(random, 20), integer(random, 200), random() < 0.4);
        const share = one.isClient ? bounds.clientShare : 1;
        const fits =
          sum((other) => other.entryCount, everything) + one.entryCount <= bounds.entries &&
          sum((other) => other.bytes, everything) + one.bytes <= bounds.bytes &&
          (!one.isClient ||
            (sum((other) => other.entryCount, clients) + one.entryCount <= bounds.entries * share &&
              sum((other) => other.bytes, clients) + one.bytes <= bounds.bytes * share));
        expect(ring.push(one)).toBe(fits);
        if (fits) waiting.push(one);
      } else if (action < 0.8) {
        expect(ring.oldest()).toBe(waiting[0]);
        const expected = waiting.shift();
        expect(ring.take()).toBe(expected);
        if (expected !== undefined) taken.push(expected);
      } else if (taken.length > 0) {
        ring.release(taken.splice(integer(random, taken.length - 1), 1)[0] as Sized);
      }
      expect([ring.waiting, ring.entries, ring.bytes, ring.clientEntries, ring.clientBytes]).toEqual([
        waiting.length,
        sum((one) => one.entryCount, everything),
        sum((one) => one.bytes, everything),
        sum((one) => one.entryCount, clients),
        sum((one) => one.bytes, clients),
      ]);
    }
  }
});
