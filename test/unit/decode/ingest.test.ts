import { describe, expect, test } from "bun:test";
import { decodeIngest } from "../../../src/decode/ingest.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { integer, pick, runSeed, seededRandom } from "../../support/random.ts";

const AT = 1_795_974_588_123;

interface Read {
  readonly entries: readonly unknown[];
  readonly refused: readonly { readonly at: number }[];
}

function read(body: string, query = "", recordsMax?: number): Read {
  const context = { query: new URLSearchParams(query), guard: new ParseGuard(), receivedAt: 0 };
  const decoded = decodeIngest(body, recordsMax === undefined ? context : { ...context, recordsMax });
  if ("malformed" in decoded) throw new Error(decoded.malformed);
  return { entries: decoded.entries, refused: decoded.refused };
}

function stored(...entries: unknown[]) {
  return { entries, refused: [] };
}

function decode(body: string, query = ""): unknown {
  return read(body, query);
}

describe("a body may be", () => {
  const one = { level: 30, msg: "one", a: { b: 1 } };
  const two = { level: 50, msg: "two" };
  const entries = [
    { level: "info", message: "one", metadata: { a: { b: 1 } } },
    { level: "error", message: "two" },
  ];

  test.each([
    ["objects, one a line", `${JSON.stringify(one)}\n${JSON.stringify(two)}\n`],
    ["the same without the last LF", `${JSON.stringify(one)}\n${JSON.stringify(two)}`],
    ["the same with CRLF and blank lines", `\r\n${JSON.stringify(one)}\r\n\r\n \t\r\n${JSON.stringify(two)}\r\n\n`],
    ["the same, indented", ` ${JSON.stringify(one)}\n\t${JSON.stringify(two)} `],
    ["an array", JSON.stringify([one, two])],
    ["an array over lines", `\n${JSON.stringify([one, two], null, 2)}\n`],
    [
      "an array, an object a line, as Vector and Fluent Bit write it",
      `[${JSON.stringify(one)},\n${JSON.stringify(two)}]`,
    ],
  ])("%s", (_name, body) => {
    expect(decode(body)).toEqual(stored(...entries));
  });

  test.each([
    ["an object", JSON.stringify(one)],
    ["an object with LF", `${JSON.stringify(one)}\n`],
    ["an object over lines", JSON.stringify(one, null, 2)],
    ["an object over lines with CRLF", `${JSON.stringify(one, null, 2)}\n`.replaceAll("\n", "\r\n")],
  ])("%s", (_name, body) => {
    expect(decode(body)).toEqual(stored(entries[0]));
  });

  test("text, whose lines are messages", () => {
    const lines = [
      "started",
      "[2026-11-29 17:49:48] [INFO] ready",
      "[INFO] x",
      "42",
      "null",
      '"a"',
      "  indented  ",
      "a { b",
    ];
    expect(decode(lines.join("\n"))).toEqual(stored(...lines.map((message) => ({ message }))));
    expect(decode(`\n${lines.join("\r\n\r\n")}\r\n`)).toEqual(stored(...lines.map((message) => ({ message }))));
  });

  test("text with objects in it, and objects with text in it", () => {
    expect(decode('npm start\n{"msg":"m"}\n')).toEqual(stored({ message: "npm start" }, { message: "m" }));
    expect(decode('{"msg":"m"}\nError: x\n    at y\n')).toEqual(
      stored({ message: "m" }, { message: "Error: x" }, { message: "    at y" }),
    );
  });

  test.each(["", "\n", " \r\n\t\n", "[]", "\ufeff"])("nothing: %p", (body) => {
    expect(decode(body)).toEqual(stored());
  });

  test("empty objects, which are empty entries whatever the query says", () => {
    expect(decode("{}\n{}", "touchpoint=a")).toEqual(stored({}, {}));
  });
});

