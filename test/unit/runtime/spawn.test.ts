// What a process knows of its threads: the heap that each reports, and the name under which the system shows it.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { heapBytesByThread, spawnThread } from "../../../src/runtime/spawn.ts";
import { eventually } from "../../support/eventually.ts";

const NAME = "holding_thread";
const MODULE = new URL(`../../support/${NAME}.ts`, import.meta.url);

function holdingThread() {
  const received: unknown[] = [];
  const ended: string[] = [];
  const thread = spawnThread<number, number>(MODULE, {
    receive: (message) => received.push(message),
    ended: (reason) => ended.push(reason),
  });
  return { thread, received, ended };
}

describe("a thread", () => {
  test("reports its heap beside its own messages, and none once it is ended", async () => {
    const { thread, received, ended } = holdingThread();
    expect(heapBytesByThread().get(NAME)).toBe(0);
    thread.post(1_000_000);
    await eventually("its heap is reported", async () => (heapBytesByThread().get(NAME) ?? 0) > 8_000_000);
    expect(heapBytesByThread().get("main")).toBeGreaterThan(1_000_000);
    for (let count = 1; count <= 20; count++) thread.post(count);
    await eventually("it has answered", async () => received.length === 21);
    // A report is no message of its own.
    expect(received.slice(1)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    thread.terminate();
    expect([heapBytesByThread().get(NAME), ended]).toEqual([0, []]);
  });

  test("is shown by Linux under its module's name", async () => {
    if (process.platform !== "linux") return;
    const { thread, received } = holdingThread();
    try {
      thread.post(1);
      await eventually("it runs", async () => received.length === 1);
      const names = readdirSync("/proc/self/task").map((id) => {
        try {
          return readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim();
        } catch {
          return "ended";
        }
      });
      expect(names).toContain(NAME);
    } finally {
      thread.terminate();
    }
  });
});
