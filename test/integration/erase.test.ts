import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type ColumnChunk,
  chunksInMemory,
  inflate,
  PACKED_CHUNK,
  STATISTICS_CHUNK,
} from "../../src/block/codec/column_chunks.ts";
import type { Columns } from "../../src/block/columns.ts";
import { BlockEncoder } from "../../src/block/encode.ts";
import { readBlockFilters } from "../../src/block/filter/block_filters.ts";
import { BlockMerger } from "../../src/block/merge/merge_blocks.ts";
import { decodeColumns, type OpenBlock } from "../../src/block/open_block.ts";
import { recordsOf } from "../../src/block/records.ts";
import { readStatistics } from "../../src/block/stats/statistics.ts";
import type { GroupWrite } from "../../src/commit/group_write.ts";
import type { EraseReport } from "../../src/core/account_responses.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { matchRows } from "../../src/query/match/evaluate.ts";
import { parseSearch } from "../../src/search/parser.ts";
import type { BlockEntry } from "../../src/store/catalog.ts";
import { eraseRecords, eraseSteps } from "../../src/store/erase/erase.ts";
import type { MatchRows } from "../../src/store/erase/scope.ts";
import { lockData } from "../../src/store/lock.ts";
import { compactData } from "../../src/store/space/compact.ts";
import { ReserveFile } from "../../src/store/space/reserve.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { chunksOf, groupOf, mergeNow, mergeOf, NOTHING, NOW, recordOf } from "../support/groups.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { rawFiles, slicesIn, slicesOf } from "../support/raw_bytes.ts";
import { withSmallDisk } from "../support/small_disk.ts";

function search(q: string): MatchRows | undefined {
  const parsed = parseSearch(q);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  if (parsed.search.kind === "all") return undefined;
  return (view: OpenBlock, project: string) => matchRows(parsed.search, view, project);
}

interface Asked {
  readonly project?: string;
  readonly q?: string;
  readonly from?: number;
  readonly to?: number;
  readonly dryRun?: boolean;
}

function erase(file: string, { project = "shop", q = "", from, to, dryRun = false }: Asked = {}): EraseReport {
  return eraseRecords({ file, scope: { project, from, to, matchRows: search(q) }, dryRun });
}

interface StoredBlock {
  readonly project: string;
  readonly names: readonly string[];
  readonly records: readonly StoredRecord[];
}

function blocksOf(store: StoreWriter): StoredBlock[] {
  return [...store.catalog.all()].map((block) => {
    const chunks = chunksOf(store, block.id);
    const records = recordsOf(decodeColumns(chunks, block.records));
    return { project: store.projects.nameOf(block.project), names: chunks.map((chunk) => chunk.name), records };
  });
}

/** Makes a file of the groups, merged as often as said; gives what `work` gives. */
async function withFile<T>(
  make: (store: StoreWriter) => void,
  work: (file: string, look: <L>(at: (store: StoreWriter) => L) => L) => T,
): Promise<T> {
  return await withFolder((folder) => {
    const file = join(folder, "data.db");
    const look = <L>(at: (store: StoreWriter) => L): L => {
      const store = new StoreWriter(file, "write", "run");
      try {
        return at(store);
      } finally {
        store.close();
      }
    };
    look(make);
    return work(file, look);
  });
}

function commit(...groups: readonly GroupWrite[]): (store: StoreWriter) => void {
  return (store) => {
    for (const group of groups) store.commit(group);
  };
}

function idsOf(blocks: readonly StoredBlock[], project: string): number[] {
  const ids = blocks.filter((block) => block.project === project).flatMap((block) => block.records.map(({ id }) => id));
  return ids.sort((a, b) => a - b);
}

const REJECTION = { project: "shop", apiKey: "web shop", receivedAt: NOW, reason: "quota" } as const;

function waitingItem(fields: object, project = "shop"): string {
  const entry = { kind: "start", time: NOW, receivedAt: NOW, source: "server", apiKey: "web shop", startTime: NOW };
  return JSON.stringify({ project, keyType: "server", entry: { ...entry, ...fields } });
}

