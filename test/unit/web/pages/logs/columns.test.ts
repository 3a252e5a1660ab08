// Columns of the list: in an address, and the texts of a record.

import { describe, expect, test } from "bun:test";
import { formatInstant, formatSecond } from "../../../../../src/core/format.ts";
import type { ShownRecord } from "../../../../../src/core/record.ts";
import { cellsOf, formatColumns, parseColumns } from "../../../../../src/web/pages/logs/columns.tsx";

const TIMES = {
  clocks: "utc",
  instant: (time: number) => formatInstant(time, "utc"),
  second: (time: number) => formatSecond(time, "utc"),
} as const;

const RECORD: ShownRecord = {
  id: 7,
  project: "default",
  apiKey: "test",
  source: "server",
  keyType: "server",
  kind: "log",
  level: "info",
  time: 0,
  receivedAt: 1_500,
  key: "req-1",
  metadata: {
    userId: "u_1",
    user: { name: "Ada", roles: ["a", "b"] },
    list: [{ id: 1 }, { id: 2 }, 3],
    "odd name": null,
    "a.b": true,
    __proto__x: "p",
    long: "x".repeat(1_000),
  },
};

const cells = (...names: string[]) => cellsOf(RECORD, names, TIMES);

describe("columns in an address", () => {
  test.each([[[]], [["key"]], [["key", "metadata.userId"]], [['metadata."a, b"', "metadata.50%", "metadata.%2C"]]])(
    "come back: %p",
    (names) => {
      expect(parseColumns(formatColumns(names))).toEqual(names);
    },
  );

  test("are each there once, and not too many", () => {
    expect(parseColumns("key,key,,id")).toEqual(["key", "id"]);
    expect(parseColumns(Array.from({ length: 50 }, (_, index) => `metadata.f${index}`).join(",")).length).toBe(8);
  });
});

describe("the cells of a record", () => {
  test("are its own fields, times in the shown clocks", () => {
    expect(cells("key", "id", "receivedAt", "duration")).toEqual(["req-1", "7", "1970-01-01 00:00:01.500", ""]);
  });

  test("are metadata at any depth, of lists all values", () => {
    expect(cells("metadata.userId", "metadata.user.name", "metadata.user.roles", "metadata.list.id")).toEqual([
      "u_1",
      "Ada",
      "a, b",
      "1, 2",
    ]);
    expect(cells("metadata.list", 'metadata."odd name"', "metadata.a.b")).toEqual(["3", "null", "true"]);
  });

  test("are empty for what is no field", () => {
    expect(cells("metadata", "toString", "metadata.user", "metadata.nothing", "__proto__")).toEqual([
      "",
      "",
      "",
      "",
      "",
    ]);
  });

  test("are cut", () => {
    expect(cells("metadata.long")[0]?.length).toBe(401);
  });
});
