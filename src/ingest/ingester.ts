// Turns checked batches into what one transaction writes: records in blocks, pending timings, counters, rejections, and
// changes of the state log. Batches of one group or of several are staged, and then taken together. Nothing staged is
// counted before `committed`. After a failed commit this object is thrown away and made anew from the file.

import { appendRecord, type ColumnsDraft, emptyColumns } from "../block/columns.ts";
import type { GroupWrite, NewBlock, RestoredState, SetAsideBatch, StateChange } from "../commit/group_write.ts";
import type { ErasedTiming } from "../commit/pending_timing.ts";
import type { CheckedBatch, ProjectRules, RedoBatch, RefusedEntry } from "../commit/redo_group.ts";
import { type ClockReading, earliestNow, latestNow } from "../core/clock.ts";
import type { DropReason } from "../core/drop.ts";
import type { Entry } from "../core/entry.ts";
import type { SetAsideMessage } from "../core/group.ts";
import { monthOf } from "../core/instant.ts";
import { DAY_MS, FUTURE_MS_MAX, QUEUE_WAIT_MS_MAX } from "../core/limits.ts";
import type { Source } from "../core/record.ts";
import { maskKeysInJson } from "../core/secrets.ts";
import { type BatchContext, type NewRecord, normalise } from "./entries/normalise.ts";
import { KeyActivities } from "./key_activity.ts";
import { AmbiguousTouchpoints } from "./pairing/ambiguous_pairs.ts";
import { Pairing, type PairingLimits, type Sender } from "./pairing/pairing.ts";
import { COMPLETED_KIND, SENDERLESS_COMPLETED_KIND } from "./pairing/recently_completed_chunks.ts";
import {
  CRASH_MS,
  RECENT_REQUESTS_KIND,
  REQUESTS_KIND,
  RecentRequests,
  type RequestLimits,
} from "./retries/recent_requests.ts";
import { type IngestRules, projectRules } from "./rules.ts";
import { TouchpointNames } from "./touchpoint_names.ts";
import { type IngestCounts, Rejections, Usage } from "./usage.ts";

/** What an ingester starts with. */
export interface IngesterOptions {
  /** What the file has. */
  readonly state: RestoredState;
  readonly pairing: PairingLimits;
  readonly requests: RequestLimits;
  /** Identifies this run of the process. */
  readonly run: string;
  readonly rules: IngestRules;
  /** No pending timing of the file expires before this instant, by the steady clock; Unix ms. */
  readonly deadlinesFrom: number;
  readonly clock: ClockReading;
}

/** A checked batch, of this process or from the redo log. */
export type StagedBatch = Omit<RedoBatch, "number" | "identity"> & Pick<CheckedBatch, "dropped">;

/** All state of ingestion in memory. It is made of what the file has, and the file follows it group by group. */
export class Ingester {
  /** The requests that came before; the checks add to them. */
  readonly requests: RecentRequests;
  readonly #pairing: Pairing;
  readonly #usage: Usage;
  readonly #touchpoints: TouchpointNames;
  readonly #keys: KeyActivities;
  readonly #ambiguous: AmbiguousTouchpoints;
  readonly #rejections = new Rejections();
  #rules: IngestRules;
  #builder: BlockBuilder;
  /** The UTC month that the counters belong to. */
  #month = "";
  #lastReceivedAt = Number.NaN;
  /** Of the staged batches, as are the next two. */
  #lastBatch: number | undefined;
  #bytesReceived = 0;
  #setAside: SetAsideBatch | undefined;
  /** The reading with which batches were staged last. */
  #clock: ClockReading;

