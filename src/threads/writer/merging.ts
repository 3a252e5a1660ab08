// The writer's side of merges: one at a time is planned, asked for, and put in place of its sources when its result comes.

import { assert } from "../../core/errors.ts";
import type { MergePlan } from "../../store/merge_plan.ts";
import type { Maintenance } from "../../store/space/maintenance.ts";
import type { StoreWriter } from "../../store/store_writer.ts";
import type { MergeRequest, MergeResult } from "../messages.ts";

/** How long after a merge that failed the next one is asked for, in ms: it may fail again, and says so each time. */
const MERGE_AGAIN_AFTER_MS = 5_000;

/** While groups come, so many blocks must have come or gone since planning found nothing: looking at all of them costs as a group does. */
const PLAN_EVERY_BLOCKS = 8;

/** With so many unfinished blocks merging does not keep up, and goes first; until there are so few again. */
const URGENT_BLOCKS_MIN = 1_000;
const CALM_BLOCKS_MAX = 250;

export class Merging {
  readonly #store: StoreWriter;
  readonly #maintenance: Maintenance;
  #inWork: { readonly job: number; readonly plan: MergePlan } | undefined;
  #nextJob = 1;
  #nextAt = 0;
  #isUrgent = false;
  /** When there was nothing to merge: how many blocks there were, and which project's did not count. */
  #inVain: { readonly blocks: number; readonly except: string | undefined } | undefined;

  constructor(store: StoreWriter, maintenance: Maintenance) {
    this.#store = store;
    this.#maintenance = maintenance;
  }

  /** What to ask the compactor for, if there is something worth it; nothing of the project `except`. */
  plan(isIdle: boolean, except: string | undefined): MergeRequest | undefined {
    if (this.#inWork !== undefined || performance.now() < this.#nextAt) return undefined;
    const { size } = this.#store.catalog;
    if (!isIdle && this.#inVain?.except === except && this.#isAsInVain(size)) return undefined;
    const plan = this.#store.planMerge(isIdle, except);
    this.#inVain = plan === undefined ? { blocks: size, except } : undefined;
    if (plan === undefined) return undefined;
    this.#inWork = { job: this.#nextJob++, plan };
    const { unfinished } = this.#store.catalog;
    this.#isUrgent = unfinished >= (this.#isUrgent ? CALM_BLOCKS_MAX : URGENT_BLOCKS_MIN);
    return { job: this.#inWork.job, blocks: plan.blocks, isIdle, isUrgent: this.#isUrgent };
  }

  #isAsInVain(blocks: number): boolean {
    return this.#inVain !== undefined && Math.abs(blocks - this.#inVain.blocks) < PLAN_EVERY_BLOCKS;
  }

  /**
   * Takes what was asked for, undefined when it could not be merged; `unmergeable` are blocks that no merge can take. Answers
   * whether the store has changed. Throws SQLite's error.
   */
  take(job: number, result: MergeResult | undefined, unmergeable: readonly number[], isHealthy: boolean): boolean {
    if (this.#inWork?.job !== job) return false;
    const { plan } = this.#inWork;
    this.#inWork = undefined;
    for (const block of unmergeable) this.#store.catalog.giveUp(block);
    const bytes = result?.encoded.chunks.reduce((sum, piece) => sum + piece.data.length, 0) ?? 0;
    if (result === undefined || !this.#maintenance.hasRoomFor(bytes)) {
      this.#nextAt = performance.now() + MERGE_AGAIN_AFTER_MS;
      return false;
    }
    if (!isHealthy) return false;
    assert(result.encoded.chunks.length > 0, "a merged block has pieces");
    this.#store.replaceMerged({ plan, ...result });
    return true;
  }
}
