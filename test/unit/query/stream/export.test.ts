import { describe, expect, test } from "bun:test";
import type { ColumnChunk } from "../../../../src/block/codec/column_chunks.ts";
import { BlockDamagedError } from "../../../../src/block/codec/damage.ts";
import { appendRecord, emptyColumns } from "../../../../src/block/columns.ts";
import { BlockEncoder } from "../../../../src/block/encode.ts";
import { BlockMerger } from "../../../../src/block/merge/merge_blocks.ts";
import { zoneMapOf } from "../../../../src/block/stats/zone_map.ts";
import type { StoredRecord } from "../../../../src/core/record.ts";
import {
  type ExportBlock,
  type ExportFilter,
  type ExportSource,
  exportLines,
} from "../../../../src/query/stream/export.ts";
import { integer, pick, runSeed, seededRandom } from "../../../support/random.ts";

const ALL: ExportFilter = {
  project: undefined,
  from: Number.NEGATIVE_INFINITY,
  to: Number.POSITIVE_INFINITY,
  expiredBefore: () => Number.NEGATIVE_INFINITY,
};

function record(id: number, fields: Partial<StoredRecord> = {}): StoredRecord {
  return {
    id,
    kind: "log",
    time: 1_000 + id,
    receivedAt: 1_000 + id,
    source: "server",
    apiKey: "default",
    touchpoint: undefined,
    key: undefined,
    level: "info",
    message: `message ${id}`,
    startTime: undefined,
    endTime: undefined,
    duration: undefined,
    metadata: undefined,
    ...fields,
  };
}

/** Blocks in memory; `beforeRead` runs before a block's pieces are given, and can change what there is. */
class Blocks implements ExportSource {
  readonly blocks = new Map<number, ExportBlock & { readonly chunks: readonly ColumnChunk[] }>();
  reads: number[] = [];
  next = 1;
  beforeRead: (block: number) => void = () => undefined;
  #nextId = 1;
  readonly #encoder = new BlockEncoder();

  damagedZoneMaps(): number[] {
    return [];
  }

  projects(): string[] {
    return [...new Set(Array.from(this.blocks.values(), ({ project }) => project))];
  }

  add(project: string, records: readonly StoredRecord[]): number {
    const columns = emptyColumns();
    for (const one of records) appendRecord(columns, one.id, one);
    const { chunks, rawBytes } = this.#encoder.packed(columns);
    const id = this.#nextId++;
    this.blocks.set(id, { id, project, rawBytes, ...zoneMapOf(columns), chunks });
    this.next = Math.max(this.next, ...records.map((one) => one.id + 1));
    return id;
  }

  /** Puts one block in place of several. */
  merge(ids: readonly number[]): void {
    const sources = ids.map((id) => this.blocks.get(id) as ExportBlock & { chunks: readonly ColumnChunk[] });
    const merger = new BlockMerger();
    for (const block of sources) merger.add(block.chunks, block.records);
    for (const id of ids) this.blocks.delete(id);
    const id = this.#nextId++;
    const { zoneMap, encoded } = merger.columnar();
    this.blocks.set(id, { id, project: sources[0]?.project ?? "", ...zoneMap, ...encoded });
  }

  nextRecordId(): number {
    return this.next;
  }

  overlapping(from: number, to: number): ExportBlock[] {
    return [...this.blocks.values()].filter((block) => block.idMax >= from && block.idMin < to);
  }

  chunks(block: number): readonly ColumnChunk[] | undefined {
    this.beforeRead(block);
    this.reads.push(block);
    return this.blocks.get(block)?.chunks;
  }
}

interface Exported {
  readonly windows: string[][];
  readonly damaged: [number, string][];
}

function run(source: ExportSource, filter: Partial<ExportFilter> = {}, windowBytes?: number): Exported {
  const damaged: [number, string][] = [];
  const windows = [
    ...exportLines(source, {
      filter: { ...ALL, ...filter },
      lineOf: (shown) => `${shown.project} ${shown.id}`,
      onDamaged: (block, reason) => damaged.push([block.id, reason]),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    }),
  ];
  return { windows, damaged };
}

function idsFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe("export gives", () => {
  test("every record of every project in the order of ids, whatever the windows and blocks", () => {
    const random = seededRandom(runSeed("export windows"));
    for (let round = 0; round < 20; round++) {
      const blocks = new Blocks();
      const open = new Map<string, StoredRecord[]>();
      const expected: string[] = [];
      for (let id = 1; id <= 400; id += 1 + (integer(random, 9) === 0 ? integer(random, 50) : 0)) {
        const project = pick(random, ["a", "b", "c"]);
        const message = "x".repeat(integer(random, integer(random, 9) === 0 ? 5_000 : 50));
        const records = [...(open.get(project) ?? []), record(id, { message })];
        expected.push(`${project} ${id}`);
        open.set(project, records);
        if (integer(random, 20) > 0) continue;
        blocks.add(project, records);
        open.delete(project);
      }
      for (const [project, records] of open) blocks.add(project, records);
      const bytes = pick(random, [1, 100, 2_000, 50_000, 1e9]);
      expect(run(blocks, {}, bytes)).toMatchObject({ damaged: [] });
      expect(run(blocks, {}, bytes).windows.flat()).toEqual(expected);
    }
  });

  test("windows that hold about the bytes they may, also where ids and sizes are spread unevenly", () => {
    const blocks = new Blocks();
    const large = "x".repeat(10_000);
    // One block whose ids reach far, its large records at one end.
    blocks.add("a", [...idsFrom(1, 100).map((id) => record(id, { message: large })), record(1_000_000)]);
    const lengths: number[] = [];
    const lines = exportLines(blocks, {
      filter: ALL,
      lineOf: (shown) => JSON.stringify(shown),
      onDamaged: () => undefined,
      windowBytes: 100_000,
    });
    for (const window of lines) lengths.push(window.reduce((sum, line) => sum + line.length, 0));
    expect(Math.max(...lengths)).toBeLessThan(4 * 100_000 + 11_000);
    expect(lengths.length).toBeLessThan(25);
  });

  test("each block once where one project's blocks follow one another", () => {
    const blocks = new Blocks();
    for (let first = 1; first <= 1_000; first += 100)
      blocks.add(
        "a",
        idsFrom(first, first + 99).map((id) => record(id)),
      );
    const { rawBytes } = blocks.blocks.get(1) as ExportBlock;
    expect(run(blocks, {}, 3.5 * rawBytes).windows.map((window) => window.length)).toEqual([300, 300, 300, 100]);
    expect(blocks.reads).toEqual(idsFrom(1, 10));
  });

  test("only the requested project and times, without expired records, and reads no other block", () => {
    const blocks = new Blocks();
    blocks.add("a", [record(1, { time: 10 }), record(2, { time: 20 }), record(3, { time: 30 })]);
    blocks.add("b", [record(4, { time: 20 })]);
    blocks.add("a", [record(5, { time: 99 })]);
    expect(run(blocks, { project: "a", from: 20, to: 30 }).windows.flat()).toEqual(["a 2"]);
    expect(blocks.reads).toEqual([1]);
    expect(run(blocks, { expiredBefore: (project) => (project === "a" ? 30 : 0) }).windows.flat()).toEqual([
      "a 3",
      "b 4",
      "a 5",
    ]);
  });

  test("each record once while blocks are merged and expire meanwhile", () => {
    const blocks = new Blocks();
    const first = blocks.add(
      "a",
      idsFrom(1, 10).map((id) => record(id)),
    );
    const second = blocks.add(
      "a",
      idsFrom(11, 20).map((id) => record(id)),
    );
    const third = blocks.add(
      "a",
      idsFrom(21, 30).map((id) => record(id)),
    );
    let isDone = false;
    blocks.beforeRead = (block) => {
      if (isDone || block !== second) return;
      isDone = true;
      blocks.merge([first, second]);
      blocks.blocks.delete(third);
    };
    expect(run(blocks).windows.flat()).toEqual(idsFrom(1, 20).map((id) => `a ${id}`));
  });

  test("nothing of an empty file", () => {
    expect(run(new Blocks())).toEqual({ windows: [], damaged: [] });
  });
});

describe("export leaves out", () => {
  test("a block whose bytes have changed, reports it once, and gives all others", () => {
    const blocks = new Blocks();
    for (const first of [1, 11, 21])
      blocks.add(
        "a",
        idsFrom(first, first + 9).map((id) => record(id)),
      );
    const block = blocks.blocks.get(2) as ExportBlock & { chunks: readonly ColumnChunk[] };
    const [chunk] = block.chunks as [ColumnChunk];
    const data = chunk.data.slice();
    data[20] = (data[20] as number) ^ 1;
    blocks.blocks.set(2, { ...block, chunks: [{ ...chunk, data }] });
    const { windows, damaged } = run(blocks, {}, 100);
    expect(windows.flat()).toEqual([...idsFrom(1, 10), ...idsFrom(21, 30)].map((id) => `a ${id}`));
    expect(damaged).toEqual([[2, expect.stringMatching(/^column "\*" is damaged: checksum \d+, expected \d+$/)]]);
  });

  test("a block that the file cannot give, while any other fault ends it", () => {
    const blocks = new Blocks();
    blocks.add("a", [record(1)]);
    blocks.add("a", [record(2)]);
    blocks.beforeRead = (block) => {
      if (block === 1) throw new BlockDamagedError("its pages are damaged");
    };
    expect(run(blocks)).toEqual({ windows: [["a 2"]], damaged: [[1, "its pages are damaged"]] });
    blocks.beforeRead = () => {
      throw new Error("other");
    };
    expect(() => run(blocks)).toThrow("other");
  });
});
