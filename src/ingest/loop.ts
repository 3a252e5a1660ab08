// The worker loop's step: the batches of a group, or of several, become records, counters and waiting items, staged and then
// taken as one transaction. Nothing staged is counted before `committed`; after a failed commit this object is thrown away
// and made anew from the file.

import type { GroupWrite, SetAsideBatch, StateChange } from "../commit/group_write.ts";
import type { ErasedTiming } from "../commit/pending_timing.ts";
import type { ProjectRules } from "../commit/redo_group.ts";
import { type ClockReading, earliestNow, latestNow } from "../core/clock.ts";
import type { DropReason } from "../core/drop.ts";
import type { Entry } from "../core/entry.ts";
import type { SetAsideMessage } from "../core/group.ts";
import { monthOf } from "../core/instant.ts";
import { FUTURE_MS_MAX, QUEUE_WAIT_MS_MAX } from "../core/limits.ts";
import type { Source } from "../core/record.ts";
import { maskKeysInJson } from "../core/secrets.ts";
import { BlockBuilder } from "./block_builder.ts";
import { type BatchContext, normalise } from "./entries/normalise.ts";
import { KeyUse } from "./key_use.ts";
import { type IngesterOptions, type IngestRules, projectRules, type StagedBatch } from "./options.ts";
import { AmbiguousTouchpoints } from "./pairing/ambiguous_pairs.ts";
import { Pairing, type Sender } from "./pairing/pairing.ts";
import { COMPLETED_KIND, SENDERLESS_COMPLETED_KIND } from "./pairing/recently_completed_chunks.ts";
import { Rejections } from "./rejections.ts";
import { CRASH_MS, RECENT_REQUESTS_KIND, REQUESTS_KIND, RequestMemory } from "./retries/recent_requests.ts";
import { RequestIdentities } from "./retries/request_identity.ts";
import { TouchpointNames } from "./touchpoint_names.ts";
import { type IngestCounts, Usage } from "./usage.ts";

export class Ingester {
  /** Which requests came before: what the checks ask, and tell of. */
  readonly requests: RequestMemory;
  readonly identities: RequestIdentities;
  readonly #pairing: Pairing;
  readonly #usage: Usage;
  readonly #touchpoints: TouchpointNames;
  readonly #keys: KeyUse;
  readonly #ambiguous: AmbiguousTouchpoints;
  readonly #rejections = new Rejections();
  #rules: IngestRules;
  #builder: BlockBuilder;
  /** The UTC month whose counters the present step adds to. */
  #month = "";
  #lastReceivedAt = Number.NaN;
  /** Of what is staged. */
  #lastBatch: number | undefined;
  #bytesReceived = 0;
  #setAside: SetAsideBatch | undefined;
  /** Of the last step. */
  #clock: ClockReading;

  constructor({ state, pairing, requests, run, rules, deadlinesFrom, clock }: IngesterOptions) {
    this.#rules = rules;
    this.#clock = clock;
    this.#builder = new BlockBuilder(state.nextRecordId);
    this.#usage = new Usage(state.usage);
    this.#touchpoints = new TouchpointNames(state.touchpoints, state.seed);
    this.#keys = new KeyUse(state.keys);
    this.#keys.know(rules.keys, clock.wall);
    this.identities = new RequestIdentities(state.seed);
    this.requests = new RequestMemory(requests, run);
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
    const completes = state.stateLog.filter(
      ({ kind }) => kind === COMPLETED_KIND || kind === SENDERLESS_COMPLETED_KIND,
    );
    this.#pairing.restore(state.pending, completes, deadlinesFrom, clock.steady);
  }

  /** `now` in Unix ms: when keys that are new were first known. */
  setRules(rules: IngestRules, now: number): void {
    this.#rules = rules;
    this.#keys.know(rules.keys, now);
  }

  /** The names that each project's list has, for whoever changes the list by hand. */
  get touchpoints(): TouchpointNames {
    return this.#touchpoints;
  }

  /** Stages batches and takes them. */
  group(batches: Iterable<StagedBatch>, lastBatch: number, clock: ClockReading): GroupWrite {
    this.stage(batches, lastBatch, clock);
    return this.take();
  }

