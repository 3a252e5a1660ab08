import { describe, expect, test } from "bun:test";
import { Progress } from "../../../src/cli/progress.ts";

/** A progress on a manual clock, and what it writes. */
function stage(isErrorTerminal: boolean) {
  const written: string[] = [];
  let now = 0;
  const sink = { write: (text: string) => written.push(text) };
  const context = { stdout: sink, stderr: sink, env: {}, cwd: "/", isTerminal: false, isErrorTerminal };
  const progress = new Progress(context, () => now);
  const at = (time: number, done: number, total: number | undefined) => {
    now = time;
    progress.show(done, total, "blocks");
  };
  return { written, progress, at };
}

const WIPE = "\r\u001b[2K";

describe("progress", () => {
  test("is told once work has lasted a moment, now and then, and wiped at the end", () => {
    const { written, at } = stage(true);
    at(0, 0, 5_000);
    at(499, 100, 5_000);
    at(500, 1_200, 5_000);
    at(599, 1_300, 5_000);
    at(600, 1_400, undefined);
    at(601, 5_000, 5_000);
    expect(written).toEqual([`${WIPE}1,200 of 5,000 blocks`, `${WIPE}1,400 blocks`, WIPE]);
  });

  test("of quick work, or away from a terminal, writes nothing", () => {
    const quick = stage(true);
    quick.at(0, 0, 2);
    quick.at(10, 2, 2);
    quick.progress.end();
    const piped = stage(false);
    piped.at(0, 0, 2);
    piped.at(9_000, 1, 2);
    piped.progress.end();
    expect([quick.written, piped.written]).toEqual([[], []]);
  });

  test("begins anew with the next work", () => {
    const { written, at } = stage(true);
    at(0, 0, 2);
    at(10_000, 2, 2);
    at(10_001, 0, 2);
    at(10_400, 1, 2);
    expect(written).toEqual([]);
  });
});
