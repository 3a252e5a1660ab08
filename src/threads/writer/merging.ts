// The writer's side of merges: plans one at a time, requests it, and replaces its sources by its result.

import { assert } from "../../core/errors.ts";
import type { MergePlan } from "../../store/merge_plan.ts";
import type { Maintenance } from "../../store/space/maintenance.ts";
import type { StoreWriter } from "../../store/store_writer.ts";
import type { MergeRequest, MergeResult } from "../messages.ts";

/** How long after a failed merge the next one is requested, in ms: it may fail again, with a log line each time. */
const RETRY_AFTER_MS = 5_000;

/**
 * After a plan that found nothing to do, so many blocks must come or go before the next: a plan costs as much as a
 * group.
 */
const PLAN_EVERY_BLOCKS = 8;

/** From so many unfinished blocks on, merging is backlogged and goes before ingestion. */
const BACKLOG_BLOCKS_MIN = 1_000;
/** It stays so until there are fewer than this. */
const BACKLOG_BLOCKS_END = 250;

/** The merge that is running, and when to plan the next one. */
export class Merging {
  readonly #store: StoreWriter;
  readonly #maintenance: Maintenance;
  #inWork: { readonly job: number; readonly plan: MergePlan } | undefined;
  #nextJob = 1;
  #nextAt = 0;
  #isBacklogged = false;
  /** The last plan that found nothing to do: the number of blocks, and the project that was excluded. */
  #nothingToDo: { readonly blocks: number; readonly except: string | undefined } | undefined;

  constructor(store: StoreWriter, maintenance: Maintenance) {
    this.#store = store;
    this.#maintenance = maintenance;
  }

  /**
   * The next merge to request, of any project but `except`; undefined where there is nothing to do or one is running.
   */
  plan(isIdle: boolean, except: string | undefined): MergeRequest | undefined {
    if (this.#inWork !== undefined || performance.now() < this.#nextAt) return undefined;
    const { size } = this.#store.catalog;
    if (!isIdle && this.#nothingToDo?.except === except && this.#isStillNothingToDo(size)) return undefined;
    const plan = this.#store.planMerge(isIdle, except);
    this.#nothingToDo = plan === undefined ? { blocks: size, except } : undefined;
    if (plan === undefined) return undefined;
    this.#inWork = { job: this.#nextJob++, plan };
    const { unfinished } = this.#store.catalog;
    this.#isBacklogged = unfinished >= (this.#isBacklogged ? BACKLOG_BLOCKS_END : BACKLOG_BLOCKS_MIN);
    return { job: this.#inWork.job, blocks: plan.blocks, isIdle, isBacklogged: this.#isBacklogged };
  }

  #isStillNothingToDo(blocks: number): boolean {
    return this.#nothingToDo !== undefined && Math.abs(blocks - this.#nothingToDo.blocks) < PLAN_EVERY_BLOCKS;
  }

  /**
   * Takes the result of a merge, undefined where it failed; `unmergeable` are ids of blocks that cannot be merged at
   * all. Returns whether the store has changed. Throws SQLite's error.
   */
  take(job: number, result: MergeResult | undefined, unmergeable: readonly number[], isHealthy: boolean): boolean {
    if (this.#inWork?.job !== job) return false;
    const { plan } = this.#inWork;
    this.#inWork = undefined;
    for (const block of unmergeable) this.#store.catalog.giveUp(block);
    const bytes = result?.encoded.chunks.reduce((sum, piece) => sum + piece.data.length, 0) ?? 0;
    if (result === undefined || !this.#maintenance.hasRoomFor(bytes)) {
      this.#nextAt = performance.now() + RETRY_AFTER_MS;
      return false;
    }
    if (!isHealthy) return false;
    assert(result.encoded.chunks.length > 0, "a merged block has chunks");
    this.#store.replaceMerged({ plan, ...result });
    return true;
  }
}
