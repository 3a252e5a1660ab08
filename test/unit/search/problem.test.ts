import { describe, expect, test } from "bun:test";
import { SEARCH_DEPTH_MAX, SEARCH_LENGTH_MAX, SEARCH_TERMS_MAX } from "../../../src/core/limits.ts";
import { parseSearch } from "../../../src/search/parser.ts";

/** The message, and the search with the place of the problem between ‹ and ›. */
function problemOf(text: string): [message: string, place: string] {
  const parsed = parseSearch(text);
  if (parsed.ok) throw new Error(`${JSON.stringify(text)} is read as ${JSON.stringify(parsed.search)}`);
  const { message, at, length } = parsed.problem;
  return [message, `${text.slice(0, at)}‹${text.slice(at, at + length)}›${text.slice(at + length)}`];
}

const FIELDS =
  "Fields are level, source, keyType, kind, status, touchpoint, key, message, pattern, apiKey, project, id, duration, time, receivedAt, startTime, endTime and metadata.<name>";

describe("an unknown field", () => {
  test("is refused with the nearest name, all names, and how to search for the text", () => {
    expect(problemOf("a levl:error b")).toEqual([
      `unknown field "levl"; did you mean level? ${FIELDS} (here metadata.levl). To search for the text, write it in quotes: "levl:error"`,
      "a ‹levl›:error b",
    ]);
  });

  test("proposes no name when none is near", () => {
    expect(problemOf('-(http://x/"a b")')).toEqual([
      `unknown field "http". ${FIELDS} (here metadata.http). To search for the text, write it in quotes: "http://x/\\"a b\\""`,
      '-(‹http›://x/"a b")',
    ]);
  });

  test("is also proposed for a shared beginning, and for another letter case", () => {
    const proposed = (text: string) => /did you mean (\w+)\?/.exec(problemOf(text)[0])?.[1];
    const names = ["Level:x", "timestamp:1", "dur:1", "api_key:x", "touchpiont:x", "receivedat:1", "x:1", "orderId:1"];
    expect(names.map(proposed)).toEqual([
      "level",
      "time",
      "duration",
      "apiKey",
      "touchpoint",
      "receivedAt",
      undefined,
      undefined,
    ]);
  });

  test("is quoted shortened when it is long", () => {
    const [message] = problemOf(`${"x".repeat(3_000)}:y`);
    expect(message.length).toBeLessThan(700);
  });
});

describe("a time", () => {
  test.each([
    ["time:2026", "time:‹2026›", "that would be in 1970: a year? write 2026-01-01"],
    ["receivedAt:>1718900000", "receivedAt:‹>1718900000›", "that would be in 1970: seconds? write 1718900000000"],
    ["time:24h", "time:‹24h›", "a length of time before now is for from and to"],
    ["a time:2026-11", "a time:‹2026-11›", "a month? its days are 2026-11-01 to the last one"],
    ["time:2026-02-30..", "time:‹2026-02-30..›", "there is no such day"],
  ])("%s is refused with its place and a hint", (text, place, hint) => {
    const [message, shown] = problemOf(text);
    expect(shown).toBe(place);
    expect(message).toEndWith(`: ${hint}`);
  });

  test("that ends a range before it begins is refused", () => {
    expect(problemOf("time:2026-11-30..2026-11-29")[0]).toContain("ends before it begins");
    expect(problemOf("time:2026-11-29..2026-11-28T12:00")[0]).toContain("ends before it begins");
  });
});

describe("a star", () => {
  test.each([
    ["time*out", "time‹*›out"],
    ["*out", "‹*›out"],
    ["a **", "a ‹*›*"],
    ["2*3", "2‹*›3"],
    ["touchpoint:*/submit", "touchpoint:‹*›/submit"],
    ["touchpoint:api/*/x,b", "touchpoint:api/‹*›/x,b"],
    ['key:a*"b c"', 'key:a‹*›"b c"'],
    ["message:a*b", "message:a‹*›b"],
    ["metadata.a:x*y*", "metadata.a:x‹*›y*"],
  ])("%s is refused with its place, and quotes are proposed", (text, place) => {
    const [message, shown] = problemOf(text);
    expect(shown).toBe(place);
    expect(message).toStartWith(
      "a * is allowed at the end only, where it matches any ending; to search for the text, write",
    );
  });
});

