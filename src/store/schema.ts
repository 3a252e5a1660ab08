// The tables. A record is never a row: blocks hold records, and everything else here is small and bounded.

import { DROP_REASONS } from "../core/drop.ts";
import { TOUCHPOINT_BYTES_MAX, TOUCHPOINT_LENGTH_MAX } from "../core/touchpoint.ts";

/** Marks the file as ours ("SLog"), in SQLite's header. */
export const APPLICATION_ID = 0x534c6f67;

/** Version of the tables and of the block format. A newer file is refused, an older one upgraded at start. */
export const FORMAT_VERSION = 5;

/** The oldest format that commands read which do not change the file; they do without the tables that came later. */
export const READABLE_FORMAT_MIN = 3;

const API_KEYS = `
-- The keys of each pair, by the pair's name: when the server first knew one, and when it last sent an accepted batch.
CREATE TABLE api_keys (
  name TEXT NOT NULL, type TEXT NOT NULL, first_seen REAL NOT NULL, last_used REAL,
  PRIMARY KEY (name, type)
) STRICT, WITHOUT ROWID;
`;

const REDO = `
-- Small groups as they came, until a later transaction has written them in full: a ring of slots, there only under load.
CREATE TABLE redo (slot INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
`;

const SESSIONS = `
-- The app's open sessions: hashes, worth nothing without what the browser has. Replaced as a whole; left out of backups.
CREATE TABLE sessions (id TEXT PRIMARY KEY, proof TEXT NOT NULL, expires_at REAL NOT NULL) STRICT, WITHOUT ROWID;
`;

const RETENTION = `
-- The retention in force of each project (until NULL), and longer ones before it by which records are kept until then: Unix ms by the steady clock.
CREATE TABLE retention (project TEXT NOT NULL, retention_ms REAL NOT NULL, until REAL) STRICT;
`;

/** Touchpoints whose pairs were ambiguous. */
const AMBIGUOUS = `
-- Pairs by touchpoint for which more than one start would have done, by UTC day of receipt, type of key and name; pruned by age.
CREATE TABLE ambiguous (
  day INTEGER NOT NULL, project INTEGER NOT NULL, type TEXT NOT NULL, touchpoint TEXT NOT NULL, pairs INTEGER NOT NULL,
  PRIMARY KEY (day, project, type, touchpoint)
) STRICT, WITHOUT ROWID;
`;

/**
 * Names from client keys. A file of before does not say whose its names are: they count as such until a server's record
 * brings them.
 */
const NAMES = `
-- Names of the list that only client keys sent: there may be fewer of them.
CREATE TABLE client_touchpoints (
  project INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;
DELETE FROM touchpoints WHERE registered = 0 AND
  (octet_length(name) > ${TOUCHPOINT_BYTES_MAX} OR length(name) > ${TOUCHPOINT_LENGTH_MAX});
INSERT INTO client_touchpoints SELECT project, name FROM touchpoints WHERE registered = 0;
`;

/** Digests of single entries are of no use any more: repeated requests are recognised as a whole. */
const REQUESTS = `
DELETE FROM journal WHERE kind = 'dedupe';
`;

/**
 * Before, the file did not say how the clock was: it was like that when the newest record was received, less what it
 * was suspected of.
 */
const CLOCK = `
INSERT INTO meta SELECT 'clock', printf('{"wall":%.3f,"steady":%.3f,"trusted":%.3f}', received_max, received_max,
  received_max - coalesce((SELECT max(0, value) FROM meta WHERE name = 'clock_doubt'), 0))
  FROM blocks ORDER BY id_max DESC LIMIT 1;
DELETE FROM meta WHERE name = 'clock_doubt';
`;

const FORMAT_4 = `${REQUESTS}${CLOCK}${SESSIONS}${RETENTION}${AMBIGUOUS}${NAMES}`;

const ALERTS = `
-- States of alert rules, mutes, deliveries that wait, and rules of the app, as JSON. kind: state, mute, delivery, rule.
CREATE TABLE alerts (kind TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
`;