describe("refused alone, with its line", () => {
  test("is what begins as JSON and is none, and a JSON value that is no object", () => {
    const body = ['{"msg":"a"}', '{"msg":', "", "[1]", "42", "null", '[{"a":1}', '{"msg":"b"}', '{"a":1}{"b":2}'].join(
      "\n",
    );
    const none = (line: number) => `Line ${line} begins as JSON and is none`;
    const other = (line: number) => `Line ${line} is not an object`;
    expect(decode(body)).toEqual({
      entries: [{ message: "a" }, { message: "b" }],
      refused: [
        { at: 1, reason: "invalid", problem: none(2), record: '{"msg":' },
        { at: 2, reason: "invalid", problem: other(4), record: "[1]" },
        { at: 3, reason: "invalid", problem: other(5), record: "42" },
        { at: 4, reason: "invalid", problem: other(6), record: "null" },
        { at: 5, reason: "invalid", problem: none(7), record: '[{"a":1}' },
        { at: 7, reason: "invalid", problem: none(9), record: '{"a":1}{"b":2}' },
      ],
    });
  });

  test("is the first line, too", () => {
    expect(decode('{"msg":\n{"msg":"b"}\n')).toMatchObject({ entries: [{ message: "b" }], refused: [{ at: 0 }] });
    expect(decode('[{"msg":\n{"msg":"b"}\n')).toMatchObject({ entries: [{ message: "b" }], refused: [{ at: 0 }] });
  });

  test("is an element of an array that is no object", () => {
    expect(decode('[{"msg":"a"},"b",null,[],{"msg":"c"}]')).toEqual({
      entries: [{ message: "a" }, { message: "c" }],
      refused: ["b", null, []].map((record, index) => ({
        at: index + 1,
        reason: "invalid",
        problem: `Element ${index + 2} of the array is not an object`,
        record,
      })),
    });
  });

  test("is a line that nests too deep for any parser", () => {
    const deep = `{"a":${"[".repeat(100_000)}`;
    expect(decode(`${deep}\n{"msg":"b"}`)).toMatchObject({ entries: [{ message: "b" }], refused: [{ record: deep }] });
  });
});

describe("the query", () => {
  test("names members, by paths as well, before the common ones", () => {
    const query = "message_field=event.text&time_field=when&level_field=sev.name&key_field=order";
    const object = {
      event: { text: "t", id: 1 },
      when: AT / 1_000,
      sev: { name: "WARN" },
      order: 7,
      message: "other",
      time: 5,
    };
    expect(decode(JSON.stringify(object), query)).toEqual(
      stored({
        message: "t",
        timestamp: AT,
        level: "warn",
        key: "7",
        metadata: { event: { id: 1 }, message: "other", time: 5 },
      }),
    );
  });

  test("names members that are missing or of another type: then the common ones are taken", () => {
    const query = "message_field=text&time_field=__proto__.x&level_field=constructor&key_field=";
    const object = { text: {}, msg: "m", time: AT, level: 30, key: "k" };
    expect(decode(JSON.stringify(object), query)).toEqual(
      stored({ message: "m", timestamp: AT, level: "info", key: "k", metadata: { text: {} } }),
    );
  });

  test("gives the touchpoint of all, but of an object that names its own", () => {
    const body = [
      '{"msg":"a","name":"b"}',
      '{"msg":"a","touchpoint":"c"}',
      '{"msg":"a","service":"shop/x"}',
      "text",
    ].join("\n");
    expect(decode(body, "touchpoint=shop%2Fx")).toEqual(
      stored(
        { touchpoint: "shop/x", message: "a", metadata: { name: "b" } },
        { touchpoint: "c", message: "a" },
        { touchpoint: "shop/x", message: "a" },
        { touchpoint: "shop/x", message: "text" },
      ),
    );
    expect(decode('{"name":"b"}', "touchpoint=")).toEqual(stored({ touchpoint: "b" }));
  });
});

describe("however a body is made, it is read:", () => {
  test.each<[string, string, number]>([
    ["a million empty lines", "\n".repeat(1_000_000), 0],
    ["a million blank lines", " \r\n".repeat(1_000_000), 0],
    ["one line of 5 MB", `{"msg":"${"x".repeat(5_000_000)}"}`, 1],
    ["one text of 5 MB", "x".repeat(5_000_000), 1],
    ["5 MB of white space", " ".repeat(5_000_000), 0],
    ["a brace after 5 MB of white space", `${" ".repeat(5_000_000)}{`, 1],
    ["100,000 brackets", "[".repeat(100_000), 1],
    ["100,000 braces", "{".repeat(100_000), 1],
    ["5 MB of lines with a bracket", "[{\n".repeat(1_700_000), 10_001],
  ])("%s", (_name, body, count) => {
    const decoded = read(body, "", 10_000);
    expect(decoded.entries.length + decoded.refused.length).toBe(count);
  });

  test("any mixture of its pieces", () => {
    const random = seededRandom(runSeed("ingest"));
    const pieces = [
      '{"msg":"a"}',
      "{",
      "}",
      "[",
      "]",
      '"',
      "\n",
      "\r\n",
      ",",
      "text",
      " ",
      '{"a":{"b":[1]}}',
      "null",
      "\\",
      "é",
      "\u2028",
    ];
    for (let round = 0; round < 5_000; round++) {
      const body = Array.from({ length: integer(random, 12) }, () => pick(random, pieces)).join("");
      const decoded = read(body, "touchpoint=t&message_field=a.b");
      const places = decoded.refused.map(({ at }) => at);
      expect(places).toEqual([...new Set(places)].toSorted((one, other) => one - other));
    }
  });
});
