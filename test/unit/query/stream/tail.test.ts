import { describe, expect, test } from "bun:test";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import type { TailEvent } from "../../../../src/core/queries.ts";
import { showRecord } from "../../../../src/core/record.ts";
import { TailHub } from "../../../../src/query/stream/tail.ts";
import { MemorySource, randomRecord } from "../../../support/memory_source.ts";
import { MODEL_SEARCHES, type ModelRecord } from "../../../support/query_model.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

const DAY = Date.UTC(2026, 5, 1);
const FOR_EVER = () => Number.NEGATIVE_INFINITY;

function collectAll(hub: TailHub, numbers: readonly number[]): Map<number, TailEvent[]> {
  const steps = hub.collect(numbers);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The next events of one tail. */
function collect(hub: TailHub, number: number): TailEvent[] {
  return collectAll(hub, [number]).get(number) ?? [];
}

function all(hub: TailHub, number: number): TailEvent[] {
  const events: TailEvent[] = [];
  while (hub.behind([number]).length > 0) events.push(...collect(hub, number));
  return events;
}

describe("a tail", () => {
  test("gives each matching record once, in commit order, whatever merges meanwhile", () => {
    const random = seededRandom(runSeed("tail"));
    const source = new MemorySource();
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    const records: ModelRecord[] = [];
    const tails = MODEL_SEARCHES.map((search, number) => {
      const project = pick(random, [undefined, "shop"]);
      expect(hub.open(number, { project, q: search.q, after: undefined })).toBeUndefined();
      return { search, project, number, events: [] as TailEvent[] };
    });
    for (let round = 0; round < 50; round++) {
      const project = pick(random, ["shop", "blog"]);
      const batch = Array.from({ length: integer(random, 60) + 1 }, () => randomRecord(random, DAY, DAY + 1_000_000));
      for (const record of source.write(project, batch)) records.push({ project, record });
      if (random() < 0.2) source.merge(project, random() < 0.5);
      for (const tail of tails) if (random() < 0.3) tail.events.push(...collect(hub, tail.number));
    }
    for (const { search, project, number, events } of tails) {
      events.push(...all(hub, number));
      const expected = records
        .filter((one) => (project === undefined || one.project === project) && search.matches(one.record))
        .map((one) => ({ kind: "record", id: one.record.id, record: showRecord(one.project, one.record) }) as const);
      expect(events).toEqual(expected);
    }
  });

  test("goes on after a given id", () => {
    const source = new MemorySource();
    const random = seededRandom(1);
    source.write(
      "shop",
      Array.from({ length: 10 }, () => randomRecord(random, DAY, DAY + 10)),
    );
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    hub.open(1, { project: undefined, q: "", after: 7 });
    hub.open(2, { project: undefined, q: "", after: 999 });
    expect([all(hub, 1).map(({ id }) => id), all(hub, 2)]).toEqual([[8, 9, 10], []]);
  });

  test("that lags far behind is moved forward, and gets the number of matching records that it missed", () => {
    const source = new MemorySource();
    const random = seededRandom(runSeed("gap"));
    const hub = new TailHub({ source, expiredBefore: FOR_EVER, lagMax: 100, lagAfterMove: 10 });
    hub.open(1, { project: undefined, q: "level:error", after: undefined });
    const records = Array.from({ length: 20 }, () =>
      source.write(
        "shop",
        Array.from({ length: 20 }, () => randomRecord(random, DAY, DAY + 10)),
      ),
    ).flat();
    const isError = (from: number, to: number) =>
      records.filter(({ id, level }) => id >= from && id < to && level === "error");
    const events = all(hub, 1);
    expect(events[0]).toEqual({ kind: "gap", id: 390, missed: isError(1, 391).length });
    expect(events.slice(1).map(({ id }) => id)).toEqual(isError(391, 401).map(({ id }) => id));
  });

  test("takes no more than a batch at a time", () => {
    const source = new MemorySource();
    const random = seededRandom(2);
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    hub.open(1, { project: undefined, q: "", after: undefined });
    source.write(
      "shop",
      Array.from({ length: 1_200 }, () => randomRecord(random, DAY, DAY + 10)),
    );
    expect([collect(hub, 1).length, collect(hub, 1).length, collect(hub, 1).length]).toEqual([500, 500, 200]);
  });

  test("waits for the next collection when the matches of many tails are too many for one, and misses nothing", () => {
    const source = new MemorySource();
    const random = seededRandom(5);
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    const seen = new Map<number, number[]>();
    for (let number = 1; number <= 60; number++) {
      hub.open(number, { project: undefined, q: "", after: undefined });
      seen.set(number, []);
    }
    for (let block = 0; block < 4; block++) {
      source.write(
        "shop",
        Array.from({ length: 500 }, () => randomRecord(random, DAY, DAY + 10)),
      );
    }
    let most = 0;
    for (let behind = hub.behind(seen.keys()); behind.length > 0; behind = hub.behind(seen.keys())) {
      let total = 0;
      for (const [number, events] of collectAll(hub, behind)) {
        seen.get(number)?.push(...events.map(({ id }) => id));
        total += events.length;
      }
      most = Math.max(most, total);
    }
    expect(most).toBeLessThanOrEqual(20_500);
    const every = Array.from({ length: 2_000 }, (_, index) => index + 1);
    for (const ids of seen.values()) expect(ids).toEqual(every);
  });

  test("takes few long records at a time, whichever of their fields is long", () => {
    const random = seededRandom(6);
    const long = "x".repeat(300_000);
    for (const fields of [{ message: long }, { metadata: { list: [{ long }] } }, { key: long }, { touchpoint: long }]) {
      const source = new MemorySource();
      const hub = new TailHub({ source, expiredBefore: FOR_EVER });
      hub.open(1, { project: undefined, q: "", after: undefined });
      for (let block = 0; block < 4; block++) {
        const records = Array.from({ length: 10 }, () => ({ ...randomRecord(random, DAY, DAY + 10), ...fields }));
        source.write("shop", records);
      }
      const ids: number[] = [];
      while (hub.behind([1]).length > 0) {
        const events = collect(hub, 1);
        expect(events.length).toBeLessThanOrEqual(4);
        ids.push(...events.map(({ id }) => id));
      }
      expect(ids).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    }
  });

  test("reads no more large blocks at a time than memory allows, and misses nothing", () => {
    const random = seededRandom(7);
    const source = new MemorySource();
    const hub = new TailHub({ source, expiredBefore: FOR_EVER, windowBytes: 100_000 });
    for (const number of [1, 2]) hub.open(number, { project: undefined, q: "message:*", after: undefined });
    const message = "x".repeat(40_000);
    const write = () => source.write("shop", [{ ...randomRecord(random, DAY, DAY + 10), message }]);
    for (let block = 0; block < 20; block++) write();
    all(hub, 2);
    for (let block = 0; block < 5; block++) write();
    let opened = 0;
    source.beforeOpen = () => opened++;
    const ids: number[] = [];
    while (hub.behind([1, 2]).length > 0) {
      opened = 0;
      for (const [number, events] of collectAll(hub, [1, 2])) if (number === 1) ids.push(...events.map(({ id }) => id));
      expect(opened).toBeLessThanOrEqual(3);
    }
    expect(ids).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  test("shows no expired record", () => {
    const source = new MemorySource();
    const hub = new TailHub({ source, expiredBefore: () => DAY + 5 });
    hub.open(1, { project: undefined, q: "", after: undefined });
    const random = seededRandom(3);
    source.write("shop", [randomRecord(random, DAY, DAY + 1), randomRecord(random, DAY + 5, DAY + 6)]);
    expect(all(hub, 1).map(({ id }) => id)).toEqual([2]);
  });
});

describe("a tail that cannot read", () => {
  test("a search that does not parse", () => {
    const hub = new TailHub({ source: new MemorySource(), expiredBefore: FOR_EVER });
    expect(hub.open(1, { project: undefined, q: "(", after: undefined })).toMatchObject({ code: "bad_query" });
    expect(hub.size).toBe(0);
  });

  test("a damaged block is passed over, and the others are shown", () => {
    const source = new MemorySource();
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    hub.open(1, { project: undefined, q: "", after: undefined });
    const random = seededRandom(4);
    for (let block = 0; block < 3; block++) source.write("shop", [randomRecord(random, DAY, DAY + 1)]);
    source.damage(2);
    expect(all(hub, 1).map(({ id }) => id)).toEqual([1, 3]);
  });

  test("a block whose pages are damaged is passed over, and the others are shown", () => {
    const source = new MemorySource();
    const hub = new TailHub({ source, expiredBefore: FOR_EVER });
    hub.open(1, { project: undefined, q: "", after: undefined });
    const random = seededRandom(4);
    for (let block = 0; block < 3; block++) source.write("shop", [randomRecord(random, DAY, DAY + 1)]);
    let opened = 0;
    source.beforeOpen = () => {
      if (++opened === 2) throw new BlockDamagedError("its pages are damaged");
    };
    expect(all(hub, 1).map(({ id }) => id)).toEqual([1, 3]);
  });
});
