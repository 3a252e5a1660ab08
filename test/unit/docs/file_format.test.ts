// The page on the file format has the tables, columns and versions that the code has.

import { describe, expect, test } from "bun:test";
import { KEY_TYPE_COLUMN } from "../../../src/block/codec/flags.ts";
import { CHUNK_TEXTS } from "../../../src/block/filter/chunked_texts.ts";
import { FILTER_VERSION } from "../../../src/block/filter/ngram_filter.ts";
import { STATISTICS_VERSION } from "../../../src/block/stats/statistics.ts";
import { BLOCK_RECORDS_MAX, REDO_SLOT_BYTES, REDO_SLOTS } from "../../../src/core/limits.ts";
import { APPLICATION_ID, CHUNKS_MAX, FORMAT_VERSION, TABLES } from "../../../src/store/schema.ts";
import { spansOf } from "./markdown.ts";
import { readPage } from "./pages.ts";

const PAGE = readPage("docs/file_format.md");

describe("the page on the file format", () => {
  test("has every table with its columns", () => {
    const shown = PAGE.rows("table").map(([name = "", columns = ""]) => [
      spansOf(name).join(),
      spansOf(columns).join(", "),
    ]);
    expect(shown).toEqual(Object.entries(TABLES));
  });

  test("has every format, up to the one that is written", () => {
    const formats = PAGE.rows("format").map(([format]) => Number(format));
    expect(formats).toEqual(Array.from({ length: FORMAT_VERSION }, (_, index) => index + 1));
  });

  test("states the numbers that are in force", () => {
    const number = (value: number) => value.toLocaleString("en");
    const stated = [
      `0x${APPLICATION_ID.toString(16)}`,
      `describes format ${FORMAT_VERSION}`,
      `1 to ${number(BLOCK_RECORDS_MAX)} records`,
      `block × ${CHUNKS_MAX}`,
      `\`${KEY_TYPE_COLUMN}\``,
      `chunks of ${number(CHUNK_TEXTS)} texts`,
      `a slot of ${REDO_SLOT_BYTES / 1024} KiB`,
      `at most ${REDO_SLOTS}`,
    ];
    expect(stated.filter((statement) => !PAGE.prose.includes(statement))).toEqual([]);
    const chunk = new Map(PAGE.rows("chunk").map(([name = "", has = ""]) => [spansOf(name)[0], has]));
    expect(chunk.get("summary")).toContain(`version: ${STATISTICS_VERSION},`);
    expect(chunk.get("filter")).toContain(`version: ${FILTER_VERSION},`);
  });
});
