// Retention: follows the configuration, plans which blocks to delete, deletes some at a time, and reports it in the
// log.
//
// A block is deleted when its last record is older than its project's retention. While the data is larger than it may
// be, others follow: first those that a shorter retention hides already, then those received first. A block spans one
// UTC day at most, so a record is deleted at most a day after it expired. The log gets a line a project and cause at
// once, then one a minute at most: a file at its largest size deletes all the time.

import { type ClockReading, earliestNow } from "../../core/clock.ts";
import { formatBytes, formatCountOf, formatDuration } from "../../core/format.ts";
import { DELETION_DELAY_MS } from "../../core/limits.ts";
import type { BlockEntry } from "../catalog.ts";
import { isStoreError } from "../database.ts";
import type { StoreWriter } from "../store_writer.ts";
import { type RetentionChange, RetentionInForce } from "./retention_in_force.ts";

/** Stands for the project of a block whose zone map is damaged and names none. */
const NOBODY = "";

export interface RetentionOptions {
  /** The data file's bound in bytes. */
  readonly bytesMax: () => number;
  /** The last reading: it is not read again for retention. */
  readonly clock: () => ClockReading;
  /** What is configured, in ms; for any project. */
  readonly retentionMsOf: (project: string) => number;
  /** The projects that the configuration names. Default: none. */
  readonly configured?: () => readonly string[];
  /** What a cluster behind the data file means for it; undefined: there is none. */
  readonly shipped?: () => ShippedData | undefined;
  readonly log?: StoreLog;
}

/** What was shipped to a cluster. */
export interface ShippedData {
  /** Every record below this id is there. The others are never deleted here. */
  readonly below: number;
  /** How long those that are there stay here as well, in ms. */
  readonly keepMs: number;
}

export class Retention {
  readonly #store: StoreWriter;
  readonly #options: RetentionOptions;
  readonly #log: StoreLog;
  readonly #inForce: RetentionInForce;
  readonly #deletionLog: DeletionLog;
  #planned: Deletion[] = [];

  /** Takes what is configured now: what is shorter than what the file had in force deletes nothing for a while. */
  constructor(store: StoreWriter, options: RetentionOptions) {
    this.#store = store;
    this.#options = options;
    this.#log = options.log ?? (() => undefined);
    this.#inForce = new RetentionInForce(store.database, this.#steady);
    this.#deletionLog = new DeletionLog(this.#log);
    const blocks = this.#blocksByProject();
    for (const project of this.#inForce.projects) this.#reportHidden(project, blocks.get(project) ?? []);
    this.follow();
  }

  /** Whether a planned deletion is left. */
  get hasPlanned(): boolean {
    return this.#planned.length > 0;
  }

  /** Follows the present configuration, and drops the plan. */
  follow(): void {
    this.#planned = [];
    const changes = this.#inForce.follow(this.#projects(), this.#options.retentionMsOf, this.#steady);
    // At once, so that the next process knows it, however soon this one ends.
    this.#save();
    if (changes.length === 0) return;
    const blocks = this.#blocksByProject();
    for (const change of changes) this.#reportChange(change, blocks.get(change.project) ?? []);
  }

  /** Plans what to delete now. `excessBytes`: compressed bytes above the file's bound, 0 for none. */
  plan(excessBytes: number): void {
    // There may be new projects.
    this.follow();
    this.#inForce.expire(this.#steady);
    this.#save();
    this.#planned = blocksToDelete(this.#store.catalog.all(), this.#rules(excessBytes));
  }

  /** Plans to delete what is hidden: room is needed at once. */
  planHidden(): void {
    this.#planned = hiddenBlocks(this.#store.catalog.all(), this.#rules(0));
  }

  dropPlan(): void {
    this.#planned = [];
  }

  /** Deletes so many of the planned blocks in one transaction. Throws SQLite's error. */
  deleteSome(blocksMax: number): void {
    const deletions = this.#planned.slice(0, blocksMax);
    const isInCluster = this.#options.shipped?.() !== undefined;
    this.#store.removeBlocks(
      deletions.map(({ block }) => block.id),
      isInCluster ? "shipped" : undefined,
    );
    this.#planned = this.#planned.slice(blocksMax);
    for (const { block, cause } of deletions) {
      const project = this.#store.projects.knownName(block.project) ?? NOBODY;
      this.#deletionLog.add(project, cause, this.#because(project, cause), block);
    }
  }

  /** Reports deletions in the log, at most once a minute. */
  write(): void {
    this.#deletionLog.write(this.#steady);
  }

