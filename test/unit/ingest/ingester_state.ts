// An ingester over a state that is stored as the store does it, so that a test can restart it at any moment.

import { BlockEncoder } from "../../../src/block/encode.ts";
import { decodeColumns } from "../../../src/block/open_block.ts";
import { recordsOf } from "../../../src/block/records.ts";
import type {
  AmbiguousPairs,
  GroupWrite,
  KeyActivity,
  Rejection,
  StateChange,
  UsageCounter,
} from "../../../src/commit/group_write.ts";
import { BATCH_MEMBERS, batchesOf, type ProjectRules } from "../../../src/commit/redo_group.ts";
import type { ClockReading } from "../../../src/core/clock.ts";
import type { Entry } from "../../../src/core/entry.ts";
import type { StoredRecord } from "../../../src/core/record.ts";
import { Ingester } from "../../../src/ingest/ingester.ts";
import type { PairingLimits } from "../../../src/ingest/pairing/pairing.ts";
import type { IngestRules } from "../../../src/ingest/rules.ts";
import type { IngestCounts } from "../../../src/ingest/usage.ts";
import { readingAt } from "../../support/clock_reading.ts";

/** 2026-11-23T12:00:00Z. */
export const NOW = Date.UTC(2026, 10, 23, 12);
const DAY_MS = 86_400_000;

const LIMITS: PairingLimits = {
  openMax: 1_000,
  openBytesMax: 1e7,
  clientShare: 0.5,
  timeoutMs: 3_600_000,
  orphanGraceMs: 60_000,
};

export interface SentBatch {
  readonly entries: readonly Entry[];
  /** Index into the rules' keys: 0 is the server's, 1 the client's. */
  readonly key?: 0 | 1;
  readonly receivedAt?: number;
  readonly timestamp?: number;
  readonly sender?: string;
  readonly isRepetition?: boolean;
}

export class IngesterState {
  readonly records: (StoredRecord & { readonly project: string })[] = [];
  readonly rejections: Rejection[] = [];
  readonly touchpoints: { project: string; name: string }[] = [];
  /** What the file has of keys, by their type. */
  readonly keys = new Map<string, KeyActivity>();
  readonly ambiguous: AmbiguousPairs[] = [];
  readonly setAside: NonNullable<GroupWrite["setAside"]>[] = [];
  rules: IngestRules;
  ingester: Ingester;
  #nextRecordId = 1;
  #nextBatch = 1;
  readonly #limits: PairingLimits;
  readonly #waiting = new Map<number, string>();
  readonly #stateLog: StateChange[] = [];
  readonly #usage = new Map<string, UsageCounter>();
  readonly #encoder = new BlockEncoder();

  constructor(project: Partial<ProjectRules> = {}, limits: Partial<PairingLimits> = {}) {
    const shop: ProjectRules = {
      retentionMs: 30 * DAY_MS,
      monthlyEntries: undefined,
      overage: "continue",
      ...project,
    };
    const keys = (["server", "client"] as const).map((type) => ({ project: "shop", name: "web shop", type }));
    this.rules = { keys, projects: { shop }, defaultProject: shop };
    this.#limits = { ...LIMITS, ...limits };
    this.ingester = this.restart();
  }

  /** Starts a new process, or a new ingester after a failed commit; `now` by the steady clock. */
  restart(processStartedAt = 0, now = NOW): Ingester {
    this.ingester = new Ingester({
      state: {
        seed: [1, 2],
        nextRecordId: this.#nextRecordId,
        pending: [...this.#waiting].map(([id, item]) => ({ id, item })),
        stateLog: this.#stateLog,
        usage: [...this.#usage.values()],
        touchpoints: this.touchpoints,
        keys: [...this.keys.values()],
        ambiguous: this.ambiguous.filter(({ day }) => day === this.ambiguous.at(-1)?.day),
      },
      pairing: this.#limits,
      requests: { windowMs: 600_000, requests: 10_000, clientShare: 0.5 },
      run: "run",
      rules: this.rules,
      clock: readingAt(now),
      deadlinesFrom: processStartedAt === 0 ? 0 : processStartedAt + this.#limits.orphanGraceMs,
    });
    return this.ingester;
  }

  /** Stages a group of batches without committing it. */
  stage(...batches: readonly SentBatch[]): GroupWrite {
    return this.stageAt(readingAt(Math.max(...batches.map(({ receivedAt = NOW }) => receivedAt))), ...batches);
  }

  /** As `stage`, by a clock that may have been set. */
  stageAt(clock: ClockReading, ...batches: readonly SentBatch[]): GroupWrite {
    return this.ingester.group(
      batchesOf(this.#textOf(batches), this.rules.keys, BATCH_MEMBERS),
      this.#nextBatch - 1,
      clock,
    );
  }

  #textOf(batches: readonly SentBatch[]): string {
    const members = batches.flatMap(
      ({ entries, key = 0, receivedAt = NOW, timestamp, sender = "s", isRepetition = false }) => {
        const source = key === 0 ? "server" : "client";
        const body = { key: "k", source, timestamp, entries };
        return [this.#nextBatch++, key, receivedAt, 100, sender, body, [], isRepetition, "enqueue"];
      },
    );
    return JSON.stringify(members);
  }

  /** Writes as the store does, then tells the ingester. */
  commit(write: GroupWrite): void {
    for (const { project, columns } of write.blocks) {
      const { chunks } = this.#encoder.packed(columns);
      const stored = recordsOf(decodeColumns(chunks, columns.count));
      this.records.push(...stored.map((record) => ({ ...record, project })));
    }
    this.#nextRecordId = write.nextRecordId;
    for (const id of write.pendingRemoved) this.#waiting.delete(id);
    for (const { id, item } of write.pendingAdded) this.#waiting.set(id, item);
    this.#stateLog.push(...write.stateChanges);
    for (const counter of write.usage) this.#usage.set(`${counter.month}/${counter.project}/${counter.name}`, counter);
    this.rejections.push(...write.rejections);
    this.touchpoints.push(...write.touchpoints.map(({ project, name }) => ({ project, name })));
    for (const note of write.keys) this.keys.set(note.type, note);
    this.ambiguous.push(...write.ambiguous);
    if (write.setAside !== undefined) this.setAside.push(write.setAside);
    this.ingester.committed();
  }

  send(...batches: readonly SentBatch[]): void {
    this.commit(this.stage(...batches));
  }

  /** Lets time pass, by the steady clock; whether anything was due. */
  expire(now: number): boolean {
    const write = this.ingester.expire(readingAt(now));
    if (write !== undefined) this.commit(write);
    return write !== undefined;
  }

  get reasons(): string[] {
    return this.rejections.map((rejection) => rejection.reason);
  }

  /** Writes the activity of keys; whether there was any to write. */
  takeKeyActivity(now: number): boolean {
    const write = this.ingester.takeKeyActivity(readingAt(now));
    if (write !== undefined) this.commit(write);
    return write !== undefined;
  }

  /** The file as a version without it left it. */
  forgetCounter(name: string): void {
    for (const [place, counter] of this.#usage) if (counter.name === name) this.#usage.delete(place);
  }

  /** The values of a counter by month. */
  counter(name: string): Record<string, number> {
    const found = [...this.#usage.values()].filter((counter) => counter.name === name);
    return Object.fromEntries(found.map(({ month, value }) => [month, value]));
  }
}

/** received - stored - open - dropped: 0 at every moment. */
export function gapOf({ received, stored, open, dropped }: IngestCounts): number {
  return received - stored - open - Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