describe("operators of other search languages", () => {
  test.each([
    ["a && b", "a ‹&&› b", "write AND instead of &&;"],
    ["a || b", "a ‹||› b", "write OR instead of ||;"],
    ["! b", "‹!› b", "write NOT instead of !;"],
    ["a !level:error", "a ‹!›level:error", "write NOT instead of !;"],
    ["a (!metadata.x:5)", "a (‹!›metadata.x:5)", "write NOT instead of !;"],
  ])("%s is refused with the operator to write", (text, place, beginning) => {
    const [message, shown] = problemOf(text);
    expect(shown).toBe(place);
    expect(message).toStartWith(beginning);
  });

  test.each(["!important", "a&b", "hello!", '"&&"', "or", "and"])("%s is a word", (text) => {
    expect(parseSearch(text).ok).toBe(true);
  });
});

describe("NOT", () => {
  test.each([
    ["NOT", "‹NOT›"],
    ["a NOT", "a ‹NOT›"],
    ["(a NOT) b", "(a ‹NOT›) b"],
  ])("%s lacks a term", (text, place) => {
    expect(problemOf(text)).toEqual([
      'a term must follow NOT; to search for the text, write it in quotes: "NOT"',
      place,
    ]);
  });
});

describe("a value", () => {
  test("follows its colon directly", () => {
    expect(problemOf("level: error")).toEqual([
      "level: a value must follow the colon directly, as in level:warn,error",
      "‹level:› error",
    ]);
    expect(problemOf("a OR (key:)")).toEqual([
      "key: a value must follow the colon directly, as in key:req-1",
      "a OR (‹key:›)",
    ]);
    expect(problemOf("metadata.a:")).toEqual([
      "metadata.<name>: a value must follow the colon directly, as in metadata.orderId:ord_123",
      "‹metadata.a:›",
    ]);
    expect(problemOf('message:""')).toEqual([
      'message: nothing is between the quotes; write for example message:"timed out"',
      'message:‹""›',
    ]);
  });

  test("of a choice is one of its values", () => {
    expect(problemOf("level:warn,fatal x")).toEqual([
      'level takes debug, info, warn, error, not "fatal"',
      "level:warn,‹fatal› x",
    ]);
    expect(problemOf("level:warning")).toEqual([
      'level takes debug, info, warn, error, not "warning"; did you mean warn?',
      "level:‹warning›",
    ]);
    expect(problemOf('status:"complete"')).toEqual([
      'status takes completed, started, unfinished, orphaned, not "complete"; did you mean completed?',
      'status:‹"complete"›',
    ]);
  });

  test("stands on both sides of a comma", () => {
    const missing = (typed: string) =>
      `key: a value is missing before or after a comma; a comma that is part of a value needs quotes: "${typed}"`;
    expect(problemOf("key:a,,b")).toEqual([missing("a,,b"), "key:‹a,,b›"]);
    expect(problemOf("key:a,")).toEqual([missing("a,"), "key:‹a,›"]);
    expect(problemOf('key:,"a" x')).toEqual([missing(",a"), 'key:‹,"a"› x']);
  });

  test("of a numeric field is a number, a comparison or a range", () => {
    const takes = (what: string, seen: string) =>
      `${what}, with >, >=, <, <= before it or as a range (1..5, 1.., ..5), not "${seen}"`;
    const length = "duration takes milliseconds, or a number with ms, s, m or h";
    const time =
      'time takes Unix milliseconds, ISO 8601 ("2026-01-31T12:00:00Z"), a time as it is printed ("2026-01-31 12:00:00.123"), or a date (its whole day)';
    expect(problemOf("duration:fast")).toEqual([takes(length, "fast"), "duration:‹fast›"]);
    expect(problemOf("duration:>")).toEqual([takes(length, ""), "duration:‹>›"]);
    expect(problemOf("duration:1,000")).toEqual([takes(length, "1,000"), "duration:‹1,000›"]);
    expect(problemOf("duration:1d")).toEqual([takes(length, "1d"), "duration:‹1d›"]);
    expect(problemOf("duration:..")).toEqual([takes(length, ".."), "duration:‹..›"]);
    expect(problemOf("duration:1..2..3")).toEqual([takes(length, "2..3"), "duration:‹1..2..3›"]);
    expect(problemOf("time:yesterday")).toEqual([takes(time, "yesterday"), "time:‹yesterday›"]);
    expect(problemOf('time:>"2026-13-01" x')).toEqual([
      `${takes(time, "2026-13-01")}: there is no such day`,
      'time:‹>"2026-13-01"› x',
    ]);
    expect(problemOf("time:15m")).toEqual([
      `${takes(time, "15m")}: a length of time before now is for from and to`,
      "time:‹15m›",
    ]);
    expect(problemOf("id:1,two")).toEqual([takes("id takes a number", "two"), "id:1,‹two›"]);
    expect(problemOf("id:1e999")).toEqual([takes("id takes a number", "1e999"), "id:‹1e999›"]);
    expect(problemOf("metadata.html:<b>")).toEqual([
      `${takes("metadata.html takes a number", "b>")}; for the text, write it in quotes: "<b>"`,
      "metadata.html:‹<b>›",
    ]);
  });

  test("of a range does not end before it begins", () => {
    expect(problemOf("duration:2s..1s")).toEqual([
      'duration: the range "2s..1s" ends before it begins',
      "duration:‹2s..1s›",
    ]);
  });
});

