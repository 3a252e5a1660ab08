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

/** Equal stretches of time: number n is after `from` + (n − 1) · width, up to and including `from` + n · width. */
export interface Cells {
  /** Unix ms. */
  readonly from: number;
  readonly widthMs: number;
}

/** Records among which some match. */
export interface CountedRecords {
  readonly count: number;
  /** Those that match, and others. */
  readonly of: number;
  /** The durations of completed timings among those that match. */
  readonly durations: SketchLike;
}

/** A field as a breakdown reads it. */
export interface ReadField {
  /** Its name in a search. */
  readonly name: string;
  /** The top-level field of metadata that has its values; undefined: it is none of metadata. */
  readonly head: string | undefined;
}

/** The values of a field of metadata that are counted. */
export interface ChosenValues {
  /** Its name in a search. */
  readonly name: string;
  /** The top-level fields that have its values. */
  readonly heads: ReadonlySet<string>;
  /** Undefined: they cannot be listed, so all values are told. */
  readonly values: readonly CountedValue[] | undefined;
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
      /** By when records were received. Undefined: all count together. */
      readonly cells?: Cells;
      /** `group`: its number; −1 for all records. `cell`: its number; 0 without cells. May come several times. */
      readonly add: (group: number, measured: CountedRecords, cell: number) => void;
    }
  /** The values of several fields: of each its most frequent ones, by which a breakdown chooses. */
  | {
      readonly kind: "candidates";
      /** Fields that are none of metadata. */
      readonly fixed: readonly string[];
      /** So many values of a field are told; the others are counted together. */
      readonly valuesMax: number;
      readonly addRecords: (count: number) => void;
      readonly add: (field: ReadField, value: CountedValue, count: number) => void;
      /** Counts records with `different` values that are not told. */
      readonly addOthers: (field: ReadField, count: number, different: number) => void;
    }
  /** Records with chosen values, and the found ones among them. */
  | {
      readonly kind: "compared";
      /** What the found records match. */
      readonly found: Expression;
      readonly fixed: readonly string[];
      /** Top-level fields of metadata. */
      readonly heads: ReadonlySet<string>;
      readonly values: readonly ChosenValues[];
      /** @param value undefined: one that is not chosen */
      readonly add: (field: ReadField, value: CountedValue | undefined, all: number, found: number) => void;
      /** Called after everything was counted; where it is not called, nothing counts. */
      readonly end: (all: number, found: number) => void;
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
      /** Counts records with other values than those that were added; there are `different` such values at least. */
      readonly addOthers: (count: number, different: number) => void;
    };
