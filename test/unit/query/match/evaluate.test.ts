import { describe, expect, test } from "bun:test";
import type { OpenBlock } from "../../../../src/block/open_block.ts";
import { METADATA_COLUMNS_MAX } from "../../../../src/core/limits.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import { matchRows } from "../../../../src/query/match/evaluate.ts";
import type { LoadFilters } from "../../../../src/query/match/prune.ts";
import { parseSearch } from "../../../../src/search/parser.ts";
import { blockOf, record, watchedBlock } from "./search_block.ts";

function matches(block: OpenBlock, text: string, project = "shop"): number[] {
  const parsed = parseSearch(text);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  const ids = block.id();
  const rows = matchRows(parsed.search, block, project);
  expect(rows.length).toBe(block.count);
  expect(rows.every((row) => row === 0 || row === 1)).toBe(true);
  return [...rows.keys()].filter((row) => rows[row] === 1).map((row) => ids[row] as number);
}

/** The ids of the records that match each search, from both forms of a block. */
function expectMatches(records: readonly StoredRecord[], expected: Readonly<Record<string, readonly number[]>>): void {
  for (const form of ["packed", "columnar"] as const) {
    const block = blockOf(records, form);
    const found = Object.keys(expected).map((text) => [text, matches(block, text)]);
    expect(Object.fromEntries(found)).toEqual(expected);
  }
}

const LINES = [
  record(1, { message: "Order placed", touchpoint: "api/orders/submit", key: "req-1", level: "info" }),
  record(2, { message: "order FAILED: card", touchpoint: "api/orders/submit", level: "error", source: "client" }),
  record(3, { message: "slow", touchpoint: "api/orders", key: "req-10", level: "warn", apiKey: "worker" }),
  record(4, { touchpoint: "apix", key: "REQ-1", level: "debug", metadata: { order: "ord_7", user: { name: "Ann" } } }),
  record(5, { kind: "completed", level: undefined, startTime: 10, endTime: 52, duration: 42, time: 10 }),
  record(6, { kind: "unfinished", level: "error", startTime: 20, time: 20, receivedAt: 99 }),
];

describe("texts", () => {
  test("a word matches message, touchpoint, key and metadata values, in any letter case", () => {
    expectMatches(LINES, {
      "": [1, 2, 3, 4, 5, 6],
      ORDER: [1, 2, 3],
      "req-1": [1, 3, 4],
      ord_7: [4],
      ann: [4],
      user: [],
      '"order failed"': [2],
      '"failed:"': [2],
    });
  });

  test("message searches the message only", () => {
    expectMatches(LINES, { "message:order": [1, 2], "message:*": [1, 2, 3], "message:ord_7": [] });
  });

  test("touchpoint, key and apiKey match as a whole or by a prefix", () => {
    expectMatches(LINES, {
      "touchpoint:api/orders": [3],
      "touchpoint:api/*": [1, 2, 3],
      "touchpoint:*": [1, 2, 3, 4],
      "-touchpoint:*": [5, 6],
      "touchpoint:apix,api/orders": [3, 4],
      "key:req-1": [1],
      "key:req-*": [1, 3],
      "key:*": [1, 3, 4],
      "key:a,b,c,d,e,f,g,h,i,req-10": [3],
      "apiKey:worker": [3],
      'apiKey:"web"*': [1, 2, 4, 5, 6],
    });
  });

  test("project is that of the block", () => {
    const block = blockOf(LINES);
    expect(matches(block, "project:shop id:1")).toEqual([1]);
    expect(matches(block, "project:blog id:1")).toEqual([]);
    expect(matches(block, "project:blog,sh* id:1")).toEqual([1]);
    expect(matches(block, "-project:blog id:1")).toEqual([1]);
  });
});

describe("kinds and numbers", () => {
  test("keyType, whatever the source is", () => {
    const lines = [
      record(1, { source: "server", keyType: "server" }),
      record(2, { source: "server", keyType: "client" }),
      record(3, { source: "client", keyType: "server" }),
      record(4, { source: "client" }),
    ];
    expectMatches(lines, {
      "keyType:client": [2],
      "keyType:server": [1, 3],
      "keyType:server,client": [1, 2, 3],
      "keyType:*": [1, 2, 3],
      "-keyType:client": [1, 3, 4],
      "source:server -keyType:server": [2],
    });
  });

  test("level, source, kind and status", () => {
    expectMatches(LINES, {
      "level:error": [2, 6],
      "level:warn,error": [2, 3, 6],
      "-level:error": [1, 3, 4, 5],
      "level:*": [1, 2, 3, 4, 6],
      "source:client": [2],
      "kind:timing": [5, 6],
      "kind:log level:error": [2],
      "status:unfinished,orphaned": [6],
      "-status:completed": [1, 2, 3, 4, 6],
    });
  });

  test("comparisons match only records that have the number; their negation matches the others too", () => {
    expectMatches(LINES, {
      "duration:<=42": [5],
      "duration:>42": [],
      "duration:40..42": [5],
      "-duration:<100": [1, 2, 3, 4, 6],
      "id:2..3": [2, 3],
      "id:<2,>5": [1, 6],
      "time:>=1970-01-01T00:00:00.010": [5, 6],
      "receivedAt:1970-01-01T00:00:00.099Z": [6],
      "startTime:>1970-01-01 00:00:00.010": [6],
      "time:1970-01-01": [1, 2, 3, 4, 5, 6],
      "time:>1970-01-01": [],
      "endTime:*": [5],
    });
  });
});

