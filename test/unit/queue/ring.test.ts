import { describe, expect, test } from "bun:test";
import { BatchRing, SENDER_CLASSES, type SenderClass, type Sized } from "../../../src/queue/ring.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";

const batch = (bytes: number, senderClass: SenderClass = "server"): Sized => ({ bytes, senderClass });
const limits = { requests: 10, bytes: 1_000, clientShare: 0.5 };

function fill(ring: BatchRing<Sized>, count: number, one: Sized): void {
  for (let pushed = 0; pushed < count; pushed++) expect(ring.push(one)).toBe(true);
}

describe("a ring with room", () => {
  test("gives batches back in the order in which they came", () => {
    const ring = new BatchRing(limits);
    const batches = [batch(1), batch(2), batch(3)];
    for (const one of batches) expect(ring.push(one)).toBe(true);
    expect([ring.take(), ring.take(), ring.take(), ring.take()]).toEqual([...batches, undefined]);
  });

  test("keeps a taken batch's room until it is released", () => {
    const ring = new BatchRing(limits);
    const large = batch(1_000);
    ring.push(large);
    expect(ring.take()).toBe(large);
    expect(ring.push(batch(1))).toBe(false);
    ring.release(large);
    expect(ring.push(batch(1))).toBe(true);
  });

  test("holds exactly its bound of requests and of bytes", () => {
    const ring = new BatchRing(limits);
    fill(ring, 10, batch(100));
    expect([ring.requests, ring.bytes]).toEqual([10, 1_000]);
  });

  test("always takes one batch in which no key was found", () => {
    const ring = new BatchRing({ requests: 2, bytes: 1_000, clientShare: 0.5 });
    expect(ring.push(batch(999, "unauthenticated"))).toBe(true);
    expect(ring.push(batch(1, "unauthenticated"))).toBe(false);
  });
});

describe("a ring without room", () => {
  test("refuses one request more than it may hold", () => {
    const ring = new BatchRing(limits);
    fill(ring, 10, batch(1));
    expect(ring.push(batch(1))).toBe(false);
    expect(ring.requests).toBe(10);
  });

  test("refuses the whole batch when one byte does not fit", () => {
    const ring = new BatchRing(limits);
    ring.push(batch(999));
    expect(ring.push(batch(2))).toBe(false);
  });

  test("refuses client keys' batches past their share and still takes servers' batches", () => {
    const ring = new BatchRing(limits);
    fill(ring, 5, batch(1, "client"));
    expect(ring.push(batch(1, "client"))).toBe(false);
    fill(ring, 5, batch(1));
  });

  test("refuses batches in which no key was found past an eighth, and takes all others", () => {
    const ring = new BatchRing({ requests: 80, bytes: 8_000, clientShare: 0.5 });
    fill(ring, 10, batch(1, "unauthenticated"));
    expect(ring.push(batch(1, "unauthenticated"))).toBe(false);
    fill(ring, 40, batch(1, "client"));
    fill(ring, 30, batch(1));
    const other = new BatchRing({ requests: 80, bytes: 8_000, clientShare: 0.5 });
    fill(other, 2, batch(500, "unauthenticated"));
    expect(other.push(batch(1, "unauthenticated"))).toBe(false);
  });

  test("names the batches that it could never hold", () => {
    const ring = new BatchRing(limits);
    const batches = [batch(1_000), batch(1_001), batch(501, "client"), batch(501, "unauthenticated")];
    expect(batches.map((one) => ring.couldHold(one))).toEqual([true, false, false, true]);
    expect(new BatchRing({ ...limits, clientShare: 0 }).couldHold(batch(0, "client"))).toBe(false);
  });
});

test("a ring behaves as an array does, for random pushes, takes and releases", () => {
  const random = seededRandom(runSeed("ring against array"));
  for (let round = 0; round < 200; round++) {
    const bounds = { requests: 1 + integer(random, 30), bytes: 1 + integer(random, 3_000), clientShare: random() };
    const ring = new BatchRing<Sized>(bounds);
    const waiting: Sized[] = [];
    const taken: Sized[] = [];
    const held = (senderClass?: SenderClass) => {
      const mine = [...waiting, ...taken].filter((one) => senderClass === undefined || one.senderClass === senderClass);
      return { requests: mine.length, bytes: mine.reduce((total, { bytes }) => total + bytes, 0) };
    };
    const isWithin = ({ requests, bytes }: ReturnType<typeof held>, one: Sized, share: number) =>
      requests + 1 <= bounds.requests * share && bytes + one.bytes <= bounds.bytes * share;
    for (let step = 0; step < 300; step++) {
      const action = random();
      if (action < 0.5) {
        const one = batch(integer(random, 200), SENDER_CLASSES[integer(random, 2)]);
        const strangers = held("unauthenticated");
        const fits =
          isWithin(held(), one, 1) &&
          (one.senderClass !== "client" || isWithin(held("client"), one, bounds.clientShare)) &&
          (one.senderClass !== "unauthenticated" || strangers.requests === 0 || isWithin(strangers, one, 1 / 8));
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
      const { requests, bytes, waiting: count } = ring;
      expect({ count, requests, bytes }).toEqual({ count: waiting.length, ...held() });
      for (const senderClass of SENDER_CLASSES) expect(ring.of(senderClass)).toEqual(held(senderClass));
    }
  }
});
