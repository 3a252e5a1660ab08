// Batches as the text that crosses to the writer. The bodies are valid JSON already, so they are joined as they came.

import { assert } from "../core/errors.ts";
import { type GroupMessage, type SetAsideMessage, SMALL_GROUP_LENGTH_MAX } from "../core/group.ts";
import type { ApiKey, IncomingBatch } from "../core/intake.ts";
import { mayHoldKey } from "../core/secrets.ts";

/** Senders whose JSON text is kept; the same few come again and again. */
const SENDERS_REMEMBERED_MAX = 4096;

/** What stands before the API key's value where it is the body's first member. */
const BEFORE_KEY = /^\s*\{\s*"key"\s*:\s*$/;
/** The longest of it that is looked at. */
const BEFORE_KEY_LENGTH_MAX = 64;

/** A batch with its number in the order of acceptance. */
export interface NumberedBatch {
  readonly batch: IncomingBatch;
  number: number;
}

export class GroupMessages {
  readonly #keyIndex: (key: ApiKey) => number;
  readonly #senders = new Map<string, string>();

  constructor(keyIndex: (key: ApiKey) => number) {
    this.#keyIndex = keyIndex;
  }

  /** Batches in rising order of their numbers. */
  group(group: number, batches: readonly NumberedBatch[]): GroupMessage {
    let bytes = 0;
    for (const { batch } of batches) bytes += batch.bytes;
    // Nothing is lost where it is a little longer: the store looks at the text itself.
    let isKeyless = bytes <= SMALL_GROUP_LENGTH_MAX;
    const keysWithin: number[] = [];
    let text = "[";
    let lastBatch = 0;
    for (const { batch, number } of batches) {
      assert(number > lastBatch, "batches are sent in the order of their numbers");
      if (lastBatch !== 0) text += ",";
      lastBatch = number;
      const keyIndex = this.#keyIndex(batch.apiKey);
      let body: string | undefined;
      if (isKeyless) {
        body = withoutKey(batch.text, batch.secret);
        isKeyless = body !== undefined;
        if (keysWithin.at(-1) !== keyIndex && !keysWithin.includes(keyIndex)) keysWithin.push(keyIndex);
      }
      text += `${number},${keyIndex},${batch.receivedAt},${batch.bytes},${this.#senderJson(batch.sender)},${body ?? batch.text}`;
    }
    return { kind: "group", group, lastBatch, text: `${text}]`, keysWithin: isKeyless ? keysWithin : undefined };
  }

  setAside(group: number, { batch, number }: NumberedBatch): SetAsideMessage {
    return {
      kind: "set_aside",
      group,
      lastBatch: number,
      keyIndex: this.#keyIndex(batch.apiKey),
      receivedAt: batch.receivedAt,
      entryCount: batch.entryCount,
      bytes: batch.bytes,
      text: batch.text,
    };
  }

  #senderJson(sender: string): string {
    let json = this.#senders.get(sender);
    if (json !== undefined) return json;
    if (this.#senders.size >= SENDERS_REMEMBERED_MAX) this.#senders.clear();
    json = JSON.stringify(sender);
    this.#senders.set(sender, json);
    return json;
  }
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
