// A dispatcher whose writer does only what the test says, on a clock that the test sets.

import { expect } from "bun:test";
import type { BatchOutcome, Durability, IncomingBatch } from "../../../src/core/batch.ts";
import type { Source } from "../../../src/core/entry.ts";
import {
  type AnsweredMessage,
  GROUP_STATE,
  type GroupMessage,
  type RefusedBatch,
  type SetAsideMessage,
} from "../../../src/core/group.ts";
import { Dispatcher } from "../../../src/queue/dispatcher.ts";
import { KeyIndexes } from "../../../src/queue/group.ts";
import type { SenderClass } from "../../../src/queue/ring.ts";
import { untilTrue } from "../../support/condition.ts";

export class Stage {
  now = 1_000;
  readonly sent: (GroupMessage | SetAsideMessage)[] = [];
  readonly answered: AnsweredMessage[] = [];
  /** Numbers of batches whose clients have disconnected. */
  readonly disconnected = new Set<number>();
  readonly outcomes = new Map<number, BatchOutcome>();
  readonly dispatcher: Dispatcher;
  #pushed = 0;

  constructor(durability: Durability = "sync", limits = { requests: 1_000, bytes: 100_000, clientShare: 0.5 }) {
    this.dispatcher = new Dispatcher({
      limits,
      durability,
      clock: () => this.now,
      send: (message) => {
        if (message.kind === "answered") this.answered.push(message);
        else this.sent.push(message);
      },
      keys: new KeyIndexes(),
    });
  }

  /** Pushes batches; `outcomes` has what became of them, by number. */
  push(count: number, bytes = 10, senderClass: SenderClass = "server"): void {
    for (let pushed = 0; pushed < count; pushed++) {
      const number = ++this.#pushed;
      const answer = this.dispatcher.push({
        ...batchOf(number, bytes, senderClass),
        isDisconnected: () => this.disconnected.has(number),
      });
      if ("refused" in answer) throw new Error(`batch ${number} was refused: ${answer.refused}`);
      answer.then(
        (outcome) => this.outcomes.set(number, outcome),
        (error) => console.error(error),
      );
    }
  }

  /** The numbers of the batches in each message that was sent, in order. */
  get sentNumbers(): number[][] {
    return this.sent.map((message) => (message.kind === "set_aside" ? [-message.lastBatch] : [...message.numbers]));
  }

  async untilSent(count: number): Promise<void> {
    await untilTrue(`${count} messages were sent`, () => this.sent.length >= count);
  }

  async untilAnswered(count: number): Promise<void> {
    await untilTrue(`${count} batches were answered`, () => this.outcomes.size >= count);
  }

  /** As the writer does before it works on the group; false when it was withdrawn. */
  begin(): boolean {
    return (
      Atomics.compareExchange(this.dispatcher.groupState, 0, GROUP_STATE.posted, GROUP_STATE.begun) ===
      GROUP_STATE.posted
    );
  }

  /** As the writer does when it has checked a group of batches with one entry each. */
  check(group: number, refused: readonly RefusedBatch[] = [], refusedAfterCommit: readonly RefusedBatch[] = []): void {
    const message = this.sent.find((one) => one.group === group);
    if (message?.kind !== "group") throw new Error(`group ${group} was not sent`);
    const isRefused = new Set([...refused, ...refusedAfterCommit].map(({ at }) => at));
    const counts = message.numbers.map((_, at) => (isRefused.has(at) ? 0 : 1));
    this.dispatcher.checked({
      group,
      refused,
      refusedAfterCommit,
      entryCounts: counts,
      keyIndexes: counts.map(() => 7),
      reports: [],
    });
  }

  commit(group: number): void {
    expect(this.begin()).toBe(true);
    this.dispatcher.committed(group);
  }

  die(lastBatch: number): void {
    expect(this.begin()).toBe(true);
    this.dispatcher.writerDied();
    this.dispatcher.writerStarted(lastBatch);
  }
}

export function batchOf(number: number, bytes = 10, senderClass: SenderClass = "server"): IncomingBatch {
  const apiKey = { name: "shop", project: "default", type: senderClass as Source, origins: [], rate: undefined };
  return {
    body: `{"n":${number}}`,
    protocol: "enqueue",
    bytes,
    apiKey: senderClass === "unauthenticated" ? undefined : apiKey,
    origin: null,
    route: "/",
    idempotencyKey: undefined,
    isDisconnected: () => false,
    sender: 'a"b',
    receivedAt: 5,
  };
}

/** What became of each batch, by its number. */
export function answers(stage: Stage) {
  return Object.fromEntries([...stage.outcomes].sort(([a], [b]) => a - b));
}
