// Changes that the writer was asked for and has not answered yet. Each is answered once: by the writer, or because it is gone. An
// erasure is handed over only when the entries that were accepted before it have left the queue, so that none of them escapes it.

import type { ChangeOutcome, ChangeRequest } from "../../core/changes.ts";
import { QUEUE_WAIT_MS_MAX } from "../../core/limits.ts";
import type { ToWriter } from "../messages.ts";

export const WRITER_AWAY: ChangeOutcome = unavailable(
  "The writer had to be started again before it answered: look whether it was done, and ask again",
);
export const STOPPING: ChangeOutcome = unavailable("The server is stopping");
const STILL_QUEUED: ChangeOutcome = unavailable(
  "Entries that were accepted before could not be stored yet, so nothing was erased: ask again",
);

function unavailable(message: string): ChangeOutcome {
  return { ok: false, refusal: { code: "unavailable", message } };
}

export class ChangeRequests {
  readonly #drained: () => Promise<void>;
  readonly #queueMsMax: number;
  readonly #waiting = new Map<number, (outcome: ChangeOutcome) => void>();
  #nextNumber = 1;

  /** `drained` resolves once what was accepted before has left the queue; an erasure waits `queueMsMax` for that, and is then refused. */
  constructor(drained: () => Promise<void>, queueMsMax = QUEUE_WAIT_MS_MAX) {
    this.#drained = drained;
    this.#queueMsMax = queueMsMax;
  }

  /** Hands a request to the writer. */
  async ask(request: ChangeRequest, post: (message: ToWriter) => void): Promise<ChangeOutcome> {
    const number = this.#nextNumber++;
    const { promise, resolve } = Promise.withResolvers<ChangeOutcome>();
    this.#waiting.set(number, resolve);
    if (request.kind === "erase") {
      const timeout = setTimeout(() => this.answer(number, STILL_QUEUED), this.#queueMsMax);
      await Promise.race([this.#drained(), promise]);
      clearTimeout(timeout);
    }
    if (this.#waiting.has(number)) post({ kind: "change", number, request });
    return promise;
  }

  answer(number: number, outcome: ChangeOutcome): void {
    this.#waiting.get(number)?.(outcome);
    this.#waiting.delete(number);
  }

  answerAll(outcome: ChangeOutcome): void {
    for (const answer of this.#waiting.values()) answer(outcome);
    this.#waiting.clear();
  }
}
