import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { GroupWrite } from "../../src/commit/group_write.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import { openForReading } from "../../src/store/database.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { TablesReader } from "../../src/store/tables_reader.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING, NOW, recordOf } from "../support/groups.ts";

/** Commits the groups to a new file and gives `work` a reader of it, with the store that can still write. */
async function withDetails(
  groups: readonly GroupWrite[],
  work: (details: TablesReader, store: StoreWriter) => void,
): Promise<void> {
  await withFolder((folder) => {
    const file = join(folder, "data.db");
    const store = new StoreWriter(file, "write", "run");
    for (const group of groups) store.commit(group);
    const database = openForReading(file);
    work(new TablesReader(database), store);
    database.close();
    store.close();
  });
}

const REJECTION = { project: "shop", apiKey: "web shop", receivedAt: NOW, reason: "quota", entry: "{}" } as const;

describe("beside blocks", () => {
  test("touchpoints are read by project and name", async () => {
    const seen = (project: string, name: string) => ({ project, name, firstSeen: NOW, change: "server" as const });
    const touchpoints = [seen("shop", "b"), seen("shop", "a"), seen("api", "c")];
    await withDetails([{ ...NOTHING, touchpoints }], (details, store) => {
      store.changeTouchpoint({ kind: "register_touchpoint", project: "shop", name: "a" }, NOW);
      const rows = [
        { project: "api", name: "c", registered: false, firstSeen: NOW },
        { project: "shop", name: "a", registered: true, firstSeen: NOW },
        { project: "shop", name: "b", registered: false, firstSeen: NOW },
      ];
      expect(details.touchpoints()).toEqual(rows);
      expect([details.touchpoints("shop"), details.touchpoints("none")]).toEqual([rows.slice(1), []]);
    });
  });

  test("counters and sizes are read a project and month", async () => {
    const usage = [
      { project: "shop", month: "2026-11", name: "received", value: 3 },
      { project: "api", month: "2026-10", name: "dropped.quota", value: 9 },
    ];
    const october = NOW - 40 * DAY_MS;
    const groups = [
      groupOf("shop", [recordOf(1, { time: october }), recordOf(2, { time: october + 5 })], { usage }),
      groupOf("shop", [recordOf(3)]),
      groupOf("shop", [recordOf(4, { time: NOW + 1 })]),
    ];
    await withDetails(groups, (details, store) => {
      expect(details.usageCounters()).toEqual([usage[1], usage[0]] as never);
      const bytes = [...store.catalog.all()].map((block) => block.bytes);
      const sum = (from: number) => bytes.slice(from).reduce((total, size) => total + size, 0);
      expect(details.monthBytes()).toEqual([
        { project: "shop", month: "2026-10", bytes: bytes[0] as number },
        { project: "shop", month: "2026-11", bytes: sum(1) },
      ]);
      expect(details.storage()).toEqual([
        { project: "api", records: 0, blocks: 0, bytes: 0, oldest: null, newest: null },
        { project: "shop", records: 4, blocks: 3, bytes: sum(0), oldest: october, newest: NOW + 1 },
      ]);
    });
  });

  test("rejections are read latest first, of one project or all, as many as asked for", async () => {
    const rejections = [1, 2, 3].map((n) => ({ ...REJECTION, entry: `{"n":${n}}`, project: n === 2 ? "api" : "shop" }));
    await withDetails([{ ...NOTHING, rejections }], (details) => {
      const rows = rejections.map((row, index) => ({ ...row, id: index + 1 })).toReversed();
      const listed = (project: string | undefined, limit: number) => [...details.rejections(project, limit)];
      expect(listed(undefined, 100)).toEqual(rows);
      expect(listed(undefined, 2)).toEqual(rows.slice(0, 2));
      expect(listed("shop", 100)).toEqual([rows[0], rows[2]] as never);
      expect(listed("none", 100)).toEqual([]);
    });
  });

  test("a batch that was set aside stands among them with its entries, also where its rejection was shortened", async () => {
    const aside = (message: string) => {
      const body = JSON.stringify({ key: "sk_…", source: "server", entries: [{ message }] });
      const setAside = { project: "shop", apiKey: "web shop", receivedAt: NOW, entryCount: 1, body };
      const entry = body.length > 4_096 ? `${body.slice(0, 4_096)}…` : body;
      return { ...NOTHING, setAside, rejections: [{ ...REJECTION, reason: "internal", entry }] } satisfies GroupWrite;
    };
    const groups = ["short", "l".repeat(5_000), "h".repeat(100_000)].map(aside);
    await withDetails(groups, (details) => {
      const [huge, long, short] = details.rejections("shop", 10).map((row) => row.entry);
      expect([short, long]).toEqual(['[{"message":"short"}]', JSON.stringify([{ message: "l".repeat(5_000) }])]);
      expect([huge?.length, huge?.slice(0, 60)]).toEqual([
        4_097,
        '{"key":"sk_…","source":"server","entries":[{"message":"hhhhh',
      ]);
    });
  });

  test("pending starts are read as records, and other pending timings are not", async () => {
    const item = (fields: object) =>
      JSON.stringify({
        project: "shop",
        keyType: "client",
        entry: { kind: "start", time: 5, receivedAt: 7, source: "client", apiKey: "web shop", startTime: 6, ...fields },
      });
    const pendingAdded = [
      { id: 1, item: item({ touchpoint: "a", key: "k", level: "warn", message: "m", metadata: { n: 1 } }) },
      { id: 2, item: item({ kind: "end", startTime: undefined, endTime: 9 }) },
      { id: 3, item: item({ standalone: true }).replace("shop", "api") },
      { id: 4, item: "{" },
      { id: 5, item: "null" },
      { id: 6, item: '{"project":"shop","entry":{"kind":"start"}}' },
    ];
    await withDetails([{ ...NOTHING, pendingAdded }], (details) => {
      const bare = {
        time: 5,
        receivedAt: 7,
        source: "client",
        keyType: "client",
        apiKey: "web shop",
        startTime: 6,
      } as const;
      const whole = { ...bare, touchpoint: "a", key: "k", level: "warn", message: "m", metadata: { n: 1 } } as const;
      expect([...details.openStarts()]).toEqual([
        { project: "shop", start: { kind: "start", standalone: false, ...whole } as never },
        { project: "api", start: { kind: "start", standalone: true, ...bare } as never },
      ]);
      expect([...details.openStarts("shop")].length).toBe(1);
    });
  });

  test("the use of keys is read by name, null where there was none", async () => {
    const keys = [
      { name: "web shop", type: "server", firstSeen: 5, lastUsed: 9 },
      { name: "api", type: "client", firstSeen: 6, lastUsed: undefined },
    ] as const;
    await withDetails([{ ...NOTHING, keys }], (details) => {
      expect(details.keyUse()).toEqual([
        { name: "api", type: "client", created: 6, lastUsed: null },
        { name: "web shop", type: "server", created: 5, lastUsed: 9 },
      ]);
    });
  });

  test("the data version changes when another connection commits", async () => {
    await withDetails([], (details, store) => {
      const before = details.dataVersion();
      expect(details.dataVersion()).toBe(before);
      store.commit(groupOf("shop", [recordOf(1)]));
      expect(details.dataVersion()).not.toBe(before);
    });
  });
});