  constructor({ state, pairing, requests, run, rules, deadlinesFrom, clock }: IngesterOptions) {
    this.#rules = rules;
    this.#clock = clock;
    this.#builder = new BlockBuilder(state.nextRecordId);
    this.#usage = new Usage(state.usage);
    this.#touchpoints = new TouchpointNames(state.touchpoints, state.seed);
    this.#keys = new KeyActivities(state.keys);
    this.#keys.addKeys(rules.keys, clock.wall);
    this.requests = new RecentRequests(requests, run, state.seed);
    this.#ambiguous = new AmbiguousTouchpoints(state.seed, state.ambiguous);
    this.requests.restore(
      state.stateLog.filter(({ kind }) => kind === REQUESTS_KIND || kind === RECENT_REQUESTS_KIND),
      clock.steady,
    );
    this.#pairing = new Pairing(pairing, state.seed, {
      store: (project, record, entries) => {
        this.#builder.add(project, record);
        this.#usage.add(project, this.#month, "stored", entries);
      },
      absorb: (project) => this.#usage.add(project, this.#month, "stored", 1),
      ambiguous: (project, keyType, touchpoint) => {
        this.#usage.add(project, this.#month, "ambiguous", 1);
        this.#ambiguous.add(project, keyType, touchpoint, this.#lastReceivedAt);
      },
    });
    const completed = state.stateLog.filter(
      ({ kind }) => kind === COMPLETED_KIND || kind === SENDERLESS_COMPLETED_KIND,
    );
    this.#pairing.restore(state.pending, completed, deadlinesFrom, clock.steady);
  }

  /** Replaces the rules, after a reload. `now` in Unix ms: when new keys were first known. */
  setRules(rules: IngestRules, now: number): void {
    this.#rules = rules;
    this.#keys.addKeys(rules.keys, now);
  }

  /** The names of each project's list of touchpoints, for changes that people make. */
  get touchpoints(): TouchpointNames {
    return this.#touchpoints;
  }

  /** Stages batches and takes everything that is staged. */
  group(batches: Iterable<StagedBatch>, lastBatch: number, clock: ClockReading): GroupWrite {
    this.stage(batches, lastBatch, clock);
    return this.take();
  }

  /**
   * Adds checked batches to what is staged. `lastBatch` is the number of the last one, undefined where another process
   * received them; `clock` is the reading with which they were answered. Throws only when an invariant is broken.
   */
  stage(batches: Iterable<StagedBatch>, lastBatch: number | undefined, clock: ClockReading): void {
    this.#clock = clock;
    const [earliest, latest] = [earliestNow(clock), latestNow(clock)];
    for (const batch of batches) {
      const { key, receivedAt, bytes, sender, protocol, body, mayHoldLoneSurrogates, isRepetition } = batch;
      this.#keys.use(key, receivedAt);
      this.#bytesReceived += bytes;
      const rules = "rules" in key ? key.rules : this.#projectRules(key.project);
      // A batch that seems to have waited longer than it can came before the clock was set.
      const queuedMs = clock.wall - receivedAt;
      const context: BatchContext = {
        project: key.project,
        apiKey: key.name,
        keyType: key.type,
        sender,
        batchSource: body.source,
        batchTimestamp: body.timestamp,
        receivedAt,
        arrivedAt: clock.steady - (queuedMs >= 0 && queuedMs <= QUEUE_WAIT_MS_MAX ? queuedMs : 0),
        // The clock may have been set since the batch was received.
        timeMin: Math.min(earliest, receivedAt) - rules.retentionMs,
        timeMax: Math.max(latest, receivedAt) + FUTURE_MS_MAX,
        mayHoldLoneSurrogates,
        isPaired: protocol === "enqueue",
      };
      if (isRepetition) this.#repetition(context, batch);
      else this.#batch(context, rules, batch);
    }
    this.#lastBatch = lastBatch ?? this.#lastBatch;
  }

  /** Everything that is staged, for one transaction; `committed` follows once it is written. */
  take(): GroupWrite {
    return this.#staged(this.#clock);
  }

  /**
   * Stages a batch that brought the writer down twice, and takes it: it is stored unparsed, and its entries count as
   * dropped.
   */
  setAside(message: SetAsideMessage, clock: ClockReading): GroupWrite {
    this.#clock = clock;
    const key = this.#rules.keys[message.keyIndex];
    this.#lastBatch = message.lastBatch;
    this.requests.setAside(this.requests.identities.bodyDigest(message.body), clock.steady);
    // Without a key only the digest is stored: a stranger fills no disk.
    if (key === undefined) return this.take();
    const { receivedAt, entryCount } = message;
    const { body } = message;
    const text = typeof body === "string" ? maskKeysInJson(body) : Buffer.from(body).toString("base64");
    this.#enterMonth(receivedAt);
    this.#usage.add(key.project, this.#month, "received", entryCount);
    this.#usage.add(key.project, this.#month, "dropped.internal", entryCount);
    this.#rejections.add({ project: key.project, apiKey: key.name, receivedAt }, "internal", text);
    this.#setAside = { project: key.project, apiKey: key.name, receivedAt, entryCount, body: text };
    this.#bytesReceived += message.bytes;
    return this.take();
  }

  /** Stages records of the server's own, and takes everything that is staged. They cost no quota. */
  takeWith(project: string, records: readonly NewRecord[], clock: ClockReading): GroupWrite {
    this.#clock = clock;
    this.#enterMonth(clock.wall);
    for (const record of records) this.#builder.add(project, record);
    this.#usage.add(project, this.#month, "received", records.length);
    this.#usage.add(project, this.#month, "stored", records.length);
    return this.take();
  }

  /** Takes what is staged once pending timings have expired; undefined where none has. */
  expire(clock: ClockReading): GroupWrite | undefined {
    if (clock.steady <= this.#pairing.nextDeadline()) return undefined;
    this.#enterMonth(clock.wall);
    this.#pairing.expire(clock.steady);
    return this.#staged(clock);
  }

  /** Takes what is staged if the activity of a key is to be written; undefined where none is. */
  takeKeyActivity(clock: ClockReading): GroupWrite | undefined {
    return this.#keys.isDue(clock.wall) ? this.#staged(clock) : undefined;
  }

  /** These pending timings were erased from the file; the open ones count as stored there. Called between groups. */
  forget(erased: readonly ErasedTiming[]): void {
    this.#pairing.forget(new Set(erased.map((item) => item.id)));
    for (const { project, month, isOpen } of erased) if (isOpen) this.#usage.add(project, month, "stored", 1);
    this.#usage.commit();
  }

  /** Takes what is staged if a change about requests is to be written; undefined where none is. */
  takeRequestChanges(clock: ClockReading): GroupWrite | undefined {
    return this.requests.hasChanges(clock.steady) ? this.#staged(clock) : undefined;
  }

  /** Takes what is staged, and that the process stops gracefully; undefined where that need not be written. */
  takeStop(clock: ClockReading): GroupWrite | undefined {
    const changes = this.requests.takeStop(clock.steady);
    if (changes.length === 0) return undefined;
    const staged = this.#staged(clock);
    return { ...staged, stateChanges: [...staged.stateChanges, ...changes] };
  }

  /** What was taken is on disk. */
  committed(): void {
    this.requests.committed();
    this.#usage.commit();
    this.#touchpoints.commit();
    this.#keys.commit();
    this.#builder = new BlockBuilder(this.#builder.nextId);
    this.#bytesReceived = 0;
    this.#setAside = undefined;
  }

  /** The figures now. They belong together only while nothing is staged. */
  counts(): IngestCounts {
    const { received, stored, dropped, ambiguous } = this.#usage.totals;
    return {
      received,
      stored,
      dropped: { ...dropped },
      ambiguous: new Map(ambiguous),
      open: this.#pairing.openEntries,
    };
  }

  /**
   * By kind: changes of the state log received before this instant are not needed any more. By the steady clock, Unix
   * ms.
   */
  stateLogNeeds(now: number): { kind: string; before: number }[] {
    const completedSince = this.#pairing.completedNeededSince(now);
    return [
      { kind: REQUESTS_KIND, before: this.requests.neededSince(now) },
      { kind: RECENT_REQUESTS_KIND, before: now - CRASH_MS },
      { kind: COMPLETED_KIND, before: completedSince },
      { kind: SENDERLESS_COMPLETED_KIND, before: completedSince },
    ];
  }

  /** Counts the entries of a request that was stored before: none is stored again, and they cost no quota. */
  #repetition(context: BatchContext, { body: { entries }, refusedRecords: refused }: StagedBatch): void {
    this.#enterMonth(context.receivedAt);
    for (const entry of entries) this.#drop(context, "duplicate", entry);
    this.#count(context, "duplicate", refused.length);
    this.#usage.add(context.project, this.#month, "received", entries.length + refused.length);
  }

  #batch(
    context: BatchContext,
    rules: ProjectRules,
    { body: { entries }, refusedRecords: refused, dropped }: StagedBatch,
  ): void {
    const { project, keyType, arrivedAt } = context;
    this.#enterMonth(context.receivedAt);
    for (const { reason, text } of refused) {
      this.#count(context, reason, 1);
      if (text !== undefined) this.#rejections.add(context, reason, text);
    }
    const admittedMax = this.#quotaLeft(project, keyType, rules);
    let sender: Sender | undefined;
    let admitted = 0;
    let stored = 0;
    let refusedBefore = 0;
    for (let index = 0; index < entries.length; index++) {
      const entry = entries[index] as Entry;
      const normalised = normalise(entry, context);
      if (typeof normalised === "string" || admitted >= admittedMax) {
        const reason = typeof normalised === "string" ? normalised : "quota";
        this.#drop(context, reason, entry);
        // Refused records stand between the entries.
        while (refusedBefore < refused.length && (refused[refusedBefore] as RefusedEntry).at <= index + refusedBefore)
          refusedBefore++;
        dropped?.push({ at: index + refusedBefore, reason });
        continue;
      }
      admitted++;
      if (normalised.kind === "log" || (normalised.kind === "completed" && !context.isPaired)) {
        stored++;
        this.#builder.add(project, normalised);
      } else {
        sender ??= this.#senderOf(context);
        this.#pairing.offer(normalised, sender, arrivedAt);
      }
    }
    dropped?.sort((a, b) => a.at - b.at);
    this.#usage.add(project, this.#month, "received", entries.length + refused.length);
    this.#usage.add(project, this.#month, "admitted", admitted);
    if (keyType === "client") this.#usage.add(project, this.#month, "admitted.client", admitted);
    this.#usage.add(project, this.#month, "stored", stored);
  }

  /** How many entries a key of this type may still have admitted this month. */
  #quotaLeft(project: string, keyType: Source, { monthlyEntries, clientEntries, overage }: ProjectRules): number {
    if (monthlyEntries === undefined || overage === "continue") return Number.POSITIVE_INFINITY;
    const left = monthlyEntries - this.#usage.admitted(project, this.#month);
    if (keyType === "server" || clientEntries === undefined) return left;
    return Math.min(left, clientEntries - this.#usage.admittedFromClients(project, this.#month));
  }

  #senderOf({ project, apiKey, keyType, sender }: BatchContext): Sender {
    return { project, keyType, sender: this.#pairing.senderHash(apiKey, keyType, sender) };
  }

  #drop(context: BatchContext, reason: DropReason, entry: Entry): void {
    this.#count(context, reason, 1);
    this.#rejections.add(context, reason, entry);
  }

  #count({ project }: BatchContext, reason: DropReason, count: number): void {
    this.#usage.add(project, this.#month, `dropped.${reason}`, count);
  }

  #enterMonth(receivedAt: number): void {
    if (receivedAt === this.#lastReceivedAt) return;
    this.#lastReceivedAt = receivedAt;
    this.#month = monthOf(receivedAt);
  }

  #projectRules(project: string): ProjectRules {
    return projectRules(this.#rules, project);
  }

  #staged({ wall, steady }: ClockReading): GroupWrite {
    const { blocks, nextId } = this.#builder;
    for (const { project, columns } of blocks) {
      this.#touchpoints.addRecords(project, columns.touchpoint, columns.keyType, wall);
    }
    const changes = this.#pairing.takeChanges();
    const requests = this.requests.takeChanges(steady);
    const stateChanges: StateChange[] = [...requests];
    if (changes.completed !== undefined) stateChanges.push({ kind: COMPLETED_KIND, ...changes.completed });
    return {
      blocks,
      nextRecordId: nextId,
      lastBatch: this.#lastBatch,
      pendingAdded: changes.added,
      pendingRemoved: changes.removed,
      stateChanges,
      usage: this.#usage.staged(),
      rejections: this.#rejections.take(),
      touchpoints: this.#touchpoints.staged(),
      keys: this.#keys.staged(wall),
      ambiguous: this.#ambiguous.take(),
      setAside: this.#setAside,
      bytesReceived: this.#bytesReceived,
    };
  }
}