const VIEWS = `
-- Saved views: an address of the app with a name. Project '': everybody's. Bounded in number.
CREATE TABLE views (
  id INTEGER PRIMARY KEY, project TEXT NOT NULL, name TEXT NOT NULL, address TEXT NOT NULL, changed_at REAL NOT NULL,
  UNIQUE (project, name)
) STRICT;
`;

const FORMAT_5 = `${ALERTS}${VIEWS}`;

/** SQL that leads from each format to the next one, the first from format 1; one fewer than FORMAT_VERSION. */
export const FORMAT_STEPS: readonly string[] = [API_KEYS, REDO, FORMAT_4, FORMAT_5];

/** Chunks of one block have keys from block × CHUNKS_MAX on; more than the fixed columns and METADATA_COLUMNS_MAX. */
export const CHUNKS_MAX = 512;

export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE projects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- One row a block: what can be known without inflating it. Times in Unix ms; day = floor(time / 86,400,000).
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY,
  project INTEGER NOT NULL,
  day INTEGER NOT NULL,
  records INTEGER NOT NULL,
  id_min INTEGER NOT NULL, id_max INTEGER NOT NULL,
  time_min REAL NOT NULL, time_max REAL NOT NULL,
  received_min REAL NOT NULL, received_max REAL NOT NULL,
  debug INTEGER NOT NULL, info INTEGER NOT NULL, warn INTEGER NOT NULL, error INTEGER NOT NULL,
  completed INTEGER NOT NULL, started INTEGER NOT NULL, unfinished INTEGER NOT NULL, orphaned INTEGER NOT NULL,
  bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;

-- The compressed pieces: one for a packed block, one a column for a merged one. key = block × ${CHUNKS_MAX} + ordinal.
CREATE TABLE pieces (key INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

-- Names seen or registered, bounded a project.
CREATE TABLE touchpoints (
  project INTEGER NOT NULL, name TEXT NOT NULL, registered INTEGER NOT NULL, first_seen REAL NOT NULL,
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID;

-- Counters a project and UTC month ("2026-11"): received, stored, admitted, admitted.client, ambiguous and dropped.<reason>.
CREATE TABLE usage (
  project INTEGER NOT NULL, month TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (project, month, name)
) STRICT, WITHOUT ROWID;

-- Starts and ends that wait for their other half, as the worker serialises them.
CREATE TABLE waiting (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;

-- What each group added to the memories that a restart must not lose, pruned by age.
CREATE TABLE journal (id INTEGER PRIMARY KEY, received_at REAL NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL) STRICT;

-- The latest dropped entries, bounded a project. reason: ${DROP_REASONS.join(", ")}.
CREATE TABLE rejections (
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL, api_key TEXT NOT NULL, received_at REAL NOT NULL,
  reason TEXT NOT NULL, entry TEXT NOT NULL
) STRICT;

-- Batches that brought the writer down twice, whole.
CREATE TABLE set_aside (
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL, api_key TEXT NOT NULL, received_at REAL NOT NULL,
  entries INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
${API_KEYS}${REDO}${FORMAT_4}${FORMAT_5}`;

/** Every table with its columns: what a file of this format has at least. */
export const TABLES: Readonly<Record<string, string>> = {
  meta: "name, value",
  projects: "id, name",
  blocks:
    "id, project, day, records, id_min, id_max, time_min, time_max, received_min, received_max, " +
    "debug, info, warn, error, completed, started, unfinished, orphaned, bytes, raw_bytes, checksum",
  pieces: "key, name, checksum, data",
  touchpoints: "project, name, registered, first_seen",
  usage: "project, month, name, value",
  waiting: "id, item",
  journal: "id, received_at, kind, data",
  rejections: "id, project, api_key, received_at, reason, entry",
  set_aside: "id, project, api_key, received_at, entries, body",
  api_keys: "name, type, first_seen, last_used",
  redo: "slot, data",
  sessions: "id, proof, expires_at",
  client_touchpoints: "project, name",
  ambiguous: "day, project, type, touchpoint, pairs",
  retention: "project, retention_ms, until",
  alerts: "kind, id, data",
  views: "id, project, name, address, changed_at",
};
