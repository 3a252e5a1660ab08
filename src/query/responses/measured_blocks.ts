// What rules measured in whole blocks. A block that lies in a rule's window as a whole gives the same at each
// evaluation, until the window leaves it: so it is measured once and kept, and the cost of a long window is that of the
// blocks at its ends and of what came since.
//
// Measured, CPU time for a hundred rules of all kinds, groups among them, each once, over ten million records: 48.6 s
// where every window holds all of them, 0.8 s with what was kept; 4.0 and 1.0 s where windows are of 1/288 to all.

import { ByteWriter } from "../../block/codec/bytes.ts";
import { DurationSketch, StoredSketch } from "../../block/stats/duration_sketch.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import type { ReceivedWindow } from "../../core/queries.ts";
import { type Expression, identityOf } from "../../search/expression.ts";
import type { CountedRecords } from "../scan/counted.ts";
import type { ScannedBlock } from "../scan/scanned_block.ts";

/** Blocks with more different values are read each time. */
const VALUES_KEPT_MAX = 1_000;
/** Memory of an entry of a map, about. */
const ENTRY_BYTES = 64;

/** The counters of the records of a block, or of all. */
export class Totals {
  count = 0;
  of = 0;
  readonly durations = new DurationSketch();

  add({ count, of, durations }: KeptTotals | CountedRecords): void {
    this.count += count;
    this.of += of;
    if (durations !== undefined) this.durations.merge(durations);
  }

  /** As it is kept. */
  kept(): KeptTotals {
    const { count, of, durations } = this;
    if (durations.count === 0) return { count, of, durations: undefined, bytes: ENTRY_BYTES };
    const writer = new ByteWriter(ENTRY_BYTES);
    durations.write(writer);
    const bytes = writer.view().slice();
    return { count, of, durations: new StoredSketch(bytes), bytes: ENTRY_BYTES + bytes.byteLength };
  }
}

/** Totals of one block. */
export interface KeptTotals {
  readonly count: number;
  readonly of: number;
  readonly durations: StoredSketch | undefined;
  /** Memory, about. */
  readonly bytes: number;
}

/** What one measure found in one block. */
interface KeptBlock {
  readonly bytes: number;
  readonly totals: KeptTotals;
  /** By the values of groups that were looked for. */
  readonly groups: ReadonlyMap<string, KeptTotals>;
}

interface KeptValues {
  readonly bytes: number;
  readonly values: readonly (readonly [CountedValue, number])[];
}

/** What is kept for one measure: of one search, base, percentile or none, and field. */
export class MeasuredBlocks {
  readonly #after: number;
  readonly #upTo: number;
  readonly #fromId: number;
  readonly #name: string;

  constructor(
    { after, upTo, fromId = 0 }: ReceivedWindow,
    [search, base, ...others]: readonly [Expression, Expression, ...unknown[]],
  ) {
    this.#after = after;
    this.#upTo = upTo;
    this.#fromId = fromId;
    this.#name = JSON.stringify([identityOf(search), identityOf(base), ...others]);
  }

  /** Undefined: it is to be measured. */
  find(scanned: ScannedBlock): KeptBlock | undefined {
    if (!this.#isWhole(scanned)) return undefined;
    return scanned.keptMeasure(this.#name) as KeptBlock | undefined;
  }

  /** Keeps what was measured where the block lies in the window as a whole. */
  keep(scanned: ScannedBlock, totals: KeptTotals, groups: ReadonlyMap<string, KeptTotals>): void {
    if (!this.#isWhole(scanned)) return;
    let { bytes } = totals;
    for (const [value, own] of groups) bytes += own.bytes + 2 * value.length;
    scanned.keepMeasure(this.#name, { totals, groups, bytes } satisfies KeptBlock);
  }

  /** The values of the field in a block with their counts; undefined: they are to be read. */
  findValues(scanned: ScannedBlock): KeptValues["values"] | undefined {
    if (!this.#isWhole(scanned)) return undefined;
    return (scanned.keptMeasure(`values ${this.#name}`) as KeptValues | undefined)?.values;
  }

  keepValues(scanned: ScannedBlock, values: KeptValues["values"]): void {
    if (!this.#isWhole(scanned) || values.length > VALUES_KEPT_MAX) return;
    let bytes = ENTRY_BYTES;
    for (const [value] of values) bytes += ENTRY_BYTES + 2 * String(value).length;
    scanned.keepMeasure(`values ${this.#name}`, { values, bytes } satisfies KeptValues);
  }

  #isWhole({ block, isInside }: ScannedBlock): boolean {
    return (
      isInside && block.receivedMin > this.#after && block.receivedMax <= this.#upTo && block.idMin >= this.#fromId
    );
  }
}
