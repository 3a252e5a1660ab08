import { describe, expect, test } from "bun:test";
import { SEARCH_DEPTH_MAX, SEARCH_LENGTH_MAX, SEARCH_TERMS_MAX } from "../../../src/core/limits.ts";
import { type Expression, type NumberRange } from "../../../src/search/expression.ts";
import { parseSearch } from "../../../src/search/parser.ts";

function read(text: string): Expression {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(text)}: ${parsed.problem.message}`);
  return parsed.search;
}

const word = (needle: string): Expression => ({ kind: "word", needle });
const and = (...members: Expression[]): Expression => ({ kind: "and", members });
const or = (...members: Expression[]): Expression => ({ kind: "or", members });
const not = (member: Expression): Expression => ({ kind: "not", member });
const exact = (field: "touchpoint" | "key" | "apiKey" | "project", ...texts: string[]): Expression => ({
  kind: "exact",
  field,
  patterns: texts.map((text) => ({ text, isPrefix: false })),
});
const prefix = (field: "touchpoint" | "key" | "apiKey" | "project", text: string): Expression => ({
  kind: "exact",
  field,
  patterns: [{ text, isPrefix: true }],
});

const CLOSED: NumberRange = {
  min: Number.NEGATIVE_INFINITY,
  max: Number.POSITIVE_INFINITY,
  isMinIncluded: true,
  isMaxIncluded: true,
};
const range = (parts: Partial<NumberRange>): NumberRange => ({ ...CLOSED, ...parts });
const only = (value: number): NumberRange => range({ min: value, max: value });

function ranges(text: string): readonly NumberRange[] {
  const search = read(text);
  if (search.kind !== "number") throw new Error(`${text} is a ${search.kind}`);
  return search.ranges;
}

describe("words and phrases", () => {
  test("an empty text, and one of white space, match everything", () => {
    expect([read(""), read(" \t\n ")]).toEqual([{ kind: "all" }, { kind: "all" }]);
  });

  test("a word is case-folded, whatever punctuation it has", () => {
    expect(read("Fehler-GröẞE_ΧΡΗΣΤΗΣ,a.b/c")).toEqual(word("fehler-größe_χρηστησ,a.b/c"));
  });

  test("a star at the end of a word adds nothing, and alone matches everything", () => {
    expect(read("timeout*")).toEqual(word("timeout"));
    expect(read('"timeout"*')).toEqual(and(word("timeout"), { kind: "all" }));
    expect(read("*")).toEqual({ kind: "all" });
    expect(read('"time*out*"')).toEqual(word("time*out*"));
  });

  test("a phrase keeps its spaces, and a backslash escapes quotes and backslashes only", () => {
    expect(read('"a  (OR) b"')).toEqual(word("a  (or) b"));
    expect(read(String.raw`"say \"hi\" C:\\temp \d"`)).toEqual(word(String.raw`say "hi" c:\temp \d`));
  });

  test("a quote within a word begins a phrase", () => {
    expect(read('a"b c"d')).toEqual(and(word("a"), word("b c"), word("d")));
  });

  test("a term whose colon no name precedes is a word", () => {
    expect(read("12:30 ::1 größe:5 -5:x")).toEqual(and(word("12:30"), word("::1"), word("größe:5"), not(word("5:x"))));
  });

  test("a lone surrogate is searched as the U+FFFD that records hold", () => {
    expect(read("a\ud800b")).toEqual(word("a\ufffdb"));
  });
});

describe("NOT", () => {
  test("negates the term after it, as a minus does", () => {
    expect(read("NOT x")).toEqual(not(word("x")));
    expect(read("a NOT b")).toEqual(and(word("a"), not(word("b"))));
    expect(read("a OR NOT (b c)")).toEqual(or(word("a"), not(and(word("b"), word("c")))));
    expect(read("NOT level:error")).toEqual(read("-level:error"));
    expect(read("NOT(a)")).toEqual(not(word("a")));
  });

  test("cancels itself, however often it is repeated", () => {
    expect(read("NOT NOT a")).toEqual(word("a"));
    expect(read("NOT -a")).toEqual(word("a"));
    expect(read(`${"NOT ".repeat(1_001)}a`)).toEqual(not(word("a")));
  });

  test("in quotes, in lower case or within a word is a word", () => {
    expect(read('"NOT" not nOT NOTE NOT-a')).toEqual(
      and(word("not"), word("not"), word("not"), word("note"), word("not-a")),
    );
  });
});

describe("AND, OR and parentheses", () => {
  test("terms side by side and AND are the same", () => {
    expect(read("a b AND c")).toEqual(and(word("a"), word("b"), word("c")));
    expect(read("a and b or c")).toEqual(and(word("a"), word("and"), word("b"), word("or"), word("c")));
  });

  test("OR binds weaker than AND", () => {
    expect(read("a b OR c AND d OR e")).toEqual(or(and(word("a"), word("b")), and(word("c"), word("d")), word("e")));
  });

  test("parentheses group, and need no spaces", () => {
    expect(read("a(b OR c)d")).toEqual(and(word("a"), or(word("b"), word("c")), word("d")));
    expect(read("((a))")).toEqual(word("a"));
    expect(read("a (b c) OR (d OR e)")).toEqual(or(and(word("a"), word("b"), word("c")), word("d"), word("e")));
  });

  test("a minus negates the term or group after it, and nothing more", () => {
    expect(read('-a b -"c d" -level:info')).toEqual(
      and(not(word("a")), word("b"), not(word("c d")), not({ kind: "choice", field: "level", values: ["info"] })),
    );
    expect(read("-(a OR -b)")).toEqual(not(or(word("a"), not(word("b")))));
  });
});

describe("choices", () => {
  test("a list means any of its values, in any letter case", () => {
    expect(read("level:warn,ERROR,warn")).toEqual({ kind: "choice", field: "level", values: ["warn", "error"] });
    expect(read("source:client")).toEqual({ kind: "choice", field: "source", values: ["client"] });
    expect(read("kind:log,timing")).toEqual({ kind: "choice", field: "kind", values: ["log", "timing"] });
    expect(read('status:"unfinished",orphaned')).toEqual({
      kind: "choice",
      field: "status",
      values: ["unfinished", "orphaned"],
    });
  });

  test("a star means any value", () => {
    expect(read("status:*")).toEqual({
      kind: "choice",
      field: "status",
      values: ["completed", "started", "unfinished", "orphaned"],
    });
  });
});

describe("fields of texts", () => {
  test("the whole text is meant, in its letter case", () => {
    expect(read("touchpoint:api/Orders/submit")).toEqual(exact("touchpoint", "api/Orders/submit"));
    expect(read("key:req-1 project:shop")).toEqual(and(exact("key", "req-1"), exact("project", "shop")));
    expect(read("key:http://x:80/?a=b")).toEqual(exact("key", "http://x:80/?a=b"));
  });

  test("commas outside quotes separate the values of a list", () => {
    expect(read('apiKey:a,"b, c",d')).toEqual(exact("apiKey", "a", "b, c", "d"));
  });

  test("a star at the end, outside quotes, makes a prefix; alone it asks for any value", () => {
    expect(read("touchpoint:api/*")).toEqual(prefix("touchpoint", "api/"));
    expect(read('touchpoint:"my shop/"*')).toEqual(prefix("touchpoint", "my shop/"));
    expect(read("touchpoint:*")).toEqual(prefix("touchpoint", ""));
    expect(read('touchpoint:"api/*"')).toEqual(exact("touchpoint", "api/*"));
  });

  test("an empty text in quotes is a text", () => {
    expect(read('key:""')).toEqual(exact("key", ""));
  });

  test("message takes any part, commas included, and a lone star for any message", () => {
    expect(read("message:Timed,out*")).toEqual({ kind: "message", needle: "timed,out" });
    expect(read('message:"Timed out"')).toEqual({ kind: "message", needle: "timed out" });
    expect(read("message:*")).toEqual({ kind: "message", needle: "" });
    expect(read('message:"*"')).toEqual({ kind: "message", needle: "*" });
  });
});

describe("fields of numbers", () => {
  test("only >= and <= include their bound", () => {
    expect(ranges("duration:>500")).toEqual([range({ min: 500, isMinIncluded: false })]);
    expect(ranges("duration:>=500")).toEqual([range({ min: 500 })]);
    expect(ranges("duration:<5.5")).toEqual([range({ max: 5.5, isMaxIncluded: false })]);
    expect(ranges("duration:<=-5e-1")).toEqual([range({ max: -0.5 })]);
    expect(ranges("duration:42")).toEqual([only(42)]);
  });

  test("ranges include both bounds and may lack one", () => {
    expect(ranges("duration:100..200")).toEqual([range({ min: 100, max: 200 })]);
    expect(ranges("duration:100..")).toEqual([range({ min: 100 })]);
    expect(ranges("duration:..200")).toEqual([range({ max: 200 })]);
    expect(ranges("duration:7..7")).toEqual([only(7)]);
    expect(ranges("duration:*")).toEqual([CLOSED]);
  });

  test("durations take units, exactly", () => {
    expect(ranges("duration:250ms..1.1s")).toEqual([range({ min: 250, max: 1100 })]);
    expect(ranges("duration:>0.1m")).toEqual([range({ min: 6_000, isMinIncluded: false })]);
    expect(ranges("duration:<2h")).toEqual([range({ max: 7_200_000, isMaxIncluded: false })]);
  });

  test("numbers may be spelled in any way", () => {
    expect(ranges("duration:.5..1e1")).toEqual([range({ min: 0.5, max: 10 })]);
    expect(ranges("duration:>+100.0")).toEqual([range({ min: 100, isMinIncluded: false })]);
    expect(read("metadata.n:.5..")).toEqual({ kind: "metadataNumber", name: "n", range: range({ min: 0.5 }) });
  });

  test("ids take lists", () => {
    expect(ranges("id:1,5..7,>=9")).toEqual([only(1), range({ min: 5, max: 7 }), range({ min: 9 })]);
  });

  test("times take milliseconds and ISO 8601, quoted or not", () => {
    const noon = Date.UTC(2026, 0, 31, 12);
    expect(ranges("time:1718900000000.5")).toEqual([only(1718900000000.5)]);
    expect(ranges("time:>2026-01-31T12:00:00Z")).toEqual([range({ min: noon, isMinIncluded: false })]);
    expect(ranges('receivedAt:<="2026-01-31T13:00:00.250+01:00"')).toEqual([range({ max: noon + 250 })]);
    expect(ranges("startTime:2026-01-31T00:00..2026-02-01T00:00Z")).toEqual([
      range({ min: Date.UTC(2026, 0, 31), max: Date.UTC(2026, 1, 1) }),
    ]);
    expect(ranges('endTime:"2026-01-31 12:00:00Z".."2026-01-31T12:00:01Z"')).toEqual([
      range({ min: noon, max: noon + 1_000 }),
    ]);
  });
});

describe("times", () => {
  const day = Date.UTC(2026, 10, 29);
  const DAY = 86_400_000;
  const whole = (min: number, lengthMs: number) => range({ min, max: min + lengthMs, isMaxIncluded: false });

  function rangesIn(text: string, timeZone: string): unknown {
    const parsed = parseSearch(text, timeZone);
    return parsed.ok && parsed.search.kind === "number" ? parsed.search.ranges : parsed;
  }

  test("a date is its whole day on every side", () => {
    expect(ranges("time:2026-11-29")).toEqual([whole(day, DAY)]);
    expect(ranges("time:2026-11-29..2026-11-29")).toEqual([whole(day, DAY)]);
    expect(ranges("time:2026-11-29..2026-11-30")).toEqual([whole(day, 2 * DAY)]);
    expect(ranges("time:>=2026-11-29")).toEqual([range({ min: day })]);
    expect(ranges("time:>2026-11-29")).toEqual([range({ min: day + DAY })]);
    expect(ranges("time:<2026-11-29")).toEqual([range({ max: day, isMaxIncluded: false })]);
    expect(ranges("time:<=2026-11-29")).toEqual([range({ max: day + DAY, isMaxIncluded: false })]);
    expect(ranges("time:..2026-11-29")).toEqual([range({ max: day + DAY, isMaxIncluded: false })]);
  });

  test("alone, a time is the whole of its smallest unit", () => {
    expect(ranges("time:2026-11-29T12:00")).toEqual([whole(day + DAY / 2, 60_000)]);
    expect(ranges("time:2026-11-29T12:00:00")).toEqual([whole(day + DAY / 2, 1_000)]);
    expect(ranges("time:2026-11-29T12:00:00.001")).toEqual([whole(day + DAY / 2 + 1, 1)]);
  });

  test("a printed time needs no quotes", () => {
    const at = day + DAY / 2 + 123;
    expect(ranges("time:2026-11-29 12:00:00.123")).toEqual([whole(at, 1)]);
    expect(ranges("time:>=2026-11-29 12:00:00.123")).toEqual([range({ min: at })]);
    expect(ranges("time:2026-11-29 12:00:00.123..2026-11-29 12:00:01.123")).toEqual([
      range({ min: at, max: at + 1_000 }),
    ]);
    expect(ranges("time:2026-11-29 13:00:00.123 +01:00")).toEqual([whole(at, 1)]);
    expect(read("time:>=2026-11-29 12:00 x")).toEqual(and(read("time:>=2026-11-29T12:00"), word("x")));
    expect(read("(time:>=2026-11-29 12:00)")).toEqual(read("time:>=2026-11-29T12:00"));
    expect(read("time:2026-11-29 -12 1:00")).toEqual(and(read("time:2026-11-29"), not(word("12")), word("1:00")));
    expect(read("metadata.time:2026-11-29 12:00")).toEqual(and(read("metadata.time:2026-11-29"), word("12:00")));
  });

  test("without an offset are in the given time zone", () => {
    expect(rangesIn("time:>=2026-11-29T12:00", "Asia/Kolkata")).toEqual([
      range({ min: Date.UTC(2026, 10, 29, 6, 30) }),
    ]);
    expect(rangesIn("time:>=2026-11-29T12:00Z", "Asia/Kolkata")).toEqual([range({ min: day + DAY / 2 })]);
    expect(rangesIn("time:2026-10-25", "Europe/Berlin")).toEqual([whole(Date.UTC(2026, 9, 24, 22), 25 * 3_600_000)]);
    expect(rangesIn("time:2026-03-29", "Europe/Berlin")).toEqual([whole(Date.UTC(2026, 2, 28, 23), 23 * 3_600_000)]);
  });
});

describe("metadata", () => {
  const metadata = (name: string, ...texts: string[]): Expression => ({
    kind: "metadata",
    name,
    patterns: texts.map((text) => ({ text, isPrefix: false })),
  });

  test("a name goes up to the first colon, dots and other letters included", () => {
    expect(read("metadata.orderId:ord_123")).toEqual(metadata("orderId", "ord_123"));
    expect(read("metadata.a.b-c.größe@1:x:y")).toEqual(metadata("a.b-c.größe@1", "x:y"));
  });

  test("a quoted name may hold anything, or nothing", () => {
    expect(read(String.raw`metadata."odd \"name\": (1)":x`)).toEqual(metadata('odd "name": (1)', "x"));
    expect(read('metadata."":x')).toEqual(metadata("", "x"));
  });

  test("values are lists, prefixes, or a star for any value", () => {
    expect(read('metadata.a:x,"y z",true')).toEqual(metadata("a", "x", "y z", "true"));
    expect(read("metadata.a:ord_*")).toEqual({
      kind: "metadata",
      name: "a",
      patterns: [{ text: "ord_", isPrefix: true }],
    });
    expect(read("metadata.a:*")).toEqual({ kind: "metadata", name: "a", patterns: [{ text: "", isPrefix: true }] });
  });

  test("unquoted comparisons and ranges of numbers match numbers, anything else texts", () => {
    const number = (parts: Partial<NumberRange>): Expression => ({
      kind: "metadataNumber",
      name: "a",
      range: range(parts),
    });
    expect(read("metadata.a:>100")).toEqual(number({ min: 100, isMinIncluded: false }));
    expect(read("metadata.a:1..5")).toEqual(number({ min: 1, max: 5 }));
    expect(read("metadata.a:1..")).toEqual(number({ min: 1 }));
    expect(read("metadata.a:5")).toEqual(metadata("a", "5"));
    expect(read('metadata.a:">5"')).toEqual(metadata("a", ">5"));
    expect(read('metadata.a:"1..5"')).toEqual(metadata("a", "1..5"));
    expect(read("metadata.a:1..x")).toEqual(metadata("a", "1..x"));
    expect(read("metadata.a:..")).toEqual(metadata("a", ".."));
  });
});

describe("limits", () => {
  test("a search at each limit is accepted", () => {
    expect(read("x".repeat(SEARCH_LENGTH_MAX))).toEqual(word("x".repeat(SEARCH_LENGTH_MAX)));
    expect(read(`${"(".repeat(SEARCH_DEPTH_MAX)}a${")".repeat(SEARCH_DEPTH_MAX)}`)).toEqual(word("a"));
    const terms = Array.from({ length: SEARCH_TERMS_MAX }, () => "a");
    expect(read(terms.join(" "))).toEqual(and(...terms.map(word)));
    expect(read(`key:${terms.join(",")}`)).toEqual(exact("key", ...terms));
  });
});
