// Messages of real senders, and of the texts of the standards, to entries.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { Entry } from "../../../src/core/entry.ts";
import { writeFrame } from "../../../src/core/syslog_frames.ts";
import { decodeSyslog } from "../../../src/decode/syslog.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";

const RECEIVED_AT = Date.parse("2026-11-29T18:20:00Z");
const FIXTURES = new URL("../../fixtures/syslog/", import.meta.url);

function decodeAll(messages: readonly string[], query = "", receivedAt = RECEIVED_AT): readonly Entry[] {
  const body = messages.map((message) => writeFrame({ receivedAt, peer: "10.0.0.7", message })).join("");
  const decoded = decodeSyslog(body, { guard: new ParseGuard(), query: new URLSearchParams(query), receivedAt });
  if ("malformed" in decoded) throw new Error(decoded.malformed);
  expect(decoded.refused).toEqual([]);
  return decoded.entries;
}

function decodeOne(message: string, query = "", receivedAt = RECEIVED_AT): Entry {
  return decodeAll([message], query, receivedAt)[0] as Entry;
}

/** An entry as these tests write it: the peer is the same in all, and a message without a time has that of receipt. */
function entry(time: string | undefined, rest: Omit<Entry, "timestamp">): Entry {
  const metadata = { ...rest.metadata, peer: "10.0.0.7" };
  return { ...rest, timestamp: time === undefined ? RECEIVED_AT : Date.parse(time), metadata };
}

const user = { facility: "user" };
const notice = { facility: "user", severity: "notice" };

