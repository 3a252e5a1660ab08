// Batches as the text that crosses to the writer. The bodies are valid JSON already, so they are joined as they came.

import { assert } from "../core/errors.ts";
import type { GroupMessage, SetAsideMessage } from "../core/group.ts";
import type { ApiKey, IncomingBatch } from "../core/intake.ts";

/** Senders whose JSON text is kept; the same few come again and again. */
const SENDERS_REMEMBERED_MAX = 4096;

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
    let text = "[";
    let lastBatch = 0;
    for (const { batch, number } of batches) {
      assert(number > lastBatch, "batches are sent in the order of their numbers");
      if (lastBatch !== 0) text += ",";
      lastBatch = number;
      const keyIndex = this.#keyIndex(batch.apiKey);
      text += `${number},${keyIndex},${batch.receivedAt},${batch.bytes},${this.#senderJson(batch.sender)},${batch.text}`;
    }
    return { kind: "group", group, lastBatch, text: `${text}]` };
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
