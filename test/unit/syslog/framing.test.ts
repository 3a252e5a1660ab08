// Streams of connections to messages, in every way that a stream can be cut into pieces.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SYSLOG_MESSAGE_BYTES_MAX } from "../../../src/core/limits.ts";
import { PartialBytes, SyslogFraming } from "../../../src/syslog/framing.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const FIXTURES = new URL("../../fixtures/syslog/", import.meta.url);
const ROOM = 1024 * 1024;

/** The messages of the pieces of a stream; a message that was cut ends with "…". */
function messagesOf(pieces: readonly (string | Uint8Array)[], { ends = true, room = ROOM } = {}): string[] {
  const messages: string[] = [];
  const partial = new PartialBytes(room);
  const framing = new SyslogFraming({ message: (text, isCut) => messages.push(isCut ? `${text}…` : text) }, partial);
  for (const piece of pieces) framing.push(Buffer.from(piece as string));
  if (!ends) return messages;
  framing.end();
  // Everything that was held is released.
  expect(partial.take(room)).toBe(true);
  return messages;
}

describe("frames", () => {
  const streams: readonly (readonly [name: string, stream: string, messages: readonly string[]])[] = [
    ["counted octets", "7 <13>one9 <13>two\n\n6 <13>é", ["<13>one", "<13>two\n\n", "<13>é"]],
    ["line feeds", "<13>one\n<13>two\r\n\n\n<13>three\n", ["<13>one", "<13>two\r", "<13>three"]],
    ["NULs", "<13>one\0<13>two\0\n", ["<13>one", "<13>two"]],
    ["both by turns", "<13>one\n7 <13>two\n<13>three\n7 <13>fou", ["<13>one", "<13>two", "<13>three", "<13>fou"]],
    ["lines that begin with digits", "12 apples\n2026-11-29 x\n7\n9 \n", ["12 apples", "2026-11-29 x", "7", "9 "]],
    ["a count of too many digits as a line", "12345678901 <13>x\n", ["12345678901 <13>x"]],
    ["a last line without its line feed", "<13>one\n<13>tw", ["<13>one", "<13>tw"]],
    ["digits alone at the end", "<13>one\n12 ", ["<13>one", "12 "]],
    ["a counted frame without its end", "9 <13>one", ["<13>one…"]],
    ["a count of nothing", "0 <13>one\n", ["<13>one"]],
    ["nothing but separators", "\n\0\r\n", []],
  ];
  for (const [name, stream, messages] of streams) {
    test(`${name} give the same messages however the stream is cut in two or three`, () => {
      const bytes = Buffer.from(stream);
      for (let first = 0; first <= bytes.length; first++) {
        for (let second = first; second <= bytes.length; second++) {
          const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
          expect(messagesOf(pieces)).toEqual([...messages]);
        }
      }
      expect(messagesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([...messages]);
    });
  }

  test("captured streams of rsyslog and logger are their messages", () => {
    const messages = (name: string) => messagesOf([readFileSync(new URL(name, FIXTURES))]);
    expect(messages("rsyslog-tcp-45.bin").map((text) => text.slice(0, 8))).toEqual(["<11>1 20", "<14>1 20"]);
    expect(messages("rsyslog-tcp-46.bin").map((text) => text.slice(0, 8))).toEqual(["<11>2026", "<14>2026"]);
    expect(messages("python-tcp-40.bin")).toHaveLength(1);
    expect(messages("python-tcp-41.bin")).toHaveLength(1);
  });
});

describe("messages that are too long", () => {
  const long = "x".repeat(SYSLOG_MESSAGE_BYTES_MAX + 1);
  const kept = `<13>${long}`.slice(0, SYSLOG_MESSAGE_BYTES_MAX);

  test("are cut, and what follows is read", () => {
    const counted = `${long.length + 4} <13>${long}7 <13>end`;
    const line = `<13>${long}\n7 <13>end`;
    for (const stream of [counted, line]) {
      for (const step of [stream.length, 1_000, 65_536, 65_540]) {
        const pieces = Array.from({ length: Math.ceil(stream.length / step) }, (_, index) =>
          stream.slice(index * step, (index + 1) * step),
        );
        expect(messagesOf(pieces)).toEqual([`${kept}…`, "<13>end"]);
      }
    }
  });

  test("of exactly the bound are whole", () => {
    const exact = "x".repeat(SYSLOG_MESSAGE_BYTES_MAX);
    expect(messagesOf([`${exact}\n`])).toEqual([exact]);
    expect(messagesOf([exact, "\n"])).toEqual([exact]);
    expect(messagesOf([`${SYSLOG_MESSAGE_BYTES_MAX} <${exact.slice(1)}`])).toEqual([`<${exact.slice(1)}`]);
  });

  test("are not cut within a character", () => {
    const [message = ""] = messagesOf([`a${"é".repeat(SYSLOG_MESSAGE_BYTES_MAX / 2)}\n`]);
    expect(message).toBe(`a${"é".repeat(SYSLOG_MESSAGE_BYTES_MAX / 2 - 1)}…`);
  });

  test("are cut earlier where all connections together hold too much", () => {
    expect(messagesOf(["<13>", "a".repeat(600), "b".repeat(600), "\n<13>end\n"], { room: 1_024 })).toEqual([
      `<13>${"a".repeat(600)}…`,
      "<13>end",
    ]);
  });
});

describe("bytes of any kind", () => {
  test("that are not UTF-8 become U+FFFD", () => {
    expect(messagesOf([Uint8Array.of(60, 0xff, 0xc3, 62, 10)])).toEqual(["<\u{fffd}\u{fffd}>"]);
  });

  test("never throw, and are all there unless a count says otherwise", () => {
    const random = seededRandom(runSeed("syslog framing"));
    for (let round = 0; round < 2_000; round++) {
      const stream = Array.from({ length: integer(random, 40) }, () =>
        pick(random, ["<13>", "7 ", "0 ", "\n", "\0", " ", "12345", "a", "é", "<", "99 <"]),
      ).join("");
      const bytes = Buffer.from(stream);
      const whole = messagesOf([bytes]);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const to = at + 1 + integer(random, 9);
        pieces.push(bytes.subarray(at, to));
        at = to;
      }
      expect(messagesOf(pieces)).toEqual(whole);
    }
  });
});
