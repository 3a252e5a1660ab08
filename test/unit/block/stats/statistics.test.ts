import { describe, expect, test } from "bun:test";
import { type ColumnChunk, compressChunk, STATISTICS_CHUNK } from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import type { Columns } from "../../../../src/block/columns.ts";
import { decodeColumns } from "../../../../src/block/open_block.ts";
import { recordsOf } from "../../../../src/block/records.ts";
import { DurationSketch } from "../../../../src/block/stats/duration_sketch.ts";
import { type BlockStatistics, readStatistics } from "../../../../src/block/stats/statistics.ts";
import { DAY_MS, TOUCHPOINTS_MAX } from "../../../../src/core/limits.ts";
import { KINDS, type StoredRecord } from "../../../../src/core/record.ts";
import { CHUNKS_MAX } from "../../../../src/store/schema.ts";
import { formerColumns, formerRecords, formerSummary } from "../../../support/former_summary.ts";
import { mergeColumns } from "../../../support/merge_columns.ts";
import { columnarOf, mergedOf } from "../../../support/merged_blocks.ts";
import { integer, type Random, runSeed, seededRandom } from "../../../support/random.ts";
import { columnsOf, randomRecord } from "../random_records.ts";

function summaryPiece(columns: Columns): ColumnChunk {
  const [first] = mergedOf(columns, 1).chunks;
  if (first?.name !== STATISTICS_CHUNK) throw new Error("a merged block begins with its summary");
  return first;
}

