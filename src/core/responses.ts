// The responses of the read API about records, as schemas: the API's description is made of them, and the types of the
// readers, the commands and the app come from them. A schema with a title is one component of the description. All
// times are Unix milliseconds. Import types from here with `import type` where TypeBox must not come along, as in the
// app.

import { Type } from "@sinclair/typebox";
import { count, metadata, nullable, object, source, text, time, type ValueOf } from "./schema_parts.ts";

/** Every refusal. */
export const MessageSchema = object("Message", { message: text("What is wrong, for people") });

/** A refusal that may say where in the search text the problem is. */
export const QueryProblemSchema = object("QueryProblem", {
  message: text("What is wrong, for people"),
  at: Type.Optional(count("Where in `q`, in UTF-16 units from 0")),
  length: Type.Optional(count("How many units are concerned")),
});

/** A body that does not fit its schema. */
export const InvalidPayloadSchema = object("InvalidPayload", {
  message: Type.String(),
  errors: Type.Object({
    fieldErrors: Type.Record(Type.String(), Type.Array(Type.String())),
    formErrors: Type.Array(Type.String()),
  }),
});

const WARNINGS = {
  stoppedEarly: Type.Optional(text("The time limit ended the search: the answer covers a part, and this says which")),
  damagedBlocks: Type.Optional(count("Blocks that are damaged and were left out")),
};

const ScanWarningsSchema = Type.Object(WARNINGS);
/** What a response that read blocks may add: the time limit ended it, or blocks were damaged. */
export type ScanWarnings = ValueOf<typeof ScanWarningsSchema>;

/** What a rule measures, of all records or of one group. */
export interface Measured {
  /** Records that match. */
  readonly count: number;
  /** Records among which they were counted; `count` where there is no `of`. */
  readonly of: number;
  /** Completed timings among those that match; 0 where no percentile was asked for. */
  readonly timings: number;
  /** In ms; null: none was asked for, or there are no timings. */
  readonly percentile: number | null;
}

/** The response to a MeasureRequest. */
export interface MeasureResponse extends Measured, ScanWarnings {
  /** Those that were asked for, and the most frequent ones; a group without records counts 0. */
  readonly groups?: readonly (Measured & { readonly value: string })[];
}

/** The response to a RuleSeriesRequest. Evaluations have indexes from 0. */
export interface RuleSeriesResponse extends ScanWarnings {
  /** The first evaluation, Unix ms. */
  readonly from: number;
  readonly evaluations: number;
  /**
   * Of the one instance, whose value is null, or of each value of the field that the rule groups by: from which
   * evaluation on what was measured. Until the next one it was the same, or the same to the rule: not beyond the bound,
   * and on the same side of the bound for resolving, or not known.
   */
  readonly series: readonly {
    readonly value: string | null;
    readonly runs: readonly (readonly [
      at: number,
      count: number,
      of: number,
      timings: number,
      percentile: number | null,
    ])[];
  }[];
  /** The value furthest on the bad side, of any instance, in evaluations next to each other; `at` is the first one. */
  readonly points: readonly { readonly at: number; readonly value: number | null }[];
  /** When the oldest stored record was received, Unix ms; null: there is none. */
  readonly firstReceivedAt: number | null;
  /** Whether the evaluations begin later than they were asked for: there were too many. */
  readonly isCut?: boolean;
  /** Whether the field has more values than were looked at. */
  readonly hasMoreValues?: boolean;
}

/** The response to a query for what was received last. */
export interface LatestReceivedResponse {
  /** The latest receipt, Unix ms, and the highest id; null: there is no such record. */
  readonly latest: { readonly receivedAt: number; readonly id: number } | null;
}

export const RecordSchema = object("Record", {
  id: Type.Integer({ minimum: 1, description: "Grows in commit order over all projects, never reused" }),
  project: Type.String(),
  apiKey: text("Name of the key pair that sent it"),
  kind: Type.Union([Type.Literal("log"), Type.Literal("timing")]),
  status: Type.Optional(
    Type.Union(
      [Type.Literal("completed"), Type.Literal("started"), Type.Literal("unfinished"), Type.Literal("orphaned")],
      { description: "Of timings" },
    ),
  ),
  time: time("When it happened"),
  receivedAt: time("When it was received"),
  source: source("What sent it, as the entry or its batch says"),
  keyType: Type.Optional(
    source("Which key of the pair sent it, whatever `source` says; absent in records that an older version stored"),
  ),
  touchpoint: Type.Optional(Type.String()),
  key: Type.Optional(text("Correlation key")),
  level: Type.Optional(
    Type.Union([Type.Literal("debug"), Type.Literal("info"), Type.Literal("warn"), Type.Literal("error")]),
  ),
  message: Type.Optional(Type.String()),
  startTime: Type.Optional(time("Start")),
  endTime: Type.Optional(time("End")),
  duration: Type.Optional(Type.Number({ description: "In ms" })),
  metadata: Type.Optional(metadata()),
});

