import { describe, expect, test } from "bun:test";
import { readWaitingRow, writeWaitingRow } from "../../../src/commit/pending_timing.ts";

const HEAD = { project: "shop", keyType: "client", sender: 5, bytes: 600 };
const ENTRY = {
  kind: "start",
  time: 1,
  touchpoint: "t",
  key: 'k"\\',
  message: "",
  startTime: 1,
  standalone: false,
  metadata: { a: 1, nested: { b: ["x"] }, ["__proto__"]: 2 },
};

describe("a row of what waits", () => {
  test("comes back as it was written", () => {
    expect(readWaitingRow(writeWaitingRow(HEAD, ENTRY))).toEqual({ ...HEAD, entry: ENTRY });
  });

  test("has only the members that the entry has", () => {
    const entry = {
      kind: "end",
      touchpoint: undefined,
      key: undefined,
      message: undefined,
      metadata: undefined,
      endTime: 2,
    };
    const read = readWaitingRow(writeWaitingRow(HEAD, entry));
    expect(read).toEqual({ ...HEAD, entry: { kind: "end", endTime: 2 } });
    expect(JSON.stringify(read?.entry)).toBe('{"kind":"end","endTime":2}');
  });

  test("is read as version 0.1 wrote it", () => {
    const { sender: _sender, bytes: _bytes, ...head } = HEAD;
    expect(readWaitingRow(JSON.stringify({ ...head, entry: ENTRY }))).toEqual({
      ...head,
      sender: undefined,
      bytes: undefined,
      entry: ENTRY,
    });
  });

  test("is undefined where it is damaged, and its metadata alone where that is", () => {
    const row = writeWaitingRow(HEAD, ENTRY);
    expect([row.slice(0, -1), "[]", "{}", '{"project":1,"entry":{}}'].map(readWaitingRow)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(readWaitingRow(row.replace("nested", "nested\\\\"))?.entry["metadata"]).toBeUndefined();
  });

  test("holds no text of a client's that is as short as the engine's table of texts takes", () => {
    const row = writeWaitingRow(HEAD, { ...ENTRY, metadata: { m1: "v1", m2: ["v2", { m3: "v3" }] } });
    const texts: string[] = [];
    JSON.parse(row, (name, value: unknown) => {
      texts.push(name, ...(typeof value === "string" ? [value] : []));
      return value;
    });
    const short = texts.filter((text) => text.length <= 10);
    for (const own of ["t", 'k"\\', "m1", "m2", "m3", "v1", "v2", "v3"]) expect(short).not.toContain(own);
  });
});
