// Ships a node's records to ClickHouse, in the order of their ids, each once. In: committed records. Out: rows of the
// table, and how far they go in the data file.
//
// The bounds of a batch are in the data file before it is sent. Its token is made of them, so the server stores a batch
// that comes twice once, as long as it remembers the token. Where the outcome is not known, the ids that are there are
// asked for first, and only those that are missing are sent, with the same token: then nothing depends on how long the
// server remembers. A batch is only done when an insert has returned, or when all its ids were found.
//
// While records are erased, nothing is shipped: `hold` first finishes the batch that may have been sent, since it could
// arrive later, and forgets what was read of the next one, which may have erased records in it.

import type { ShippedBatch, ShippingState } from "../commit/shipping_state.ts";
import type { ShippingFigures } from "../core/telemetry.ts";
import type { ClickHouseClient } from "./client.ts";
import { ClickHouseError } from "./errors.ts";
import { RecordRows, type RowContext } from "./record_rows.ts";
import type { PlacedRecord, RecordSource } from "./record_source.ts";
import { RECORD_COLUMNS, RECORDS } from "./schema.ts";

/** Records of a batch, at most. */
export const BATCH_RECORDS_MAX = 50_000;
/** Bytes of a batch's body; one record may be larger alone. */
export const BATCH_BYTES_MAX = 32 * 1024 * 1024;
/** How long records wait for others before they are sent, in ms. */
export const GATHER_MS = 2_000;
/** The first pause after a failure, and the longest, in ms. */
export const BACKOFF_MS_MIN = 1_000;
export const BACKOFF_MS_MAX = 60_000;
/** How long one insert may take, in ms. */
const INSERT_MS_MAX = 60_000;

const COLUMN_NAMES = RECORD_COLUMNS.map(({ name }) => name);

/** What the shipper needs. */
export interface ShipperOptions extends RowContext {
  readonly client: Pick<ClickHouseClient, "insert" | "query">;
  readonly source: RecordSource;
  /** Makes the tables where they are not yet; called before anything is sent. Throws ClickHouseError. */
  readonly prepare: () => Promise<void>;
  /** Writes the state to the data file. Rejects where it cannot be written. */
  readonly save: (state: ShippingState) => Promise<void>;
  /** Unix ms, for the lag. */
  readonly clock: () => number;
  /** How long one insert may take, in ms. Default: INSERT_MS_MAX. */
  readonly insertMsMax?: number;
  readonly schedule: (run: () => void, ms: number) => () => void;
  /** From 0 to 1: spreads the pauses of several nodes. */
  readonly random: () => number;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** Ships until it is stopped. */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #rows: RecordRows;
  readonly #stopping = new AbortController();
  #state: ShippingState;
  #isPrepared = false;
  /** Resolves once nothing is on its way; undefined: nobody holds. */
  #hold: ReturnType<typeof Promise.withResolvers<void>> | undefined;
  /** Whether the batch of the state may have been sent. */
  #isUncertain: boolean;
  /** The records of the batch of the state; undefined: they have to be read. */
  #inHand: readonly PlacedRecord[] | undefined;
  #failures = 0;
  #wake: () => void = () => undefined;
  #oldestAt: number | undefined;
  #figures = { batches: 0, records: 0, bytes: 0, failures: 0 };
  #problem: string | undefined;

  constructor(options: ShipperOptions, state: ShippingState) {
    this.#options = options;
    this.#state = state;
    this.#isUncertain = state.batch !== undefined;
    this.#rows = new RecordRows(options);
  }

