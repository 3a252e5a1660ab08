// Ships a node's records to ClickHouse, in the order of their ids, each once. In: committed records. Out: rows of the
// table, and how far they go in the data file.
//
// The bounds of a batch and its token are in the data file before it is sent, so the server stores a batch that comes
// twice once, as long as it remembers the token. Where the outcome is not known, the ids that are there are asked for
// first, and only those that are missing are sent, with the same token: then nothing depends on how long the server
// remembers. A batch is only done when an insert has returned, or when all its ids were found.
//
// What the server refuses may be refused since its tables were dropped, restored or changed: they are looked at again
// before the next attempt. A batch that reaches a limit of its time or memory is cut in two.
//
// While records are erased, nothing is shipped: `hold` first finishes the batch that may have been sent, since it could
// arrive later, and forgets what was read of the next one, which may have erased records in it.

import { randomUUID } from "node:crypto";
import type { ShippedBatch, ShippingState } from "../commit/shipping_state.ts";
import type { Clock } from "../core/clock.ts";
import type { ShippingFigures } from "../core/telemetry.ts";
import type { ClickHouseClient } from "./client.ts";
import { ClickHouseError, isLimitCode } from "./errors.ts";
import { NodeClaim } from "./node_claim.ts";
import type { Parameters } from "./parameters.ts";
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
/** Ids that are looked at for the receipt of the oldest one. */
const OLDEST_IDS = 1_000;
/** Bytes of the records that are read for that. */
const OLDEST_BYTES_MAX = 1024 * 1024;

const COLUMN_NAMES = RECORD_COLUMNS.map(({ name }) => name);

/** What the shipper needs. */
export interface ShipperOptions extends RowContext {
  readonly client: Pick<ClickHouseClient, "insert" | "query" | "command">;
  readonly source: RecordSource;
  /** Makes the tables where they are not yet; called before anything is sent. Throws ClickHouseError. */
  readonly prepare: () => Promise<void>;
  /** Writes the state to the data file. Rejects where it cannot be written. */
  readonly save: (state: ShippingState) => Promise<void>;
  /** Unix ms, for the lag. */
  readonly clock: Clock;
  /** Monotonic ms, for pauses: the machine's clock may be set. */
  readonly monotonic: Clock;
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
  /** Of the next batch: fewer after one that reached a limit. */
  #recordsMax = BATCH_RECORDS_MAX;
  /** Whether the last attempt with the batch of the state reached a limit. */
  #isTooLarge = false;
  readonly #claim: NodeClaim;
  #failures = 0;
  #wake: () => void = () => undefined;
  /** When the oldest of what waits was received, Unix ms; looked up once for each bound. */
  #oldest: { readonly below: number; readonly at: number } | undefined;
  #figures = { batches: 0, records: 0, bytes: 0, failures: 0 };
  #problem: string | undefined;

  constructor(options: ShipperOptions, state: ShippingState) {
    this.#options = options;
    this.#state = state;
    this.#isUncertain = state.batch !== undefined;
    this.#rows = new RecordRows(options);
    this.#claim = new NodeClaim(options.client, options.node, options.clock());
  }

