import { describe, expect, test } from "bun:test";
import { RestartDelay } from "../../../../src/threads/main/thread_lifetime.ts";

/** The delays after deaths of threads that lived so long each, in ms. */
function waitsAfter(lives: readonly number[]): number[] {
  let now = 0;
  const delay = new RestartDelay(() => now);
  return lives.map((lifeMs) => {
    delay.started();
    now += lifeMs;
    const wait = delay.died();
    now += wait;
    return wait;
  });
}

describe("the delay before a thread is started again", () => {
  test("is short for the first deaths, and doubles up to its bound for a thread that dies again and again", () => {
    expect(waitsAfter(new Array(12).fill(0))).toEqual([
      100, 100, 100, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000,
    ]);
  });

  test("is short again once a thread has lived for half a minute", () => {
    expect(waitsAfter([0, 0, 0, 0, 0, 29_999, 30_000, 0, 0, 0, 0])).toEqual([
      100, 100, 100, 100, 200, 400, 100, 100, 100, 100, 200,
    ]);
  });

  test("stays at its bound however often it dies", () => {
    expect(waitsAfter(new Array(3_000).fill(10)).slice(-1)).toEqual([5_000]);
  });
});