function countBy<T>(values: readonly T[], nameOf: (value: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[nameOf(value)] = (counts[nameOf(value)] ?? 0) + 1;
  return counts;
}

/** What of a record its flags tell. */
function flagged({
  kind,
  level,
  source,
  keyType,
}: Pick<StoredRecord, "kind" | "level" | "source" | "keyType">): string {
  return `${kind} ${level} ${source} ${keyType}`;
}

const LEVELS_BY_CODE = [undefined, "debug", "info", "warn", "error"] as const;

function flagsText(flags: number): string {
  const level = LEVELS_BY_CODE[(flags >> 3) & 7];
  const source = flags & 64 ? "client" : "server";
  const keyType = ([undefined, "server", "client"] as const)[flags >> 7];
  return flagged({ kind: KINDS[flags & 7] as StoredRecord["kind"], level, source, keyType });
}

function cellsOf({ cells }: BlockStatistics): Record<string, number> {
  return Object.fromEntries(cells.map((cell) => [`${cell.touchpoint} ${flagsText(cell.flags)}`, cell.count]));
}

function slotsOf({ slots }: BlockStatistics): Record<string, number> {
  return Object.fromEntries(
    Array.from(slots.times, (time, index) => [
      `${time} ${flagsText(slots.flags[index] as number)}`,
      slots.counts[index] as number,
    ]),
  );
}

function fieldsOf(record: StoredRecord): string[] {
  const always = ["apiKey", "kind", "source"];
  if (record.kind !== "log") always.push("status");
  const names = ["keyType", "level", "touchpoint", "message", "key", "startTime", "endTime", "duration"] as const;
  const metadata = Object.keys(record.metadata ?? {}).map((name) => `metadata.${name}`);
  return [...always, ...names.filter((name) => record[name] !== undefined), ...metadata];
}

function sketchesOf(
  nameOf: (record: StoredRecord) => string,
  records: readonly StoredRecord[],
): Map<string, DurationSketch> {
  const sketches = new Map<string, DurationSketch>();
  for (const record of records) {
    if (record.kind !== "completed" || record.duration === undefined) continue;
    const sketch = sketches.get(nameOf(record)) ?? new DurationSketch();
    sketch.add(record.duration);
    sketches.set(nameOf(record), sketch);
  }
  return sketches;
}

/** Compares each cell's sketch with that of the records of its name. */
function expectSketches(
  cells: BlockStatistics["cells"],
  nameOf: (record: StoredRecord) => string,
  records: readonly StoredRecord[],
): void {
  const expected = sketchesOf(nameOf, records);
  const byFlags = new Map(records.map((record) => [`${record.touchpoint} ${flagged(record)}`, nameOf(record)]));
  for (const { touchpoint, flags, sketch } of cells) {
    const exact = expected.get(byFlags.get(`${touchpoint} ${flagsText(flags)}`) ?? "");
    if ((flags & 7) !== KINDS.indexOf("completed") || exact === undefined) {
      expect(sketch).toBeUndefined();
      continue;
    }
    if (sketch === undefined) throw new Error("a cell with completed timings has a sketch");
    const merged = new DurationSketch();
    merged.merge(sketch);
    const factsOf = (one: DurationSketch) => {
      const quantiles = [0, 0.3, 0.5, 0.99, 1].map((q) => one.quantile(q));
      return [one.count, one.sum, one.min, one.max, one.zeros, ...quantiles];
    };
    expect(factsOf(merged)).toEqual(factsOf(exact));
  }
}

/** Records of one day, with the odd fields of others. */
function recordsOfDay(random: Random, count: number, spanMs: number, names?: number): StoredRecord[] {
  const from = 20_000 * DAY_MS + Math.floor(random() * (DAY_MS - spanMs));
  return Array.from({ length: count }, (_, index) => ({
    ...randomRecord(random, index + 1, names),
    time: from + random() * spanMs,
  }));
}

describe("block statistics", () => {
  const random = seededRandom(runSeed("summary"));

  test("counts exactly what the records are, by touchpoint, time and field", () => {
    for (let round = 0; round < 60; round++) {
      const spanMs = [500, 60_000, 3_600_000, DAY_MS][round % 4] as number;
      const names = round % 5 === 0 ? 600 : 6;
      const records = recordsOfDay(random, 1 + integer(random, 200), spanMs, names);
      const columns = mergeColumns([columnsOf(records)]);
      const summary = readStatistics(summaryPiece(columns));
      expect(cellsOf(summary)).toEqual(countBy(records, (record) => `${record.touchpoint} ${flagged(record)}`));
      const { widthMs } = summary.slots;
      const slotOf = (record: StoredRecord) => Math.floor(record.time / widthMs) * widthMs;
      expect(slotsOf(summary)).toEqual(countBy(records, (record) => `${slotOf(record)} ${flagged(record)}`));
      expect(new Set(summary.slots.times).size).toBeLessThanOrEqual(300);
      expect([...summary.slots.times]).toEqual([...summary.slots.times].sort((a, b) => a - b));
      expect(Object.fromEntries(summary.fields ?? [])).toEqual(countBy(records.flatMap(fieldsOf), (name) => name));
    }
  });

  test("lists no fields whose names are long, and is the same otherwise", () => {
    const records = recordsOfDay(random, 20, 60_000).map((record, index) => ({
      ...record,
      metadata: { [`${index}`.padEnd(10_000, "x")]: 1 },
    }));
    const listed = readStatistics(summaryPiece(mergeColumns([columnsOf(records.slice(0, 12))])));
    const unlisted = readStatistics(summaryPiece(mergeColumns([columnsOf(records)])));
    expect([listed.fields?.has(`metadata.${"0".padEnd(10_000, "x")}`), unlisted.fields]).toEqual([true, undefined]);
    expect(cellsOf(unlisted)).toEqual(countBy(records, (record) => `${record.touchpoint} ${flagged(record)}`));
  });

  test("has the sketches that the completed durations of each touchpoint, level and source make", () => {
    for (let round = 0; round < 30; round++) {
      const records = recordsOfDay(random, 1 + integer(random, 300), DAY_MS);
      const cellOf = (record: StoredRecord) => `${record.touchpoint} ${flagged(record)}`;
      const { cells } = readStatistics(summaryPiece(columnsOf(records)));
      expectSketches(cells, cellOf, records);
      expect(new Set(cells.flatMap(({ sketch }) => sketch ?? [])).size).toBe(sketchesOf(cellOf, records).size);
    }
  });

  test("has one sketch a touchpoint where there would be thousands more", () => {
    const base = { ...randomRecord(random, 1), kind: "completed", source: "server" } as const;
    for (const [touchpoints, isShared] of [
      [2_000, false],
      [2_001, true],
    ] as const) {
      const records = Array.from({ length: 2 * touchpoints }, (_, index) => ({
        ...base,
        id: index + 1,
        touchpoint: `t/${index % touchpoints}`,
        level: index < touchpoints ? ("info" as const) : ("error" as const),
        duration: index,
      }));
      const { cells } = readStatistics(summaryPiece(columnsOf(records)));
      expect(cells).toHaveLength(2 * touchpoints);
      const nameOf = (record: StoredRecord) =>
        isShared ? `${record.touchpoint}` : `${record.touchpoint} ${record.level}`;
      expect(new Set(cells.flatMap(({ sketch }) => sketch ?? [])).size).toBe(sketchesOf(nameOf, records).size);
      expectSketches(
        cells.slice(0, 20),
        isShared ? ({ touchpoint }) => `${touchpoint}` : (record) => `${record.touchpoint} ${flagged(record)}`,
        records,
      );
    }
  });

  test("takes the narrowest slots of which a block has no more than 300", () => {
    const base = { ...randomRecord(random, 1), kind: "log", level: "info" } as const;
    for (const [spanMs, widthMs] of [
      [0, 1_000],
      [299_999, 1_000],
      [300_000, 10_000],
      [3_000_000, 60_000],
      [18_000_000, 600_000],
      [DAY_MS - 1, 600_000],
    ] as const) {
      const times = [20_000 * DAY_MS, 20_000 * DAY_MS + spanMs];
      const columns = columnsOf(times.map((time, index) => ({ ...base, id: index + 1, time })));
      expect([spanMs, readStatistics(summaryPiece(columns)).slots.widthMs]).toEqual([spanMs, widthMs]);
    }
  });

  test("does not list fields where there are thousands of names", () => {
    const records = Array.from({ length: 3_000 }, (_, index) => ({
      ...randomRecord(random, index + 1),
      metadata: { [`name ${index}`]: 1 },
    }));
    const summary = readStatistics(summaryPiece(columnsOf(records)));
    expect([summary.fields, summary.cells.reduce((sum, { count }) => sum + count, 0)]).toEqual([undefined, 3_000]);
  });

  test("is left out where a block has more touchpoints than are counted, and no record is lost", () => {
    const base = randomRecord(random, 1);
    for (const [count, names] of [
      [TOUCHPOINTS_MAX, [STATISTICS_CHUNK]],
      [TOUCHPOINTS_MAX + 1, []],
    ] as const) {
      const columns = columnsOf(
        Array.from({ length: count }, (_, index) => ({ ...base, id: index + 1, touchpoint: `t/${index}` })),
      );
      const { chunks } = mergedOf(columns);
      expect(chunks.map((chunk) => chunk.name).filter((name) => name === STATISTICS_CHUNK)).toEqual([...names]);
      expect(decodeColumns(chunks, count).touchpoint).toEqual(columns.touchpoint);
    }
  });
});

describe("block statistics of the version before", () => {
  test("is read for what it has: counts, and a sketch for all cells of a touchpoint", () => {
    const records = formerRecords();
    const former = readStatistics(formerSummary());
    expect(cellsOf(former)).toEqual(countBy(records, (record) => `${record.touchpoint} ${flagged(record)}`));
    expectSketches(former.cells, ({ touchpoint }) => `${touchpoint}`, records);
    expect(new Set(former.cells.map(({ sketch }) => sketch)).size).toBe(4);
    expect(Object.fromEntries(former.fields ?? [])).toEqual(countBy(records.flatMap(fieldsOf), (name) => name));
    const now = readStatistics(summaryPiece(formerColumns()));
    expect([former.slots, former.values.size]).toEqual([now.slots, 0]);
  });
});

describe("a merged block", () => {
  const random = seededRandom(11);

  test("decodes to the same records with value counts and without", () => {
    const columns = mergeColumns([columnsOf(recordsOfDay(random, 100, DAY_MS))]);
    const noted = mergedOf(columns, 1);
    const plain = columnarOf(columns);
    expect(noted.chunks.slice(2)).toEqual([...plain.chunks]);
    expect(noted.rawBytes).toBe(plain.rawBytes);
    expect(recordsOf(decodeColumns(noted.chunks, 100))).toEqual(recordsOf(decodeColumns(plain.chunks, 100)));
  });

  test("has room for its chunks with the most metadata columns", () => {
    const columns = columnsOf(Array.from({ length: 500 }, (_, index) => randomRecord(random, index + 1, 20_000)));
    expect([columns.metadata.size, columns.overflow.rows.length > 0]).toEqual([256, true]);
    const { chunks } = mergedOf(columns, 1);
    expect(chunks.length).toBeGreaterThan(256);
    expect(chunks.length).toBeLessThanOrEqual(CHUNKS_MAX);
  });
});

describe("block statistics that are damaged", () => {
  const chunk = summaryPiece(columnsOf([randomRecord(seededRandom(3), 1)]));

  test("says so", () => {
    const data = Uint8Array.from(chunk.data);
    data[data.length - 1] = (data[data.length - 1] as number) ^ 1;
    expect(() => readStatistics({ ...chunk, data })).toThrow(BlockDamagedError);
  });

  test("or of an unknown version, or cut short, says so", () => {
    expect(() => readStatistics(compressChunk(STATISTICS_CHUNK, Uint8Array.of(9)))).toThrow(
      "unknown version 9 of block statistics",
    );
    expect(() => readStatistics(compressChunk(STATISTICS_CHUNK, Uint8Array.of(1, 1, 200)))).toThrow(BlockDamagedError);
    expect(() => readStatistics(compressChunk(STATISTICS_CHUNK, Uint8Array.of(2, 0, 0, 7)))).toThrow(
      "unknown form 7 of sketches",
    );
  });
});