export const EntriesSchema = object("Entries", {
  entries: Type.Array(RecordSchema, {
    description: "By time, then by id, in the order of the request; fewer than the limit where they are very long",
  }),
  nextCursor: nullable(text("Give it back for the next page; null on the last one")),
  ...WARNINGS,
});
/** A page of records. */
export type EntriesResponse = ValueOf<typeof EntriesSchema>;

/** The range that the answer compares with, and whether it is still there. */
const PreviousRangeSchema = object("PreviousRange", {
  from: time("Start"),
  to: time("End, not included"),
  kept: Type.Union([Type.Literal("whole"), Type.Literal("part"), Type.Literal("none")], {
    description:
      '"part": its beginning, or what one of the projects had in it, is deleted or was never stored; "none": all of it',
  }),
  keptFrom: nullable(time("Since when everything that was stored is kept; null: nothing is stored")),
});
export type PreviousRange = ValueOf<typeof PreviousRangeSchema>;

const HistogramBucketSchema = Type.Object({
  time: time("Start of the bucket"),
  debug: count("Logs of this level"),
  info: count("Logs of this level"),
  warn: count("Logs of this level"),
  error: count("Logs of this level"),
  timing: count("Timings"),
});
/** Counts of the records of one interval: logs by level, and timings. */
export type HistogramBucket = ValueOf<typeof HistogramBucketSchema>;

export const HistogramSchema = object("Histogram", {
  interval: Type.Number({ description: "Length of a bucket, ms" }),
  buckets: Type.Array(HistogramBucketSchema, { description: "Empty ones included" }),
  previousBuckets: Type.Optional(
    Type.Array(HistogramBucketSchema, {
      description: "With compare: those of the compared range, each as far from its start as the same one of `buckets`",
    }),
  ),
  previous: Type.Optional(PreviousRangeSchema),
  ...WARNINGS,
});
export type HistogramResponse = ValueOf<typeof HistogramSchema>;

const duration = (description: string) => nullable(Type.Number({ description: `${description}, ms` }));

const STATS = {
  count: count("Completed timings"),
  min: duration("Shortest"),
  mean: duration("Mean"),
  max: duration("Longest"),
  p50: duration("Median, within 1 %"),
  p75: duration("75th percentile, within 1 %"),
  p90: duration("90th percentile, within 1 %"),
  p95: duration("95th percentile, within 1 %"),
  p99: duration("99th percentile, within 1 %"),
  running: count("Starts that still wait for their end"),
  unfinished: count("Starts whose end never came"),
};

const TimingStatsSchema = Type.Object(STATS);
/** Counts and durations (ms) of timings. A duration is null where no timing was completed. */
export type TimingStats = ValueOf<typeof TimingStatsSchema>;

const { running: _running, ...PREVIOUS_STATS } = STATS;
const PreviousStatsSchema = object("PreviousTimingStats", PREVIOUS_STATS);
/** Timings of a compared range. */
export type PreviousTimingStats = ValueOf<typeof PreviousStatsSchema>;

const difference = (description: string) => nullable(Type.Number({ description: `${description}, ms` }));

const TimingChangeSchema = object("TimingChange", {
  state: Type.Union(
    ["compared", "few", "new", "gone", "unknown"].map((state) => Type.Literal(state as TimingState)),
    {
      description:
        '"compared"; "few": fewer than 30 completed timings on either side; "new": no timing before; "gone": no timing now; "unknown": nothing is kept of the compared range',
    },
  ),
  count: Type.Integer({ description: "Completed timings now, less those before" }),
  p50: difference("p50 now, less p50 before; null where either side has none"),
  p95: difference("p95 now, less p95 before; null where either side has none"),
  total: difference("The sum of all durations now, less that before"),
  worse: nullable(
    Type.Number({
      description:
        "(p95 now − p95 before) × count now, ms: what became worse, times how often; null unless `state` is compared",
    }),
  ),
});
/** How timings changed from a compared range. */
export type TimingChange = ValueOf<typeof TimingChangeSchema>;
/** Whether there are enough timings on both sides. */
export type TimingState = "compared" | "few" | "new" | "gone" | "unknown";

const COMPARED = {
  previous: Type.Optional(PreviousStatsSchema),
  change: Type.Optional(TimingChangeSchema),
};