describe("erasing", () => {
  test("removes the matching records and no others from small and merged blocks, which keep their format", async () => {
    const ada = (id: number) => recordOf(id, { metadata: { user: id % 2 === 0 ? "ada" : "bob", [`only${id}`]: id } });
    const make = (store: StoreWriter) => {
      for (let id = 1; id <= 30; id++) store.commit(groupOf("shop", [ada(id)]));
      while (mergeNow(store));
      store.commit(groupOf("shop", [ada(31), ada(32)]));
      store.commit(groupOf("shop", [ada(34)]));
      store.commit(groupOf("other", [ada(36)]));
    };
    await withFile(make, (file, look) => {
      const count = { records: 17, blocks: 3, rejections: 0, waiting: 0 };
      expect(erase(file, { q: "metadata.user:ada", dryRun: true })).toEqual(count);
      expect(look((store) => idsOf(blocksOf(store), "shop").length)).toBe(33);
      expect(erase(file, { q: "metadata.user:ada" })).toEqual(count);
      const blocks = look(blocksOf);
      expect(idsOf(blocks, "shop")).toEqual(Array.from({ length: 16 }, (_, index) => 2 * index + 1));
      expect(idsOf(blocks, "other")).toEqual([36]);
      expect(blocks.flatMap((block) => block.records)).toContainEqual(ada(7));
      const merged = blocks.find((block) => block.records.length === 15);
      expect(merged?.names[0]).toBe(STATISTICS_CHUNK);
      expect(merged?.names).toContain("metadata.only7");
      expect(merged?.names).not.toContain("metadata.only8");
      expect(blocks.map((block) => block.names.join()).filter((names) => names === PACKED_CHUNK).length).toBe(2);
      look((store) => {
        const block = [...store.catalog.all()].find((one) => one.records === 15);
        const summary = chunksOf(store, block?.id ?? 0).find((chunk) => chunk.name === STATISTICS_CHUNK);
        expect(summary).toBeDefined();
        if (summary === undefined) return;
        const counts = readStatistics(summary).cells.map((cell) => cell.count);
        expect(counts.reduce((sum, one) => sum + one, 0)).toBe(15);
      });
      expect(erase(file, { q: "metadata.user:ada" })).toEqual({ records: 0, blocks: 0, rejections: 0, waiting: 0 });
    });
  });

  test("rewrites a large block as a merge of its other records would, without the word in its filter", async () => {
    const make = (store: StoreWriter) => {
      for (let from = 1; from <= 12_000; from += 4_000) {
        const records = Array.from({ length: 4_000 }, (_, index) => {
          const id = from + index;
          const message = id % 4 === 0 ? `zyxwvut ${id}` : `message ${id}`;
          return recordOf(id, { message, touchpoint: `a/${id % 9}`, metadata: { group: id % 5, text: `t${id % 3}` } });
        });
        store.commit(groupOf("shop", records));
      }
      while (mergeNow(store));
    };
    await withFile(make, (file, look) => {
      const filters = (store: StoreWriter) => {
        const [block] = [...store.catalog.all()] as [BlockEntry];
        return readBlockFilters(chunksInMemory(chunksOf(store, block.id)), block.records);
      };
      expect(look(filters)?.mayContain("zyxwvut")).toBe(true);
      expect(erase(file, { q: "zyxwvut" })).toMatchObject({ records: 3_000, blocks: 1 });
      expect(look(filters)?.mayContain("zyxwvut")).toBe(false);
      look((store) => {
        const [block] = [...store.catalog.all()] as [BlockEntry];
        const chunks = chunksOf(store, block.id);
        const records = recordsOf(decodeColumns(chunks, 9_000)).sort((a, b) => a.id - b.id);
        const merger = new BlockMerger();
        const { columns } = groupOf("shop", records).blocks[0] as { columns: Columns };
        merger.add(new BlockEncoder().packed(columns).chunks, 9_000);
        const raw = (all: readonly ColumnChunk[]) => all.map((chunk) => [chunk.name, Buffer.from(inflate(chunk))]);
        expect(raw(chunks)).toEqual(raw(merger.columnar().encoded.chunks));
      });
      const steps = verifyData(file);
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      expect(step.value).toMatchObject({ findings: [], records: 9_000 });
    });
  });

  test("selects by record times, the first included and the last not", async () => {
    const groups = [0, 1, 2].map((day) =>
      groupOf(
        "shop",
        [0, 1, 2].map((n) => recordOf(3 * day + n + 1, { time: NOW + day * DAY_MS + n })),
      ),
    );
    await withFile(commit(...groups), (file, look) => {
      expect(erase(file, { from: NOW + 2, to: NOW + DAY_MS + 1 })).toMatchObject({ records: 2, blocks: 2 });
      expect(idsOf(look(blocksOf), "shop")).toEqual([1, 2, 5, 6, 7, 8, 9]);
      expect(erase(file, { q: "message", from: NOW + DAY_MS })).toMatchObject({ records: 5, blocks: 2 });
      expect(idsOf(look(blocksOf), "shop")).toEqual([1, 2]);
      expect(erase(file, {})).toMatchObject({ records: 2, blocks: 1 });
      expect(look((store) => store.catalog.size)).toBe(0);
    });
  });

  test("removes dropped entries that match, and all truncated ones, which may match", async () => {
    const dropped = [
      '{"message":"ada was here"}',
      '{"message":"bob was here"}',
      '{"key":"ada","timestamp":5}',
      '{"message":"cut off, and ends here…',
      '{"metadata":{"user":"ada"},"source":"client"}',
      "[1,2]",
    ];
    const rejections = [
      ...dropped.map((entry) => ({ ...REJECTION, entry })),
      { ...REJECTION, project: "other", entry: '{"message":"ada"}' },
    ];
    await withFile(commit({ ...NOTHING, rejections }), (file, look) => {
      const left = () => look((store) => store.database.query("SELECT entry FROM rejections").values().flat());
      expect(erase(file, { q: "ada source:client" })).toMatchObject({ rejections: 5 });
      expect(left()).toEqual(['{"message":"bob was here"}', '{"message":"ada"}']);
      expect(erase(file, { to: NOW })).toMatchObject({ rejections: 0 });
      expect(erase(file, { to: NOW + 1 })).toMatchObject({ rejections: 1 });
      expect(left()).toEqual(['{"message":"ada"}']);
    });
  });

  test("removes a batch that was set aside if one of its entries matches", async () => {
    const body = (message: string) => `{"source":"server","entries":[{"message":"first"},{"message":"${message}"}]}`;
    const aside = (message: string) => ({
      ...NOTHING,
      setAside: { project: "shop", apiKey: "web shop", receivedAt: NOW, entryCount: 2, body: body(message) },
      rejections: [{ ...REJECTION, reason: "internal", entry: body(message) } as const],
    });
    await withFile(commit(aside("ada"), aside("bob")), (file, look) => {
      expect(erase(file, { q: "ada" })).toMatchObject({ rejections: 1 });
      const left = look((store) => store.database.query("SELECT body FROM set_aside").values().flat());
      expect(left).toEqual([body("bob")]);
    });
  });

  test("removes pending timings, and counts them as stored, so that the sum of entries closes", async () => {
    const group = {
      ...NOTHING,
      pendingAdded: [
        { id: 1, item: waitingItem({ key: "ada" }) },
        { id: 2, item: waitingItem({ key: "ada", standalone: true }) },
        { id: 3, item: waitingItem({ kind: "end", startTime: undefined, endTime: NOW, key: "ada" }) },
        { id: 4, item: waitingItem({ key: "bob" }) },
        { id: 5, item: waitingItem({ key: "ada", time: NOW - 10 }) },
        { id: 6, item: waitingItem({ key: "ada" }, "other") },
      ],
      usage: [{ project: "shop", month: "2026-11", name: "stored", value: 7 }],
    };
    await withFile(commit(group, groupOf("other", [recordOf(1)])), (file, look) => {
      expect(erase(file, { q: "key:ada", from: NOW })).toMatchObject({ waiting: 3 });
      const { pending, usage } = look((store) => store.restore());
      expect(pending.map((item) => item.id)).toEqual([4, 5, 6]);
      expect(usage).toEqual([{ project: "shop", month: "2026-11", name: "stored", value: 9 }]);
    });
  });

  test("selects by an id only what has one: records, and nothing that waits or was dropped", async () => {
    const pendingAdded = [{ id: 1, item: waitingItem({ key: "ada" }) }];
    await withFile(commit({ ...groupOf("shop", [recordOf(1), recordOf(2)]), pendingAdded }), (file) => {
      expect(erase(file, { q: "id:<2" })).toMatchObject({ records: 1, waiting: 0 });
      expect(erase(file, { q: "id:0" })).toMatchObject({ records: 0, waiting: 0 });
      expect(erase(file, { q: "-id:*" })).toMatchObject({ records: 0, waiting: 1 });
    });
  });

  test("selects by the key of a record; the key of a dropped entry is unknown", async () => {
    const clients = waitingItem({ key: "ada" }).replace('"keyType":"server"', '"keyType":"client"');
    const group = {
      ...groupOf("shop", [recordOf(1, { keyType: "client" }), recordOf(2, { keyType: "server" }), recordOf(3)]),
      pendingAdded: [
        { id: 1, item: clients },
        { id: 2, item: waitingItem({ key: "ada", source: "client" }) },
      ],
      rejections: [{ ...REJECTION, entry: '{"message":"a","source":"server"}' }],
    };
    await withFile(commit(group), (file, look) => {
      expect(erase(file, { q: "keyType:client" })).toEqual({ records: 1, blocks: 1, rejections: 1, waiting: 1 });
      expect(look((store) => [store.catalog.records, store.restore().pending.map(({ id }) => id)])).toEqual([2, [2]]);
    });
  });

  test("of a whole project removes its unregistered touchpoints", async () => {
    const seen = (project: string, name: string) => ({ project, name, firstSeen: NOW, change: "server" as const });
    const touchpoints = [seen("shop", "a/b"), seen("shop", "kept"), seen("other", "a/b")];
    const make = (store: StoreWriter) => {
      store.commit(groupOf("shop", [recordOf(1)], { touchpoints }));
      store.changeTouchpoint({ kind: "register_touchpoint", project: "shop", name: "kept" }, NOW);
    };
    await withFile(make, (file, look) => {
      erase(file, { q: "nothing" });
      expect(look((store) => store.restore().touchpoints.length)).toBe(3);
      erase(file, {});
      expect(look((store) => store.restore().touchpoints)).toEqual([
        { project: "shop", name: "kept" },
        { project: "other", name: "a/b" },
      ]);
    });
  });

  test("removes unregistered touchpoints without records, also when run again", async () => {
    const names = ["user/ada", "user/bob", "registered/ada", "old"];
    const touchpoints = names.map((name) => ({ project: "shop", name, firstSeen: NOW, change: "client" as const }));
    const make = (store: StoreWriter) => {
      store.commit(groupOf("shop", [recordOf(1, { touchpoint: "user/ada", key: "ada" })], { touchpoints }));
      store.changeTouchpoint({ kind: "register_touchpoint", project: "shop", name: "registered/ada" }, NOW);
      for (let id = 2; id <= 12; id++) {
        const one = recordOf(id, { touchpoint: "user/bob", key: id % 2 === 0 ? "ada" : "bob" });
        store.commit(groupOf("shop", [one, recordOf(id + 20, { touchpoint: "registered/ada", key: "ada" })]));
      }
    };
    await withFile(make, (file, look) => {
      const listed = () => look((store) => store.restore().touchpoints.map(({ name }) => name));
      erase(file, { q: "key:ada", dryRun: true });
      expect(listed()).toEqual(names.toSorted());
      // As an erasure leaves it that was cut off behind the blocks.
      look((store) => store.removeBlocks([1]));
      expect(erase(file, { q: "key:ada" }).records).toBe(17);
      expect(listed()).toEqual(["registered/ada", "user/bob"]);
      const ofClients = "SELECT name FROM client_touchpoints";
      expect(look((store) => store.database.query(ofClients).values())).toEqual([["user/bob"]]);
      expect(rawFiles(file).some((bytes) => bytes.includes("user/ada"))).toBe(false);
    });
  });

  test("on a full disk uses the reserve file, and restores it", async () => {
    await withSmallDisk(32 * 1024 * 1024, async (disk) => {
      const file = join(disk.folder, "data.db");
      const random = seededRandom(1);
      const store = new StoreWriter(file, "write", "run");
      for (let id = 1; id <= 10; id += 2) {
        const [ada, bob] = ["ada", "bob"].map((key, index) =>
          recordOf(id + index, { key, message: noise(random, 700_000) }),
        );
        store.commit(groupOf("shop", [ada as StoredRecord, bob as StoredRecord]));
      }
      store.close();
      const reserve = new ReserveFile(file);
      expect(reserve.make()).toBe(true);
      disk.addBallast(disk.freeBytes - 200_000);
      expect(erase(file, { q: "key:ada" })).toEqual({ records: 5, blocks: 5, rejections: 0, waiting: 0 });
      expect(reserve.isThere).toBe(true);
      const left = new StoreWriter(file, "write", "run");
      expect(blocksOf(left).flatMap(({ records }) => records.map(({ id, key }) => [id, key]))).toEqual(
        [2, 4, 6, 8, 10].map((id) => [id, "bob"]),
      );
      left.close();
    });
  });

  test("leaves a damaged block unchanged, and reports it", async () => {
    const make = (store: StoreWriter) => {
      for (let id = 1; id <= 3; id++) store.commit(groupOf("shop", [recordOf(id)]));
      store.database.run("UPDATE pieces SET checksum = checksum + 1 WHERE key = (SELECT max(key) FROM pieces)");
    };
    await withFile(make, (file, look) => {
      const report = { records: 2, blocks: 2, rejections: 0, waiting: 0, damagedBlocks: 1 };
      expect(erase(file, { q: "message", dryRun: true })).toEqual(report);
      expect(erase(file, { q: "message" })).toEqual(report);
      expect(look((store) => store.catalog.size)).toBe(1);
      expect(erase(file, {})).toEqual({ records: 1, blocks: 1, rejections: 0, waiting: 0 });
    });
  });
});

