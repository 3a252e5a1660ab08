// A group on its way to the writer: every batch that was waiting, sent as one message and committed as one transaction.

import type { AcceptedReport, BatchOutcome, BodyContent, IncomingBatch, KeyIdentity, Protocol } from "../core/batch.ts";
import { assert } from "../core/errors.ts";
import { type GroupMessage, NO_KEY, type RefusedBatch, type SetAsideMessage } from "../core/group.ts";
import type { Sized } from "./ring.ts";

/** A batch from the moment it is accepted until its group is committed. */
export interface QueuedBatch extends Sized {
  readonly batch: IncomingBatch;
  /** Monotonic ms. */
  readonly queuedAt: number;
  /** Its place in the order of acceptance, from 1. */
  number: number;
  /** How often the writer died while it worked on this batch. */
  crashes: number;
  /** Entries, once the writer has checked it; 0 before. */
  entryCount: number;
  /** The writer's index of its key, once the writer has checked it; undefined before. */
  keyIndex: number | undefined;
  /** Only under "memory": it was checked and answered, and is not committed yet. */
  isAdmitted: boolean;
  /** Whether its client had disconnected when it was answered. */
  wasDisconnected: boolean;
  /** What its sender may learn, once the writer has reported it. */
  report: AcceptedReport | undefined;
  /** Answers its request; undefined once that was done. */
  answer: ((outcome: BatchOutcome) => void) | undefined;
}

/** The group that the writer has. */
export interface Group {
  readonly number: number;
  /** All batches of the message, in their order. */
  readonly sent: readonly QueuedBatch[];
  /**
   * Those of them that were not refused. Empty once the group was withdrawn: it stays until the writer has answered it.
   */
  batches: readonly QueuedBatch[];
  /** Refused once the group is committed. */
  refusedAfterCommit: readonly RefusedBatch[];
  readonly bytes: number;
  /** Monotonic ms. */
  readonly sentAt: number;
  /** Whether its only batch is to be set aside: it brought the writer down twice. */
  readonly isSetAside: boolean;
}

/** The members of a group message that do not come from its batches. */
export type GroupMessageHead = Pick<GroupMessage, "admitted" | "reportsChecked" | "disconnected" | "answeredUpTo">;

/** The message of a group. `batches` are in rising order of their numbers. */
export function groupMessage(
  group: number,
  batches: readonly QueuedBatch[],
  keys: KeyIndexes,
  head: GroupMessageHead,
): GroupMessage {
  const message = {
    kind: "group",
    group,
    numbers: [] as number[],
    bodies: [] as BodyContent[],
    protocols: [] as Protocol[],
    keyIndexes: [] as number[],
    receivedAt: [] as number[],
    bytes: [] as number[],
    senders: [] as string[],
    origins: [] as (string | null)[],
    routes: [] as string[],
    idempotencyKeys: [] as (string | null)[],
    ...head,
  } as const;
  let lastNumber = 0;
  for (const queued of batches) {
    const { batch, number } = queued;
    assert(number > lastNumber, "batches are sent in the order of their numbers");
    lastNumber = number;
    message.numbers.push(number);
    message.bodies.push(batch.body);
    message.protocols.push(batch.protocol);
    message.keyIndexes.push(keyIndexOf(queued, keys));
    message.receivedAt.push(batch.receivedAt);
    message.bytes.push(batch.bytes);
    message.senders.push(batch.sender);
    message.origins.push(batch.origin);
    message.routes.push(batch.route);
    message.idempotencyKeys.push(batch.idempotencyKey ?? null);
  }
  return message;
}

/** The message that has a batch stored unparsed. */
export function setAsideMessage(group: number, queued: QueuedBatch, keys: KeyIndexes): SetAsideMessage {
  const { batch, number, entryCount } = queued;
  const { receivedAt, bytes, body } = batch;
  const keyIndex = keyIndexOf(queued, keys);
  return { kind: "set_aside", group, lastBatch: number, keyIndex, receivedAt, entryCount, bytes, body };
}

function keyIndexOf({ batch, keyIndex }: QueuedBatch, keys: KeyIndexes): number {
  if (keyIndex !== undefined && keyIndex !== NO_KEY) return keyIndex;
  return batch.apiKey === undefined ? NO_KEY : keys.of(batch.apiKey);
}

/**
 * The indexes under which the writer knows keys. The list only grows, so a batch in the queue never loses its key in a
 * reload.
 */
export class KeyIndexes {
  readonly #keys: KeyIdentity[] = [];
  /** By the JSON of a key's members. */
  readonly #indexes = new Map<string, number>();
  /** By object: the same few key objects come again and again. */
  readonly #byObject = new WeakMap<KeyIdentity, number>();

  /** The key's index; a new key gets the next one. */
  of(key: KeyIdentity): number {
    const known = this.#byObject.get(key);
    if (known !== undefined) return known;
    const { project, name, type } = key;
    const text = JSON.stringify([project, name, type]);
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.#keys.length;
      this.#keys.push({ project, name, type });
      this.#indexes.set(text, index);
    }
    this.#byObject.set(key, index);
    return index;
  }

  /** A copy of the list: each key at its index. */
  all(): readonly KeyIdentity[] {
    return [...this.#keys];
  }
}
