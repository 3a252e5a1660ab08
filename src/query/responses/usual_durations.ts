// How long the timings of a touchpoint usually take: the p99 of those that were completed in the last week. It tells
// which running start is stuck: one of 10 s is, where nearly all others take 50 ms. Only the touchpoints of running
// starts are counted, and only so many.

import { TextMap } from "../../block/codec/text_table.ts";
import type { RunningTiming } from "../../core/responses.ts";
import type { Steps } from "../../core/steps.ts";
import { Coverage, type ScanContext } from "../scan/records.ts";
import type { Scope } from "../scan/scope.ts";
import type { RunningTimingStart } from "./running.ts";
import { addTimings, type TimingSink, TimingTotals, TOTALS_BYTES } from "./timing_totals.ts";

/** How far back timings are counted, in ms: a week has a weekend in it. */
export const USUAL_MS = 7 * 24 * 3_600_000;
/** Fewer timings tell nothing usual. */
const USUAL_TIMINGS_MIN = 10;
/** Touchpoints that are counted, about 1 KB each: those that come first. */
const USUAL_TOUCHPOINTS_MAX = 5_000;

/** The usual p99 of running starts, in ms. */
export class UsualDurations {
  readonly #projects = new Map<string, TextMap<TimingTotals>>();

  /** @param starts the running starts, whose touchpoints are counted. */
  constructor(starts: readonly RunningTimingStart[]) {
    let size = 0;
    for (const { project, touchpoint } of starts) {
      let names = this.#projects.get(project);
      if (names === undefined) {
        names = new TextMap<TimingTotals>();
        this.#projects.set(project, names);
      }
      if (touchpoint === "" || names.get(touchpoint) !== undefined || size === USUAL_TOUCHPOINTS_MAX) continue;
      names.set(touchpoint, new TimingTotals());
      size++;
    }
  }

  /** Counts the completed timings of the week before `now`, Unix ms. @param search everything of that week. */
  *count(context: ScanContext, search: Scope): Steps<void> {
    for (const [project, names] of this.#projects) {
      const held = [...names.values()];
      const numbers = new TextMap<number>();
      names.keys().forEach((name, number) => {
        numbers.set(name, number);
      });
      const sink: TimingSink = {
        isByTouchpoint: true,
        count: (touchpoint) => numbers.get(touchpoint) ?? -1,
        totals: (number) => held[number] as TimingTotals,
        bytes: held.length * TOTALS_BYTES,
      };
      yield* addTimings(context, [{ scope: { ...search, project }, sink, buckets: undefined }], new Coverage());
    }
  }

  /** Null where the touchpoint has too few timings to tell, or none. */
  p99({ project, touchpoint = "" }: Pick<RunningTiming, "project" | "touchpoint">): number | null {
    const durations = this.#projects.get(project)?.get(touchpoint)?.durations;
    return durations === undefined || durations.count < USUAL_TIMINGS_MIN ? null : durations.quantile(0.99);
  }
}
