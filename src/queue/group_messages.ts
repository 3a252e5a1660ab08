// Batches as the lists that cross to the writer.

import type { ApiKey, IncomingBatch } from "../core/batch.ts";
import { assert } from "../core/errors.ts";
import { type GroupMessage, NO_KEY_SEEN, type SetAsideMessage } from "../core/group.ts";

/** A batch with its number in the order of acceptance. */
export interface NumberedBatch {
  readonly batch: IncomingBatch;
  number: number;
  /** Entries, once the writer has told; 0 before. */
  entryCount: number;
  /** The writer's number for its key, once it has told; undefined before. */
  keyIndex: number | undefined;
}

/** The writer's number for a key. */
export type KeyIndexOf = (key: ApiKey) => number;

export interface GroupOptions {
  readonly admitted: number;
  readonly tellsChecked: boolean;
  readonly gone: readonly number[];
  readonly answeredUpTo: number;
}

/** Batches in rising order of their numbers. */
export function groupMessage(
  group: number,
  batches: readonly NumberedBatch[],
  keyIndexOf: KeyIndexOf,
  options: GroupOptions,
): GroupMessage {
  const message = {
    kind: "group",
    group,
    numbers: [] as number[],
    texts: [] as string[],
    keys: [] as number[],
    receivedAt: [] as number[],
    bytes: [] as number[],
    senders: [] as string[],
    origins: [] as (string | null)[],
    routes: [] as string[],
    idempotencyKeys: [] as (string | null)[],
    ...options,
  } as const;
  let lastNumber = 0;
  for (const one of batches) {
    const { batch, number } = one;
    assert(number > lastNumber, "batches are sent in the order of their numbers");
    lastNumber = number;
    message.numbers.push(number);
    message.texts.push(batch.text);
    message.keys.push(keyIndexOfBatch(one, keyIndexOf));
    message.receivedAt.push(batch.receivedAt);
    message.bytes.push(batch.bytes);
    message.senders.push(batch.sender);
    message.origins.push(batch.origin);
    message.routes.push(batch.route);
    message.idempotencyKeys.push(batch.idempotencyKey ?? null);
  }
  return message;
}

/** A batch to be kept unparsed. */
export function setAsideMessage(group: number, one: NumberedBatch, keyIndexOf: KeyIndexOf): SetAsideMessage {
  const { batch, number, entryCount } = one;
  const { receivedAt, bytes, text } = batch;
  const keyIndex = keyIndexOfBatch(one, keyIndexOf);
  return { kind: "set_aside", group, lastBatch: number, keyIndex, receivedAt, entryCount, bytes, text };
}

function keyIndexOfBatch({ batch, keyIndex }: NumberedBatch, keyIndexOf: KeyIndexOf): number {
  if (keyIndex !== undefined && keyIndex !== NO_KEY_SEEN) return keyIndex;
  return batch.apiKey === undefined ? NO_KEY_SEEN : keyIndexOf(batch.apiKey);
}
