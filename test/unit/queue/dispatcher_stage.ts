// A dispatcher with a writer that does only what the test says, on a clock that the test moves.

import { expect } from "bun:test";
import { CLAIM, CLAIM_CELLS, type GroupMessage, type SetAsideMessage } from "../../../src/core/group.ts";
import type { BatchOutcome, Durability, IncomingBatch } from "../../../src/core/intake.ts";
import { Dispatcher } from "../../../src/queue/dispatcher.ts";
import { untilTrue } from "../../support/condition.ts";

export class Stage {
  now = 1_000;
  readonly sent: (GroupMessage | SetAsideMessage)[] = [];
  readonly outcomes = new Map<number, BatchOutcome>();
  readonly dispatcher: Dispatcher;
  #pushed = 0;

  constructor(durability: Durability = "sync", limits = { entries: 1_000, bytes: 100_000, clientShare: 0.5 }) {
    this.dispatcher = new Dispatcher({
      limits,
      durability,
      clock: () => this.now,
      port: { send: (message) => this.sent.push(message) },
      keyIndex: () => 7,
    });
  }

  /** Pushes batches of one entry each; their outcomes are found under their numbers. */
  push(count: number, entryCount = 1, isClient = false): void {
    for (let pushed = 0; pushed < count; pushed++) {
      const number = ++this.#pushed;
      const answer = this.dispatcher.push(batchOf(number, entryCount, isClient));
      if ("refused" in answer) throw new Error(`batch ${number} was refused: ${answer.refused}`);
      answer.then(
        (outcome) => this.outcomes.set(number, outcome),
        (error) => console.error(error),
      );
    }
  }

  /** The numbers of the batches in each message that was sent, in order. */
  get sentNumbers(): number[][] {
    return this.sent.map((message) => {
      if (message.kind === "set_aside") return [-message.lastBatch];
      const members = JSON.parse(message.text) as unknown[];
      return members.filter((_, index) => index % 6 === 0) as number[];
    });
  }

  async untilSent(count: number): Promise<void> {
    await untilTrue(`${count} messages were sent`, () => this.sent.length >= count);
  }

  async untilAnswered(count: number): Promise<void> {
    await untilTrue(`${count} batches were answered`, () => this.outcomes.size >= count);
  }

  /** As the writer does before it works on a group; false when the group was withdrawn. */
  begin(group: number): boolean {
    const cell = group % CLAIM_CELLS;
    return Atomics.compareExchange(this.dispatcher.claims, cell, CLAIM.posted, CLAIM.begun) === CLAIM.posted;
  }

  commit(group: number): void {
    expect(this.begin(group)).toBe(true);
    this.dispatcher.committed(group);
  }

  dieIn(group: number, lastBatch: number): void {
    expect(this.begin(group)).toBe(true);
    this.dispatcher.writerDied();
    this.dispatcher.writerStarted(lastBatch);
  }
}

export function batchOf(number: number, entryCount = 1, isClient = false): IncomingBatch {
  const type = isClient ? "client" : "server";
  const apiKey = { name: "shop", project: "default", type, origins: [], rate: undefined } as const;
  return { text: `{"n":${number}}`, entryCount, bytes: 10, apiKey, secret: "sk_1", sender: 'a"b', receivedAt: 5 };
}

/** What became of each batch, by its number. */
export function answers(stage: Stage) {
  return Object.fromEntries([...stage.outcomes].sort(([a], [b]) => a - b));
}
