// Every fixed limit that a client, a reader or an operator can meet, with its reason. What can be configured is in
// config/schema.ts. The limits of the data file's own upkeep stand where they are used. docs/limits.md lists these for
// users; a test compares the two. Units are last in the names; LENGTH is in UTF-16 units, as JavaScript counts
// characters.

const MIB = 1024 * 1024;

// Time.

/** The largest instant that a JavaScript date can hold, in Unix ms. Source: ECMA-262, 21.4.1.1. */
export const TIME_MS_MAX = 8.64e15;

/** One UTC day, in ms. A block never spans two days, so retention deletes whole blocks. */
export const DAY_MS = 86_400_000;

/** How far ahead of its receipt a record may be, in ms. A wrong clock can damage one day of blocks at most. */
export const FUTURE_MS_MAX = 24 * 3_600_000;

// Connections and requests.

/**
 * A connection that moves no byte for so many seconds is closed. More than the 10 s that a batch may wait for its
 * answer.
 */
export const IDLE_SECONDS = 120;

/** The largest value of `max_body`, in bytes. Larger bodies are JavaScript strings too large to parse quickly. */
export const CONFIGURED_BODY_BYTES_MAX = 256 * MIB;

/** A larger body is refused before it is parsed if it shows no live key, in bytes: strangers get no parser time. */
export const UNAUTHENTICATED_BYTES_MAX = 64 * 1024;

/** A longer idempotency key counts as none. Long enough for any UUID or hash, and short enough to remember. */
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

/** Messages that a 422 lists: a batch of 10,000 bad entries gets a small answer. */
export const VALIDATION_MESSAGES_MAX = 100;

/** How long a batch may wait in the queue under `sync` and `write`, in ms; then it is answered 503. */
export const QUEUE_WAIT_MS_MAX = 10_000;

/**
 * The share of the queue for bodies without a live key, so that strangers cannot fill it. One such body always fits.
 */
export const UNAUTHENTICATED_SHARE = 1 / 8;

/** The largest body of a read, a change or a sign-in, in bytes: such bodies hold a token, two names or a search. */
export const READ_BODY_BYTES_MAX = 64 * 1024;

// Syslog. A listener is one [[syslog]] table.

/** Listeners: each has a socket and memory of its own. */
export const SYSLOG_LISTENERS_MAX = 20;

/** A longer message is cut, in bytes: more than any sender's own bound, and little to hold for each connection. */
export const SYSLOG_MESSAGE_BYTES_MAX = 64 * 1024;

/** Connections of one listener; further ones are closed at once. Each may hold a message that is not complete. */
export const SYSLOG_CONNECTIONS_MAX = 1_000;

/** Messages that become one batch. */
export const SYSLOG_BATCH_MESSAGES_MAX = 1_000;

/** Bytes of a batch of messages, about: a batch ends with the message that reaches them. */
export const SYSLOG_BATCH_BYTES_MAX = 256 * 1024;

/** How long a message waits for others before they are queued, in ms: nobody waits for an answer. */
export const SYSLOG_GATHER_MS_MAX = 100;

/**
 * Bytes of messages that a listener holds while the queue takes none, some 50,000 of usual length: connections are read
 * no further then, and datagrams are refused.
 */
export const SYSLOG_HELD_BYTES_MAX = 8 * MIB;

/** Bytes of messages that are not complete, of all connections of a listener; past it, messages are cut. */
export const SYSLOG_PARTIAL_BYTES_MAX = 16 * MIB;

/** How often a datagram's batch is tried again before it is refused; one of a connection is tried until it is taken. */
export const SYSLOG_DATAGRAM_TRIES_MAX = 5;

// What other tools send, once decoded.

/** Events and links of an OTLP span that are stored with it; the others are counted in its metadata. */
export const OTLP_EVENTS_MAX = 64;
export const OTLP_LINKS_MAX = 16;
/** Levels of arrays and maps in a value of an OTLP record. */
export const OTLP_DEPTH_MAX = 32;
/** Labels of a Loki stream: Loki takes 15 by default. 600 would cost 10,000 lines 1.2 s (measured on Bun 1.4.5). */
export const LOKI_LABELS_MAX = 64;
/** Characters that the labels of a Loki stream may have as JSON: some ten times as many as people use. */
export const LOKI_LABELS_LENGTH_MAX = 8_192;
/** Exceptions of a Sentry event beside the last one, which are shown as its causes. */
export const SENTRY_CAUSES_MAX = 20;
/** Breadcrumbs of a Sentry event that are kept, the latest: what led to the error. */
export const SENTRY_BREADCRUMBS_MAX = 20;
/** Lines of a Sentry event's stack; of an endless recursion the rest says nothing new. */
export const SENTRY_FRAMES_MAX = 100;

// Keys, sessions and hosts.

/** A key may send so many seconds of its rate at once: enough for a deploy or a page's first load. */
export const RATE_BURST_SECONDS = 10;

/** Of a pair's name in UTF-16 units: 80 characters, each of two at most. */
export const KEY_NAME_LENGTH_MAX = 160;

/** Allowed origins of one key pair: a browser's origin is compared with each. */
export const ORIGINS_MAX = 50;