const TouchpointTimingsSchema = Type.Object({
  project: Type.String(),
  touchpoint: text('"" for timings without one; a long name is cut'),
  registered: Type.Boolean(),
  ambiguous: count("Pairs for which more than one start would have done, on the days of the range; whatever `q` is"),
  ...STATS,
  ...COMPARED,
});
export type TouchpointTimings = ValueOf<typeof TouchpointTimingsSchema>;

const CategoryTimingsSchema = Type.Object({
  project: Type.String(),
  category: text('What names have up to a "/", which it ends with'),
  ...STATS,
  ...COMPARED,
});
/** All listed touchpoints of a project whose names begin with `category`, together. */
export type CategoryTimings = ValueOf<typeof CategoryTimingsSchema>;

export const TimingsSchema = object("Timings", {
  more: count(
    "Touchpoints that are not listed: those with the most timings are, 10,000 at most, or as many as `limit`",
  ),
  touchpoints: Type.Array(TouchpointTimingsSchema, {
    description:
      "By name, or as `sort` says, then by project: equal names of two projects are two touchpoints. With compare, also those that only the compared range has",
  }),
  categories: Type.Optional(
    Type.Array(CategoryTimingsSchema, {
      description: "With by=category: all listed touchpoints of each category together, of 10,000 categories at most",
    }),
  ),
  registering: Type.Array(Type.String(), {
    description: "Projects with registered touchpoints, by name: only there does an unregistered one mean something",
  }),
  previous: Type.Optional(PreviousRangeSchema),
  ...WARNINGS,
});
/** Categories by name. */
export type TimingsResponse = ValueOf<typeof TimingsSchema>;

const SeriesBucketSchema = object("SeriesBucket", {
  time: time("Start of the bucket"),
  ...STATS,
  durations: Type.Optional(
    Type.Array(Type.Integer(), { description: "With by=duration: completed timings by row of `durationBounds`" }),
  ),
});
export type SeriesBucket = ValueOf<typeof SeriesBucketSchema>;
const SeriesBucketsSchema = Type.Array(SeriesBucketSchema);
const PreviousBucketsSchema = Type.Array(SeriesBucketSchema, {
  description: "With compare: those of the compared range, each as far from its start as the same one of `buckets`",
});

export const SeriesSchema = object("Series", {
  interval: Type.Number({ description: "Length of a bucket, ms" }),
  buckets: Type.Optional(SeriesBucketsSchema),
  previousBuckets: Type.Optional(PreviousBucketsSchema),
  durationBounds: Type.Optional(
    Type.Array(Type.Number(), {
      description:
        "With by=duration: row n has durations above bound n, up to and with bound n + 1, in ms; the first row also 0. Each is the one before times a fixed factor, but after a 0. A search for durations above one bound, up to and with the next, finds what a row counts",
    }),
  ),
  more: Type.Optional(
    count(
      "With by=touchpoint: touchpoints that are not listed. Those with the most timings are, so many that all have 40,000 buckets at most",
    ),
  ),
  touchpoints: Type.Optional(
    Type.Array(
      Type.Object({
        project: Type.String(),
        touchpoint: Type.String(),
        buckets: SeriesBucketsSchema,
        previousBuckets: Type.Optional(PreviousBucketsSchema),
      }),
      { description: "With by=touchpoint, in place of buckets, by name and then by project" },
    ),
  ),
  previous: Type.Optional(PreviousRangeSchema),
  ...WARNINGS,
});
export type SeriesResponse = ValueOf<typeof SeriesSchema>;

const RunningTimingSchema = Type.Object({
  project: Type.String(),
  apiKey: Type.String(),
  source: source(),
  keyType: Type.Optional(source()),
  touchpoint: Type.Optional(Type.String()),
  key: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  startTime: time("Start"),
  receivedAt: time("When the start was received"),
  timeoutAt: Type.Optional(
    time("When it is stored as unfinished, unless its end comes before; somewhat later after a restart"),
  ),
  p99: Type.Optional(
    nullable(
      Type.Number({
        description:
          "With with=p99: the p99 of its touchpoint's completed timings of the last 7 days, ms; null where it has none, or fewer than 10",
      }),
    ),
  ),
  metadata: Type.Optional(metadata()),
});
/** An open start. */
export type RunningTiming = ValueOf<typeof RunningTimingSchema>;

export const RunningSchema = object("Running", {
  running: Type.Array(RunningTimingSchema, {
    description: "In the order of the request; fewer than the limit where they are very long",
  }),
  count: count("All of them, also those that are not listed"),
});
export type RunningResponse = ValueOf<typeof RunningSchema>;

