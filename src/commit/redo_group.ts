// A small group as the redo log has it: the batches as they came, without the API keys in their bodies, and what is
// needed to do later what was answered: the keys with the rules and the clock of that time. In: checked batches. Out:
// one text; and the batches again, for the transaction that writes them in full, perhaps in another process.

import type { DroppedRecord, KeyIdentity, Protocol } from "../core/batch.ts";
import type { ClockReading } from "../core/clock.ts";
import type { Batch } from "../core/entry.ts";
import { assert } from "../core/errors.ts";
import type { Source } from "../core/record.ts";
import { mayHoldAnyKey, mayHoldKey } from "../core/secrets.ts";

/** The rules of a project that decide what becomes of an entry. */
export interface ProjectRules {
  readonly retentionMs: number;
  /** Entries a UTC month; undefined: no limit. */
  readonly monthlyEntries?: number | undefined;
  readonly overage: "continue" | "drop";
  /** How much of `monthlyEntries` client keys can use; undefined: all of it. */
  readonly clientEntries?: number | undefined;
}

/** A key that a group's batches carry by its index. */
export interface RedoKey extends KeyIdentity {
  readonly index: number;
  /**
   * The project's rules when the group was answered. Its entries are always checked against these, even if a later
   * start writes the group in full.
   */
  readonly rules: ProjectRules;
}

/** A group in the redo log. */
export interface RedoGroup {
  /** The run of the process that took it: batch numbers start again with each. */
  readonly run: string;
  readonly lastBatch: number;
  readonly keys: readonly RedoKey[];
  /** The clock when it was taken; absent before format 4. */
  readonly clock?: ClockReading;
  /** Before format 4: the suspected clock offset, in ms; absent for 0. */
  readonly doubtMs?: number;
  /** Members a batch has in `text`; absent before format 4. */
  readonly members?: number;
  /** A JSON array of its batches, as `redoText` makes it. */
  readonly text: string;
}

/** A record of a body that its decoder refused. */
export interface RefusedEntry extends Pick<DroppedRecord, "at" | "reason"> {
  /** JSON for the list of rejections, cut where it is long; undefined: it is only counted. */
  readonly text?: string | undefined;
}

/** What a request is known by: two texts without white space. */
export interface RequestIdentity {
  /** Digest of the API key, the route, and the idempotency key or else the body: equal only for repetitions. */
  readonly id: string;
  /** Digest of the body; only where there is an idempotency key. */
  readonly body: string | undefined;
  readonly keyType: Source;
}

/** A checked batch. */
export interface RedoBatch {
  /** Rising in each run of the process. */
  readonly number: number;
  /** With the rules of its time where it comes from the redo log. */
  readonly key: KeyIdentity | RedoKey;
  /** Unix ms. */
  readonly receivedAt: number;
  /** Size of the decompressed body in bytes. */
  readonly bytes: number;
  /** Address and User-Agent, joined. */
  readonly sender: string;
  readonly protocol: Protocol;
  /** Its entries; of another protocol than `enqueue` its key is empty. */
  readonly body: Batch;
  /** Records that its decoder refused; none of `enqueue`. */
  readonly refusedRecords: readonly RefusedEntry[];
  /** Whether a text may hold a lone surrogate: the body has a \u escape. */
  readonly mayHoldLoneSurrogates: boolean;
  /** Whether the request was stored before. */
  readonly isRepetition: boolean;
  /** Undefined in a group from before format 4. */
  readonly identity: RequestIdentity | undefined;
}

/** A checked batch of this process. */
export interface CheckedBatch extends RedoBatch {
  readonly key: KeyIdentity;
  /** Of its key. */
  readonly keyIndex: number;
  readonly identity: RequestIdentity;
  /** The body as it came, valid JSON; undefined of another protocol than `enqueue`. */
  readonly text: string | undefined;
  /** Where its sender is told: ingestion adds the records that it drops, in their order. */
  readonly dropped?: DroppedRecord[] | undefined;
}

/**
 * Members a batch has in the array: number, key index, receivedAt (Unix ms), bytes, sender, body; since format 4 its
 * request's identity and whether it is a repetition; since 0.3 its protocol, and then the body of another one than
 * `enqueue` has its refused records as a member.
 */
