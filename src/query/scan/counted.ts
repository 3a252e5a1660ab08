// What a response counts of its records, as data: so that a store which can count by itself need not give the records.
// The response has a second way for stores that cannot: it visits blocks. Both ways add to the same counters.

import type { SketchLike } from "../../block/stats/duration_sketch.ts";
import type { CountedValue } from "../../block/stats/value_counts.ts";
import type { Expression } from "../../search/expression.ts";
import type { Buckets } from "./time_buckets.ts";

/** Timings that are counted together. */
export interface CountedTimings {
  readonly unfinished: number;
  /** The durations of completed ones. */
  readonly completed: SketchLike;
}

/** Records with one message, of one level and one bucket of time. */
export interface CountedMessages {
  /** At least its first VALUE_LENGTH_MAX characters. */
  readonly message: string;
  /** As block/codec/flags.ts has it; 0: none. */
  readonly levelCode: number;
  readonly count: number;
  /** Unix ms. */
  readonly first: number;
  readonly last: number;
  /** Of any of the records. */
  readonly id: number;
}

/** Records among which some match. */
export interface CountedRecords {
  readonly count: number;
  /** Those that match, and others. */
  readonly of: number;
  /** The durations of completed timings among those that match. */
  readonly durations: SketchLike;
}

/** What is counted, and who takes it. `scope` is the number of the scan's scope. */
export type CountedAsk =
  /** Records by bucket of time, and by their flags: kind and level, as block/codec/flags.ts has them. */
  | {
      readonly kind: "levels";
      /** By scope. */
      readonly buckets: readonly Buckets[];
      readonly add: (scope: number, bucket: number, flags: number, count: number) => void;
    }
  /** Completed and unfinished timings by touchpoint, or of all touchpoints as "", and by bucket of time. */
  | {
      readonly kind: "timings";
      readonly byTouchpoint: boolean;
      /** By scope; undefined: timings of all times are one. */
      readonly buckets: readonly (Buckets | undefined)[];
      /** `time` lies in the bucket. */
      readonly add: (scope: number, touchpoint: string, time: number, timings: CountedTimings) => void;
    }
  /** How many records have each field, by its name in block statistics. */
  | { readonly kind: "fields"; readonly add: (name: string, count: number) => void }
  /** Records with a message, by what patterns need of them. */
  | {
      readonly kind: "messages";
      /** Undefined: times are not counted. */
      readonly buckets: Buckets | undefined;
      readonly add: (messages: CountedMessages) => void;
    }
  /** What rules measure: of all records and of each group, how many there are, and those that match. */
  | {
      readonly kind: "measured";
      /** Undefined: all match. */
      readonly matching: Expression | undefined;
      /** What the records of each group match. */
      readonly groups: readonly Expression[];
      readonly hasDurations: boolean;
      /** `group`: its number; −1 for all records. */
      readonly add: (group: number, measured: CountedRecords) => void;
    }
  /** Records by the value of a field, the most frequent values at least. */
  | {
      readonly kind: "values";
      /** As in block statistics: "level", "metadata.orderId". */
      readonly field: string;
      /** So many of the most frequent values are wanted; and every one that `known` has. */
      readonly limit: number;
      readonly known: () => readonly CountedValue[];
      readonly add: (value: CountedValue, count: number) => void;
      /** Counts records with other values than those that were added; there is at least one such value. */
      readonly addOthers: (count: number) => void;
    };
