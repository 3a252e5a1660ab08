// A node that ships from memory to a test's server, on a clock of the test's own. Its process can end at any moment.

import { ClickHouseClient } from "../../src/clickhouse/client.ts";
import type { PlacedRecord, RecordSource } from "../../src/clickhouse/record_source.ts";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { Shipper, StateNotSaved } from "../../src/clickhouse/shipper.ts";
import { makeTables } from "../../src/clickhouse/tables.ts";
import type { ShippingState } from "../../src/commit/shipping_state.ts";
import { DAY_MS } from "../../src/core/limits.ts";
import type { StoredRecord } from "../../src/core/record.ts";
import { untilTrue } from "../support/condition.ts";
import { recordOf } from "../support/groups.ts";
import { ManualSchedule } from "../support/manual_schedule.ts";
import type { ClickHouseServer, SeenRequest } from "./server.ts";

export const DATABASE = "logs";
export const NODE = 3;
/** A time whose records are not expired on the engine's clock. */
export const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;

export class MemorySource implements RecordSource {
  readonly records: PlacedRecord[] = [];

  add(count: number, fields: (id: number) => Partial<StoredRecord> = () => ({})): void {
    for (let added = 0; added < count; added++) {
      const id = this.nextId();
      this.records.push({
        project: "shop",
        record: recordOf(id, { time: TODAY + (id % 1000), receivedAt: 0, ...fields(id) }),
      });
    }
  }

  nextId(): number {
    return (this.records.at(-1)?.record.id ?? 0) + 1;
  }

  read(from: number, to: number) {
    return { records: this.records.filter(({ record }) => record.id >= from && record.id < to), to };
  }
}

/** A node whose process can end at any moment: what is left of it is the source and the saved state. */
export class ShippingNode {
  readonly source = new MemorySource();
  readonly time = new ManualSchedule();
  readonly said: string[] = [];
  saved: ShippingState = { file: "file-1", shippedBelow: 1, batch: undefined };
  saves = 0;
  /** Called before the state is written; throws where it cannot be. */
  onSave: (state: ShippingState) => void = () => undefined;
  #shipper: Shipper | undefined;
  #running: Promise<void> | undefined;
  #isAlive = true;
  /** In the configuration of the next start. */
  number: number;
  /** Default: the server's. */
  urls: readonly string[];
  /** Of the wall clock from the monotonic one, in ms. */
  wallOffsetMs = 0;
  /** How long one request may take, in ms. */
  requestMsMax = 1_000;
  retentionMs = 30 * DAY_MS;

  constructor(server: ClickHouseServer, number = NODE) {
    this.number = number;
    this.urls = [server.url];
  }

  start(): Shipper {
    const client = new ClickHouseClient(
      {
        urls: this.urls,
        database: DATABASE,
        user: "default",
        password: "",
        cluster: "",
      },
      { hangGraceMs: 0 },
    );
    this.#isAlive = true;
    const shipper = new Shipper(
      {
        client,
        source: this.source,
        node: this.number,
        insertMsMax: this.requestMsMax,
        retentionMsOf: () => this.retentionMs,
        prepare: () => makeTables(client, DATABASE, { cluster: "" }),
        save: async (state) => {
          this.onSave(state);
          if (!this.#isAlive) throw new StateNotSaved("the process has ended");
          this.saves++;
          this.saved = state;
        },
        clock: () => this.time.nowMs + this.wallOffsetMs,
        monotonic: this.time.clock,
        schedule: this.time.schedule,
        random: () => 0.5,
        log: (level, message) => this.said.push(`${level}: ${message}`),
      },
      this.saved,
    );
    this.#shipper = shipper;
    this.#running = shipper.run();
    return shipper;
  }

  /** As kill -9: nothing is written after this. */
  async kill(): Promise<void> {
    this.#isAlive = false;
    this.#shipper?.stop();
    await this.#running;
  }

  /** Lets time pass until something holds. */
  async until(what: string, holds: () => boolean): Promise<void> {
    await untilTrue(what, () => {
      if (holds()) return true;
      this.#shipper?.advance();
      this.time.pass(500);
      return false;
    });
  }

  /** Lets time pass until everything is shipped. */
  async shipAll(): Promise<void> {
    await this.until("everything is shipped", () => this.saved.shippedBelow === this.source.nextId());
  }
}

/** What the table has. */
export async function stored(server: ClickHouseServer): Promise<{ count: number; distinct: number }> {
  const text = await server.ask(`SELECT count(), uniqExact(node, id) FROM ${DATABASE}.${RECORDS}`);
  const [count = Number.NaN, distinct = Number.NaN] = text.split("\t").map(Number);
  return { count, distinct };
}

export const isInsert = ({ search }: Pick<SeenRequest, "search">): boolean =>
  search.get("query")?.startsWith(`INSERT INTO \`${RECORDS}\``) === true;

/** Each of so many records once. */
export const all = (count: number) => ({ count, distinct: count });
