import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { MessagePattern } from "../../../../src/query/match/message_pattern.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const LINES = new URL("../../../fixtures/logs.ndjson", import.meta.url);
/** What a form counts as beside what it matches: each has a bounded length. */
const FORM_WORK = 20;
/** Reads of a unit at most, on average: each form may look back and ahead by some tens of units. */
const WORK_MAX = 150;

const reader = new MessagePattern();

function patternOf(text: string): string {
  reader.read(text);
  return reader.pattern();
}

describe("a pattern masks", () => {
  test.each([
    ["order 123 placed in 42ms, 1,234.5 left", "order <num> placed in <duration>, <num> left"],
    ["x=-3 [-1.5] 1-5 a-7 (-2) blk_-12", "x=<num> [<num>] <num>-<num> a-<num> (<num>) blk_<num>"],
    ["1e-7 1.5e+21 0.002 12e45678", "<num> <num> <num> <num>"],
    ["3rd try, 7th of 10; 2x 60Hz", "<num> try, <num> of <num>; <num>x <num>Hz"],
    ["worker12 u_5 sha256 日本123 usr12 usr9931882", "worker<num> u_<num> sha<num> 日本<num> usr<num> usr<num>"],
    ["k8s log4j 用户5登录", "k<num>s log<num>j 用户<num>登录"],
    ["ord_a1b2c3 0x1f4 4f9c2d81 12345678 1234567d deadbeef1", "ord_<num> <num> <num> <num> <num> <num>"],
    ["V1StGXR8_Z5jdHi6B-myT 01ARZ3NDEKTSV4RRFFQ69G5FAV", "<num> <num>"],
    ["550e8400-e29b-41d4-a716-446655440000", "<uuid>"],
    ["id=deadbeef-aaaa-bbbb-cccc-ddddddddddd1;", "id=<uuid>;"],
    ["2026-11-29T12:00:00.123Z 2026-11-29 12:00:00,5 +02:00 2026-11-29 12:30:01", "<time> <time> <time>"],
    ["at Sun Jul 10 03:55:15 2005 ok; Nov  3 9:05:01 PM; July 10th, 2005", "at <time> ok; <time>; <time>"],
    ["[10/Oct/2000:13:55:36 -0700] Mon, 02 Jan 2006 15:04:05 GMT; 02-Jan-2006", "[<time>] <time>; <time>"],
    ["999µs; 1.2ms; 1m30.5s; 2h0m0s; 3 m 20 s; 45 seconds; PT1H2M3.5S; P1D", Array(8).fill("<duration>").join("; ")],
    ["12.5MB, 850.0 B or 5 KiB in 1 s", "<size> or <size> in <duration>"],
    [
      "from 10.0.0.1:8080, [::1] fe80::1%eth0 2001:db8:0:1:1:1:1:1 ::ffff:10.0.0.1",
      "from <ip>:<num>, [<ip>] <ip> <ip> <ip>",
    ],
    ["for 10.0.0.1,10.0.0.2, 10.0.0.3 and [1, 2, 3] and [4]", "for <ip> and [<num>] and [<num>]"],
    ["00:1a:2b:3c:4d:5e ff:fe:00:0b:0c:0d 00-1A-2B-3C-4D-5E", "<mac> <mac> <mac>"],
    ["mail ann.b+x9@mail.example.com to 2b@c.de", "mail <email> to <email>"],
    [
      'user "anna b" said \'no 5\' in `db.t1`, “x” and ""',
      'user "<text>" said \'<text>\' in `<text>`, “<text>” and "<text>"',
    ],
    ['search for "rain coat": 5 results', 'search for "<text>": <num> results'],
    ['{\n  "a": "x y",\n  "b": 2}', '{ "a": "<text>", "b": <num>}'],
    ["it said 'don't', it's 5 o'clock", "it said '<text>', it's <num> o'clock"],
    ['{"name":"anna","n":5,"msg":"started 5"}', '{"name":"<text>","n":<num>,"msg":"started <num>"}'],
    ['level=info msg="server started" by="anna"', 'level=info msg="server started" by="<text>"'],
    ["open /var/lib/app/anna.txt: no such file, C:\\Users\\anna\\x.dll.", "open <path>: no such file, <path>."],
    [
      "at f (/app/src/main.ts:10:5) of /x and /10.0.0.1:80",
      "at f (/app/src/main.ts:<num>:<num>) of /x and /<ip>:<num>",
    ],
    ["GET /orders/12 and POST /users/new", "GET /orders/<num> and POST /users/new"],
    ["GET https://x.io/orders/123/items/7f3e9a?page=2&q=anna", "GET https://x.io/orders/<num>/items/<num>?<text>"],
    ["order\n  placed\t5", "order placed <num>"],
  ])("%j", (message, pattern) => {
    expect(patternOf(message)).toBe(pattern);
  });

  test.each(["", "order placed", "std::vector a::b", "don't", '"', "a@b", "@", ":", "::", "-", "Ärger 日本", "'a"])(
    "nothing of %j",
    (message) => {
      expect(patternOf(message)).toBe(message === "a@b" ? "<email>" : message);
    },
  );
});

const seed = runSeed("message patterns");

function randomText(random: Random): string {
  const parts = [
    "a",
    "f",
    "1",
    "23",
    "-",
    ":",
    "::",
    ".",
    "@",
    "'",
    '"',
    "`",
    " ",
    "ä",
    "\ud800",
    "\n",
    "\\",
    "e5",
    "Z",
  ];
  return Array.from({ length: integer(random, 30) }, () => pick(random, parts)).join("");
}

