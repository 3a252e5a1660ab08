// Holding shipping while records are erased: nothing is on its way, and what was erased is not sent afterwards.

import { afterEach, describe, expect, test } from "bun:test";
import { ClickHouseError } from "../../../src/clickhouse/errors.ts";
import { CLAIMS } from "../../../src/clickhouse/node_claim.ts";
import type { PlacedRecord } from "../../../src/clickhouse/record_source.ts";
import { Shipper } from "../../../src/clickhouse/shipper.ts";
import type { ShippingState } from "../../../src/commit/shipping_state.ts";
import { untilTrue } from "../../support/condition.ts";
import { recordOf } from "../../support/groups.ts";
import { ManualSchedule } from "../../support/manual_schedule.ts";

/** A shipper whose server is this object: it has what was inserted, by id. */
class Stage {
  readonly time = new ManualSchedule();
  readonly saved: ShippingState[] = [];
  readonly stored: number[] = [];
  readonly shipper: Shipper;
  records: PlacedRecord[];
  sends = 0;
  /** What becomes of the next inserts; nothing: they are stored. */
  inserting: (() => Promise<void>)[] = [];
  readonly #next: number;
  readonly #running: Promise<void>;

  constructor(count: number, batch?: ShippingState["batch"]) {
    this.records = Array.from({ length: count }, (_, at) => ({
      project: "shop",
      record: recordOf(at + 1, { message: `<entry ${at + 1}>` }),
    }));
    this.#next = count + 1;
    this.shipper = new Shipper(
      {
        client: {
          query: async (sql) => {
            if (sql.includes(CLAIMS)) return [[null, 0, "", ""]];
            return [[sql.includes("LIMIT 1") ? [] : this.stored]];
          },
          command: async () => undefined,
          insert: async ({ body }) => {
            this.sends++;
            const ids = [
              ...Buffer.from(body)
                .toString("latin1")
                .matchAll(/<entry (\d+)>/g),
            ].map(([, id]) => Number(id));
            await this.inserting.shift()?.();
            this.stored.push(...ids);
          },
        },
        source: {
          nextId: () => this.#next,
          read: (from, to) => {
            return { records: this.records.filter(({ record }) => record.id >= from && record.id < to), to };
          },
        },
        node: 1,
        retentionMsOf: () => 1e9,
        prepare: async () => undefined,
        save: async (state) => {
          this.saved.push(state);
        },
        clock: this.time.clock,
        monotonic: this.time.clock,
        schedule: this.time.schedule,
        random: () => 0.5,
        log: () => undefined,
      },
      { file: "a", shippedBelow: 1, batch },
    );
    this.#running = this.shipper.run();
  }

  erase(id: number): void {
    this.records = this.records.filter(({ record }) => record.id !== id);
  }

  async shipAll(): Promise<void> {
    await untilTrue("everything is shipped", () => {
      this.time.pass(500);
      return this.saved.at(-1)?.shippedBelow === this.#next;
    });
  }

  async end(): Promise<void> {
    this.shipper.stop();
    await this.#running;
  }
}

let stage: Stage | undefined;
afterEach(() => stage?.end());

describe("hold", () => {
  test("while records wait for others holds at once, and they are read after the release", async () => {
    const one = (stage = new Stage(5));
    await untilTrue("it waits", () => one.time.waits.length === 1);
    await one.shipper.hold();
    one.erase(2);
    one.time.pass(60_000);
    await Bun.sleep(5);
    expect(one.sends).toBe(0);
    one.shipper.release();
    await one.shipAll();
    expect(one.stored).toEqual([1, 3, 4, 5]);
  });

  test("waits for the batch on its way", async () => {
    const one = (stage = new Stage(3));
    const { promise, resolve } = Promise.withResolvers<void>();
    one.inserting.push(() => promise);
    await untilTrue("it is sent", () => {
      one.time.pass(500);
      return one.sends === 1;
    });
    let isHeld = false;
    const held = one.shipper.hold().then(() => (isHeld = true));
    await Bun.sleep(5);
    expect(isHeld).toBe(false);
    resolve();
    await held;
    expect(one.stored).toEqual([1, 2, 3]);
    expect(one.saved.at(-1)).toMatchObject({ shippedBelow: 4, batch: undefined });
  });

  test("first finishes a batch that may have been sent before, in this life or the one before", async () => {
    const before = (stage = new Stage(3, { from: 1, to: 4, node: 1, token: "one" }));
    await before.shipper.hold();
    expect(before.stored).toEqual([1, 2, 3]);
    await before.end();
    const one = (stage = new Stage(3));
    const lost = () => Promise.reject(new ClickHouseError("uncertain", "lost"));
    one.inserting.push(lost);
    await untilTrue("the answer is lost", () => {
      one.time.pass(500);
      return one.shipper.figures().failures === 1;
    });
    // Without a pause: somebody waits.
    await one.shipper.hold();
    expect(one.stored).toEqual([1, 2, 3]);
  });

  test("reads a batch again that certainly was not sent", async () => {
    const one = (stage = new Stage(3));
    one.inserting.push(() => Promise.reject(new ClickHouseError("unreachable", "away")));
    await untilTrue("it cannot be sent", () => {
      one.time.pass(500);
      return one.shipper.figures().failures === 1;
    });
    await one.shipper.hold();
    expect(one.stored).toEqual([]);
    one.erase(3);
    one.shipper.release();
    await one.shipAll();
    expect(one.stored).toEqual([1, 2]);
  });

  test("is refused where a batch on its way cannot be finished, and shipping goes on", async () => {
    const one = (stage = new Stage(3, { from: 1, to: 4, node: 1, token: "one" }));
    one.inserting.push(() => Promise.reject(new ClickHouseError("uncertain", "lost again")));
    const outcome = await one.shipper.hold().catch((error: Error) => error.message);
    expect(outcome).toBe("lost again");
    await one.shipAll();
    expect(one.stored).toEqual([1, 2, 3]);
  });

  test("ends where shipping stops", async () => {
    const one = (stage = new Stage(3));
    const { promise, resolve } = Promise.withResolvers<void>();
    one.inserting.push(() => promise);
    await untilTrue("it is sent", () => {
      one.time.pass(500);
      return one.sends === 1;
    });
    const held = one.shipper.hold().catch((error: Error) => error.message);
    one.shipper.stop();
    expect(await held).toBe("shipping stops");
    resolve();
  });
});
