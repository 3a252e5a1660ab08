import { describe, expect, test } from "bun:test";
import { StoreWriter } from "../../../../src/store/store_writer.ts";
import { ShippingRecord } from "../../../../src/threads/writer/shipping_record.ts";
import { withFolder } from "../../../support/folder.ts";
import { groupOf, recordOf } from "../../../support/groups.ts";

const SETTINGS = { keepLocalMs: 1_000, backlogBytesMax: 2 ** 20, node: 1 };
const MINUTE_MS = 60_000;

function withStore(work: (store: StoreWriter, reopen: () => StoreWriter) => void): Promise<void> {
  return withFolder((folder) => {
    let store = new StoreWriter(`${folder}/data.db`, "write", "run");
    try {
      work(store, () => {
        store.close();
        store = new StoreWriter(`${folder}/data.db`, "write", "run");
        return store;
      });
    } finally {
      store.close();
    }
  });
}

describe("the record of what was shipped", () => {
  test("holds nothing without a cluster", () =>
    withStore((store) => {
      const record = new ShippingRecord(store, undefined);
      expect([record.state, record.shipped, record.backlogBytes()]).toEqual([undefined, undefined, undefined]);
    }));

  test("begins with the first record, under a name of the file's own, and is there after a restart", () =>
    withStore((store, reopen) => {
      const record = new ShippingRecord(store, SETTINGS);
      expect(record.state).toMatchObject({ shippedBelow: 1, batch: undefined });
      const file = record.state?.file ?? "";
      expect(file).toMatch(/^[0-9a-f-]{36}$/);
      const state = { file, shippedBelow: 51, batch: { from: 51, to: 101, node: 1, token: "one" } };
      record.save(state);
      expect(new ShippingRecord(reopen(), SETTINGS).state).toEqual(state);
    }));

  test.each(["sync", "write", "memory"] as const)("is on the disk before it is used, under %s too", (durability) =>
    withFolder((folder) => {
      const store = new StoreWriter(`${folder}/data.db`, durability, "run");
      try {
        const inForce = () => (store.database.query("PRAGMA synchronous").get() as { synchronous: number }).synchronous;
        const usual = inForce();
        // What a commit waits for while the state is written: 2 is FULL.
        store.database.run("CREATE TEMP TABLE seen (synchronous)");
        store.database.run(
          "CREATE TEMP TRIGGER seeing AFTER INSERT ON meta WHEN new.name = 'shipping' " +
            "BEGIN INSERT INTO seen SELECT synchronous FROM pragma_synchronous; END",
        );
        new ShippingRecord(store, SETTINGS).save({ file: "a", shippedBelow: 1, batch: undefined });
        expect(store.database.query("SELECT synchronous FROM seen").all()).toEqual([{ synchronous: 2 }]);
        expect(inForce()).toBe(usual);
        expect(usual).toBe(durability === "sync" ? 2 : 1);
      } finally {
        store.close();
      }
    }),
  );

  test("lets retention have what was shipped five minutes ago, and all of it after a restart", () =>
    withStore((store, reopen) => {
      let now = 0;
      const record = new ShippingRecord(store, SETTINGS, () => now);
      const ship = (shippedBelow: number) => record.save({ file: "a", shippedBelow, batch: undefined });
      ship(100);
      now = 2 * MINUTE_MS;
      ship(200);
      expect(record.shipped).toEqual({ below: 1, keepMs: 1_000 });
      now = 5 * MINUTE_MS;
      expect(record.shipped?.below).toBe(100);
      now = 7 * MINUTE_MS;
      expect(record.shipped?.below).toBe(200);
      ship(300);
      expect(record.shipped?.below).toBe(200);
      expect(new ShippingRecord(reopen(), SETTINGS, () => now).shipped?.below).toBe(300);
    }));

  test("sums up what is not shipped, of a block that is shipped in part only its share", () =>
    withStore((store) => {
      let now = 0;
      const record = new ShippingRecord(store, SETTINGS, () => now);
      for (const id of [1, 3, 5]) store.commit(groupOf("shop", [recordOf(id), recordOf(id + 1)]));
      now += 1_000;
      const [first = 0, second = 0, third = 0] = [...store.catalog.all()].map(({ bytes }) => bytes);
      expect(record.backlogBytes()).toBe(first + second + third);
      record.save({ file: "a", shippedBelow: 4, batch: undefined });
      expect(record.backlogBytes()).toBe(Math.round(second / 2) + third);
      // Its last record: else a large block that was merged meanwhile would seem to wait as a whole.
      record.save({ file: "a", shippedBelow: 6, batch: undefined });
      expect(record.backlogBytes()).toBe(Math.round(third / 2));
      record.save({ file: "a", shippedBelow: 7, batch: undefined });
      expect(record.backlogBytes()).toBe(0);
    }));
});
