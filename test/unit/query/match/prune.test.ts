import { describe, expect, test } from "bun:test";
import { countedFlags, keyTypeCodeOf, packFlags } from "../../../../src/block/codec/flags.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { canSkipBlock, matchCell, type PruningInput } from "../../../../src/query/match/prune.ts";
import type { Expression } from "../../../../src/search/expression.ts";
import { parseSearch } from "../../../../src/search/parser.ts";
import { record } from "./search_block.ts";

function read(text: string): Expression {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.search;
}

function flagsOf(parts: Partial<StoredRecord>): number {
  return countedFlags(packFlags(record(1, parts)), keyTypeCodeOf(parts.keyType));
}

describe("a cell", () => {
  const cell = {
    project: "shop",
    flags: flagsOf({ level: "error", source: "client", keyType: "server" }),
    touchpoint: "api/a",
  };
  const results = (texts: readonly string[]) => texts.map((text) => matchCell(read(text), cell));

  test("decides terms on kind, level, source, touchpoint and project", () => {
    expect(results(["", "level:error", "level:info", "source:client", "kind:timing", "status:completed"])).toEqual([
      true,
      true,
      false,
      true,
      false,
      false,
    ]);
    expect(results(["keyType:server", "keyType:client", "-keyType:client", "keyType:*"])).toEqual([
      true,
      false,
      true,
      true,
    ]);
    expect(
      results(["touchpoint:api/*", "touchpoint:web/*", "project:shop", "project:blog", "API/", "duration:>1"]),
    ).toEqual([true, false, true, false, true, false]);
  });

  test("does not decide other terms, negated or not", () => {
    expect(
      results([
        "boom",
        "-boom",
        "message:api",
        "key:a",
        "apiKey:a",
        "metadata.a:*",
        "time:1970-01-01T00:00:00.005",
        "id:>1",
      ]),
    ).toEqual(new Array(8).fill(undefined));
  });

  test("decides AND and OR by the member that decides", () => {
    expect(results(["boom level:info", "boom level:error", "boom OR level:error", "boom OR level:info"])).toEqual([
      false,
      undefined,
      true,
      undefined,
    ]);
    expect(results(["-(boom level:info)", "-(boom OR level:error)", "-touchpoint:*"])).toEqual([true, false, false]);
  });

  test("of an older version has no key type", () => {
    const old = { ...cell, flags: flagsOf({ source: "client" }) };
    expect(["keyType:client", "keyType:*", "-keyType:server"].map((text) => matchCell(read(text), old))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("knows a timing's own level and status, and that a record has no touchpoint", () => {
    const timing = { project: "shop", flags: flagsOf({ kind: "orphaned", level: undefined }), touchpoint: undefined };
    const texts = ["level:*", "-level:error", "status:orphaned", "kind:timing", "touchpoint:*", "duration:5", "a"];
    expect(texts.map((text) => matchCell(read(text), timing))).toEqual([
      false,
      true,
      true,
      true,
      false,
      undefined,
      undefined,
    ]);
  });
});

describe("a block", () => {
  const header: PruningInput = {
    project: "shop",
    timeMin: 1_000,
    timeMax: 2_000,
    receivedMin: 5_000,
    receivedMax: 6_000,
    idMin: 10,
    idMax: 20,
    cells: undefined,
    filters: undefined,
    hasKind: (kind) => kind === 0,
    hasLevel: (level) => level <= 2,
  };
  const skipped = (facts: PruningInput, texts: readonly string[]) =>
    texts.filter((text) => canSkipBlock(read(text), facts));

  test("is skipped by its zone map: project, times, ids, kinds and levels", () => {
    const none = [
      "project:blog",
      "time:<1970-01-01T00:00:01",
      "time:>1970-01-01T00:00:02",
      "time:1970-01-01T00:00:02.0005..1970-01-01T00:00:03",
      "receivedAt:<1970-01-01T00:00:05",
      "receivedAt:>1970-01-01T00:00:06",
      "receivedAt:1970-01-01T00:00:02",
      "-receivedAt:1970-01-01T00:00:05..1970-01-01T00:00:06",
      "id:9",
      "id:1,30",
      "kind:timing",
      "status:completed",
      "level:warn,error",
      "duration:>0",
      "startTime:*",
      "-kind:log",
      "-time:1970-01-01T00:00:01..1970-01-01T00:00:02",
      "a level:error",
      "level:error OR id:9",
      "-(a OR id:>=10)",
    ];
    const some = [
      "",
      "project:shop",
      "time:<=1970-01-01T00:00:01",
      "time:>=1970-01-01T00:00:02",
      "id:20",
      "id:1,15",
      "level:info,error",
      "-level:info",
      "-level:error",
      "source:client",
      "receivedAt:>=1970-01-01T00:00:06",
      "receivedAt:1970-01-01T00:00:05.005",
      "a",
      "-a",
      "key:a",
      "-time:1970-01-01T00:00:01.001..1970-01-01T00:00:02",
      "level:error OR a",
    ];
    expect(skipped(header, [...none, ...some])).toEqual(none);
  });

  test("is skipped when no cell can match", () => {
    const facts: PruningInput = {
      ...header,
      hasKind: (kind) => kind <= 1,
      hasLevel: () => true,
      cells: [
        { touchpoint: "api/a", flags: flagsOf({ level: "info" }) },
        { touchpoint: "web/b", flags: flagsOf({ level: "error" }) },
        { touchpoint: undefined, flags: flagsOf({ kind: "completed", level: undefined }) },
      ],
    };
    const none = [
      "touchpoint:db/*",
      "touchpoint:api/a level:error",
      "source:client",
      "kind:timing touchpoint:*",
      "duration:5 touchpoint:*",
      "duration:5 level:*",
      "x source:client",
    ];
    const some = ["touchpoint:api/a level:info", "-touchpoint:api/a", "duration:5", "api", "x", "-(touchpoint:*)"];
    expect(skipped(facts, [...none, ...some])).toEqual(none);
  });

  test("is skipped when its filters contain no needle of the search", () => {
    const asked: string[] = [];
    const facts: PruningInput = {
      ...header,
      filters: () => ({
        mayContain: (needle) => needle.startsWith("in") || needle.startsWith("sai"),
        mayContainInMessages: (needle) => needle.startsWith("sai"),
        mayContainOutsideMessages(needle) {
          asked.push(needle);
          return needle.startsWith("in");
        },
      }),
    };
    const none = [
      "Rare",
      "inside rare",
      "message:rare",
      "message:inside",
      "key:rare,gone",
      "touchpoint:rare/*",
      "metadata.a:Rare",
      "metadata.a:rare*",
      "metadata.a:said",
      "rare OR gone",
      "key:ΟΔΟΣ*",
      "metadata.a:12.50",
    ];
    const some = [
      "inside",
      "said",
      "message:said",
      "-rare",
      "-(rare)",
      "rare OR inside",
      "key:rare,in",
      "key:*",
      "apiKey:rare",
      'metadata.a:""',
      "metadata.a:>5",
      "message:*",
      "*",
    ];
    expect(skipped(facts, [...none, ...some])).toEqual(none);
    expect(asked).toContain("rare/");
    asked.length = 0;
    expect(skipped(facts, ["rare project:blog", "level:error rare"]).length).toBe(2);
    expect(asked).toEqual([]);
  });
});