describe("AND, OR and negation", () => {
  test("AND, OR, negation and groups", () => {
    expectMatches(LINES, {
      "order level:error": [2],
      "placed OR slow": [1, 3],
      "(placed OR slow) -level:warn": [1],
      "-(order OR kind:timing)": [4],
      "-(-slow)": [3],
      "slow OR -slow": [1, 2, 3, 4, 5, 6],
      "slow -slow": [],
    });
  });
});

describe("metadata", () => {
  const records = [
    record(1, { metadata: { a: "x", n: 5, "odd name": true } }),
    record(2, { metadata: { a: ["y", "x", ["z"]], n: "5", "a.b": "dotted" } }),
    record(3, { metadata: { a: { b: "member", c: { d: 7 } }, n: null } }),
    record(4, { metadata: { a: [{ b: "first" }, { b: "second" }], n: 5.5 } }),
    record(5, { metadata: { a: {}, n: -0, constructor: "c" } }),
    record(6, { metadata: {} }),
    record(7, {}),
  ];

  test("a value is a text, or a number, boolean or null as it is shown, or an element of an array", () => {
    expectMatches(records, {
      "metadata.a:x": [1, 2],
      "metadata.a:z": [2],
      "metadata.a:X": [],
      "metadata.n:5": [1, 2],
      "metadata.n:null": [3],
      "metadata.n:0": [5],
      'metadata."odd name":true': [1],
      "metadata.a:x,y,q": [1, 2],
      "metadata.n:5*": [1, 2, 4],
      'metadata.a:""*': [1, 2, 3, 4, 5],
    });
  });

  test("a star matches any value, null and empty ones included", () => {
    expectMatches(records, {
      "metadata.a:*": [1, 2, 3, 4, 5],
      "metadata.n:*": [1, 2, 3, 4, 5],
      "-metadata.n:*": [6, 7],
      "metadata.a.c:*": [3],
    });
  });

  test("dots lead to members, or are part of a name", () => {
    expectMatches(records, {
      "metadata.a.b:member": [3],
      "metadata.a.b:dotted": [2],
      "metadata.a.b:second": [4],
      "metadata.a.c.d:7": [3],
      "metadata.a.c.d:>6": [3],
      "metadata.a.x:*": [],
    });
  });

  test("comparisons match numbers only", () => {
    expectMatches(records, { "metadata.n:>=5": [1, 4], "metadata.n:<5": [5], "metadata.a:>0": [] });
  });

  test("names of the prototype are no fields, unless sent", () => {
    expectMatches(records, { "metadata.constructor:*": [5], "metadata.toString:*": [], "metadata.a.length:*": [] });
  });

  test("fields without a column are searched as well", () => {
    const names = Array.from({ length: METADATA_COLUMNS_MAX }, (_, index) => [`f${index}`, index] as const);
    const crowded = [
      record(1, { metadata: Object.fromEntries(names) }),
      record(2, { metadata: { late: 'Say "Hi"\n\\', deep: { b: ["Q", 7] }, "x.y": { z: true } } }),
      record(3, { metadata: { late: 12, hi: "other" } }),
    ];
    expectMatches(crowded, {
      [String.raw`"say \"hi\""`]: [2],
      "hi\\": [],
      late: [],
      q: [2],
      "metadata.late:*": [2, 3],
      "metadata.late:>=12": [3],
      "metadata.late:12": [3],
      "metadata.deep.b:Q": [2],
      "metadata.x.y.z:true": [2],
      "metadata.f7:7": [1],
      "-metadata.late:12": [1, 2],
      other: [3],
    });
  });
});

