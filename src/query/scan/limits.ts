// What bounds queries, in one place. Every list that an answer has, and everything that a query holds while it looks at blocks, is
// bounded here, so that no data and no number of queries can make the reader's memory grow without end.

const MIB = 1024 * 1024;

/** Touchpoints that one answer lists, the most frequent; so many a project's own list has, too. */
export const TOUCHPOINTS_LISTED_MAX = 10_000;

/** Fields that one answer lists, the most frequent: more than anyone reads, and as many as a block notes. */
export const FIELDS_LISTED_MAX = 2_000;

/** Categories that one answer lists, the most frequent: one touchpoint can lie in 32 of them. */
export const CATEGORIES_LISTED_MAX = 10_000;

/** Characters of a field's name in an answer, as of a touchpoint's (core/touchpoint.ts); names that begin alike are one there. */
export const NAME_LENGTH_MAX = 512;

/** Characters of a value in an answer; values that begin alike are one there. */
export const VALUE_LENGTH_MAX = 1_000;

/**
 * Different names whose figures one query keeps: half as many again as it lists, so that data with a few names too many needs no second
 * pass. Figures take about 1 KB each.
 */
export const NAMES_KEPT_MAX = 15_000;

/** Different values that one query keeps with their texts, and the characters of these: 16 MiB. */
export const VALUES_KEPT_MAX = 50_000;
export const VALUE_TEXTS_LENGTH_MAX = 8 * MIB;

/** Further names or values that are counted by their hashes, 16 bytes each in a table that is at least half full: 32 MiB. */
export const HASHES_KEPT_MAX = 1024 * 1024;

/** Buckets of all series of one answer: 10 MB of JSON, and 40 MB of figures before. */
export const SERIES_BUCKETS_MAX = 40_000;

/** Characters of the texts of a page of records: a client, and the threads on the way, must hold it. The next page has the rest. */
export const PAGE_LENGTH_MAX = 4 * MIB;

/** Bytes that all queries in work hold, about; further ones wait until others are done. One that alone holds more goes on alone. */
export const QUERIES_BYTES_MAX = 256 * MIB;

/** What a block in work takes, as a multiple of its inflated bytes: texts are decoded for a search. Measured with messages of 200 kB. */
export const INFLATED_FACTOR = 4;

/**
 * Inflated bytes, and ms of work, after which garbage is collected where the process is large already: columns are large, and the runtime
 * waits for more of them. In a small process that would only cost time.
 */
export const COLLECT_AFTER_BYTES = 32 * MIB;
export const COLLECT_AFTER_MS = 400;
export const COLLECT_RESIDENT_BYTES = 384 * MIB;

/** How long a query works before others have their turn, in ms; a step may be longer where one column takes longer. */
export const STEP_MS_MAX = 10;

/** A query that holds more lets others have their turn after each term, so that it can wait. */
export const STEP_BYTES_MAX = 16 * MIB;