  writeAll(): void {
    this.#deletionLog.writeAll();
  }

  get #steady(): number {
    return this.#options.clock().steady;
  }

  /** By which records expire, Unix ms. */
  get #now(): number {
    return earliestNow(this.#options.clock());
  }

  #projects(): Set<string> {
    const { configured } = this.#options;
    return new Set([...(configured?.() ?? []), ...this.#store.projects.names(), ...this.#inForce.projects]);
  }

  #rules(excessBytes: number): RetentionRules {
    const { retentionMsOf } = this.#options;
    const { projects } = this.#store;
    // A block without a project never expires: its zone map is damaged, and its records may be new.
    const msOf = (row: number, ms: (project: string) => number) => {
      const project = projects.knownName(row);
      return project === undefined ? Number.POSITIVE_INFINITY : ms(project);
    };
    return {
      now: this.#now,
      storedMsOf: (row) => msOf(row, (project) => this.#inForce.storedMs(project, retentionMsOf(project))),
      shownMsOf: (row) => msOf(row, retentionMsOf),
      excessBytes,
      shipped: this.#options.shipped?.(),
    };
  }

  /**
   * On a full disk the next plan tries again: until then the file has what held before, which deletes nothing early.
   */
  #save(): void {
    if (this.#inForce.isSaved) return;
    const { configured } = this.#options;
    const projects = new Set([...(configured?.() ?? []), ...this.#store.projects.names()]);
    try {
      this.#store.transaction(() => this.#inForce.save(projects));
      this.#inForce.saved();
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }

  #reportChange({ project, fromMs, toMs }: RetentionChange, blocks: readonly BlockEntry[]): void {
    const what = `project ${JSON.stringify(project)} keeps records for ${formatDuration(toMs)} now, before for ${formatDuration(fromMs)}`;
    const now = this.#now;
    const deletedAt = now + DELETION_DELAY_MS;
    const isLonger = toMs > fromMs;
    // Until they are deleted, some more will be hidden.
    const [newest, oldest] = isLonger ? [now - fromMs, now - toMs] : [deletedAt - toMs, now - fromMs];
    const concerned = blocks.filter(({ timeMax }) => timeMax < newest && timeMax >= oldest);
    if (concerned.length === 0) this.#log("info", what);
    else if (isLonger) this.#log("info", `${what}: ${sumOf(concerned)} are shown again`);
    else this.#log("warn", `${what}: ${sumOf(concerned)} are hidden, ${this.#deletionText(DELETION_DELAY_MS)}`);
  }

  /** At a start: records that are hidden because the retention became shorter earlier. */
  #reportHidden(project: string, blocks: readonly BlockEntry[]): void {
    const deletedAt = this.#inForce.deletedAt(project);
    if (deletedAt === undefined) return;
    const now = this.#now;
    const shownMs = this.#options.retentionMsOf(project);
    const storedMs = this.#inForce.storedMs(project, shownMs);
    const hidden = blocks.filter(({ timeMax }) => timeMax < now - shownMs && timeMax >= now - storedMs);
    if (hidden.length === 0) return;
    const what = `project ${JSON.stringify(project)} keeps records for ${formatDuration(shownMs)}`;
    this.#log("warn", `${what}: ${sumOf(hidden)} are hidden, ${this.#deletionText(deletedAt - this.#steady)}`);
  }

  #deletionText(inMs: number): string {
    const at = new Date(this.#options.clock().wall + inMs).toISOString();
    return `and will be deleted at ${at} unless its retention is made longer before`;
  }

  #blocksByProject(): Map<string, BlockEntry[]> {
    const byProject = new Map<string, BlockEntry[]>();
    for (const block of this.#store.catalog.all()) {
      const project = this.#store.projects.knownName(block.project) ?? NOBODY;
      const blocks = byProject.get(project);
      if (blocks === undefined) byProject.set(project, [block]);
      else blocks.push(block);
    }
    return byProject;
  }

  #because(project: string, cause: Deletion["cause"]): string {
    const kept = `older than its retention of ${formatDuration(this.#options.retentionMsOf(project))}`;
    if (cause === "expired") return kept;
    if (cause === "shipped") {
      return `shipped, and kept here for ${formatDuration(this.#options.shipped?.()?.keepMs ?? 0)}`;
    }
    if (cause === "hidden") return `${kept}, and room was needed at once`;
    return `received first, and storage.max_size is ${formatBytes(this.#options.bytesMax())}`;
  }
}