  /** The figures of this moment. */
  figures(): ShippingFigures {
    const waiting = Math.max(0, this.#options.source.nextId() - this.#state.shippedBelow);
    const oldest = waiting === 0 ? undefined : this.#oldestAt;
    return {
      ...this.#figures,
      shippedBelow: this.#state.shippedBelow,
      backlogRecords: waiting,
      lagMs: oldest === undefined ? 0 : Math.max(0, this.#options.clock() - oldest),
      problem: this.#problem,
    };
  }

  /** Records were committed. */
  advance(): void {
    this.#wake();
  }

  /**
   * Resolves once no batch is on its way; none is begun until `release`. Rejects with what keeps the batch on its way
   * from being finished: then nothing is held.
   */
  async hold(): Promise<void> {
    this.#hold ??= Promise.withResolvers<void>();
    const { promise } = this.#hold;
    this.#wake();
    await promise;
  }

  /** Goes on shipping. */
  release(): void {
    this.#hold = undefined;
    this.#wake();
  }

  /** No batch is begun after this; one that is sent stays in the state as it is. */
  stop(): void {
    this.#stopping.abort();
    this.#hold?.reject(new ClickHouseError("cancelled", "shipping stops"));
    this.#wake();
  }

  /** Ships until `stop`. Rejects only where an invariant is broken. */
  async run(): Promise<void> {
    while (!this.#isStopping) {
      try {
        await this.#step();
      } catch (error) {
        if (this.#isStopping) return;
        await this.#failed(error);
      }
    }
  }

  get #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #step(): Promise<void> {
    if (!this.#isPrepared) await this.#prepare();
    if (this.#hold !== undefined && !this.#isUncertain) {
      await this.#whileHeld();
      return;
    }
    const batch = this.#state.batch ?? (await this.#nextBatch());
    if (batch === undefined || this.#isStopping) return;
    await this.#deliver(batch);
    await this.#save({ ...this.#state, shippedBelow: batch.to, batch: undefined });
    this.#isUncertain = false;
    this.#inHand = undefined;
    this.#oldestAt = undefined;
    this.#recovered();
  }

  /** Until it is released. What comes next is read again then. */
  async #whileHeld(): Promise<void> {
    this.#inHand = undefined;
    this.#hold?.resolve();
    while (this.#hold !== undefined && !this.#isStopping) await this.#woken(undefined);
  }

  async #prepare(): Promise<void> {
    await this.#options.prepare();
    await this.#checkNode();
    this.#isPrepared = true;
    this.#recovered();
  }

  /** Nobody else may write with this node's number, and no older copy of this data file. */
  async #checkNode(): Promise<void> {
    const { client, node } = this.#options;
    const { batch, shippedBelow } = this.#state;
    const below = batch?.to ?? shippedBelow;
    // By the index of ids: nothing is read of the parts that have smaller ones only.
    const sql = `SELECT id FROM ${RECORDS} WHERE node = {node:UInt16} AND id >= {below:UInt64} LIMIT 1`;
    const [row] = await client.query(sql, { node, below }, { signal: this.#stopping.signal });
    if (row === undefined) return;
    throw new ClickHouseError(
      "refused",
      `node ${node} has record ${Number(row[0])} in ClickHouse, but this data file has only shipped those below ` +
        `${shippedBelow}: another server uses this number, or the data file is an older copy. Give it a number of its own (clickhouse.node)`,
    );
  }

  /** The next batch, once there are enough records or they have waited for long enough; its bounds are written down. */
  async #nextBatch(): Promise<ShippedBatch | undefined> {
    const { source } = this.#options;
    const from = this.#state.shippedBelow;
    const waiting = source.nextId() - from;
    if (waiting <= 0) {
      await this.#woken(undefined);
      return undefined;
    }
    this.#oldestAt ??= this.#options.clock();
    if (waiting < BATCH_RECORDS_MAX) {
      const isEnough = () => source.nextId() - from >= BATCH_RECORDS_MAX;
      const until = this.#oldestAt + GATHER_MS;
      while (!this.#isStopping && this.#hold === undefined && !isEnough() && this.#options.clock() < until) {
        await this.#woken(until - this.#options.clock());
      }
    }
    if (this.#isStopping || this.#hold !== undefined) return undefined;
    const read = source.read(from, Math.min(source.nextId(), from + BATCH_RECORDS_MAX));
    const fitting = this.#encode(read.records);
    const next = read.records[fitting];
    const batch = { from, to: next === undefined ? read.to : next.record.id };
    this.#oldestAt = oldestReceipt(read.records) ?? this.#oldestAt;
    await this.#save({ ...this.#state, batch });
    this.#inHand = read.records.slice(0, fitting);
    return batch;
  }

  /** Makes the body of records; returns how many fit into one. */
  #encode(records: readonly PlacedRecord[]): number {
    this.#rows.clear();
    for (const [index, { project, record }] of records.entries()) {
      if (this.#rows.size > BATCH_BYTES_MAX) return index;
      this.#rows.add(project, record);
    }
    return records.length;
  }

  /** Sends a batch whose bounds are written down. When it returns, all of it is stored. */
  async #deliver(batch: ShippedBatch): Promise<void> {
    const { client, source, node, insertMsMax = INSERT_MS_MAX } = this.#options;
    const isEncoded = this.#inHand !== undefined && !this.#isUncertain;
    this.#inHand ??= source.read(batch.from, batch.to).records;
    const present = this.#isUncertain ? await this.#idsOf(batch) : undefined;
    const missing = present === undefined ? this.#inHand : this.#inHand.filter(({ record }) => !present.has(record.id));
    if (missing.length === 0) return;
    if (!isEncoded) {
      this.#rows.clear();
      for (const { project, record } of missing) this.#rows.add(project, record);
    }
    const token = `${this.#state.file}-${node}-${batch.from}-${batch.to}`;
    const body = this.#rows.body();
    const wasUncertain = this.#isUncertain;
    this.#isUncertain = true;
    try {
      await client.insert(
        { table: RECORDS, columns: COLUMN_NAMES, body, format: "RowBinary", token },
        { signal: this.#stopping.signal, timeMsMax: insertMsMax },
      );
    } catch (error) {
      if (error instanceof ClickHouseError && error.kind === "unreachable") this.#isUncertain = wasUncertain;
      throw error;
    }
    this.#figures.batches++;
    this.#figures.records += missing.length;
    this.#figures.bytes += body.length;
  }

  /** The ids of a batch that are stored. */
  async #idsOf({ from, to }: ShippedBatch): Promise<ReadonlySet<number>> {
    const { client, node } = this.#options;
    const sql = `SELECT id FROM ${RECORDS} WHERE node = {node:UInt16} AND id >= {from:UInt64} AND id < {to:UInt64}`;
    const rows = await client.query(sql, { node, from, to }, { signal: this.#stopping.signal });
    return new Set(rows.map(([id]) => Number(id)));
  }

  async #save(state: ShippingState): Promise<void> {
    await this.#options.save(state);
    this.#state = state;
  }

  async #failed(error: unknown): Promise<void> {
    const isKnown = error instanceof ClickHouseError || error instanceof StateNotSaved;
    if (!isKnown) throw error;
    this.#figures.failures++;
    if (error.message !== this.#problem) this.#options.log("warn", `records are not shipped: ${error.message}`);
    this.#problem = error.message;
    this.#hold?.reject(error);
    this.#hold = undefined;
    await this.#woken(backoffMs(++this.#failures, this.#options.random()), true);
  }

  #recovered(): void {
    if (this.#problem !== undefined) this.#options.log("info", "records are shipped again");
    this.#problem = undefined;
    this.#failures = 0;
  }

  /** Resolves after `ms` (undefined: never), when records were committed (not with `isPause`), and at the stop. */
  async #woken(ms: number | undefined, isPause = false): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = ms === undefined ? () => undefined : this.#options.schedule(resolve, ms);
    this.#wake = () => {
      if (!isPause || this.#isStopping || this.#hold !== undefined) resolve();
    };
    await promise;
    this.#wake = () => undefined;
    cancel();
  }
}

/** Thrown by `save` where the state could not be written. */
export class StateNotSaved extends Error {
  override readonly name = "StateNotSaved";
}

/** The pause after so many failures in a row, in ms: it doubles, and half of it is by chance. */
export function backoffMs(failures: number, random: number): number {
  const most = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (failures - 1));
  return Math.max(BACKOFF_MS_MIN, most / 2 + (random * most) / 2);
}

function oldestReceipt(records: readonly PlacedRecord[]): number | undefined {
  if (records.length === 0) return undefined;
  return records.reduce((oldest, { record }) => Math.min(oldest, record.receivedAt), Number.POSITIVE_INFINITY);
}
