// Each limit that is not configuration, with what it bounds and why so much.

/**
 * The largest instant a JavaScript date can hold, in Unix milliseconds (ECMA-262, 21.4.1.1); also the contract's bound.
 */
export const TIME_MS_MAX = 8.64e15;

/** How far ahead of its receipt a record may be. Bounds the damage of a wrong clock to one day of blocks. */
export const FUTURE_MS_MAX = 24 * 3_600_000;

/** How deep metadata may nest. JSON.stringify and structured clone overflow the stack far beyond it. */
export const METADATA_DEPTH_MAX = 100;

/** How many messages a 422 lists, so that a batch of 10,000 bad entries gets a small answer. */
export const VALIDATION_MESSAGES_MAX = 100;

/** One UTC day in milliseconds: a block never spans two of them, so retention drops whole blocks. */
export const DAY_MS = 86_400_000;

/** Metadata fields that get a column of their own in a block; what is left shares one JSON column. */
export const METADATA_COLUMNS_MAX = 256;

/**
 * Characters of a metadata field's name that may have such a column: names of columns are stored as they are, and not
 * counted.
 */
export const METADATA_NAME_LENGTH_MAX = 128;

/** Records of a full block. Large enough for good compression, small enough to decode in some milliseconds. */
export const BLOCK_RECORDS_MAX = 65_536;

/** Touchpoint names a project keeps in its dictionary; further ones are stored with their records only. */
export const TOUCHPOINTS_MAX = 10_000;

/** Of these, names that only client keys sent: anybody can send with one, and servers' names must find room. */
export const CLIENT_TOUCHPOINTS_MAX = TOUCHPOINTS_MAX / 2;

/**
 * How long a batch may wait in the queue under `sync` and `write`, in ms: then it is answered 503 (contract, section
 * 4).
 */
export const QUEUE_WAIT_MS_MAX = 10_000;

/**
 * Complete timings of each key type that are remembered until their start comes; a power of two. 27 MB when full, 8 s
 * back at 30,000 a second.
 */
export const RECENTLY_COMPLETED_MAX = 262_144;

/**
 * Seconds of its rate that a key may send at once (contract, section 3): enough for a deploy or a page's first load.
 */
export const RATE_BURST_SECONDS = 10;

/**
 * The part of the queue for bodies in which no live key was found: strangers starve nobody. One of them always has
 * room.
 */
export const UNAUTHENTICATED_SHARE = 1 / 8;

/**
 * Queries at a time, running or waiting; further ones are answered 503. Bounds what waits for the one reader thread.
 */
export const QUERIES_AT_ONCE_MAX = 64;

/** Exports at a time; further ones are answered 503. Each holds some lines in memory. */
export const EXPORTS_AT_ONCE_MAX = 8;

/** Live tails at a time; further ones are answered 503. Each is a socket, a search and a position. */
export const TAILS_AT_ONCE_MAX = 10_000;

/** How long a query may take, in ms: longer than anyone waits for a page, shorter than a proxy's timeout. */
export const QUERY_MS_MAX = 15_000;

// Queries. Every list of a response, and everything that a query holds while it scans blocks, is bounded here, so that
// no data and no number of queries can make the reader thread's memory grow without end.

const MIB = 1024 * 1024;

/** Touchpoints that one response lists, the most frequent first: as many as a project's list has. */
export const TOUCHPOINTS_LISTED_MAX = TOUCHPOINTS_MAX;

/** Fields that one response lists, the most frequent: more than anyone reads, and as many as block statistics count. */
export const FIELDS_LISTED_MAX = 2_000;

/** Categories that one response lists, the most frequent: one touchpoint can lie in 32 of them. */
export const CATEGORIES_LISTED_MAX = 10_000;

/**
 * Characters of a field's name in a response, as of a touchpoint's. Names that share their beginning are counted as
 * one.
 */
export const FIELD_NAME_LENGTH_MAX = 512;

/** Characters of a value in a response. Values that share their beginning are counted as one. */
export const VALUE_LENGTH_MAX = 1_000;

/** Buckets of all series of one response: 10 MB of JSON, and 40 MB of totals before. */
export const SERIES_BUCKETS_MAX = 40_000;

/**
 * Characters of the texts of a page of records: clients, and the threads on the way, must hold it. The rest is on the
 * next page.
 */
export const PAGE_LENGTH_MAX = 4 * MIB;

/**
 * Different names whose totals one query holds, about 1 KB each: half as many again as it lists, so that data with a
 * few names too many needs no second pass.
 */
export const NAMES_HELD_MAX = 15_000;

/** Different values that one query holds with their texts. */
export const VALUES_HELD_MAX = 50_000;

/** Characters of these texts: 16 MiB of memory. */
export const VALUE_TEXTS_LENGTH_MAX = 8 * MIB;

/**
 * Further names or values that one query counts by their hashes: 16 bytes each in a table that is at least half full,
 * 32 MiB.
 */
export const HASHES_HELD_MAX = 1024 * 1024;

/**
 * Memory of all queries at work, in bytes, about. Further ones wait until others are done; one that alone holds more
 * goes on alone.
 */
export const QUERIES_BYTES_MAX = 256 * MIB;

/** Records of all projects that a live tail may lag behind the newest before it is moved forward. */
export const TAIL_LAG_MAX = 100_000;

/** Of these, so many are still sent after the move. */
export const TAIL_LAG_AFTER_MOVE = 1_000;

// The data file: what it holds beside records, and what it takes on the disk.

/** Dropped entries that a project's list of rejections shows, the latest: enough to find a fault. */
export const REJECTIONS_MAX = 1_000;

/**
 * Bytes of all batches that are set aside because they brought the writer down twice, the latest. One batch may be as large as a
 * request may be by default.
 */
export const SET_ASIDE_BYTES_MAX = 16 * MIB;

/** UTC days for which ambiguous pairs are counted by touchpoint. The counters of usage stay longer. */
export const AMBIGUOUS_DAYS_MAX = 31;

/** Touchpoints that are counted for one day, project and type of key: enough to see what is wrong, and little to write. */
export const AMBIGUOUS_NAMES_MAX = 200;

/** Small groups that the redo log holds until they are flushed to the tables. Bounds what a start must replay. */
export const REDO_SLOTS = 64;

/** Bytes of one slot of the redo log, 1 MiB with all others. A larger group is written to the tables at once. */
export const REDO_SLOT_BYTES = 16 * 1024;

/**
 * Bytes of the reserve file. It is removed when the disk is full, so that retention can delete blocks: the room suffices for the
 * log of SQLite while they are deleted in small steps.
 */
export const DISK_RESERVE_BYTES = 8 * MIB;

/** How long records that a shorter retention hides stay on disk, in ms: time to notice a mistake. */
export const DELETION_DELAY_MS = 3_600_000;