describe("RFC 5424", () => {
  const cases: readonly (readonly [name: string, message: string, entry: Entry])[] = [
    [
      "the standard's first example",
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
      entry("2003-10-11T22:14:15.003Z", {
        level: "error",
        touchpoint: "su",
        message: "'su root' failed for lonvick on /dev/pts/8",
        metadata: { hostname: "mymachine.example.com", facility: "auth", severity: "crit", msgid: "ID47" },
      }),
    ],
    [
      "an offset, a fraction and a process",
      "<165>1 2003-08-24T05:14:15.003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
      entry("2003-08-24T12:14:15.003Z", {
        level: "info",
        touchpoint: "myproc",
        message: "%% It's time to make the do-nuts.",
        metadata: { hostname: "192.0.2.1", facility: "local4", severity: "notice", pid: "8710" },
      }),
    ],
    [
      "structured data with escapes, and a message",
      String.raw`<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [exampleSDID@32473 iut="3" source="App\"l\\i\]\n" empty=""][two@1] An event`,
      entry("2003-10-11T22:14:15.003Z", {
        level: "info",
        touchpoint: "evntslog",
        message: "An event",
        metadata: {
          hostname: "h",
          facility: "local4",
          severity: "notice",
          msgid: "ID47",
          "exampleSDID@32473": { iut: "3", source: String.raw`App"l\i]\n`, empty: "" },
          "two@1": {},
        },
      }),
    ],
    [
      "structured data alone",
      '<14>1 - - app - - [a@1 b="c"]',
      entry(undefined, {
        level: "info",
        touchpoint: "app",
        message: "",
        metadata: { ...user, "a@1": { b: "c" } },
      }),
    ],
    ["nil values alone", "<14>1 - - - - - - hi", entry(undefined, { level: "info", message: "hi", metadata: user })],
    [
      "parameters that come twice, and elements with names of other metadata",
      '<14>1 - h a - - [origin ip="1" ip="2" ip="3"][hostname x="1"][origin y="4"] m',
      entry(undefined, {
        level: "info",
        touchpoint: "a",
        message: "m",
        metadata: { hostname: "h", ...user, origin: { ip: ["1", "2", "3"], y: "4" }, sd_hostname: { x: "1" } },
      }),
    ],
    [
      "structured data that is broken, as a part of the message",
      '<14>1 2026-11-29T18:17:25Z h a 1 - [x@1 b="c] m',
      entry("2026-11-29T18:17:25Z", {
        level: "info",
        touchpoint: "a",
        message: '[x@1 b="c] m',
        metadata: { hostname: "h", ...user, pid: "1" },
      }),
    ],
    [
      "the space that rsyslog leaves before the message",
      "<14>1 - h a - - -  one  two",
      entry(undefined, { level: "info", touchpoint: "a", message: "one  two", metadata: { hostname: "h", ...user } }),
    ],
    [
      "a message that is indented",
      "<14>1 - h a - - -     at main",
      entry(undefined, {
        level: "info",
        touchpoint: "a",
        message: "    at main",
        metadata: { hostname: "h", ...user },
      }),
    ],
    [
      "a leap second",
      "<14>1 2026-11-29T18:17:60.5Z h a - - - m",
      entry("2026-11-29T18:18:00.5Z", {
        level: "info",
        touchpoint: "a",
        message: "m",
        metadata: { hostname: "h", ...user },
      }),
    ],
    [
      "a time that there is not, as it is written",
      "<14>1 2026-02-30T18:17:00Z h a - - - m",
      entry(undefined, {
        level: "info",
        touchpoint: "a",
        message: "m",
        metadata: { hostname: "h", ...user, timestamp: "2026-02-30T18:17:00Z" },
      }),
    ],
    [
      "line feeds and control characters inside the message",
      "<14>1 - h a - - - one\ntwo\u0007\0three\r\n\0\n",
      entry(undefined, {
        level: "info",
        touchpoint: "a",
        message: "one\ntwo\u0007\0three",
        metadata: { hostname: "h", ...user },
      }),
    ],
  ];
  for (const [name, message, expected] of cases)
    test(`reads ${name}`, () => expect(decodeOne(message)).toEqual(expected));

  test("a member called __proto__ is a member", () => {
    const { metadata } = decodeOne('<14>1 - h a - - [__proto__ __proto__="x"] m');
    expect(JSON.stringify(metadata)).toContain('"__proto__":{"__proto__":"x"}');
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  test("microseconds stay", () => {
    expect(decodeOne("<14>1 2026-11-29T18:17:25.399143+00:00 h a - - - m").timestamp).toBeCloseTo(
      Date.parse("2026-11-29T18:17:25Z") + 399.143,
      3,
    );
  });

  test("many names of one hash are kept as a text, not as members", () => {
    const guard = new ParseGuard();
    guard.refusal = () => "refused";
    const message = '<14>1 - - a - - [x@1 b="c"] m';
    const body = writeFrame({ receivedAt: RECEIVED_AT, peer: "-", message });
    const decoded = decodeSyslog(body, { guard, query: new URLSearchParams(), receivedAt: RECEIVED_AT });
    expect(decoded).toEqual({
      entries: [
        {
          level: "info",
          touchpoint: "a",
          timestamp: RECEIVED_AT,
          message: "m",
          metadata: { facility: "user", structured_data: '[x@1 b="c"]' },
        },
      ],
      refused: [],
    });
  });
});

describe("RFC 3164 and what senders make of it", () => {
  const at = "2026-11-29T17:49:48Z";
  const sshd = { touchpoint: "sshd", message: "Accepted" } as const;
  const cisco = { level: "info", touchpoint: "%SYS-5-CONFIG_I", message: "Configured" } as const;
  const local7 = { facility: "local7", severity: "notice" };
  const cases: readonly (readonly [name: string, message: string, entry: Entry])[] = [
    [
      "the standard's first example",
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
      entry("2026-10-11T22:14:15Z", {
        level: "error",
        touchpoint: "su",
        message: "'su root' failed for lonvick on /dev/pts/8",
        metadata: { hostname: "mymachine", facility: "auth", severity: "crit" },
      }),
    ],
    [
      "an address as host, and no tag",
      "<13>Nov  5 17:32:18 10.0.0.99 Use the BFG!",
      entry("2026-11-05T17:32:18Z", {
        level: "info",
        message: "Use the BFG!",
        metadata: { hostname: "10.0.0.99", ...notice },
      }),
    ],
    [
      "a zone and a year after the time",
      "<165>Aug 24 05:34:00 CST 1987 mymachine myproc[10]: %% It's time",
      entry("1987-08-24T11:34:00Z", {
        level: "info",
        touchpoint: "myproc",
        message: "%% It's time",
        metadata: { hostname: "mymachine", facility: "local4", severity: "notice", pid: "10" },
      }),
    ],
    [
      "no priority",
      "Nov 29 17:49:48 vm sshd[12]: Accepted",
      entry(at, { ...sshd, metadata: { hostname: "vm", pid: "12" } }),
    ],
    [
      "no host",
      "<38>Nov 29 17:49:48 sshd[12]: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { facility: "auth", pid: "12" } }),
    ],
    [
      "a year before the month",
      "<38>2026 Nov 29 17:49:48 vm sshd: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { hostname: "vm", facility: "auth" } }),
    ],
    [
      "a year after the day, and a day with a zero",
      "<38>Nov 09 2025 17:49:48 vm sshd: Accepted",
      entry("2025-11-09T17:49:48Z", { ...sshd, level: "info", metadata: { hostname: "vm", facility: "auth" } }),
    ],
    [
      "a weekday, and a year after the time",
      "<38>Sun Nov 29 17:49:48 2026 vm sshd: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { hostname: "vm", facility: "auth" } }),
    ],
    [
      "an ISO time with an offset, as rsyslog forwards",
      "<38>2026-11-29T18:49:48+01:00 vm sshd[12]: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { hostname: "vm", facility: "auth", pid: "12" } }),
    ],
    [
      "an ISO time with a space and without an offset",
      "<38>2026-11-29 17:49:48,5 vm sshd[12]: Accepted",
      entry("2026-11-29T17:49:48.5Z", {
        ...sshd,
        level: "info",
        metadata: { hostname: "vm", facility: "auth", pid: "12" },
      }),
    ],
    [
      "a host in capitals, which is no zone",
      "<38>Nov 29 17:49:48 VM sshd: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { hostname: "VM", facility: "auth" } }),
    ],
    [
      "a host that is an IPv6 address",
      "<38>Nov 29 17:49:48 fe80::1 sshd: Accepted",
      entry(at, { ...sshd, level: "info", metadata: { hostname: "fe80::1", facility: "auth" } }),
    ],
    [
      "a tag without a colon",
      "<11>Nov 29 17:49:48 vm shop payment failed",
      entry(at, {
        level: "error",
        touchpoint: "shop",
        message: "payment failed",
        metadata: { hostname: "vm", ...user },
      }),
    ],
    [
      "neither host nor tag",
      "<13>Nov 29 17:49:48 Server started well",
      entry(at, { level: "info", message: "Server started well", metadata: notice }),
    ],
    [
      "a repetition",
      "<13>Nov 29 17:49:48 vm last message repeated 3 times",
      entry(at, { level: "info", message: "last message repeated 3 times", metadata: { hostname: "vm", ...notice } }),
    ],
    [
      "a time that there is not",
      "<13>Feb 30 18:17:25 vm app: hi",
      entry(undefined, {
        level: "info",
        touchpoint: "app",
        message: "hi",
        metadata: { hostname: "vm", ...notice, timestamp: "Feb 30 18:17:25" },
      }),
    ],
    [
      "Cisco's mark of a clock that is not set: the time is that of receipt",
      "<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured",
      entry(undefined, { ...cisco, metadata: { ...local7, sequence: "29", timestamp: "*Mar  1 18:46:11.123" } }),
    ],
    [
      "Cisco's mark of a clock that is right all the same",
      "<189>29: *Nov 29 17:49:48.125: %SYS-5-CONFIG_I: Configured",
      entry("2026-11-29T17:49:48.125Z", { ...cisco, metadata: { ...local7, sequence: "29" } }),
    ],
    [
      "Cisco's host and zone",
      "<189>29: sw1: .Nov 29 18:49:48.125 CET: %SYS-5-CONFIG_I: Configured",
      entry("2026-11-29T17:49:48.125Z", { ...cisco, metadata: { hostname: "sw1", ...local7, sequence: "29" } }),
    ],
    [
      "Cisco without a time",
      "<189>29: %SYS-5-CONFIG_I: Configured",
      entry(undefined, { ...cisco, metadata: { ...local7, sequence: "29" } }),
    ],
    [
      "Cisco's year first, after a colon",
      "<189>: 2026 Nov 29 17:49:48 UTC: %SYS-5-CONFIG_I: Configured",
      entry(at, { ...cisco, metadata: local7 }),
    ],
    [
      "Cisco's host before a colon with spaces",
      "<189>Nov 29 2026 17:49:48 asa1 : %SYS-5-CONFIG_I: Configured",
      entry(at, { ...cisco, metadata: { hostname: "asa1", ...local7 } }),
    ],
    [
      "a tag alone",
      "<11>shop: failed",
      entry(undefined, { level: "error", touchpoint: "shop", message: "failed", metadata: user }),
    ],
    [
      "a level before a colon as no tag",
      "<11>ERROR: failed",
      entry(undefined, { level: "error", message: "ERROR: failed", metadata: user }),
    ],
    [
      "a text alone",
      "<11>py syslog udp\0",
      entry(undefined, { level: "error", message: "py syslog udp", metadata: user }),
    ],
    ["no form at all", "hello", entry(undefined, { message: "hello" })],
    ["a priority that there is not", "<192>hello", entry(undefined, { message: "<192>hello" })],
    [
      "members with equals signs",
      "<189>date=2026-11-29 msg=x",
      entry(undefined, { level: "info", message: "date=2026-11-29 msg=x", metadata: local7 }),
    ],
    [
      "an address that looks like a tag",
      "<11>http://a.example: x",
      entry(undefined, { level: "error", message: "http://a.example: x", metadata: user }),
    ],
  ];
  for (const [name, message, expected] of cases)
    test(`reads ${name}`, () => expect(decodeOne(message)).toEqual(expected));

  test("each severity has its level, and its name where that says more", () => {
    const entries = decodeAll([0, 1, 2, 3, 4, 5, 6, 7].map((severity) => `<${16 * 8 + severity}>x`));
    expect(entries.map(({ level, metadata }) => [level, metadata?.["severity"], metadata?.["facility"]])).toEqual([
      ["error", "emerg", "local0"],
      ["error", "alert", "local0"],
      ["error", "crit", "local0"],
      ["error", undefined, "local0"],
      ["warn", undefined, "local0"],
      ["info", "notice", "local0"],
      ["info", undefined, "local0"],
      ["debug", undefined, "local0"],
    ]);
  });

  test("a time without a year is in the year nearest to its receipt, and not more than a day ahead", () => {
    const yearOf = (text: string, receivedAt: string) =>
      new Date(decodeOne(`<13>${text} vm a: x`, "", Date.parse(receivedAt)).timestamp as number).toISOString();
    expect(yearOf("Dec 31 23:59:59", "2027-01-01T00:00:01Z")).toBe("2026-12-31T23:59:59.000Z");
    expect(yearOf("Jan  1 00:00:01", "2026-12-31T23:59:59Z")).toBe("2027-01-01T00:00:01.000Z");
    expect(yearOf("Feb  5 00:00:00", "2026-11-29T00:00:00Z")).toBe("2026-02-05T00:00:00.000Z");
    expect(yearOf("Feb 29 12:00:00", "2028-03-01T00:00:00Z")).toBe("2028-02-29T12:00:00.000Z");
  });

  test("a time without a zone is in the listener's", () => {
    const timeOf = (message: string) =>
      new Date(decodeOne(message, "time_zone=Europe/Berlin").timestamp as number).toISOString();
    expect(timeOf("<13>Nov 29 18:17:25 vm a: x")).toBe("2026-11-29T17:17:25.000Z");
    expect(timeOf("<13>Jul 29 18:17:25 vm a: x")).toBe("2026-07-29T16:17:25.000Z");
    expect(timeOf("<13>2026-11-29 18:17:25 vm a: x")).toBe("2026-11-29T17:17:25.000Z");
    expect(timeOf("<13>Nov 29 18:17:25 UTC: %A-1-B: x")).toBe("2026-11-29T18:17:25.000Z");
    expect(timeOf("<13>1 2026-11-29T18:17:25Z vm a - - - x")).toBe("2026-11-29T18:17:25.000Z");
  });
});

describe("messages that are JSON objects", () => {
  const metadata = { hostname: "vm", facility: "daemon", pid: "7" };

  test("are unfolded, and their own members win", () => {
    for (const message of [
      '{"msg":"hi","level":"warn","a":{"b":1},"pid":8}',
      '@cee: {"msg":"hi","level":"warn","a":{"b":1},"pid":8} ',
    ])
      expect(decodeOne(`<30>Nov 29 17:49:48 vm app[7]: ${message}`)).toEqual(
        entry("2026-11-29T17:49:48Z", {
          level: "warn",
          touchpoint: "app",
          message: "hi",
          metadata: { ...metadata, a: { b: 1 }, pid: 8 },
        }),
      );
  });

  test("are unfolded without a tag, a host or a header", () => {
    expect(decodeOne('<30>{"msg": "hi"}')).toEqual(
      entry(undefined, { level: "info", message: "hi", metadata: { facility: "daemon" } }),
    );
    expect(decodeOne('<30>Nov 29 17:49:48 vm @cee: {"msg": "hi"}').message).toBe("hi");
    expect(decodeOne('<30>Nov 29 17:49:48 {"msg": "hi"}').message).toBe("hi");
    expect(decodeOne('{"msg": "hi"}')).toEqual(entry(undefined, { message: "hi" }));
  });

  test("stay texts where they are broken, nest too deep or have too many names of one hash", () => {
    const deep = `{"a":${"[".repeat(200)}${"]".repeat(200)}}`;
    for (const text of ['{"msg":"hi"', '{"msg":hi}', "{}x", deep, `{"a":"${"[".repeat(5)}" ,}`])
      expect(decodeOne(`<30>Nov 29 17:49:48 vm app[7]: ${text}`)).toEqual(
        entry("2026-11-29T17:49:48Z", { level: "info", touchpoint: "app", message: text, metadata }),
      );
  });
});

describe("bodies", () => {
  test("a body that is not made of frames is malformed", () => {
    const context = { guard: new ParseGuard(), query: new URLSearchParams(), receivedAt: RECEIVED_AT };
    for (const body of [
      "x",
      "5 1 a",
      "5 1 a b",
      "1 a b",
      "-1 1 a b",
      "1.5 1 a bb",
      "99999 1 a b",
      "1 1 a bb",
      new Uint8Array(3),
    ])
      expect(decodeSyslog(body, context)).toEqual({ malformed: "The body is not made of frames" });
    expect(decodeSyslog("", context)).toEqual({ entries: [], refused: [] });
  });

  test("messages of captured senders, cut and changed at random, are never refused and never throw", () => {
    const seed = runSeed("syslog decoder");
    const random = seededRandom(seed);
    const captured = readdirSync(FIXTURES).map((name) => readFileSync(new URL(name, FIXTURES), "latin1"));
    const pieces = [
      "<",
      ">",
      "[",
      "]",
      '"',
      "\\",
      ":",
      " ",
      "\0",
      "\u{feff}",
      "{",
      "}",
      "\ud800",
      "1",
      "Nov 29 17:49:48",
      "@cee:",
    ];
    for (let round = 0; round < 3_000; round++) {
      let message = captured[integer(random, captured.length - 1)] as string;
      for (let change = integer(random, 5); change > 0; change--) {
        const from = integer(random, message.length);
        const piece = pieces[integer(random, pieces.length - 1)] as string;
        message = message.slice(0, from) + piece.repeat(integer(random, 3)) + message.slice(from + integer(random, 9));
      }
      const [first, second] = decodeAll([message, "<13>after"]);
      expect(typeof first).toBe("object");
      expect(second?.message).toBe("after");
    }
  });

  test("messages of 64 KiB that are made to be slow take no longer than others", () => {
    const length = 60_000;
    const hostile = [
      `<13>1 - - a - - [x@1 ${'b="c" '.repeat(length / 6)}`,
      `<13>1 - - a - - [x@1 b="${"\\\\".repeat(length / 2)}`,
      `<13>1 - - a - - ${"[a]".repeat(length / 3)}x`,
      `<13>1 - - a - - [x@1${" ".repeat(length)}`,
      `<13>Nov 29 17:49:48${" ".repeat(length)}x`,
      `<13>Nov 29 17:49:48 ${"a".repeat(length)}`,
      `<13>${":".repeat(length)}`,
      `<13>{${'"a":['.repeat(length / 5)}`,
      `<13>${"a".repeat(length)}${"\0".repeat(4_000)}`,
      `<13>@cee:${" ".repeat(length)}{`,
    ];
    const cpuMs = (messages: readonly string[]) => {
      const before = process.cpuUsage();
      for (let round = 0; round < 5; round++) decodeAll(messages);
      const { user: userTime, system } = process.cpuUsage(before);
      return (userTime + system) / 1_000;
    };
    cpuMs(hostile);
    for (const message of hostile) {
      // A work that grows with the square would take a second and more.
      expect(cpuMs([message])).toBeLessThan(300);
    }
  });
});