describe("erasing is refused", () => {
  test("while a server holds the file, and for a missing file", async () => {
    await withFile(commit(groupOf("shop", [recordOf(1)])), (file, look) => {
      const lock = lockData(file);
      expect(() => erase(file)).toThrow(`process ${process.pid} is running on it`);
      expect(erase(file, { dryRun: true })).toMatchObject({ records: 1 });
      lock.release();
      expect(() => erase(`${file}.none`)).toThrow("there is no such file");
      expect(erase(file, { project: "none" })).toEqual({ records: 0, blocks: 0, rejections: 0, waiting: 0 });
      expect(look((store) => store.catalog.records)).toBe(1);
    });
  });
});

/** A text that no compression makes short. */
function noise(random: Random, length: number): string {
  return Array.from({ length }, () => String.fromCharCode(48 + integer(random, 74))).join("");
}

/**
 * Fills a store by groups and merges, with rows that come and go beside them; tells of all bytes that ada's data ever
 * were.
 */
function fill(store: StoreWriter, random: Random): Set<string> {
  const hers = new Set<string>();
  const remember = (data: Uint8Array) => slicesOf(data).forEach((slice) => hers.add(slice));
  const remembered = new Set<number>();
  const rememberBlocks = () => {
    for (const block of store.catalog.all()) {
      if (remembered.has(block.id)) continue;
      remembered.add(block.id);
      const chunks = chunksOf(store, block.id);
      if (!recordsOf(decodeColumns(chunks, block.records)).some((record) => record.key === "ada")) continue;
      for (const chunk of chunks) remember(chunk.data);
    }
  };
  let id = 1;
  let waitingId = 1;
  const waiting: number[] = [];
  for (let group = 0; group < 150; group++) {
    const day = Math.floor(NOW / DAY_MS) - integer(random, 2);
    const key = () => pick(random, ["ada", "bob", "eve", "joe"]);
    const records = Array.from({ length: 1 + integer(random, 12) }, () =>
      recordOf(id++, { time: day * DAY_MS + id, key: key(), message: noise(random, 20 + integer(random, 400)) }),
    );
    const texts = Array.from({ length: integer(random, 5) }, () => ({ key: key(), message: noise(random, 300) }));
    for (const text of texts) if (text.key === "ada") remember(new TextEncoder().encode(text.message));
    const pendingAdded = texts.map((text) => ({ id: waitingId++, item: waitingItem(text) }));
    waiting.push(...pendingAdded.map((item) => item.id));
    store.commit(
      groupOf(random() < 0.8 ? "shop" : "other", records, {
        pendingAdded,
        pendingRemoved: waiting.splice(0, integer(random, waiting.length)),
        rejections: texts.map((text) => ({ ...REJECTION, entry: JSON.stringify(text) })),
      }),
    );
    rememberBlocks();
    if (random() < 0.1) mergeNow(store);
    rememberBlocks();
    // Rejections are trimmed, so that their pages have gaps with what was in them.
    if (random() < 0.2) store.database.run("DELETE FROM rejections WHERE id % 3 = 0");
  }
  return hers;
}

