import { describe, expect, test } from "bun:test";
import { MessagePattern } from "../../../../src/query/responses/message_pattern.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../../support/random.ts";

const reader = new MessagePattern();

function patternOf(text: string): string {
  reader.read(text);
  return reader.pattern();
}

describe("a pattern masks", () => {
  test.each([
    ["order 123 placed in 42ms, 1,234.5 left", "order <num> placed in <num>ms, <num> left"],
    ["x=-3 [-1.5] 1-5 a-7 (-2)", "x=<num> [<num>] <num>-<num> a-<num> (<num>)"],
    ["12.5MB in 3rd try, 7th of 10", "<num>MB in <num>rd try, <num>th of <num>"],
    ["worker12 u_5 sha256 日本123", "worker<num> u_<num> sha<num> 日本<num>"],
    ["ord_a1b2c3 0x1f4 4f9c2d81 deadbeef1 usr9931882", "ord_<id> <id> <id> <id> <id>"],
    ["550e8400-e29b-41d4-a716-446655440000", "<uuid>"],
    ["id=deadbeef-aaaa-bbbb-cccc-ddddddddddd1;", "id=<uuid>;"],
    ["2026-11-29T12:00:00.123Z 2026-11-29 12:00:00,5 +02:00 2026-11-29 12:30:01", "<time> <time> <time>"],
    ["from 10.0.0.1:8080, [::1] fe80::1 2001:db8:0:1:1:1:1:1", "from <ip>:<num>, [<ip>] <ip> <ip>"],
    ["mail ann.b+x9@mail.example.com to 2b@c.de", "mail <email> to <email>"],
    ["user \"anna b\" said 'no 5' in `db.t1`", "user \"<text>\" said '<text>' in `<text>`"],
    ["it said 'don't', it's 5 o'clock", "it said '<text>', it's <num> o'clock"],
    ['{"name":"anna","n":5}', '{"name":"<text>","n":<num>}'],
    [
      "GET https://x.io/orders/123/items/7f3e9a?page=2&id=a1b2",
      "GET https://x.io/orders/<num>/items/<id>?page=<num>&id=<id>",
    ],
  ])("%j", (message, pattern) => {
    expect(patternOf(message)).toBe(pattern);
  });

  test.each([
    "",
    "order placed",
    "std::vector a::b",
    "don't",
    '"',
    '""',
    "a@b",
    "@",
    ":",
    "::",
    "-",
    "Ärger 日本",
    "'a",
  ])("nothing of %j", (message) => {
    expect(patternOf(message)).toBe(message === "a@b" ? "<email>" : message);
  });
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
    // Texts that have a mask's own spelling in them are the only equal patterns with different hashes.
    expect(byHash.size).toBe(byPattern.size);
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
      patterns.add(patternOf(`${time} ${uuid} took ${integer(random, 9_999)} ms from ${ip} by ${user}`));
    }
    expect([...patterns]).toEqual(["<time> <uuid> took <num> ms from <ip> by <email>"]);
  });

  test("of made-up texts take work that grows with their length only", () => {
    for (const unit of ["'", '"', "`'\"", "a@", "1.", "1:", "::1", "-1", "a-", "abcdef01-", "9999-", "\"'1"]) {
      const text = unit.repeat(Math.floor(1_000 / unit.length));
      for (let round = 0; round < 100; round++) patternOf(text);
      expect(patternOf(text).length).toBeLessThanOrEqual(7 * text.length);
    }
  });
});