export const BATCH_MEMBERS = 9;
/** Before format 4. */
export const FORMER_BATCH_MEMBERS = 6;
/** The largest sum of the bodies' UTF-16 units that is tried: a longer text does not fit a slot of the redo log. */
const TEXT_LENGTH_MAX = 16 * 1024;

/** What stands before the API key's value where it is the body's first member. */
const BEFORE_KEY = /^\s*\{\s*"key"\s*:\s*$/;
/** The longest of it that is searched. */
const BEFORE_KEY_LENGTH_MAX = 64;

/** The text of a group: one JSON array. Undefined where it is too long, or where an API key would remain in it. */
export function redoText(batches: readonly CheckedBatch[]): string | undefined {
  let length = 0;
  for (const { text, bytes } of batches) length += text?.length ?? bytes;
  if (length > TEXT_LENGTH_MAX) return undefined;
  let joined = "[";
  let lastSender = "";
  let senderJson = '""';
  for (const batch of batches) {
    const { number, keyIndex, receivedAt, bytes, sender, text, body, identity, isRepetition, protocol } = batch;
    const keyless = text === undefined ? decodedText(batch) : withoutKey(text, body.key);
    if (keyless === undefined) return undefined;
    if (joined !== "[") joined += ",";
    const { id, body: digest } = identity;
    if (sender !== lastSender) {
      lastSender = sender;
      senderJson = JSON.stringify(sender);
    }
    // Digests need no escapes.
    const known = digest === undefined ? `["${id}",null]` : `["${id}","${digest}"]`;
    joined += `${number},${keyIndex},${receivedAt},${bytes},${senderJson},${keyless},${known},${isRepetition},"${protocol}"`;
  }
  return `${joined}]`;
}

/**
 * The batches of a text with so many members each; `keys` are by index. Throws where the text is damaged or a key is
 * missing.
 */
export function batchesOf(
  text: string,
  keys: readonly (KeyIdentity | RedoKey | undefined)[],
  memberCount = FORMER_BATCH_MEMBERS,
): RedoBatch[] {
  const members = JSON.parse(text) as unknown[];
  const mayHoldLoneSurrogates = text.includes("\\u");
  const batches: RedoBatch[] = [];
  for (let at = 0; at < members.length; at += memberCount) {
    const [number, keyIndex, receivedAt, bytes, sender, body, identity, isRepetition, protocol = "enqueue"] =
      members.slice(at, at + memberCount);
    const key = keys[keyIndex as number];
    assert(key !== undefined, "a batch's key is known");
    const [id, digest] = (identity ?? []) as [string?, (string | null)?];
    batches.push({
      number: number as number,
      key,
      receivedAt: receivedAt as number,
      bytes: bytes as number,
      sender: sender as string,
      protocol: protocol as Protocol,
      body: body as Batch,
      refusedRecords: protocol === "enqueue" ? [] : (body as DecodedBody).refusedRecords,
      mayHoldLoneSurrogates,
      isRepetition: isRepetition === true,
      identity: id === undefined ? undefined : { id, body: digest ?? undefined, keyType: key.type },
    });
  }
  return batches;
}

/** What stands for the body of another protocol than `enqueue`. */
interface DecodedBody extends Batch {
  readonly refusedRecords: readonly RefusedEntry[];
}

/** The entries and refused records of a decoded body; undefined where they may hold a key. */
function decodedText({ body, refusedRecords }: CheckedBatch): string | undefined {
  const text = JSON.stringify({ ...body, refusedRecords } satisfies DecodedBody);
  return mayHoldAnyKey(text) ? undefined : text;
}

/**
 * The body with an empty text in place of its API key. Undefined where the key is not the first member, or where the
 * rest may hold a key in any spelling: nothing but the key may change, and no key may remain.
 */
function withoutKey(text: string, secret: string): string | undefined {
  const value = `"${secret}"`;
  const at = text.indexOf(value);
  if (at === -1 || at > BEFORE_KEY_LENGTH_MAX || !BEFORE_KEY.test(text.slice(0, at))) return undefined;
  const rest = text.slice(at + value.length);
  return mayHoldKey(rest, secret) ? undefined : `${text.slice(0, at)}""${rest}`;
}