describe("between the steps of an erasure", () => {
  const ada = (id: number) => recordOf(id, { key: "ada" });
  test.each([
    ["a part of the first block", [[ada(1), recordOf(2)], [ada(3), ada(4)], [recordOf(5)]], "2,5"],
    // Nothing is rewritten before it, so the merge can still take place.
    ["all of the second block, none of the first", [[recordOf(1)], [ada(2), ada(3)], [ada(4), recordOf(5)]], "1,5"],
  ] as const)("a merge that had begun before it ends, and %s is deleted and counted once", async (_, blocks, left) => {
    const make = commit(...blocks.map((records) => groupOf("shop", records)));
    const found: string[] = [];
    let steps = Number.POSITIVE_INFINITY;
    for (let mergedAt = 0; mergedAt < steps; mergedAt++) {
      await withFile(make, (file, look) =>
        look((store) => {
          const merged = mergeOf(store);
          if (merged === undefined) throw new Error("there is nothing to merge");
          const scope = { project: "shop", from: undefined, to: undefined, matchRows: search("key:ada") };
          const ignore = () => undefined;
          const erasing = eraseSteps({ store, file, scope, forgetPending: ignore, forgetTouchpoints: ignore });
          let count = 0;
          let step = erasing.next();
          for (; step.done !== true; step = erasing.next()) if (count++ === mergedAt) store.replaceMerged(merged);
          steps = count;
          const { records, damagedBlocks = 0 } = step.value;
          found.push(`${records} erased, ${damagedBlocks} damaged, left: ${idsOf(blocksOf(store), "shop").join()}`);
        }),
      );
    }
    expect([steps > 5, new Set(found)]).toEqual([true, new Set([`3 erased, 0 damaged, left: ${left}`])]);
  });

  test("of one that only counts, the server merges what is not counted yet, and each record counts once", async () => {
    const make = commit(...[1, 2, 3, 4, 5, 6].map((id) => groupOf("shop", [ada(id), recordOf(10 + id)])));
    await withFile(make, (file, look) =>
      look((store) => {
        let merged = 0;
        const onProgress = () => (merged += Number(mergeNow(store)));
        const scope = { project: "shop", from: undefined, to: undefined, matchRows: search("key:ada") };
        expect(eraseRecords({ file, scope, dryRun: true, onProgress })).toMatchObject({ records: 6 });
        expect([merged > 0, idsOf(blocksOf(store), "shop").length]).toEqual([true, 12]);
      }),
    );
  });

  test("secure_delete is on only in the transactions of the erasure", async () => {
    const groups = [1, 3, 5].map((id) => groupOf("shop", [recordOf(id, { key: "ada" }), recordOf(id + 1)]));
    await withFile(commit(...groups), (file, look) => {
      look((store) => {
        const isSecure = () => Object.values(store.database.query("PRAGMA secure_delete").get() as object)[0] as number;
        const within: number[] = [];
        const run = store.transaction.bind(store);
        store.transaction = (work) =>
          run(() => {
            within.push(isSecure());
            return work();
          });
        const scope = { project: "shop", from: undefined, to: undefined, matchRows: search("key:ada") };
        const ignore = () => undefined;
        const steps = eraseSteps({ store, file, scope, forgetPending: ignore, forgetTouchpoints: ignore });
        const between: number[] = [];
        for (let step = steps.next(); step.done !== true; step = steps.next()) between.push(isSecure());
        expect([new Set(within), new Set(between), within.length > 2]).toEqual([new Set([1]), new Set([0]), true]);
      });
    });
  });
});

