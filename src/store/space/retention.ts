// Retention at work: it follows the configuration, plans which blocks go, removes them some at a time, and says so in the log.
// Which blocks must go: those whose last record is older than its project's retention, and others while the data is larger than it
// may be: first what a shorter retention hides already, then what was received first. A block spans one UTC day at most, so a
// record is gone a day after it expired at the latest.
// Says in the log what was deleted, how much and why. In: each removal, once it is committed. Out: a line a project and cause, at
// once, and then at most one a minute: a file at its largest size deletes all the time.

import { type ClockReading, earliestNow } from "../../core/clock.ts";
import { formatBytes, formatCountOf, formatDuration } from "../../core/format.ts";
import type { BlockEntry } from "../catalog.ts";
import { isStoreError } from "../database.ts";
import type { StoreWriter } from "../store_writer.ts";
import { DELETION_DELAY_MS, type RetentionChange, RetentionInForce } from "./retention_in_force.ts";

/** Whose blocks are that a damaged zone map gives to no project. */
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
  readonly log?: StoreLog;
}

export class Retention {
  readonly #store: StoreWriter;
  readonly #options: RetentionOptions;
  readonly #log: StoreLog;
  readonly #grace: RetentionInForce;
  readonly #removalLog: DeletionLog;
  #planned: Removal[] = [];

