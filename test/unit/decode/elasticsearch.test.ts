import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { decodeElasticsearch } from "../../../src/decode/elasticsearch.ts";
import { ParseGuard } from "../../../src/runtime/parse_guard.ts";
import { integer, runSeed, seededRandom } from "../../support/random.ts";

function decode(body: string, path = "/elasticsearch/_bulk", recordsMax?: number) {
  const context = { path, query: new URLSearchParams(), guard: new ParseGuard(), receivedAt: 0 };
  const decoded = decodeElasticsearch(body, recordsMax === undefined ? context : { ...context, recordsMax });
  if ("malformed" in decoded) return decoded;
  return { entries: decoded.entries, refused: decoded.refused, operations: decoded.operations };
}

function lines(...values: unknown[]): string {
  return values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join("");
}

function fixture(name: string): string {
  return readFileSync(`test/fixtures/elasticsearch/${name}.ndjson`, "utf8");
}

const INDEX = { index: { _index: "logs-shop" } };
const DOCUMENT = { message: "m", a: 1 };
const ENTRY = { touchpoint: "logs-shop", message: "m", metadata: { a: 1 } };

describe("what real clients send is read", () => {
  test("of pino-elasticsearch", () => {
    expect(decode(fixture("pino-elasticsearch"))).toEqual({
      entries: [
        {
          touchpoint: "logs-shop",
          level: "info",
          message: "Order placed",
          timestamp: Date.parse("2026-11-29T18:16:23.538Z"),
          metadata: { pid: 15_030, hostname: "vm", orderId: "ord_2", total: 12.5, user: { name: "Zoë" } },
        },
      ],
      refused: [],
      operations: "i",
    });
  });

  test("of winston-elasticsearch", () => {
    const common = { touchpoint: "logs", timestamp: Date.parse("2026-11-29T18:16:28.569Z") };
    const fields = { orderId: "ord_2", total: 12.5, user: { name: "Zoë" } };
    expect(decode(fixture("winston-elasticsearch"))).toEqual({
      entries: [
        { ...common, level: "error", message: "payment failed", metadata: { fields: { err: "card declined" } } },
        { ...common, level: "warn", message: "slow", metadata: { fields: {} } },
        { ...common, level: "info", message: "Order placed", metadata: { fields } },
      ],
      refused: [],
      operations: "iii",
    });
  });

  test("of rsyslog's omelasticsearch", () => {
    expect(decode(fixture("omelasticsearch"))).toEqual({
      entries: [
        {
          touchpoint: "syslog",
          level: "error",
          message: "payment failed for order ord_3",
          timestamp: Number("1795976267252.538"),
          metadata: { host: "vm", program: "shop" },
        },
      ],
      refused: [],
      operations: "i",
    });
  });
});

describe("the touchpoint", () => {
  test.each([
    ["logs-2026.11.29", "logs"],
    ["logs-2026-11-29", "logs"],
    ["logs_2026.11", "logs"],
    ["logs-20261129", "logs"],
    ["logs-2026.48", "logs"],
    ["filebeat-8.19.2-2026.11.29-000001", "filebeat-8.19.2"],
    [".ds-logs-app-default-2026.11.29-000012", "logs-app-default"],
    ["logs-app-default", "logs-app-default"],
    ["shop-404", "shop-404"],
    ["2026.11.29", "2026.11.29"],
    ["x".repeat(300), "x".repeat(300)],
  ])("of index %p is %p", (_index, touchpoint) => {
    expect(decode(lines({ create: { _index } }, DOCUMENT))).toMatchObject({
      entries: [{ touchpoint }],
      operations: "c",
    });
  });

  test("is what the document says", () => {
    const document = { ...DOCUMENT, service: { name: "shop" } };
    expect(decode(lines(INDEX, document))).toMatchObject({ entries: [{ ...ENTRY, touchpoint: "shop" }] });
  });

  test("is the index of the path where the action names none", () => {
    const body = lines({ index: {} }, DOCUMENT, INDEX, DOCUMENT);
    const touchpoints = (path: string) => {
      const decoded = decode(body, path);
      return "entries" in decoded ? decoded.entries.map(({ touchpoint }) => touchpoint) : [];
    };
    expect(touchpoints("/elasticsearch/nginx-2026.11.29/_bulk")).toEqual(["nginx", "logs-shop"]);
    expect(touchpoints("/elasticsearch/a%2Fb%20c/_bulk")).toEqual(["a/b c", "logs-shop"]);
    expect(touchpoints("/elasticsearch/%zz/_bulk")).toEqual(["%zz", "logs-shop"]);
    expect(touchpoints("/elasticsearch/_bulk")).toEqual([undefined, "logs-shop"]);
  });
});

