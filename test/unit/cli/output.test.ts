// Long outputs go at the reader's pace; what becomes of them when the reader goes, or the disk is full.

import { describe, expect, test } from "bun:test";
import { Writable } from "node:stream";
import { createOutput, createSink } from "../../../src/cli/output.ts";
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

describe("an output whose reader has gone", () => {
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
