import { describe, expect, test } from "bun:test";
import { appendRecord, emptyColumns, selectRows } from "../../../src/block/columns.ts";
import { BlockEncoder } from "../../../src/block/encode.ts";
import { decodeColumns } from "../../../src/block/open_block.ts";
import { recordsOf } from "../../../src/block/records.ts";
import { zoneMapOf } from "../../../src/block/stats/zone_map.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { recordOf } from "../../support/groups.ts";
import { columnarOf } from "../../support/merged_blocks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";

function randomRecord(random: Random, id: number): StoredRecord {
  const maybe = <T>(value: T): T | undefined => (random() < 0.5 ? value : undefined);
  return recordOf(id, {
    kind: pick(random, ["log", "completed", "started"] as const),
    time: 1e12 + integer(random, 1e6),
    touchpoint: maybe(pick(random, ["a", "b", "ü"])),
    key: maybe(`key ${id}`),
    level: "warn",
    message: maybe(`message ${id}`),
    startTime: maybe(random()),
    endTime: maybe(id),
    duration: maybe(id / 3),
    metadata: maybe({ [`f${integer(random, 5)}`]: pick(random, ["x", 5, null, [1, { a: 2 }]]), id }),
  });
}

describe("selected rows", () => {
  test("are the records of those rows, in their order, also once they are stored and read again", () => {
    const random = seededRandom(runSeed("selected rows"));
    for (let round = 0; round < 60; round++) {
      const records = Array.from({ length: 1 + integer(random, 40) }, (_, index) => randomRecord(random, index + 1));
      const columns = emptyColumns();
      for (const record of records) appendRecord(columns, record.id, record);
      const encoder = new BlockEncoder();
      const stored = decodeColumns(pick(random, [encoder.packed(columns), columnarOf(columns)]).chunks, columns.count);
      const share = pick(random, [0, 0.1, 0.5, 1]);
      const isKept = Uint8Array.from(records, () => (random() < share ? 1 : 0));
      const kept = records.filter((_, row) => isKept[row] === 1);
      const selected = selectRows(stored, isKept);
      expect(recordsOf(selected)).toEqual(kept);
      if (kept.length === 0) continue;
      expect(zoneMapOf(selected).records).toBe(kept.length);
      const again = decodeColumns(pick(random, [encoder.packed(selected), columnarOf(selected)]).chunks, kept.length);
      expect(recordsOf(again)).toEqual(kept);
    }
  });

  test("have no metadata field that only other rows had", () => {
    const columns = emptyColumns();
    for (const id of [1, 2]) appendRecord(columns, id, recordOf(id, { metadata: { all: 1, [`only ${id}`]: 2 } }));
    expect([...selectRows(columns, Uint8Array.of(0, 1)).metadata.keys()]).toEqual(["all", "only 2"]);
  });
});

test("a half of a character in metadata is U+FFFD, whether its field has a column or a name too long for one", () => {
  const half = (character: string) => ({ short: `a${character}b`, [`n${"n".repeat(300)}`]: `a${character}b` });
  const columns = emptyColumns();
  appendRecord(columns, 1, recordOf(1, { metadata: half("\udfff") }));
  for (const { chunks } of [new BlockEncoder().packed(columns), columnarOf(columns)]) {
    expect(recordsOf(decodeColumns(chunks, 1))).toEqual([recordOf(1, { metadata: half("\ufffd") })]);
  }
});