function sumOf(blocks: readonly BlockEntry[]): string {
  return amountOf(
    blocks.reduce((sum, { records }) => sum + records, 0),
    blocks.reduce((sum, { bytes }) => sum + bytes, 0),
  );
}

/**
 * Why a block is deleted: its age; its age here, where a cluster has it too; room is needed, and it is hidden already; room is needed, and it was received first.
 */
export type DeletionCause = "expired" | "shipped" | "hidden" | "oldest";

export interface Deletion {
  readonly block: BlockEntry;
  readonly cause: DeletionCause;
}

export interface RetentionRules {
  /** Unix ms. */
  readonly now: number;
  /** How long a project's records stay on disk, in ms; by row of `projects`. */
  readonly storedMsOf: (project: number) => number;
  /** How long they are shown, in ms: no longer than they stay. */
  readonly shownMsOf: (project: number) => number;
  /** Compressed bytes to delete because the file is too large, 0 for none. */
  readonly excessBytes: number;
  readonly shipped?: ShippedData | undefined;
}

/** Whether a block may be deleted: where there is a cluster, it has all of its records. */
function isDeletable({ idMax }: BlockEntry, { shipped }: RetentionRules): boolean {
  return shipped === undefined || idMax < shipped.below;
}

/** The blocks to delete, in this order. */
export function blocksToDelete(blocks: Iterable<BlockEntry>, rules: RetentionRules): Deletion[] {
  const deletions: Deletion[] = [];
  const rest: BlockEntry[] = [];
  let excess = rules.excessBytes;
  const keepMs = rules.shipped?.keepMs ?? Number.POSITIVE_INFINITY;
  for (const block of blocks) {
    if (!isDeletable(block, rules)) continue;
    const ageMs = rules.now - block.timeMax;
    const isExpired = ageMs > rules.storedMsOf(block.project);
    if (isExpired || ageMs > keepMs) {
      deletions.push({ block, cause: isExpired ? "expired" : "shipped" });
      excess -= block.bytes;
    } else if (rules.excessBytes > 0) {
      rest.push(block);
    }
  }
  if (excess <= 0) return deletions;
  for (const deletion of inOrderOfDeletion(rest, rules)) {
    if (excess <= 0) break;
    deletions.push(deletion);
    excess -= deletion.block.bytes;
  }
  return deletions;
}

/** Blocks that are hidden but not expired on disk, in the order of their receipt. */
export function hiddenBlocks(blocks: Iterable<BlockEntry>, rules: RetentionRules): Deletion[] {
  const deletable = [...blocks].filter((block) => isDeletable(block, rules));
  return inOrderOfDeletion(deletable, rules).filter(({ cause }) => cause === "hidden");
}

function inOrderOfDeletion(blocks: readonly BlockEntry[], { now, shownMsOf }: RetentionRules): Deletion[] {
  const deletions = blocks.map((block): Deletion => {
    const isHidden = block.timeMax < now - shownMsOf(block.project);
    return { block, cause: isHidden ? "hidden" : "oldest" };
  });
  const orderOf = ({ cause }: Deletion) => (cause === "hidden" ? 0 : 1);
  return deletions.sort((a, b) => orderOf(a) - orderOf(b) || a.block.idMin - b.block.idMin || a.block.id - b.block.id);
}

/** How often a line may come, in ms. */
const LINE_EVERY_MS = 60_000;

export type StoreLog = (level: "info" | "warn", message: string) => void;

interface Sum {
  readonly project: string;
  readonly cause: DeletionCause;
  /** The reason, in words. */
  readonly because: string;
  records: number;
  bytes: number;
}

export class DeletionLog {
  readonly #log: StoreLog;
  readonly #sums = new Map<string, Sum>();
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(log: StoreLog) {
    this.#log = log;
  }

  /** A block was deleted; `because` follows "deleted … of project …". */
  add(project: string, cause: DeletionCause, because: string, { records, bytes }: BlockEntry): void {
    const name = `${cause} ${project}`;
    const sum = this.#sums.get(name) ?? { project, cause, because, records: 0, bytes: 0 };
    sum.records += records;
    sum.bytes += bytes;
    this.#sums.set(name, sum);
  }

  /** Writes what was not written yet, at most once a minute; `now` by the steady clock, in ms. */
  write(now: number): void {
    if (this.#sums.size === 0 || now - this.#writtenAt < LINE_EVERY_MS) return;
    this.#writtenAt = now;
    this.writeAll();
  }

  writeAll(): void {
    for (const { project, cause, because, records, bytes } of this.#sums.values()) {
      this.#log(
        cause === "expired" || cause === "shipped" ? "info" : "warn",
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