  /**
   * Stages checked batches beside what is staged already. `lastBatch` is the number of the last one, undefined where another process
   * gave them; `clock` is how it is, or was when they came. Throws only when an invariant is broken.
   */
  stage(batches: Iterable<StagedBatch>, lastBatch: number | undefined, clock: ClockReading): void {
    this.#clock = clock;
    const [earliest, latest] = [earliestNow(clock), latestNow(clock)];
    for (const { key, receivedAt, bytes, sender, body, mayHoldLoneSurrogates, isRepetition } of batches) {
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
        // The clock may have been set since its receipt.
        timeMin: Math.min(earliest, receivedAt) - rules.retentionMs,
        timeMax: Math.max(latest, receivedAt) + FUTURE_MS_MAX,
        mayHoldLoneSurrogates,
      };
      if (isRepetition) this.#repetition(context, body.entries);
      else this.#batch(context, rules, body.entries);
    }
    this.#lastBatch = lastBatch ?? this.#lastBatch;
  }

  /** Everything that is staged, for one transaction. */
  take(): GroupWrite {
    return this.#staged(this.#clock);
  }

  /** Stages a batch that brought the writer down twice: kept whole, and counted as dropped. */
  setAside(message: SetAsideMessage, clock: ClockReading): GroupWrite {
    this.#clock = clock;
    const key = this.#rules.keys[message.keyIndex];
    this.#lastBatch = message.lastBatch;
    this.requests.setAside(this.identities.bodyDigest(message.text), clock.steady);
    // Of nobody known: whoever has no key fills no disk.
    if (key === undefined) return this.take();
    const { receivedAt, entryCount } = message;
    const text = maskKeysInJson(message.text);
    this.#enterMonth(receivedAt);
    this.#usage.add(key.project, this.#month, "received", entryCount);
    this.#usage.add(key.project, this.#month, "dropped.internal", entryCount);
    this.#rejections.add({ project: key.project, apiKey: key.name, receivedAt }, "internal", text);
    this.#setAside = { project: key.project, apiKey: key.name, receivedAt, entryCount, body: text };
    this.#bytesReceived += message.bytes;
    return this.take();
  }

  /** Stages what the passing of time does to what waits; undefined when that is nothing. */
  expire(clock: ClockReading): GroupWrite | undefined {
    if (clock.steady <= this.#pairing.nextDeadline()) return undefined;
    this.#enterMonth(clock.wall);
    this.#pairing.expire(clock.steady);
    return this.#staged(clock);
  }

  /** Stages what the file has yet to hear of keys, also while nothing arrives; undefined when that is nothing. */
  takeKeyActivity(clock: ClockReading): GroupWrite | undefined {
    return this.#keys.isDue(clock.wall) ? this.#staged(clock) : undefined;
  }

  /** What waited under these ids was erased from the file, and counted there as stored where it was open. Between groups. */
  forget(erased: readonly ErasedTiming[]): void {
    this.#pairing.forget(new Set(erased.map((item) => item.id)));
    for (const { project, month, isOpen } of erased) if (isOpen) this.#usage.add(project, month, "stored", 1);
    this.#usage.commit();
  }

  /** Stages what the file has yet to hear of requests, also while nothing arrives; undefined when that is nothing. */
  takeRequestChanges(clock: ClockReading): GroupWrite | undefined {
    return this.requests.hasNews(clock.steady) ? this.#staged(clock) : undefined;
  }

  /** Stages that the process stops with grace. */
  takeStop(clock: ClockReading): GroupWrite | undefined {
    const parts = this.requests.stopParts(clock.steady);
    if (parts.length === 0) return undefined;
    const staged = this.#staged(clock);
    return { ...staged, stateChanges: [...staged.stateChanges, ...parts] };
  }

  /** What was staged is on disk. */
  committed(): void {
    this.requests.committed();
    this.#usage.commit();
    this.#touchpoints.commit();
    this.#keys.commit();
    this.#builder = new BlockBuilder(this.#builder.nextId);
    this.#bytesReceived = 0;
    this.#setAside = undefined;
  }

  /** They belong together only while nothing is staged. */
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

  /** By kind: changes of the state log received before this instant are not needed any more. By the steady clock, Unix ms. */
  stateLogNeeds(now: number): { kind: string; before: number }[] {
    const completesSince = this.#pairing.completedNeededSince(now);
    return [
      { kind: REQUESTS_KIND, before: this.requests.neededSince(now) },
      { kind: RECENT_REQUESTS_KIND, before: now - CRASH_MS },
      { kind: COMPLETED_KIND, before: completesSince },
      { kind: SENDERLESS_COMPLETED_KIND, before: completesSince },
    ];
  }

  /** A request that was stored before: nothing of it is stored again, and it costs no quota. */
  #repetition(context: BatchContext, entries: readonly Entry[]): void {
    this.#enterMonth(context.receivedAt);
    for (const entry of entries) this.#drop(context, "duplicate", entry);
    this.#usage.add(context.project, this.#month, "received", entries.length);
  }

  #batch(context: BatchContext, rules: ProjectRules, entries: readonly Entry[]): void {
    const { project, keyType, arrivedAt } = context;
    this.#enterMonth(context.receivedAt);
    const admittedMax = this.#quotaLeft(project, keyType, rules);
    let sender: Sender | undefined;
    let admitted = 0;
    let logs = 0;
    for (const entry of entries) {
      const normalised = normalise(entry, context);
      if (typeof normalised === "string") {
        this.#drop(context, normalised, entry);
        continue;
      }
      if (admitted >= admittedMax) {
        this.#drop(context, "quota", entry);
        continue;
      }
      admitted++;
      if (normalised.kind === "log") {
        logs++;
        this.#builder.add(project, normalised);
      } else {
        sender ??= this.#senderOf(context);
        this.#pairing.offer(normalised, sender, arrivedAt);
      }
    }
    this.#usage.add(project, this.#month, "received", entries.length);
    this.#usage.add(project, this.#month, "admitted", admitted);
    if (keyType === "client") this.#usage.add(project, this.#month, "admitted.client", admitted);
    this.#usage.add(project, this.#month, "stored", logs);
  }

  /** Entries of this month that a key of this type may still have admitted. */
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
    this.#usage.add(context.project, this.#month, `dropped.${reason}`, 1);
    this.#rejections.add(context, reason, entry);
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
      this.#touchpoints.see(project, columns.touchpoint, columns.keyType, wall);
    }
    const changes = this.#pairing.takeChanges();
    const requests = this.requests.takeParts(steady);
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
