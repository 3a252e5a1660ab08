// Random histories of a dispatcher and its writer. The writer here does what the real one may do: it refuses, fails,
// dies at any point and starts again. Its messages arrive in order and late.

import { expect, test } from "bun:test";
import type { BatchOutcome, Durability } from "../../../src/core/batch.ts";
import {
  type AnsweredMessage,
  GROUP_STATE,
  type GroupMessage,
  type RefusedBatch,
  type SetAsideMessage,
} from "../../../src/core/group.ts";
import { QUEUE_WAIT_MS_MAX } from "../../../src/core/limits.ts";
import { Dispatcher } from "../../../src/queue/dispatcher.ts";
import { KeyIndexes } from "../../../src/queue/group.ts";
import { SENDER_CLASSES } from "../../../src/queue/ring.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../../support/random.ts";
import { batchOf } from "./dispatcher_stage.ts";

type ToWriter = GroupMessage | SetAsideMessage | AnsweredMessage;

const HISTORIES = 400;
const STEPS = 120;
/** More turns than any history needs to end. */
const TURNS_MAX = 2_000;

class History {
  readonly #random: Random;
  readonly #durability: Durability;
  readonly #dispatcher: Dispatcher;
  #now = 1_000;
  #pushed = 0;
  readonly outcomes = new Map<number, BatchOutcome[]>();
  readonly #disconnected = new Set<number>();
  /** Disconnected when their commit was answered: the writer must be told. */
  readonly #disconnectedAtAnswer = new Set<number>();
  /** What is on disk. */
  readonly committed: number[] = [];
  readonly setAside: number[] = [];
  #lastBatch = 0;
  readonly #refused = new Set<number>();
  /** Batches that bring the writer down whenever it has begun them. */
  readonly #poisonous = new Set<number>();
  readonly #deaths = new Map<number, number>();
  readonly #told = new Set<number>();
  #isDown = true;
  #hasDied = false;
  #isHealthy = true;
  #inbox: ToWriter[] = [];
  /** What the writer posted and the main thread has not received. */
  #outbox: (() => void)[] = [];