describe("patterns", () => {
  test("have equal hashes where they are equal, and else different ones, whatever the text", () => {
    const random = seededRandom(seed);
    const byHash = new Map<string, string>();
    const byPattern = new Map<string, string>();
    for (let round = 0; round < 30_000; round++) {
      const pattern = patternOf(randomText(random));
      const hash = `${reader.high} ${reader.low}`;
      expect(byHash.get(hash) ?? pattern).toBe(pattern);
      byHash.set(hash, pattern);
      byPattern.set(pattern, hash);
    }
    // White space is shown as one space, but hashed as it is.
    expect(byHash.size).toBeGreaterThanOrEqual(byPattern.size);
    expect(byPattern.size).toBeGreaterThan(byHash.size * 0.9);
  });

  test("of messages that differ in drawn values only are one", () => {
    const random = seededRandom(seed);
    const hex = (length: number) => Array.from({ length }, () => integer(random, 15).toString(16)).join("");
    const patterns = new Set<string>();
    for (let round = 0; round < 2_000; round++) {
      const uuid = [8, 4, 4, 4, 12].map(hex).join("-");
      const ip = Array.from({ length: 4 }, () => integer(random, 255)).join(".");
      const time = new Date(integer(random, 2_000_000_000) * 1_000).toISOString();
      const user = `user${integer(random, 99)}.x@example.com`;
      patterns.add(
        patternOf(`${time} ${uuid} took ${integer(random, 9_999)} ms, got ${hex(8)}, from ${ip} by ${user}`),
      );
    }
    expect([...patterns]).toEqual(["<time> <uuid> took <duration>, got <num>, from <ip> by <email>"]);
  });

  test("of made-up texts take work that grows with their length only", () => {
    const random = seededRandom(seed);
    const known = [
      "“/x",
      "‘/x ‘",
      "=/x",
      "x?a=",
      "'",
      '"',
      "`'\"",
      "a@",
      "1.",
      "1:",
      "::1",
      "-1",
      "a-",
      "abcdef01-",
      "9999-",
      "\"'1",
      "1s ",
      "1h2m",
      "/a",
      "C:\\",
    ];
    const tokens = [
      "1",
      "a",
      "f",
      "-",
      ":",
      ".",
      "@",
      "'",
      '"',
      "/",
      "\\",
      "?",
      "=",
      " ",
      ",",
      "s",
      "Jul ",
      "“",
      "00",
      "e",
      "_",
    ];
    const drawn = Array.from({ length: 200 }, () =>
      Array.from({ length: integer(random, 5) + 1 }, () => pick(random, tokens)).join(""),
    );
    for (const unit of [...known, ...drawn]) {
      const text = unit.repeat(Math.ceil(5_000 / unit.length));
      expect([unit, Math.floor(workOf(text) / text.length) <= WORK_MAX]).toEqual([unit, true]);
    }
  });

  test("of real lines are one for most kinds of message, and hardly one for two kinds", () => {
    const kinds = new Map<string, Set<string>>();
    const byPattern = new Map<string, Set<string>>();
    const add = (groups: Map<string, Set<string>>, name: string, member: string) =>
      groups.set(name, (groups.get(name) ?? new Set()).add(member));
    for (const line of readFileSync(LINES, "utf8").trim().split("\n")) {
      const entry = JSON.parse(line) as { touchpoint: string; message: string; metadata: { eventid: string } };
      const [system = ""] = entry.touchpoint.split("/");
      const kind = `${system} ${entry.metadata.eventid}`;
      const pattern = `${system} ${patternOf(entry.message)}`;
      add(kinds, kind, pattern);
      add(byPattern, pattern, kind);
    }
    const ones = [...kinds.values()].filter((patterns) => patterns.size === 1).length;
    const mixed = [...byPattern.values()].filter((members) => members.size > 1).length;
    // What is left: names of users and hosts that stand as bare words.
    expect(ones / kinds.size).toBeGreaterThan(0.88);
    expect(mixed).toBeLessThanOrEqual(2);
  });
});

/** How often a text's units are read for its pattern, those that forms pass over included. */
function workOf(text: string): number {
  let work = 0;
  // They are called with the text or the form that they belong to.
  // oxlint-disable-next-line typescript/unbound-method
  const { charCodeAt } = String.prototype;
  // oxlint-disable-next-line typescript/unbound-method
  const { exec } = RegExp.prototype;
  function countedCharCodeAt(this: string, at: number): number {
    work++;
    return charCodeAt.call(this, at);
  }
  // What `test` calls as well.
  function countedExec(this: RegExp, tested: string): RegExpExecArray | null {
    const from = this.lastIndex;
    const found = exec.call(this, tested);
    // A form that is searched for passes over all; others have a bounded length.
    const passed = found === null ? tested.length - from : found.index - from;
    work += FORM_WORK + (this.sticky ? (found?.[0].length ?? 0) : passed);
    return found;
  }
  Object.assign(String.prototype, { charCodeAt: countedCharCodeAt });
  Object.assign(RegExp.prototype, { exec: countedExec });
  try {
    reader.read(text);
  } finally {
    Object.assign(String.prototype, { charCodeAt });
    Object.assign(RegExp.prototype, { exec });
  }
  return work;
}
