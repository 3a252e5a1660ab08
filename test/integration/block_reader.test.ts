import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { STATISTICS_CHUNK } from "../../src/block/codec/column_chunks.ts";
import { BlockDamagedError, BlockGoneError } from "../../src/block/codec/damage.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";
import { decodeColumns, OpenBlock } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import { readStatistics } from "../../src/block/stats/statistics.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { BlockReader } from "../../src/store/block_reader.ts";
import { openForReading } from "../../src/store/database.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOW, recordOf } from "../support/groups.ts";

const ALWAYS = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY } as const;

/** A store with blocks of the given sizes, ids rising, a second apart. */
function storeOf(file: string, blocks: readonly (readonly [project: string, records: number])[]): StoreWriter {
  const store = new StoreWriter(file, "write", "run");
  let id = 1;
  for (const [project, count] of blocks) {
    const records = Array.from({ length: count }, () => recordOf(id, { time: NOW + 1000 * id++ }));
    store.commit(groupOf(project, records));
  }
  return store;
}

/** Merges everything that may be, as the compactor does. */
function mergeAll(store: StoreWriter, file: string): void {
  for (let plan = store.planMerge(true); plan !== undefined; plan = store.planMerge(true)) {
    const reader = new BlockReader(file);
    const merger = new BlockMerger();
    for (const block of reader.blocks(plan.blocks)) merger.add(block.chunks, block.records);
    reader.close();
    store.replaceMerged({ plan, ...merger.columnar(1) });
  }
}

describe("a reader of blocks", () => {
  test("lists blocks by project and time, with the contents of their headers", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = storeOf(file, [
        ["a", 3],
        ["b", 2],
      ]);
      store.commit(
        groupOf("a", [
          recordOf(6, { time: NOW - DAY_MS, receivedAt: NOW + 5, level: "error" }),
          recordOf(7, { time: NOW - DAY_MS + 1, receivedAt: NOW + 9, kind: "unfinished" }),
        ]),
      );
      const reader = new BlockReader(file);
      const sizes = new Map([...store.catalog.all()].map(({ id, bytes, rawBytes }) => [id, { bytes, rawBytes }]));
      expect(reader.list({ project: "a", ...ALWAYS })).toEqual([
        {
          id: 1,
          project: "a",
          day: Math.floor(NOW / DAY_MS),
          records: 3,
          ...(sizes.get(1) as { bytes: number; rawBytes: number }),
          idMin: 1,
          idMax: 3,
          timeMin: NOW + 1000,
          timeMax: NOW + 3000,
          receivedMin: NOW,
          receivedMax: NOW,
          levels: [0, 3, 0, 0],
          statuses: [0, 0, 0, 0],
          isFinished: false,
        },
        {
          id: 3,
          project: "a",
          day: Math.floor(NOW / DAY_MS) - 1,
          records: 2,
          ...(sizes.get(3) as { bytes: number; rawBytes: number }),
          idMin: 6,
          idMax: 7,
          timeMin: NOW - DAY_MS,
          timeMax: NOW - DAY_MS + 1,
          receivedMin: NOW + 5,
          receivedMax: NOW + 9,
          levels: [0, 0, 0, 1],
          statuses: [0, 0, 1, 0],
          isFinished: false,
        },
      ]);
      const ids = (project: string | undefined, from: number, to: number) =>
        reader.list({ project, from, to }).map((block) => block.id);
      expect(ids(undefined, ALWAYS.from, ALWAYS.to)).toEqual([1, 2, 3]);
      expect(ids(undefined, NOW + 3000, NOW + 4000)).toEqual([1]);
      expect(ids(undefined, NOW + 3001, NOW + 4001)).toEqual([2]);
      expect(ids("no such project", ALWAYS.from, ALWAYS.to)).toEqual([]);
      expect(reader.listIds(3, 6).map((block) => block.id)).toEqual([1, 2]);
      reader.close();
      store.close();
    });
  });

  test("opens packed and merged blocks, and reads only the chunks that are asked for", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = storeOf(file, [
        ["a", 20],
        ["a", 20],
      ]);
      const reader = new BlockReader(file);
      const before = reader.blocks([1, 2]).flatMap((block) => recordsOf(decodeColumns(block.chunks, block.records)));
      const packed = reader.open(1);
      expect(packed?.names()).toEqual(["*"]);
      mergeAll(store, file);
      const [merged] = reader.list({ project: undefined, ...ALWAYS });
      const source = reader.open(merged?.id ?? 0);
      expect(source?.names().slice(0, 3)).toEqual(["summary", "filter", "id"]);
      if (source === undefined) throw new Error("a merged block is there");
      const view = new OpenBlock(source, 40);
      expect(view.records(Array.from({ length: 40 }, (_, row) => row))).toEqual(before);
      const summary = source.chunk(STATISTICS_CHUNK);
      expect(summary === undefined ? [] : readStatistics(summary).cells.map(({ count }) => count)).toEqual([40]);
      expect([source.chunk("no such column"), reader.open(999)]).toEqual([undefined, undefined]);
      reader.close();
      store.close();
    });
  });

  test("sees one snapshot between begin and end, and the latest one afterwards", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = storeOf(file, [
        ["a", 5],
        ["a", 5],
      ]);
      const reader = new BlockReader(openForReading(file));
      reader.begin();
      const seen = reader.list({ project: undefined, ...ALWAYS }).map((block) => block.id);
      mergeAll(store, file);
      store.commit(groupOf("b", [recordOf(11)]));
      expect(reader.list({ project: undefined, ...ALWAYS }).map((block) => block.id)).toEqual(seen);
      expect([reader.nextRecordId(), reader.projects()]).toEqual([11, ["a"]]);
      const source = reader.open(1);
      expect(source === undefined ? [] : [...new OpenBlock(source, 5).id()]).toEqual([1, 2, 3, 4, 5]);
      expect(reader.blocks([1, 2]).length).toBe(2);
      reader.end();
      expect(reader.list({ project: undefined, ...ALWAYS }).map((block) => block.records)).toEqual([10, 1]);
      expect([reader.nextRecordId(), reader.projects(), reader.open(1)]).toEqual([12, ["a", "b"], undefined]);
      reader.close();
      store.close();
    });
  });
});