  constructor(random: Random, durability: Durability) {
    this.#random = random;
    this.#durability = durability;
    this.#dispatcher = new Dispatcher({
      limits: { requests: 12, bytes: 3 * 2 ** 23, clientShare: 0.5 },
      durability,
      clock: () => this.#now,
      send: (message) => {
        // A message to a thread that has died is lost.
        if (!this.#isDown) this.#inbox.push(message);
      },
      keys: new KeyIndexes(),
    });
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step++) {
      this.#step();
      if (this.#chance(0.3)) await this.#turn();
    }
    await this.#toTheEnd();
    this.#check();
  }

  #step(): void {
    const steps: (() => void)[] = [
      () => this.#push(),
      () => this.#push(),
      () => this.#write(),
      () => this.#write(),
      () => this.#deliver(),
      () => this.#deliver(),
      () => this.#leave(),
      () => this.#pass(),
      () => this.#restart(),
      () => {
        if (this.#chance(0.2)) this.#die();
      },
      () => {
        if (this.#chance(0.3)) this.#setHealth(!this.#isHealthy);
      },
    ];
    pick(this.#random, steps)();
  }

  /** From now on the writer never fails and no batch comes: every batch that was accepted must be answered. */
  async #toTheEnd(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX && !this.#isOver; turn++) {
      this.#restart();
      if (!this.#isHealthy) this.#setHealth(true);
      this.#deliver();
      this.#write();
      await this.#turn();
    }
    while (this.#inbox.length > 0) this.#write();
  }

  get #isOver(): boolean {
    return this.#dispatcher.isEmpty && this.#outbox.length === 0;
  }

  #check(): void {
    expect(this.#dispatcher.isEmpty, "nothing is left in the queue").toBe(true);
    expect(this.#dispatcher.queuedEntries).toBe(0);
    for (const senderClass of SENDER_CLASSES)
      expect(this.#dispatcher.fill()[senderClass]).toEqual({ requests: 0, bytes: 0 });
    const once = [...new Set(this.committed)];
    // Under "memory" a batch that comes while the store fails may be committed before batches that wait for the store.
    if (this.#durability !== "memory") once.sort((a, b) => a - b);
    expect(this.committed, "batches are committed once, in their order").toEqual(once);
    for (let number = 1; number <= this.#pushed; number++) {
      const outcomes = this.outcomes.get(number) ?? [];
      expect(outcomes.length, `batch ${number} is answered once`).toBe(1);
      const [outcome] = outcomes;
      const isCommitted = this.committed.includes(number);
      const isSetAside = this.setAside.includes(number);
      if (outcome === "accepted") {
        // Under "memory" it was answered before; a batch that brings the writer down is set aside all the same.
        const isKept = isCommitted || (this.#durability === "memory" && isSetAside);
        expect([number, isKept]).toEqual([number, true]);
      } else expect([number, outcome, isCommitted]).toEqual([number, outcome, false]);
      if (isSetAside) expect(this.#deaths.get(number) ?? 0, `batch ${number} is to blame`).toBeGreaterThanOrEqual(2);
      expect([number, outcome === "set_aside" && !isSetAside]).toEqual([number, false]);
    }
    if (this.#hasDied) return;
    const untold = [...this.#disconnectedAtAnswer].filter(
      (number) => isIn(this.committed, number) && !this.#told.has(number),
    );
    expect(untold, "the writer is told of each client that had disconnected").toEqual([]);
  }

  #push(): void {
    const number = this.#pushed + 1;
    const bytes = this.#chance(0.1) ? 5 * 2 ** 20 : 10 * (1 + integer(this.#random, 3));
    const senderClass = pick(this.#random, SENDER_CLASSES);
    const answer = this.#dispatcher.push({
      ...batchOf(number, bytes, senderClass),
      isDisconnected: () => this.#isDisconnectedAt(number),
    });
    if ("refused" in answer) return;
    this.#pushed++;
    if (this.#chance(0.05)) this.#poisonous.add(number);
    answer.then(
      (outcome) => this.outcomes.set(number, [...(this.outcomes.get(number) ?? []), outcome]),
      () => undefined,
    );
  }

  #isDisconnectedAt(number: number): boolean {
    const isDisconnected = this.#disconnected.has(number);
    if (isDisconnected) this.#disconnectedAtAnswer.add(number);
    return isDisconnected;
  }

  #leave(): void {
    if (this.#pushed > 0) this.#disconnected.add(1 + integer(this.#random, this.#pushed - 1));
  }

  #pass(): void {
    this.#now += this.#chance(0.2) ? QUEUE_WAIT_MS_MAX : 500;
    this.#dispatcher.withdrawExpired();
  }

  /** What the main thread receives next. */
  #deliver(): void {
    this.#outbox.shift()?.();
  }

  #post(message: () => void): void {
    this.#outbox.push(message);
  }

  #setHealth(isHealthy: boolean): void {
    if (this.#isDown) return;
    this.#isHealthy = isHealthy;
    this.#post(() => this.#dispatcher.setRefusing(!isHealthy));
  }

  /** What it posted before arrives first. */
  #die(): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#hasDied = true;
    this.#inbox = [];
    this.#post(() => this.#dispatcher.writerDied());
  }

  #restart(): void {
    if (!this.#isDown || this.#outbox.length > 0) return;
    this.#isDown = false;
    this.#isHealthy = true;
    const lastBatch = this.#lastBatch;
    this.#post(() => this.#dispatcher.setRefusing(false));
    this.#post(() => this.#dispatcher.writerStarted(lastBatch));
  }

  /** The writer takes its next message. */
  #write(): void {
    const message = this.#isDown ? undefined : this.#inbox.shift();
    if (message === undefined) return;
    if (message.kind === "answered") {
      this.#hear(message.upTo, message.disconnected);
      return;
    }
    const { group } = message;
    const { groupState } = this.#dispatcher;
    if (message.kind === "group") this.#hear(message.answeredUpTo, message.disconnected);
    if (Atomics.compareExchange(groupState, 0, GROUP_STATE.posted, GROUP_STATE.begun) !== GROUP_STATE.posted) {
      this.#post(() => this.#dispatcher.failed(group));
      return;
    }
    if (message.kind === "group") this.#group(message);
    else this.#commit(group, [], message.lastBatch, () => this.setAside.push(message.lastBatch));
  }

  #group(message: GroupMessage): void {
    const { group, numbers } = message;
    if (!this.#isHealthy && this.#durability !== "memory") {
      this.#post(() => this.#dispatcher.failed(group));
      return;
    }
    if (this.#chance(0.03)) return this.#dieOf(numbers);
    const refused: RefusedBatch[] = [];
    for (const [at, number] of numbers.entries()) {
      if (at < message.admitted || !this.#chance(0.1)) continue;
      refused.push({ at, refusal: { refused: "not_json" } });
      this.#refused.add(number);
    }
    const isRefused = new Set(refused.map(({ at }) => at));
    const counts = numbers.map((_, at) => (isRefused.has(at) ? 0 : 1));
    const keyIndexes = numbers.map(() => 7);
    if (refused.length > 0 || message.reportsChecked) {
      const mayBeLate = this.#durability !== "memory" && refused.length < numbers.length;
      const late = mayBeLate ? refused.filter(() => this.#chance(0.3)) : [];
      const early = refused.filter((one) => !late.includes(one));
      const report = { group, refused: early, refusedAfterCommit: late, entryCounts: counts, keyIndexes, reports: [] };
      this.#post(() => this.#dispatcher.checked(report));
    }
    const passed = numbers.filter((_, at) => !isRefused.has(at));
    if (passed.length === 0) {
      this.#post(() => this.#dispatcher.allRefused(group));
      return;
    }
    if (passed.some((number) => this.#poisonous.has(number)) || this.#chance(0.03)) return this.#dieOf(numbers);
    this.#commit(group, passed, numbers.at(-1) as number, () => this.committed.push(...passed));
  }

  #commit(group: number, numbers: readonly number[], lastBatch: number, keep: () => void): void {
    if (this.#isHealthy && this.#chance(0.05)) this.#setHealth(false);
    if (!this.#isHealthy) {
      this.#post(() => this.#dispatcher.failed(group));
      return;
    }
    keep();
    this.#lastBatch = lastBatch;
    if (this.#chance(0.03)) return this.#dieOf(numbers);
    this.#post(() => this.#dispatcher.committed(group));
  }

  #dieOf(numbers: readonly number[]): void {
    for (const number of numbers) this.#deaths.set(number, (this.#deaths.get(number) ?? 0) + 1);
    this.#die();
  }

  #hear(upTo: number, disconnected: readonly number[]): void {
    for (const number of disconnected) this.#told.add(number);
    if (this.#durability === "memory") return;
    for (const number of this.committed) {
      if (number <= upTo) expect([number, this.outcomes.has(number)]).toEqual([number, true]);
    }
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }
}

function isIn(numbers: readonly number[], number: number): boolean {
  return numbers.includes(number);
}

const seed = runSeed("dispatcher histories");

for (const durability of ["sync", "memory"] as const) {
  test(`whatever the writer does under "${durability}", each batch is answered once and committed once, in order`, async () => {
    for (let history = 0; history < HISTORIES; history++) {
      try {
        await new History(seededRandom(seed + history), durability).run();
      } catch (error) {
        throw new Error(`history ${history} of SEED=${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}
