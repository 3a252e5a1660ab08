import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { RECENTLY_COMPLETED_MAX } from "../../../../src/core/limits.ts";
import { normalise } from "../../../../src/ingest/entries/normalise.ts";
import { Pairing } from "../../../../src/ingest/pairing/pairing.ts";
import { expectSoon } from "../../../support/expect_soon.ts";
import { batchContext, NOW } from "../entries/batch_context.ts";
import { LIMITS } from "./desk.ts";

/** A Pairing that remembers so many complete timings, and the keys of the starts that it absorbed. */
function memoryFor(completesMax: number) {
  const absorbed: (string | undefined)[] = [];
  const sink = {
    store: () => undefined,
    absorb: (_: string, start: { key: string | undefined }) => absorbed.push(start.key),
    ambiguous: () => undefined,
  };
  const memory = new Pairing({ ...LIMITS, openMax: 1e6, openBytesMax: 1e9 }, [1, 2], sink, completesMax);
  const offer = (key: string, times: { startTime: number; endTime?: number }, at: number) => {
    const entry = normalise({ key, ...times }, batchContext({ receivedAt: at }));
    if (typeof entry === "string" || entry.kind === "log") throw new Error(`${key} is no timing`);
    memory.offer(entry, { project: "shop", keyType: "server", sender: memory.senderHash("web shop", "server", "s") });
  };
  return { memory, absorbed, offer };
}

test.each([1, 63, 64, 65, 1_000, 4_096, 5_000])(
  "the last 4,096 of %d are remembered, and each absorbs one start",
  (count) => {
    const { absorbed, offer } = memoryFor(4_096);
    const keys = Array.from({ length: count }, (_, index) => `k${index}`);
    for (const key of keys) offer(key, { startTime: NOW - 10, endTime: NOW }, NOW);
    for (let round = 0; round < 2; round++) for (const key of keys) offer(key, { startTime: NOW - 10 }, NOW);
    expect(absorbed).toEqual(keys.slice(-4_096));
  },
);

test("a start that was absorbed before the table grew stays absorbed", () => {
  const { absorbed, offer } = memoryFor(4_096);
  for (let index = 0; index < 64; index++) offer(`k${index}`, { startTime: NOW - 10, endTime: NOW }, NOW);
  offer("k7", { startTime: NOW - 10 }, NOW);
  for (let index = 64; index < 200; index++) offer(`k${index}`, { startTime: NOW - 10, endTime: NOW }, NOW);
  for (const key of ["k7", "k8", "k8", "k199"]) offer(key, { startTime: NOW - 10 }, NOW);
  expect(absorbed).toEqual(["k7", "k8", "k199"]);
});

test("the table takes space for the timings that it has, and frees it once they have expired", async () => {
  Bun.gc(true);
  const before = heapStats().extraMemorySize;
  const held = (): number => {
    Bun.gc(true);
    return heapStats().extraMemorySize - before;
  };
  const { memory, offer } = memoryFor(RECENTLY_COMPLETED_MAX);
  // The stack may still point to what is free: a later look finds none of it.
  await expectSoon(held).toBeLessThan(1_000_000);
  for (let index = 0; index < 50_000; index++) offer(`k${index}`, { startTime: NOW - 10, endTime: NOW }, NOW);
  await expectSoon(held).toBeGreaterThan(5_000_000);
  memory.takeChanges();
  memory.completedNeededSince(NOW + LIMITS.orphanGraceMs + 1);
  await expectSoon(held).toBeLessThan(1_000_000);
  offer("again", { startTime: NOW - 10, endTime: NOW }, NOW + 120_000);
  expect(memory.takeChanges().completed).toBeDefined();
});
