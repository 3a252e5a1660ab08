// What pages leave in localStorage: bounded, and taken up by the next page under the keys that it was saved with.

import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { adoptBatches } from "../../../../src/client/browser/adoption.ts";
import { saveBatch, storedNames } from "../../../../src/client/browser/storage.ts";
import { freezeBatch } from "../../../../src/client/core/batches.ts";
import type { Batch } from "../../../../src/client/core/types.ts";

const START = Date.UTC(2026, 0, 1);

function setStorage(storage: object): void {
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true, writable: true });
}

/** As much of a Storage as is used: items are its own members. */
function createStorage(): object {
  const storage = Object.create({
    getItem: (name: string) => (storage as Record<string, string>)[name] ?? null,
    removeItem: (name: string) => Reflect.deleteProperty(storage, name),
  }) as object;
  return storage;
}

beforeEach(() => {
  jest.useFakeTimers({ now: START });
  setStorage(createStorage());
});

afterEach(() => {
  jest.useRealTimers();
  Reflect.deleteProperty(globalThis, "localStorage");
});

const batchOf = (message: string) =>
  freezeBatch(JSON.stringify({ key: "ck_1", source: "client", entries: [{ message }, {}] }), 2, 1);

/** What the next page takes over. */
function adopt(): Batch[] {
  const adopted: Batch[] = [];
  void adoptBatches({ adopt: (batches) => void adopted.push(...batches) }, {});
  return adopted;
}

describe("a saved batch", () => {
  test("comes back unchanged, as one that was tried, and stays until its outcome is known", () => {
    const batches = ["a", "b"].map(batchOf);
    for (const batch of batches) {
      expect(saveBatch(batch, false)).toBe(true);
      jest.setSystemTime(Date.now() + 1);
    }
    const adopted = adopt();
    expect(adopted).toEqual(
      batches.map(({ id, body, bytes }) => ({
        id,
        body,
        bytes,
        entryCount: 2,
        sequence: 0,
        isTried: true,
        onSettled: expect.any(Function),
      })),
    );
    expect(storedNames().length).toBe(2);
    adopted[0]?.onSettled?.();
    expect(storedNames().map((name) => name.split(":")[2])).toEqual([batches[1]?.id]);
  });

  test("is taken over once while it is under way, however often the page looks", () => {
    saveBatch(batchOf("a"), false);
    const adopted: Batch[] = [];
    const lease: { release?: () => void } = {};
    const look = () => void adoptBatches({ adopt: (batches) => void adopted.push(...batches) }, lease);
    look();
    look();
    expect(adopted.length).toBe(1);
    // The page is hidden, and shown again.
    lease.release?.();
    look();
    expect(adopted.length).toBe(2);
    adopted[1]?.onSettled?.();
    adopted[0]?.onSettled?.();
    saveBatch(batchOf("b"), false);
    look();
    expect(adopted.length).toBe(3);
  });

  test("that is saved while others are under way is taken over after them", () => {
    saveBatch(batchOf("a"), false);
    const adopted: Batch[] = [];
    const lease: { release?: () => void } = {};
    const look = () => void adoptBatches({ adopt: (batches) => void adopted.push(...batches) }, lease);
    look();
    jest.setSystemTime(Date.now() + 1);
    saveBatch(batchOf("b"), false);
    look();
    adopted[0]?.onSettled?.();
    expect(adopted.map(({ body }) => JSON.parse(body).entries[0].message)).toEqual(["a", "b"]);
    adopted[1]?.onSettled?.();
    expect([storedNames(), lease.release]).toEqual([[], undefined]);
  });

  test("is removed when its own page learns its outcome", () => {
    const batch = batchOf("a");
    saveBatch(batch, true);
    expect(storedNames().length).toBe(1);
    batch.onSettled?.();
    expect(storedNames()).toEqual([]);
  });

  test("that was probably sent is sent again within five minutes, and removed after", () => {
    saveBatch(batchOf("probably"), true);
    saveBatch(batchOf("never"), false);
    jest.setSystemTime(START + 4 * 60_000);
    expect(adopt().length).toBe(2);
    jest.setSystemTime(START + 6 * 60_000);
    expect(adopt().map(({ body }) => JSON.parse(body).entries[0].message)).toEqual(["never"]);
    expect(storedNames().length).toBe(1);
  });

  test("that somebody wrote over is removed", () => {
    saveBatch(batchOf("a"), false);
    const [name = ""] = storedNames();
    (localStorage as unknown as Record<string, string>)[name] = "not a batch";
    expect([adopt(), storedNames()]).toEqual([[], []]);
  });

  test("has room for 256 KB of all of them, and others' items are no part of it", () => {
    (localStorage as unknown as Record<string, string>)["cart"] = "x".repeat(1_000_000);
    const saved = Array.from({ length: 10 }, () => {
      jest.setSystemTime(Date.now() + 1);
      return saveBatch(batchOf("x".repeat(50_000)), false);
    });
    expect(saved.filter(Boolean).length).toBe(5);
  });
});

test("a storage that throws is no room, and nothing to take up", () => {
  setStorage(
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("denied");
        },
      },
    ),
  );
  expect(saveBatch(batchOf("a"), false)).toBe(false);
  expect(adopt()).toEqual([]);
});
