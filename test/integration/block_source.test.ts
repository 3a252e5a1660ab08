// What the shipper reads of a data file: records by their ids, so many bytes at a time, and what is damaged left out.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_MS } from "../../src/core/limits.ts";
import { BlockReader } from "../../src/store/block_reader.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { BlockSource } from "../../src/threads/shipper/block_source.ts";
import { groupOf, mergeNow, NOW, recordOf } from "../support/groups.ts";

const MIB = 2 ** 20;

let folder: string;
let store: StoreWriter;
let reader: BlockReader;
let source: BlockSource;
let said: string[];
let nextId: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "simplelogs-source-"));
  store = new StoreWriter(`${folder}/data.db`, "write", "run");
  reader = new BlockReader(`${folder}/data.db`);
  said = [];
  nextId = 1;
  source = new BlockSource(reader, (message) => said.push(message));
});
afterEach(() => {
  reader.close();
  store.close();
  rmSync(folder, { recursive: true });
});

/** One block of each group. */
function write(project: string, count: number, bytes: number, time = NOW): void {
  const records = Array.from({ length: count }, () =>
    // Texts that differ: equal ones are stored once.
    recordOf(nextId++, { time, message: `${nextId} `.padEnd(bytes, "x"), metadata: undefined }),
  );
  store.commit(groupOf(project, records));
}

const idsOf = ({ records }: ReturnType<BlockSource["read"]>) => records.map(({ record }) => record.id);

/** Everything, as the shipper reads it. */
function readAll(bytesMax: number): { readonly ids: number[]; readonly most: number } {
  const ids: number[] = [];
  let most = 0;
  for (let from = 1; from < source.nextId(); ) {
    const read = source.read(from, Math.min(source.nextId(), from + 50_000), bytesMax);
    ids.push(...idsOf(read));
    most = Math.max(
      most,
      read.records.reduce((sum, { record }) => sum + (record.message?.length ?? 0), 0),
    );
    expect(read.to).toBeGreaterThan(from);
    from = read.to;
  }
  return { ids, most };
}

describe("a read is bounded in bytes", () => {
  test("where records are as large as they may be, in blocks of one each", () => {
    for (let count = 0; count < 40; count++) write("shop", 1, MIB);
    const { ids, most } = readAll(4 * MIB);
    expect(ids).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
    expect(most).toBeLessThanOrEqual(5 * MIB);
  });

  test("where large blocks of several projects and days hold ids of one another", () => {
    for (let count = 0; count < 200; count++) {
      write(`shop ${count % 4}`, 2, 100_000, NOW - (count % 3) * DAY_MS);
    }
    while (mergeNow(store));
    expect(store.catalog.size).toBeLessThan(20);
    const { ids, most } = readAll(4 * MIB);
    expect(ids).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
    expect(most).toBeLessThanOrEqual(6 * MIB);
  });

  test("and has one record at least", () => {
    write("shop", 3, MIB);
    expect(readAll(1).ids).toEqual([1, 2, 3]);
  });

  test("and has all without a bound", () => {
    for (let count = 0; count < 20; count++) write("shop", 1, MIB);
    expect(idsOf(source.read(1, 21))).toHaveLength(20);
  });
});

test("a block whose zone map is damaged is left out, and said once", () => {
  write("shop", 3, 10);
  write("shop", 3, 10);
  write("shop", 3, 10);
  store.database.run("UPDATE blocks SET id_max = id_max + 1000 WHERE id = 2");
  expect(readAll(MIB).ids).toEqual([1, 2, 3, 7, 8, 9]);
  expect(said).toEqual(["block 2 is not shipped: its zone map is damaged"]);
});
