// Says in the log what was deleted, how much and why. In: each removal, once it is committed. Out: a line a project and cause, at
// once, and then at most one a minute: a file at its largest size deletes all the time.

import { formatBytes, formatCountOf } from "../../core/format.ts";
import type { BlockEntry } from "../block_entry.ts";
import type { RemovalCause } from "./retention.ts";

/** How often a line may come, in ms. */
const LINE_EVERY_MS = 60_000;

export type StoreLog = (level: "info" | "warn", message: string) => void;

interface Sum {
  readonly project: string;
  readonly cause: RemovalCause;
  /** Of all that says why. */
  readonly because: string;
  records: number;
  bytes: number;
}

export class RemovalLog {
  readonly #log: StoreLog;
  readonly #sums = new Map<string, Sum>();
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(log: StoreLog) {
    this.#log = log;
  }

  /** A block is gone; `because` follows "deleted … of project …". */
  add(project: string, cause: RemovalCause, because: string, { records, bytes }: BlockEntry): void {
    const name = `${cause} ${project}`;
    const sum = this.#sums.get(name) ?? { project, cause, because, records: 0, bytes: 0 };
    sum.records += records;
    sum.bytes += bytes;
    this.#sums.set(name, sum);
  }

  /** Says what was not said yet, if it is time; `now` by the clock that is never set. */
  tell(now: number): void {
    if (this.#sums.size === 0 || now - this.#toldAt < LINE_EVERY_MS) return;
    this.#toldAt = now;
    this.tellAll();
  }

  tellAll(): void {
    for (const { project, cause, because, records, bytes } of this.#sums.values()) {
      this.#log(
        cause === "expired" ? "info" : "warn",
        `deleted ${amountOf(records, bytes)} of project ${JSON.stringify(project)}: ${because}`,
      );
    }
    this.#sums.clear();
  }
}

/** "270 records (12.0 KiB)". */
export function amountOf(records: number, bytes: number): string {
  return `${formatCountOf(records, "record")} (${formatBytes(bytes)})`;
}
