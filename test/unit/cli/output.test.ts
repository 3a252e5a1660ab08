// Long outputs go at the reader's pace; what becomes of them when the reader goes, or the disk is full.

import { describe, expect, test } from "bun:test";
import { PassThrough, Writable } from "node:stream";
import { createOutput, createPrompt, createSink, Progress } from "../../../src/cli/output.ts";
import { failureOf } from "../../support/failure.ts";

/** A stream that holds a few bytes and hands each write to `take`, which calls back once it is taken. */
function streamOf(take: (text: string, taken: (error?: Error) => void) => void): Writable {
  return new Writable({
    highWaterMark: 4,
    decodeStrings: false,
    write: (chunk, _, taken) => take(String(chunk), taken),
  });
}

function failureWith(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

describe("an output", () => {
  test("resolves once there is room, in order, and keeps no listener for each wait", async () => {
    const taken: string[] = [];
    const stream = streamOf((text, done) => {
      taken.push(text);
      setImmediate(done);
    });
    const write = createOutput(stream);
    const listeners = () => stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0);
    const before = listeners();
    const texts = Array.from({ length: 50 }, (_, index) => `line ${index}\n`);
    for (const [index, text] of texts.entries()) {
      expect(await write(text)).toBe(true);
      expect(taken).toHaveLength(index + 1);
    }
    expect(taken).toEqual(texts);
    expect(listeners()).toBe(before);
  });
});

describe("an output whose reader closed the pipe", () => {
  test("says so, and stays so", async () => {
    const write = createOutput(streamOf((_, done) => done(failureWith("EPIPE"))));
    expect([await write("a long line"), await write("another")]).toEqual([false, false]);
  });

  test("says so when write itself throws", async () => {
    const stream = streamOf(() => undefined);
    stream.write = () => {
      throw failureWith("EPIPE");
    };
    expect(await createOutput(stream)("text")).toBe(false);
  });
});

describe("an output that cannot be written", () => {
  test("fails with the cause", async () => {
    const write = createOutput(streamOf((_, done) => done(failureWith("ENOSPC"))));
    expect(await failureOf(write("a long line"))).toMatchObject({
      code: "io",
      message: "cannot write to standard output: ENOSPC: refused",
    });
  });

  test("drops short texts, whichever way it refuses them", async () => {
    const failing = streamOf((_, done) => done(failureWith("ENOSPC")));
    const closed = new Promise((resolve) => failing.once("close", resolve));
    createSink(failing).write("a line");
    await closed;
    const throwing = streamOf(() => undefined);
    throwing.write = () => {
      throw failureWith("EPIPE");
    };
    createSink(throwing).write("a line");
    expect(failing.destroyed).toBe(true);
  });
});

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
  test("appears once work has lasted a moment, is updated now and then, and is cleared at the end", () => {
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

  test("starts again with the next work", () => {
    const { written, at } = stage(true);
    at(0, 0, 2);
    at(10_000, 2, 2);
    at(10_001, 0, 2);
    at(10_400, 1, 2);
    expect(written).toEqual([]);
  });
});

/** Asks, and gives what is typed once the question stands there; null ends the input. */
async function ask(typed: string | null): Promise<{ answer: string | undefined; shown: string }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let shown = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = shown === "";
    shown += text;
    if (!isFirst) return;
    if (typed === null) input.end();
    else input.write(typed);
  });
  const answer = await createPrompt(input, output)("Name? ");
  return { answer, shown };
}

describe("a prompt", () => {
  test("shows the question and gives the line that was typed", async () => {
    const { answer, shown } = await ask("shop\r");
    expect([answer, shown.includes("Name? ")]).toEqual(["shop", true]);
  });

  test.each([[null], ["\u0003"], ["\u0004"]])(
    "gives nothing when the input ends or is broken off with %j",
    async (typed) => {
      expect((await ask(typed)).answer).toBeUndefined();
    },
  );
});
