// What the main thread has asked the writer for beside groups, and waits for: changes, and flushes of the redo log.

import type { ChangeOutcome, ChangeRequest } from "../../core/changes.ts";
import { QUEUE_WAIT_MS_MAX } from "../../core/limits.ts";
import type { ToWriter } from "../messages.ts";

/** The outcome of a change when the writer died before it answered. */
export const WRITER_DIED: ChangeOutcome = unavailable(
  "The writer had to be started again before it answered: look whether it was done, and ask again",
);
/** The outcome of a change when the server stops. */
export const STOPPING: ChangeOutcome = unavailable("The server is stopping");
const STILL_QUEUED: ChangeOutcome = unavailable(
  "Entries that were accepted before could not be stored yet, so nothing was erased: ask again",
);

function unavailable(message: string): ChangeOutcome {
  return { ok: false, refusal: { code: "unavailable", message } };
}

/**
 * Changes that the writer was asked for. Each has one outcome: the writer's, or a refusal where the writer died. An
 * erasure is posted only after the entries that were accepted before it have left the queue, so that none escapes it.
 */
export class ChangeRequests {
  readonly #drained: () => Promise<void>;
  readonly #queueMsMax: number;
  readonly #resolvers = new Map<number, (outcome: ChangeOutcome) => void>();
  #nextNumber = 1;

  /**
   * `drained` resolves once what was accepted before has left the queue; an erasure waits `queueMsMax` for that, and is
   * then refused.
   */
  constructor(drained: () => Promise<void>, queueMsMax = QUEUE_WAIT_MS_MAX) {
    this.#drained = drained;
    this.#queueMsMax = queueMsMax;
  }

  /** Posts a change to the writer; resolves with its outcome, never rejects. */
  async request(request: ChangeRequest, post: (message: ToWriter) => void): Promise<ChangeOutcome> {
    const number = this.#nextNumber++;
    const { promise, resolve } = Promise.withResolvers<ChangeOutcome>();
    this.#resolvers.set(number, resolve);
    if (request.kind === "erase") {
      const timeout = setTimeout(() => this.answer(number, STILL_QUEUED), this.#queueMsMax);
      await Promise.race([this.#drained(), promise]);
      clearTimeout(timeout);
    }
    if (this.#resolvers.has(number)) post({ kind: "change", number, request });
    return promise;
  }

  /** The writer has answered the change with this number. */
  answer(number: number, outcome: ChangeOutcome): void {
    this.#resolvers.get(number)?.(outcome);
    this.#resolvers.delete(number);
  }

  /** Gives this outcome to every change that has none. */
  answerAll(outcome: ChangeOutcome): void {
    for (const answer of this.#resolvers.values()) answer(outcome);
    this.#resolvers.clear();
  }
}

/** How long a reader waits for a flush, in ms: while the writer hangs, it reads what is flushed. */
const FLUSH_MS_MAX = 2_000;

/**
 * Lets readers wait until every group that was answered is flushed from the redo log to the tables, since readers see
 * only those. One request to the writer serves all who wait.
 */
export class FlushRequests {
  readonly #ask: () => void;
  #hasUnflushed = false;
  #waiting: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `ask` posts a request to flush, which the writer answers with a snapshot. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** A group was only appended to the redo log. */
  appended(): void {
    this.#hasUnflushed = true;
  }

  /** Resolves when every group that is durable now is flushed; undefined: they are. */
  flushed(): Promise<void> | undefined {
    if (!this.#hasUnflushed) return undefined;
    if (this.#waiting === undefined) {
      this.#waiting = Promise.withResolvers<void>();
      this.#timer = setTimeout(() => this.giveUp(), FLUSH_MS_MAX);
      this.#ask();
    }
    return this.#waiting.promise;
  }

  /** The writer has flushed every group that it has reported so far. */
  done(): void {
    this.#hasUnflushed = false;
    this.giveUp();
  }

  /** Lets all who wait read what is flushed. */
  giveUp(): void {
    if (this.#waiting === undefined) return;
    clearTimeout(this.#timer);
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}