describe("a metadata field", () => {
  test("has a name, a colon, and not too many dots", () => {
    const needed = "metadata needs the name of a field, as in metadata.orderId:ord_123";
    expect(problemOf("metadata:x")).toEqual([needed, "‹metadata›:x"]);
    expect(problemOf("metadata.:x")).toEqual([needed, "‹metadata.:›x"]);
    expect(problemOf('metadata."a b"')).toEqual([
      "a colon and a value must follow the name of a metadata field",
      '‹metadata."a b"›',
    ]);
    expect(problemOf(`metadata.${"a.".repeat(100)}a:x`)[0]).toBe(
      "the name of a metadata field can have at most 99 dots",
    );
  });
});

describe("parentheses, quotes and operators", () => {
  test("without their counterpart are refused with their place", () => {
    expect(problemOf("a (b OR (c d)")).toEqual(["this parenthesis is never closed", "a ‹(›b OR (c d)"]);
    expect(problemOf("a (")).toEqual(["this parenthesis is never closed", "a ‹(›"]);
    expect(problemOf("a) b")).toEqual(["this parenthesis closes nothing", "a‹)› b"]);
    expect(problemOf(")")).toEqual(["this parenthesis closes nothing", "‹)›"]);
    expect(problemOf("a ( ) b")).toEqual(["nothing is between the parentheses", "a ‹( )› b"]);
    expect(problemOf('a "b c')).toEqual(["this quote is never closed", 'a ‹"b c›']);
    expect(problemOf('a "b c\\"')).toEqual(["this quote is never closed", 'a ‹"b c\\"›']);
    expect(problemOf('key:x"b')).toEqual(["this quote is never closed", 'key:x‹"b›']);
    expect(problemOf('a ""')).toEqual(["nothing is between the quotes", 'a ‹""›']);
  });

  test("OR and AND need a term on either side", () => {
    const needs = (relation: string, operator: string) =>
      `a term must ${relation} ${operator}; to search for the text, write it in quotes: "${operator}"`;
    expect(problemOf("OR a")).toEqual([needs("come before", "OR"), "‹OR› a"]);
    expect(problemOf("a OR")).toEqual([needs("follow", "OR"), "a ‹OR›"]);
    expect(problemOf("(a AND) b")).toEqual([needs("follow", "AND"), "(a ‹AND›) b"]);
    expect(problemOf("a AND OR b")).toEqual([needs("come before", "OR"), "a AND ‹OR› b"]);
    expect(problemOf("a OR OR b")).toEqual([needs("come before", "OR"), "a OR ‹OR› b"]);
    expect(problemOf("-AND")).toEqual([needs("come before", "AND"), "-‹AND›"]);
  });

  test("a minus stands directly before one term", () => {
    const needs = (typed: string) =>
      `"-" must stand directly before what it negates; to search for the text, write it in quotes: "${typed}"`;
    expect(problemOf("a - b")).toEqual([needs("-"), "a ‹-› b"]);
    expect(problemOf("a -")).toEqual([needs("-"), "a ‹-›"]);
    expect(problemOf("(a -)")).toEqual([needs("-"), "(a ‹-›)"]);
    expect(problemOf("--verbose")).toEqual([needs("--verbose"), "‹-›-verbose"]);
  });
});

describe("too much", () => {
  test("text, nesting or terms are refused with the limit", () => {
    expect(problemOf("x".repeat(SEARCH_LENGTH_MAX + 2))).toEqual([
      "the search has 4098 characters; it can have at most 4096",
      `${"x".repeat(SEARCH_LENGTH_MAX)}‹xx›`,
    ]);
    const deep = SEARCH_DEPTH_MAX + 1;
    expect(problemOf(`${"(".repeat(deep)}a${")".repeat(deep)}`)).toEqual([
      "parentheses can nest at most 100 deep",
      `${"(".repeat(SEARCH_DEPTH_MAX)}‹(›a${")".repeat(deep)}`,
    ]);
    const terms = "a ".repeat(SEARCH_TERMS_MAX);
    expect(problemOf(`${terms}b c`)).toEqual([
      "a search can have at most 500 terms, values of lists included",
      `${terms}‹b› c`,
    ]);
    expect(problemOf(`b key:${"a,".repeat(SEARCH_TERMS_MAX)}a`)[0]).toBe(
      "a search can have at most 500 terms, values of lists included",
    );
  });
});