/** Readers: a token, and a session's proof, is compared with that of each. */
export const READERS_MAX = 100;

/** Projects that one reader may read: each block is looked up among them. */
export const READER_PROJECTS_MAX = 1_000;

/** Allowed hosts: each request's Host is compared with each. */
export const HOSTS_MAX = 100;

/** How long a session of the app lasts, in seconds: a working day. */
export const SESSION_SECONDS = 12 * 3_600;

/** Open sessions; a new one ends the oldest. They take about 300 kB of memory and of the data file. */
export const SESSIONS_MAX = 1_000;

// Entries and records.

/** How deep metadata may nest. JSON.stringify and structured clone overflow the stack far beyond it. */
export const METADATA_DEPTH_MAX = 100;

/** Metadata fields that get a column of their own in a block; the others share one JSON column. */
export const METADATA_COLUMNS_MAX = 256;

/** Longest name of a metadata field with its own column: a block stores column names uncompressed. */
export const METADATA_NAME_LENGTH_MAX = 128;

/** Touchpoint names that the list of a project holds; further ones are stored with their records only. */
export const TOUCHPOINTS_MAX = 10_000;

/**
 * Of these, names that only client keys sent. Anybody can send with a client key, and servers' names must find room.
 */
export const CLIENT_TOUCHPOINTS_MAX = TOUCHPOINTS_MAX / 2;

/**
 * Complete timings of each key type that are remembered until their start comes. A power of two; 27 MB when full, 8 s
 * at 30,000 a second.
 */
export const RECENTLY_COMPLETED_MAX = 262_144;

/** Days (UTC) for which ambiguous pairs are counted by touchpoint; the counters of usage stay for ever. */
export const AMBIGUOUS_DAYS_MAX = 31;

/**
 * Touchpoints whose ambiguous pairs are counted, of one day, project and key type: enough to find the cause, and cheap
 * to write.
 */
export const AMBIGUOUS_NAMES_MAX = 200;

/**
 * Dropped entries that one commit stores, of each project and reason. Others are only counted, or a flood would cost
 * more than storing it.
 */
export const REJECTIONS_PER_COMMIT_MAX = 20;

/** Characters of a dropped entry's JSON that are stored; a longer one is cut. */
export const REJECTED_ENTRY_LENGTH_MAX = 4_096;

/** Records of a full block: enough to compress well, and few enough to decode in some milliseconds. */
export const BLOCK_RECORDS_MAX = 65_536;

// Searches.

/** The longest search: a page of terms, and short enough for a URL. */
export const SEARCH_LENGTH_MAX = 4_096;

/** How deep parentheses may nest. Bounds the recursion of every walk over an expression. */
export const SEARCH_DEPTH_MAX = 100;

/** Terms of one search; each value of a list counts as one. Each may cost a pass over a column. */
export const SEARCH_TERMS_MAX = 500;

// Queries at once, and their time. Further ones are answered 503.

/** Queries that run or wait. Bounds what waits for the one reader thread. */
export const QUERIES_AT_ONCE_MAX = 64;

/** Exports. Each holds some lines in memory. */
export const EXPORTS_AT_ONCE_MAX = 8;

/** Live tails. Each is a socket, a search and a position. */
export const TAILS_AT_ONCE_MAX = 10_000;

/** How long a query may take, in ms: longer than anyone waits for a page, shorter than a proxy's timeout. */
export const QUERY_MS_MAX = 15_000;

/**
 * Memory of all running queries, in bytes, about. Further ones wait until others are done; one that alone needs more
 * runs alone.
 */
export const QUERIES_BYTES_MAX = 256 * MIB;

/** Records of all projects that a live tail may lag behind the newest before it is moved forward. */
export const TAIL_LAG_MAX = 100_000;

/** Records before the newest at which a tail continues after such a move. */
export const TAIL_LAG_AFTER_MOVE = 1_000;

// Lists in responses. With the next section they bound the memory of the reader thread, whatever the data and the
// number of queries.

/** Records of a page of `entries`. */
export const ENTRIES_LIMIT_MAX = 10_000;

/**
 * Characters of the texts of a page of records. Clients, and the threads on the way, hold it whole; the rest is on the
 * next page.
 */
export const PAGE_LENGTH_MAX = 4 * MIB;

/** Records and running starts of a trace: as many bars as anyone looks at, and as a page draws at once. */
export const TRACE_RECORDS_MAX = 2_000;

/** Rows of other lists: people look through them. */
export const ROWS_MAX = 1_000;

/** Buckets of a histogram or of one series. */
export const BUCKETS_MAX = 10_000;

/** Buckets of all series of one response: 10 MB of JSON, made from 40 MB of totals. */
export const SERIES_BUCKETS_MAX = 40_000;

/** Markers of an answer, and characters of a marker's label: what a chart can show. */
export const MARKERS_MAX = 200;
export const MARKER_LABEL_LENGTH_MAX = 80;

/** Completed timings on either side below which two ranges are not compared: a percentile of fewer is chance. */
export const TIMINGS_COMPARED_MIN = 30;

