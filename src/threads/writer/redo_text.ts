// A small group as the redo log keeps it: one JSON array of its batches, without the API keys in their bodies. The bodies are valid
// JSON, since they were parsed before, so they are joined as they came.

import type { Batch } from "../../core/entry.ts";
import { assert } from "../../core/errors.ts";
import { mayHoldKey } from "../../core/secrets.ts";
import type { GroupBatch } from "../../ingest/check.ts";
import type { ReplayKey, StagedBatch, WorkerKey } from "../../ingest/options.ts";
import type { RequestIdentity } from "../../ingest/retries/recent_requests.ts";

/**
 * Members a batch takes in the array: number, key index, receivedAt (Unix ms), bytes, sender, body; and, since format 4, what its request is
 * known by and whether it is a repetition.
 */
export const BATCH_MEMBERS = 8;
/** Before format 4. */
export const FORMER_BATCH_MEMBERS = 6;
/** The largest text, in UTF-16 units, that is tried. */
const TEXT_LENGTH_MAX = 16 * 1024;

/** What stands before the API key's value where it is the body's first member. */
const BEFORE_KEY = /^\s*\{\s*"key"\s*:\s*$/;
/** The longest of it that is looked at. */
const BEFORE_KEY_LENGTH_MAX = 64;

/** The text; undefined where it is too long, or an API key would stand in it. */
export function redoText(batches: readonly GroupBatch[]): string | undefined {
  let length = 0;
  for (const { text } of batches) length += text.length;
  if (length > TEXT_LENGTH_MAX) return undefined;
  let joined = "[";
  let lastSender = "";
  let senderJson = '""';
  for (const { number, keyIndex, receivedAt, bytes, sender, text, body, identity, isRepetition } of batches) {
    const keyless = withoutKey(text, body.key);
    if (keyless === undefined) return undefined;
    if (joined !== "[") joined += ",";
    const { id, body: digest } = identity;
    if (sender !== lastSender) {
      lastSender = sender;
      senderJson = JSON.stringify(sender);
    }
    // What a request is known by holds nothing to escape.
    const known = digest === undefined ? `["${id}",null]` : `["${id}","${digest}"]`;
    joined += `${number},${keyIndex},${receivedAt},${bytes},${senderJson},${keyless},${known},${isRepetition}`;
  }
  return `${joined}]`;
}

/** A batch that was kept. */
export interface KeptBatch extends StagedBatch {
  readonly number: number;
  /** Undefined before format 4. */
  readonly identity: RequestIdentity | undefined;
}

/** The batches of such a text, each of so many members; `keys` is what its key indexes stand for. */
export function batchesOf(
  text: string,
  keys: readonly (WorkerKey | ReplayKey | undefined)[],
  memberCount = FORMER_BATCH_MEMBERS,
): KeptBatch[] {
  const members = JSON.parse(text) as unknown[];
  const mayHoldLoneSurrogates = text.includes("\\u");
  const batches: KeptBatch[] = [];
  for (let at = 0; at < members.length; at += memberCount) {
    const [number, keyIndex, receivedAt, bytes, sender, body, identity, isRepetition] = members.slice(
      at,
      at + memberCount,
    );
    const key = keys[keyIndex as number];
    assert(key !== undefined, "a batch's key is known");
    const [id, digest] = (identity ?? []) as [string?, (string | null)?];
    batches.push({
      number: number as number,
      key,
      receivedAt: receivedAt as number,
      bytes: bytes as number,
      sender: sender as string,
      body: body as Batch,
      mayHoldLoneSurrogates,
      isRepetition: isRepetition === true,
      identity: id === undefined ? undefined : { id, body: digest ?? undefined, keyType: key.type },
    });
  }
  return batches;
}

/**
 * The body without its API key, for which the empty text stands; undefined where the key is not its first member, or what is left may
 * hold one, however it is spelled: nothing but the key may change, and none may stay.
 */
function withoutKey(text: string, secret: string): string | undefined {
  const value = `"${secret}"`;
  const at = text.indexOf(value);
  if (at === -1 || at > BEFORE_KEY_LENGTH_MAX || !BEFORE_KEY.test(text.slice(0, at))) return undefined;
  const rest = text.slice(at + value.length);
  return mayHoldKey(rest, secret) ? undefined : `${text.slice(0, at)}""${rest}`;
}