  /** The figures of this moment. */
  figures(): ShippingFigures {
    const waiting = Math.max(0, this.#options.source.nextId() - this.#state.shippedBelow);
    const oldest = waiting === 0 ? undefined : this.#oldestReceipt();
    return {
      ...this.#figures,
      shippedBelow: this.#state.shippedBelow,
      backlogRecords: waiting,
      lagMs: oldest === undefined ? 0 : Math.max(0, this.#options.clock() - oldest),
      problem: this.#problem,
    };
  }

  #oldestReceipt(): number {
    const { source, clock } = this.#options;
    const { shippedBelow: below } = this.#state;
    if (this.#oldest?.below !== below) {
      const to = Math.min(source.nextId(), below + OLDEST_IDS);
      this.#oldest = { below, at: oldestReceipt(source.read(below, to, OLDEST_BYTES_MAX).records) ?? clock() };
    }
    return this.#oldest.at;
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
    // It may have been cut.
    const { to } = this.#state.batch ?? batch;
    await this.#save({ ...this.#state, shippedBelow: to, batch: undefined });
    this.#isUncertain = false;
    this.#isTooLarge = false;
    this.#inHand = undefined;
    this.#recordsMax = Math.min(BATCH_RECORDS_MAX, 2 * this.#recordsMax);
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
    await this.#claim.make(this.#stopping.signal);
    this.#isPrepared = true;
    if (this.#state.batch === undefined) this.#recovered();
  }

  /** Nobody else may have written with this node's number, and no older copy of this data file may be here. */
  async #checkNode(): Promise<void> {
    const { node } = this.#options;
    const { batch, shippedBelow } = this.#state;
    const below = batch?.to ?? shippedBelow;
    // By the index of ids: nothing is read of the parts that have smaller ones only.
    const later = `SELECT id FROM ${RECORDS} WHERE node = {node:UInt16} AND id >= {below:UInt64} LIMIT 1`;
    const ids = await this.#ids(later, { node, below });
    if (ids.length === 0) return;
    throw new ClickHouseError(
      "refused",
      `node ${node} has record ${ids[0]} in ClickHouse, but this data file has only shipped those below ` +
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
    const { monotonic, node } = this.#options;
    const isEnough = () => source.nextId() - from >= this.#recordsMax;
    const until = monotonic() + GATHER_MS;
    while (!this.#isStopping && this.#hold === undefined && !isEnough() && monotonic() < until) {
      await this.#woken(until - monotonic());
    }
    if (this.#isStopping || this.#hold !== undefined) return undefined;
    const read = source.read(from, Math.min(source.nextId(), from + this.#recordsMax), BATCH_BYTES_MAX);
    const fitting = this.#encode(read.records);
    const next = read.records[fitting];
    const batch = this.#batchOf(from, next === undefined ? read.to : next.record.id, node);
    await this.#save({ ...this.#state, batch });
    this.#inHand = read.records.slice(0, fitting);
    return batch;
  }

  #batchOf(from: number, to: number, node: number): ShippedBatch {
    return { from, to, node, token: `${this.#state.file}-${node}-${from}-${to}-${randomUUID()}` };
  }

  /** Makes the body of records; returns how many fit into one. */
  #encode(records: readonly PlacedRecord[]): number {
    this.#rows.clear(this.#state.batch?.node ?? this.#options.node);
    for (const [index, { project, record }] of records.entries()) {
      if (this.#rows.size > BATCH_BYTES_MAX) return index;
      this.#rows.add(project, record);
    }
    return records.length;
  }

  /** Sends a batch whose bounds are written down. When it returns, all of it is stored. */
  async #deliver(batch: ShippedBatch): Promise<void> {
    const { client, source, insertMsMax = INSERT_MS_MAX } = this.#options;
    const isEncoded = this.#inHand !== undefined && !this.#isUncertain;
    this.#inHand ??= source.read(batch.from, batch.to).records;
    const present = this.#isUncertain ? await this.#idsOf(batch) : undefined;
    if (this.#isTooLarge && present?.size === 0 && this.#inHand.length > 1) {
      await this.#cut(batch, this.#inHand);
      return;
    }
    const missing = present === undefined ? this.#inHand : this.#inHand.filter(({ record }) => !present.has(record.id));
    if (missing.length === 0) return;
    if (!isEncoded) {
      this.#rows.clear(batch.node);
      for (const { project, record } of missing) this.#rows.add(project, record);
    }
    await this.#claim.check(this.#stopping.signal);
    const body = this.#rows.body();
    const wasUncertain = this.#isUncertain;
    this.#isUncertain = true;
    try {
      await client.insert(
        { table: RECORDS, columns: COLUMN_NAMES, body, format: "RowBinaryWithNamesAndTypes", token: batch.token },
        { signal: this.#stopping.signal, timeMsMax: insertMsMax },
      );
    } catch (error) {
      if (!(error instanceof ClickHouseError)) throw error;
      if (error.kind === "unreachable") this.#isUncertain = wasUncertain;
      this.#isTooLarge = error.code !== undefined && isLimitCode(error.code);
      throw error;
    }
    this.#figures.batches++;
    this.#figures.records += missing.length;
    this.#figures.bytes += body.length;
  }

  /** Sends the first half of a batch of which nothing is stored, as a batch of its own. */
  async #cut(batch: ShippedBatch, records: readonly PlacedRecord[]): Promise<void> {
    const half = Math.ceil(records.length / 2);
    const smaller = this.#batchOf(batch.from, records[half]?.record.id ?? batch.to, batch.node);
    await this.#save({ ...this.#state, batch: smaller });
    this.#inHand = records.slice(0, half);
    this.#recordsMax = half;
    this.#isTooLarge = false;
    // Its token is new, and the one before was answered.
    this.#isUncertain = false;
    this.#encode(this.#inHand);
    await this.#deliver(smaller);
  }

  /** The ids of a batch that are stored. */
  async #idsOf({ from, to, node }: ShippedBatch): Promise<ReadonlySet<number>> {
    const stored = `SELECT id FROM ${RECORDS} WHERE node = {node:UInt16} AND id >= {from:UInt64} AND id < {to:UInt64}`;
    return new Set(await this.#ids(stored, { node, from, to }));
  }

  /** As one row: of an answer that ends early, nothing is taken for the whole. */
  async #ids(select: string, parameters: Parameters): Promise<number[]> {
    const sql = `SELECT groupArray(id) FROM (${select})`;
    const rows = await this.#options.client.query(sql, parameters, { signal: this.#stopping.signal });
    const ids = rows[0]?.[0];
    if (!Array.isArray(ids)) throw new ClickHouseError("unreachable", "an answer of ClickHouse ended before its rows");
    return ids.map(Number);
  }

  async #save(state: ShippingState): Promise<void> {
    await this.#options.save(state);
    this.#state = state;
  }

  async #failed(error: unknown): Promise<void> {
    const isKnown = error instanceof ClickHouseError || error instanceof StateNotSaved;
    if (!isKnown) throw error;
    this.#figures.failures++;
    if (error instanceof ClickHouseError && error.kind === "refused") this.#isPrepared = false;
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