describe("a reader of blocks reports", () => {
  test("a block that is deleted after it was opened", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = storeOf(file, [
        ["a", 5],
        ["a", 5],
      ]);
      const reader = new BlockReader(file);
      const source = reader.open(1);
      mergeAll(store, file);
      if (source === undefined) throw new Error("the block was there");
      expect(() => new OpenBlock(source, 5).id()).toThrow(new BlockGoneError("block 1 is gone"));
      reader.close();
      store.close();
    });
  });

  test("damaged pages of a chunk", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString("base64");
      const store = new StoreWriter(file, "write", "run");
      store.commit(groupOf("a", [recordOf(1, { message: noise })]));
      store.close();
      const whole = new BlockReader(file);
      const [chunk] = whole.chunks(1) ?? [];
      whole.close();
      if (chunk === undefined) throw new Error("the block has a chunk");
      breakOverflow(file, chunk.data);
      const reader = new BlockReader(file);
      expect(() => reader.chunks(1)).toThrow(BlockDamagedError);
      const source = reader.open(1);
      expect(source?.names()).toEqual(["*"]);
      expect(() => source?.chunk("*")).toThrow(/^its pages are damaged: /);
      reader.close();
    });
  });
});

/**
 * Makes the chain of pages that holds a chunk lead nowhere: an overflow page begins with the number of the next one.
 */
function breakOverflow(file: string, data: Uint8Array): void {
  const bytes = readFileSync(file);
  const pageBytes = bytes.readUInt16BE(16);
  const at = bytes.indexOf(data.subarray(20_000, 20_032));
  bytes.writeUInt32BE(0x7fffffff, Math.floor(at / pageBytes) * pageBytes);
  writeFileSync(file, bytes);
}