describe("after erasing", () => {
  test("neither its pages nor the log hold a byte of deleted records", async () => {
    const random = seededRandom(runSeed("deleted bytes"));
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      const hers = new Set<string>();
      for (let id = 1; id <= 40; id += 2) {
        const message = noise(random, 30_000);
        store.commit(groupOf("shop", [recordOf(id, { key: "ada", message })]));
        store.commit(groupOf("shop", [recordOf(id + 1, { key: "bob", message: noise(random, 30_000) })]));
        const { id: block } = [...store.catalog.all()].find((one) => one.id === id) as { id: number };
        // Of its first bytes SQLite may have left a copy where it moved a cell within its pages.
        for (const chunk of chunksOf(store, block))
          slicesOf(chunk.data.subarray(4_096)).forEach((slice) => hers.add(slice));
      }
      store.close();
      expect(slicesIn(hers, ...rawFiles(file)).size).toBeGreaterThan(10_000);
      expect(erase(file, { q: "key:ada" }).records).toBe(20);
      const after = new StoreWriter(file, "write", "run");
      const stored = [...after.catalog.all()].flatMap((block) => chunksOf(after, block.id).map((chunk) => chunk.data));
      after.close();
      // What chunks have in common is nobody's.
      expect([...slicesIn(hers, ...rawFiles(file)).difference(slicesIn(hers, ...stored))]).toEqual([]);
    });
  });

  test("and compacting, the intact data file and its log hold no byte of erased records or their earlier copies", async () => {
    const random = seededRandom(runSeed("erased bytes"));
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const store = new StoreWriter(file, "write", "run");
      const hers = fill(store, random);
      const others = idsOf(blocksOf(store), "other");
      const kept = blocksOf(store).flatMap((block) => block.records.filter((record) => record.key !== "ada"));
      store.close();
      expect(slicesIn(hers, ...rawFiles(file)).size).toBeGreaterThan(100);
      for (const project of ["shop", "other"]) erase(file, { project, q: "key:ada" });
      compactData({ file });
      const after = new StoreWriter(file, "write", "run");
      const blocks = blocksOf(after);
      expect(blocks.flatMap((block) => block.records).sort((a, b) => a.id - b.id)).toEqual(
        kept.sort((a, b) => a.id - b.id),
      );
      expect(idsOf(blocks, "other").every((id) => others.includes(id))).toBe(true);
      expect(after.database.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      expect(after.database.query("PRAGMA freelist_count").values()).toEqual([[0]]);
      // Pieces that were written again can begin as the old ones did: what is stored now is nobody's secret.
      const stored = [...after.catalog.all()].flatMap((block) => chunksOf(after, block.id).map((chunk) => chunk.data));
      after.close();
      const innocent = slicesIn(hers, ...stored);
      const left = [...slicesIn(hers, ...rawFiles(file))].filter((slice) => !innocent.has(slice));
      expect(left).toEqual([]);
    });
  });
});
