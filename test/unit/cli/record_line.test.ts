import { describe, expect, test } from "bun:test";
import { stripVTControlCharacters } from "node:util";
import type { CliContext } from "../../../src/cli/context.ts";
import { lineWriter, recordLine } from "../../../src/cli/record_line.ts";
import { createStyle } from "../../../src/cli/style.ts";
import type { ShownRecord } from "../../../src/core/record.ts";
import { recordOf } from "./reading.ts";

const TIME = "2026-01-31 12:00:00.001";

function lineOf(fields: Partial<ShownRecord>, hasProject = false): string {
  return recordLine(recordOf({ id: 1, ...fields }), { style: createStyle(false), hasProject });
}

describe("a record's line", () => {
  test("of a log has time, level, touchpoint, key, message and metadata", () => {
    const metadata = { orderId: "ord_123", total: 12.5, paid: true, items: [{ n: 1 }], note: null };
    expect(lineOf({ level: "info", touchpoint: "api/orders", key: "req-1", message: "Order placed", metadata })).toBe(
      `${TIME} INFO  api/orders  (req-1)  Order placed  orderId=ord_123 total=12.5 paid=true items=[{"n":1}] note=null`,
    );
  });

  test("of a timing has its duration, and a status that is not simply done", () => {
    const timing = { kind: "timing", touchpoint: "db" } as const;
    expect(lineOf({ ...timing, status: "completed", duration: 1_240 })).toBe(`${TIME} TIME  db  1.24 s`);
    expect(lineOf({ ...timing, status: "started", level: "warn" })).toBe(`${TIME} WARN  db  started`);
    expect(lineOf({ ...timing, status: "unfinished", message: "m" })).toBe(`${TIME} TIME  db  m  unfinished`);
  });

  test("quotes texts in metadata that could be read as another type or as two values", () => {
    const metadata = { a: "true", b: "12", c: "two words", d: "", e: 'q"', "odd name": "x=y" };
    expect(lineOf({ metadata })).toBe(`${TIME}       a="true" b="12" c="two words" d="" e="q\\"" "odd name"="x=y"`);
  });

  test("shows when the key's type and the record's source differ", () => {
    const forged = { source: "server", keyType: "client", touchpoint: "a" } as const;
    expect(lineOf(forged)).toBe(`${TIME}       [client key, source server]  a`);
    expect(lineOf({ ...forged, keyType: "server", source: "client" })).toContain("[server key, source client]");
    expect(lineOf({ ...forged, keyType: "server" })).toBe(`${TIME}       a`);
    expect(lineOf({ source: "client", touchpoint: "a" })).toBe(`${TIME}       a`);
  });

  test("has nothing after the time when there is nothing", () => {
    expect(lineOf({})).toBe(TIME);
  });

  test("escapes control characters in every field", () => {
    const evil = "\u001b]0;x\u0007\r\n\u009b31m";
    const line = lineOf(
      { project: evil, touchpoint: evil, key: evil, message: evil, metadata: { [evil]: evil, deep: [evil] } },
      true,
    );
    expect(line).not.toMatch(/\p{Cc}/u);
    expect(line).toStartWith(`${TIME}       [\\x1b]0;x\\x07\\x0d\\x0a\\x9b31m]  \\x1b]0;x`);
  });

  test("is cut visibly if a text is long; JSON has the whole text", () => {
    const long = "n".repeat(1_500_000);
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`field${index}`, index]));
    const fields = [
      { touchpoint: long },
      { key: long },
      { project: long },
      { message: long },
      { metadata: { [long]: long } },
      { metadata: { a: { b: [long] }, c: long } },
      { metadata: many },
    ];
    for (const field of fields) {
      const line = lineOf(field, true);
      expect([line.length < 12_000, line.includes("…")]).toEqual([true, true]);
      const json = lineWriter({ json: true }, { isTerminal: false, env: {} } as CliContext)(
        recordOf({ id: 1, ...field }),
      );
      expect(JSON.parse(json)).toEqual(recordOf({ id: 1, ...field }));
    }
    expect(lineOf({ message: "m".repeat(10_000) })).toEndWith("mm");
  });

  test("is the same with colours, but for the colours", () => {
    const record = recordOf({ id: 1, kind: "timing", status: "unfinished", level: "error", metadata: { a: "b" } });
    const colored = recordLine(record, { style: createStyle(true), hasProject: true });
    const plain = recordLine(record, { style: createStyle(false), hasProject: true });
    expect(colored).not.toBe(plain);
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });
});