  /** Takes what is configured now: what is shorter than what the file had in force deletes nothing for a while. */
  constructor(store: StoreWriter, options: RetentionOptions) {
    this.#store = store;
    this.#options = options;
    this.#log = options.log ?? (() => undefined);
    this.#grace = new RetentionInForce(store.database, this.#steady);
    this.#removalLog = new DeletionLog(this.#log);
    const blocks = this.#blocksByProject();
    for (const project of this.#grace.projects) this.#sayHidden(project, blocks.get(project) ?? []);
    this.follow();
  }

  /** Whether planned removals are left. */
  get isAnyLeft(): boolean {
    return this.#planned.length > 0;
  }

  /** Takes what is configured now. What was planned may be meant no more. */
  follow(): void {
    this.#planned = [];
    const changes = this.#grace.follow(this.#projects(), this.#options.retentionMsOf, this.#steady);
    // At once: the next process must know what held, however short the life of this one is.
    this.#save();
    if (changes.length === 0) return;
    const blocks = this.#blocksByProject();
    for (const change of changes) this.#sayChange(change, blocks.get(change.project) ?? []);
  }

  /** Plans what is to be removed now. */
  plan(excessBytes: number): void {
    // Projects may be new since.
    this.follow();
    this.#grace.expire(this.#steady);
    this.#save();
    this.#planned = blocksToRemove(this.#store.catalog.all(), this.#rules(excessBytes));
  }

  /** Plans to remove what is hidden: room is needed at once. */
  planHidden(): void {
    this.#planned = hiddenBlocks(this.#store.catalog.all(), this.#rules(0));
  }

  forgetPlan(): void {
    this.#planned = [];
  }

  /** Removes so many of the planned blocks in one transaction. Throws SQLite's error. */
  removeSome(blocksMax: number): void {
    const removals = this.#planned.slice(0, blocksMax);
    this.#store.removeBlocks(removals.map(({ block }) => block.id));
    this.#planned = this.#planned.slice(blocksMax);
    for (const { block, cause } of removals) {
      const project = this.#store.projects.knownName(block.project) ?? NOBODY;
      this.#removalLog.add(project, cause, this.#because(project, cause), block);
    }
  }

  /** Says what was removed, if it is time. */
  tell(): void {
    this.#removalLog.tell(this.#steady);
  }

  tellAll(): void {
    this.#removalLog.tellAll();
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
    return new Set([...(configured?.() ?? []), ...this.#store.projects.names(), ...this.#grace.projects]);
  }

  #rules(excessBytes: number): RetentionRules {
    const { retentionMsOf } = this.#options;
    const { projects } = this.#store;
    // What belongs to no project expires by no retention: its zone map is damaged, and its records may be new.
    const msOf = (row: number, ms: (project: string) => number) => {
      const project = projects.knownName(row);
      return project === undefined ? Number.POSITIVE_INFINITY : ms(project);
    };
    return {
      now: this.#now,
      keptMsOf: (row) => msOf(row, (project) => this.#grace.keptMs(project, retentionMsOf(project))),
      shownMsOf: (row) => msOf(row, retentionMsOf),
      excessBytes,
    };
  }

  /** On a full disk it is tried again at the next look: until then the file has what held before, which deletes nothing early. */
  #save(): void {
    if (this.#grace.isSaved) return;
    const { configured } = this.#options;
    const projects = new Set([...(configured?.() ?? []), ...this.#store.projects.names()]);
    try {
      this.#store.transaction(() => this.#grace.save(projects));
      this.#grace.saved();
    } catch (error) {
      if (!isStoreError(error)) throw error;
    }
  }

  #sayChange({ project, fromMs, toMs }: RetentionChange, blocks: readonly BlockEntry[]): void {
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

  /** At a start, of what a retention hid that became shorter before. */
  #sayHidden(project: string, blocks: readonly BlockEntry[]): void {
    const deletedAt = this.#grace.deletedAt(project);
    if (deletedAt === undefined) return;
    const now = this.#now;
    const shownMs = this.#options.retentionMsOf(project);
    const keptMs = this.#grace.keptMs(project, shownMs);
    const hidden = blocks.filter(({ timeMax }) => timeMax < now - shownMs && timeMax >= now - keptMs);
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

  #because(project: string, cause: Removal["cause"]): string {
    const kept = `older than its retention of ${formatDuration(this.#options.retentionMsOf(project))}`;
    if (cause === "expired") return kept;
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

/** Why a block goes: its age; room is needed, and it is hidden already; room is needed, and it was received first. */
export type DeletionCause = "expired" | "hidden" | "oldest";

export interface Removal {
  readonly block: BlockEntry;
  readonly cause: DeletionCause;
}

export interface RetentionRules {
  /** Unix ms. */
  readonly now: number;
  /** How long records of a project stay on disk, in ms; by row of `projects`. */
  readonly keptMsOf: (project: number) => number;
  /** How long they are shown, in ms: no longer than that. */
  readonly shownMsOf: (project: number) => number;
  /** Compressed bytes that must go because the file is too large, 0 for none. */
  readonly excessBytes: number;
}

/** The blocks to remove, in this order. */
export function blocksToRemove(blocks: Iterable<BlockEntry>, rules: RetentionRules): Removal[] {
  const removals: Removal[] = [];
  const kept: BlockEntry[] = [];
  let excess = rules.excessBytes;
  for (const block of blocks) {
    if (block.timeMax < rules.now - rules.keptMsOf(block.project)) {
      removals.push({ block, cause: "expired" });
      excess -= block.bytes;
    } else if (rules.excessBytes > 0) {
      kept.push(block);
    }
  }
  if (excess <= 0) return removals;
  for (const removal of inOrderOfRemoval(kept, rules)) {
    if (excess <= 0) break;
    removals.push(removal);
    excess -= removal.block.bytes;
  }
  return removals;
}

/** Blocks that nothing shows any more, though their time on disk is not up; those received first come first. */
export function hiddenBlocks(blocks: Iterable<BlockEntry>, rules: RetentionRules): Removal[] {
  return inOrderOfRemoval([...blocks], rules).filter(({ cause }) => cause === "hidden");
}

function inOrderOfRemoval(blocks: readonly BlockEntry[], { now, shownMsOf }: RetentionRules): Removal[] {
  const removals = blocks.map((block): Removal => {
    const isHidden = block.timeMax < now - shownMsOf(block.project);
    return { block, cause: isHidden ? "hidden" : "oldest" };
  });
  const orderOf = ({ cause }: Removal) => (cause === "hidden" ? 0 : 1);
  return removals.sort((a, b) => orderOf(a) - orderOf(b) || a.block.idMin - b.block.idMin || a.block.id - b.block.id);
}

/** How often a line may come, in ms. */
const LINE_EVERY_MS = 60_000;

export type StoreLog = (level: "info" | "warn", message: string) => void;

interface Sum {
  readonly project: string;
  readonly cause: DeletionCause;
  /** Of all that says why. */
  readonly because: string;
  records: number;
  bytes: number;
}

export class DeletionLog {
  readonly #log: StoreLog;
  readonly #sums = new Map<string, Sum>();
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(log: StoreLog) {
    this.#log = log;
  }

  /** A block is gone; `because` follows "deleted … of project …". */
  add(project: string, cause: DeletionCause, because: string, { records, bytes }: BlockEntry): void {
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