/** Rows of a heat map of durations: finer ones are thinner than a finger on a screen. */
export const DURATION_ROWS_MAX = 60;

/** Cells of such a heat map: 10 rows where there are as many buckets as can be. */
export const DURATION_CELLS_MAX = 100_000;

/** Fields of a breakdown, those that the most of the found records have. */
export const BREAKDOWN_FIELDS_MAX = 50;

/** Values of each field of a breakdown: people look at the first few. */
export const BREAKDOWN_VALUES_MAX = 100;

/** Touchpoints of one response, the most frequent first: as many as a project's list holds. */
export const TOUCHPOINTS_LISTED_MAX = TOUCHPOINTS_MAX;

/** Values of a field that are measured beside those that a rule knows, the most frequent ones. */
export const MEASURED_GROUPS_MAX = 100;

/** Categories of one response, the most frequent first. */
export const CATEGORIES_LISTED_MAX = 10_000;

/** Fields of one response, the most frequent first: more than anyone reads, and as many as block statistics count. */
export const FIELDS_LISTED_MAX = 2_000;

/** Characters of a field's name in a response. Names with the same beginning count as one. */
export const FIELD_NAME_LENGTH_MAX = 512;

/** Characters of a value in a response. Values with the same beginning count as one. */
export const VALUE_LENGTH_MAX = 1_000;

// Names and values that one query holds while it scans blocks.

/**
 * Different names with their totals, about 1 KB each: 1.5 times as many as are listed, so that slightly more names need
 * no second scan.
 */
export const NAMES_HELD_MAX = 15_000;

/** Different values with their texts. */
export const VALUES_HELD_MAX = 50_000;

/** Characters of these texts: 16 MiB of memory. */
export const VALUE_TEXTS_LENGTH_MAX = 8 * MIB;

/**
 * Different patterns of messages with their figures, about 2.5 KB each with an example and 120 counts over time, and at
 * most 5 KB. Real programs have some hundred.
 */
export const PATTERNS_HELD_MAX = 5_000;

/** Characters of a pattern. Those with the same beginning count as one. */
export const PATTERN_LENGTH_MAX = 500;

/** Metadata fields that a breakdown counts the values of, the first that come. */
export const BREAKDOWN_NAMES_HELD_MAX = 100;

/** Different values that a breakdown holds of each field, the first that come; a frequent value comes early. */
export const BREAKDOWN_VALUES_HELD_MAX = 1_000;

/** Characters of these texts, of each field: with all bounds 30 MiB of memory. */
export const BREAKDOWN_TEXTS_LENGTH_MAX = 64 * 1024;

/** Further names or values, counted by hash: 16 bytes each in a table that is at least half full, so 32 MiB. */
export const HASHES_HELD_MAX = 1024 * 1024;

// The data file: what it holds beside records, and what it takes on the disk.

/** Dropped entries that a project's list of rejections shows, the latest: enough to find a fault. */
export const REJECTIONS_MAX = 1_000;

/**
 * Bytes of all batches that are set aside because they brought the writer down twice, the latest. One batch may be as
 * large as a request may be by default (`max_body`), and three of these fit.
 */
export const SET_ASIDE_BYTES_MAX = 16 * MIB;

/** Small groups that the redo log holds until they are flushed to the tables. Bounds what a start must replay. */
export const REDO_SLOTS = 64;

/** Bytes of one slot of the redo log, 1 MiB with all others. A larger group is written to the tables at once. */
export const REDO_SLOT_BYTES = 16 * 1024;

/**
 * Bytes of the reserve file. It is removed when the disk is full, so that retention can delete blocks: the room
 * suffices for the log of SQLite while they are deleted in small steps.
 */
export const DISK_RESERVE_BYTES = 8 * MIB;

/** How long records that a shorter retention hides stay on disk, in ms: time to notice a mistake. */
export const DELETION_DELAY_MS = 3_600_000;

// Refused batches, which are listed from memory.

/** Groups of refused batches with a live key: some for each of a hundred keys, half a megabyte. */
export const KEYED_REFUSALS_MAX = 300;

/** The same without a live key. Strangers can make up as many as they like, so they have a list of their own. */
export const STRANGERS_REFUSALS_MAX = 200;

/** Characters of a sender's text in such a group: an origin, or what is wrong with a body. */
export const REFUSAL_TEXT_LENGTH_MAX = 200;

/** [[destinations]] tables: each may have requests of its own under way. */
export const DESTINATIONS_MAX = 50;

/** Saved views of all projects together: more could not be listed in a navigation. */
export const VIEWS_MAX = 500;

/** Characters of a saved view's name, and of its address: longer ones do not fit into every browser's bar. */
export const VIEW_NAME_LENGTH_MAX = 80;
export const VIEW_ADDRESS_LENGTH_MAX = 8_000;

/** Addresses of ClickHouse servers in the configuration, at most. */
export const CLICKHOUSE_URLS_MAX = 32;
/**
 * The bits of a shown id that a node's own ids take. With them and the highest node an id stays below 2^53, so it is
 * exact as a number.
 */
export const NODE_ID_BITS = 40;
/** The highest number of a node. */
export const CLICKHOUSE_NODE_MAX = 8_191;