describe("what is wrong is refused alone:", () => {
  const good = [INDEX, DOCUMENT];

  test.each<[string, unknown[], string, string, unknown]>([
    ["an action without its document", [INDEX], "i", "The action in line 3 has no document", JSON.stringify(INDEX)],
    ["a document that is not JSON", [INDEX, '{"a":'], "i", "Line 4 is not JSON", '{"a":'],
    ["a document that is no object", [INDEX, [1]], "i", "The document in line 4 is not an object", [1]],
    ["a document that is null", [{ create: {} }, "null"], "c", "The document in line 4 is not an object", null],
    [
      "an update",
      [{ update: { _id: "1" } }, { doc: {} }],
      "u",
      "Updating is not supported: records do not change",
      { doc: {} },
    ],
    [
      "a deletion",
      [{ delete: { _id: "1" } }],
      "d",
      "Deleting is not supported: records do not change",
      '{"delete":{"_id":"1"}}',
    ],
    [
      "an action that is not JSON, with its document",
      ["{index", DOCUMENT],
      "i",
      "Line 3 is no action: create, index, update or delete",
      "{index",
    ],
    [
      "another action",
      [{ upsert: {} }, DOCUMENT],
      "i",
      "Line 3 is no action: create, index, update or delete",
      '{"upsert":{}}',
    ],
    [
      "an inherited name",
      ['{"constructor":{}}', DOCUMENT],
      "i",
      "Line 3 is no action: create, index, update or delete",
      '{"constructor":{}}',
    ],
    ["a line by itself", ["?"], "i", "Line 3 is no action: create, index, update or delete", "?"],
  ])("%s", (_name, bad, letter, problem, record) => {
    expect(decode(lines(...good, ...bad, ...good))).toEqual({
      entries: [ENTRY, ENTRY],
      refused: [{ at: 1, reason: "invalid", problem, record }],
      operations: `i${letter}i`,
    });
  });

  test("each of many", () => {
    const decoded = decode(lines(INDEX, INDEX, DOCUMENT, { delete: {} }, INDEX, "x", INDEX));
    expect(decoded).toMatchObject({
      entries: [ENTRY],
      operations: "iidii",
      refused: [{ at: 0 }, { at: 2 }, { at: 3 }, { at: 4 }],
    });
  });
});

describe("a body", () => {
  test("is read without the end of its last line, with CRLF, and with blank lines", () => {
    const text = lines(INDEX, DOCUMENT, INDEX, DOCUMENT);
    const expected = { entries: [ENTRY, ENTRY], refused: [], operations: "ii" };
    expect(decode(text.slice(0, -1))).toEqual(expected);
    expect(decode(text.replaceAll("\n", "\r\n"))).toEqual(expected);
    expect(decode(`\n${text.replaceAll("\n", "\n \r\n\n")}`)).toEqual(expected);
  });

  test.each(["", "\n", " \r\n\n"])("%p without an action is malformed", (body) => {
    expect(decode(body)).toEqual({ malformed: "The body has no action" });
  });

  test("with a document that looks like an action of another kind is read", () => {
    const document = { index: { color: "red" } };
    expect(decode(lines(INDEX, document))).toMatchObject({ entries: [{ metadata: document }], refused: [] });
  });

  test("with an empty document gives an empty entry", () => {
    expect(decode(lines(INDEX, {}))).toEqual({ entries: [{}], refused: [], operations: "i" });
  });

  test("with more records than a body may have is not read to its end", () => {
    expect(decode(lines(...Array.from({ length: 50 }, () => INDEX)), undefined, 10)).toMatchObject({
      operations: "i".repeat(11),
    });
  });
});

test("no corruption of a body makes the decoder throw, and each record has an operation", () => {
  const random = seededRandom(runSeed("elasticsearch"));
  const bodies = ["pino-elasticsearch", "winston-elasticsearch", "omelasticsearch"].map(fixture);
  for (let round = 0; round < 3_000; round++) {
    const body = Buffer.from(bodies[round % 3] as string);
    for (let change = integer(random, 3); change >= 0; change--)
      body[integer(random, body.length - 1)] = integer(random, 255);
    const decoded = decode(body.subarray(0, round % 2 === 0 ? body.length : integer(random, body.length)).toString());
    if ("malformed" in decoded) continue;
    expect(decoded.operations).toHaveLength(decoded.entries.length + decoded.refused.length);
    for (const [index, { at }] of decoded.refused.entries()) expect(at).toBeGreaterThanOrEqual(index);
  }
});