describe("a value that is a number", () => {
  test("equals its other spellings, in objects and lists too, and texts stay texts", () => {
    expectMatches(
      [
        record(1, { metadata: { n: 12.5 } }),
        record(2, { metadata: { n: [100, { m: 1 }] } }),
        record(3, { metadata: { n: "12.50" } }),
        record(4, { metadata: { n: 0, deep: { n: 12.5 } } }),
      ],
      {
        "metadata.n:12.50": [1, 3],
        "metadata.n:12.5": [1],
        "metadata.n:1.25e1": [1],
        'metadata.n:"012.5"': [1],
        "metadata.n:+12.5": [1],
        "metadata.n:100.0": [2],
        "metadata.n:1e2,12.50": [1, 2, 3],
        "metadata.n:-0": [4],
        "metadata.n:.0": [4],
        "metadata.deep.n:12.500": [4],
        "metadata.n:12.50*": [3],
        "metadata.n:1e400": [],
        "-metadata.n:12.50": [2, 4],
      },
    );
  });
});

describe("letters whose lower case is special", () => {
  test("a sigma at the end of a word is a sigma", () => {
    expectMatches(
      [
        record(1, { message: "ΧΡΗΣΤΗΣ:admin" }),
        record(2, { touchpoint: "ΧΡΗΣΤΗΣ/a" }),
        record(3, { key: "χρηστης" }),
        record(4, { metadata: { a: { b: ["χρηστησ"] } } }),
        record(5, { message: "ΧΡΗΣΤΕΣ" }),
      ],
      { ΧΡΗΣΤΗΣ: [1, 2, 3, 4], χρηστης: [1, 2, 3, 4], "message:χρηστησ": [1], '"ΗΣ:ADMIN"': [1], ΣΤ: [1, 2, 3, 4, 5] },
    );
  });

  test("letters that have two forms, or a form in another alphabet, are one", () => {
    const texts = ["GROẞ", "\u212aelvin", "ſauſen", "\u2126hm", "µs", "ǅ", "Ꭰ", "ᲂ", "İ", "ı", "\ufb05"];
    expectMatches(
      texts.map((message, index) => record(index + 1, { message })),
      {
        groß: [1],
        KELVIN: [2],
        SAUSEN: [3],
        ωHM: [4],
        Μs: [5],
        Ǆ: [6],
        ꭰ: [7],
        О: [8],
        İ: [9],
        ı: [10],
        I: [2],
        "\ufb06": [11],
        gross: [],
      },
    );
  });

  test("are found as simple case folding gives them", () => {
    expectMatches(
      [
        record(1, { message: "ΟΔΟΣ", key: "ΟΔΟΣ" }),
        record(2, { message: "ΟΔΟΣΑ", key: "ΟΔΟΣΑ", metadata: { a: "ΟΔΟΣΑ" } }),
        record(3, { message: "\u212aelvin İstanbul" }),
      ],
      {
        ΟΔΟΣ: [1, 2],
        οδοσα: [2],
        "key:ΟΔΟΣ*": [1, 2],
        "metadata.a:ΟΔΟΣ*": [2],
        kelvin: [3],
        istanbul: [],
        İSTANBUL: [3],
        "\u0130st": [3],
      },
    );
  });
});

describe("columns that are not needed", () => {
  const many = Array.from({ length: 20 }, (_, index) =>
    record(index + 1, {
      message: `line ${index}`,
      touchpoint: index < 10 ? "api/a" : "web/b",
      key: `key ${index}`,
      metadata: { field: `value ${index}` },
    }),
  );

  function inflatedFor(text: string, texts?: LoadFilters): string[] {
    const { block, inflated } = watchedBlock(many);
    const parsed = parseSearch(text);
    if (!parsed.ok) throw new Error(parsed.problem.message);
    matchRows(parsed.search, block, "shop", texts);
    return inflated;
  }

  test("are not inflated when cheap terms leave no row, whatever the order they are written in", () => {
    expect(inflatedFor("line level:error")).toEqual(["flags"]);
    expect(inflatedFor("line project:blog")).toEqual([]);
    expect(inflatedFor("value metadata.field:x touchpoint:none key:k")).toEqual(["touchpoint"]);
    expect(inflatedFor("line -level:info -(a OR b)")).toEqual(["flags"]);
  });

  test("are not inflated when every row has matched", () => {
    expect(inflatedFor("line")).toEqual(["touchpoint", "message"]);
    expect(inflatedFor("line OR level:info")).toEqual(["flags"]);
    expect(inflatedFor("touchpoint:api/* api")).toEqual(["touchpoint"]);
  });

  test("except messages are not inflated when no other text may contain the word", () => {
    const facts = (isBeside: boolean) => () => ({
      mayContain: () => true,
      mayContainInMessages: () => true,
      mayContainOutsideMessages: () => isBeside,
    });
    expect(inflatedFor("nowhere", facts(false))).toEqual(["message"]);
    expect(inflatedFor("nowhere", facts(true))).toEqual(["touchpoint", "message", "key", "metadata.field"]);
  });

  test("are all inflated, one after the other, for a word that does not occur", () => {
    expect(inflatedFor("nowhere")).toEqual(["touchpoint", "message", "key", "metadata.field"]);
  });
});