export const TraceSchema = object("Trace", {
  records: Type.Array(RecordSchema, { description: "Those nearest to `around`, oldest first" }),
  isCutBefore: Type.Boolean({ description: "Whether the key has older records in the range that are left out" }),
  isCutAfter: Type.Boolean({ description: "Whether it has newer ones that are left out" }),
  running: Type.Array(RunningTimingSchema, { description: "Starts of the key that wait for their end, oldest first" }),
  moreRunning: count("Such starts that are not listed"),
  ...WARNINGS,
});
/** The records and running starts of a key around a time. */
export type TraceResponse = ValueOf<typeof TraceSchema>;

export const FieldsSchema = object("Fields", {
  more: count("Fields that are not listed: those that the most records have are, 2,000 at most"),
  fields: Type.Array(
    Type.Object({ name: text("As a search writes it: metadata.orderId"), count: count("Records that have it") }),
  ),
  ...WARNINGS,
});
export type FieldsResponse = ValueOf<typeof FieldsSchema>;

export const ValuesSchema = object("Values", {
  field: Type.String(),
  values: Type.Array(
    Type.Object({
      value: Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()], {
        description: "Of a long text the first 1,000 characters: values that begin alike are one",
      }),
      count: count("Records with this value"),
      project: Type.Optional(text("With by=project: the project of these records")),
    }),
    { description: "Most frequent first" },
  ),
  count: count("Records that have the field"),
  more: Type.Boolean({ description: "Whether there are more different values than are listed" }),
  ...WARNINGS,
});
/** Values by falling count, then by value. */
export type ValuesResponse = ValueOf<typeof ValuesSchema>;

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });

const BreakdownFieldSchema = object("BreakdownField", {
  field: text("As a search writes it; members of objects by their dotted names"),
  count: count("Found records that have it; of a list each different element counts"),
  more: count("Different values in what is found that are not listed; an estimate where they are very many"),
  values: Type.Array(
    Type.Object({
      value: Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()], {
        description: "Of a long text the first 1,000 characters",
      }),
      count: count("Found records with this value"),
      share: share("Of all found records"),
      otherCount: count("Other records of the range with this value"),
      otherShare: share("Of all other records of the range"),
    }),
    { description: "The most frequent ones, by how much `share` exceeds `otherShare`" },
  ),
});
export type BreakdownField = ValueOf<typeof BreakdownFieldSchema>;

export const BreakdownSchema = object("Breakdown", {
  found: count("Records that match"),
  others: count("Records of the range and project, and of `among`, that do not"),
  more: count("Fields that are not listed: those that few records have, or in which no value repeats"),
  fields: Type.Array(BreakdownFieldSchema, { description: "By the largest difference of a value" }),
  ...WARNINGS,
});
export type BreakdownResponse = ValueOf<typeof BreakdownSchema>;

const MarkerSchema = object("Marker", {
  id: Type.Integer({ description: "Of the record" }),
  project: Type.String(),
  time: time("Of the record"),
  label: text("The configured field's value, or the message, or the touchpoint; of a long one the first 80 characters"),
});
export type Marker = ValueOf<typeof MarkerSchema>;

export const MarkersSchema = object("Markers", {
  markers: Type.Array(MarkerSchema, { description: "Newest first, 200 at most" }),
  more: Type.Boolean({ description: "Whether the range has older ones that are not listed" }),
  ...WARNINGS,
});
export type MarkersResponse = ValueOf<typeof MarkersSchema>;

const MessagePatternSchema = object("MessagePattern", {
  pattern: text("The message with what changes masked; of a long one the first 500 characters"),
  count: count("Messages with this pattern"),
  previous: Type.Optional(count("Such messages in the compared range, with compare; 0: it is new in this range")),
  first: time("Oldest such message in the range"),
  last: time("Newest such message in the range"),
  levels: Type.Object(
    { debug: Type.Integer(), info: Type.Integer(), warn: Type.Integer(), error: Type.Integer() },
    { description: "How many have each level; a timing may have none" },
  ),
  counts: Type.Array(Type.Integer(), { description: "Messages by bucket of time, the first begins at `start`" }),
  example: Type.Object(
    { id: Type.Integer({ description: "Of the record" }), message: text("Its message, of a long one the beginning") },
    { description: "One of the records" },
  ),
});
export type MessagePatternCount = ValueOf<typeof MessagePatternSchema>;

export const PatternsSchema = object("Patterns", {
  interval: Type.Number({ description: "Length of a bucket, ms" }),
  start: time("Start of the first bucket"),
  patterns: Type.Array(MessagePatternSchema, { description: "Most frequent first" }),
  count: count("Messages in all"),
  more: count("Patterns that are not listed; an estimate where they are very many"),
  previous: Type.Optional(PreviousRangeSchema),
  ...WARNINGS,
});
export type PatternsResponse = ValueOf<typeof PatternsSchema>;

/** Data of a live tail's `record` event is a Record, that of `gap` is this. */
export const GapSchema = object("Gap", { missed: count("Matching records that were passed over") });
