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