/** A block that records are still added to. */
interface BlockDraft extends NewBlock {
  readonly columns: ColumnsDraft;
}

/** Fills the blocks of one group, one for each project and UTC day. Ids are given in the order of arrival. */
export class BlockBuilder {
  readonly #blocks = new Map<string, BlockDraft>();
  #nextId: number;
  /** Most records of a group belong to the block of the record before. */
  #last: BlockDraft | undefined;

  /** `nextId` is the id of the next record. */
  constructor(nextId: number) {
    this.#nextId = nextId;
  }

  /** The id of the next record. */
  get nextId(): number {
    return this.#nextId;
  }

  /** In the order of their first records. */
  get blocks(): NewBlock[] {
    return [...this.#blocks.values()];
  }

  /** Adds a record under the next id. */
  add(project: string, record: NewRecord): void {
    const day = Math.floor(record.time / DAY_MS);
    let block = this.#last;
    if (block === undefined || block.day !== day || block.project !== project) {
      block = this.#blockOf(project, day);
      this.#last = block;
    }
    appendRecord(block.columns, this.#nextId++, record);
  }

  #blockOf(project: string, day: number): BlockDraft {
    const name = `${day}/${project}`;
    let block = this.#blocks.get(name);
    if (block === undefined) {
      block = { project, day, columns: emptyColumns() };
      this.#blocks.set(name, block);
    }
    return block;
  }
}
