// Changes that the writer was asked for and has not answered yet. Each is answered once: by the writer, or because it is gone.

import type { ChangeOutcome, ChangeRequest } from "../core/changing.ts";
import type { ToWriter } from "./messages.ts";

export const WRITER_AWAY: ChangeOutcome = unavailable(
  "The writer had to be started again before it answered: look whether it was done, and ask again",
);
export const STOPPING: ChangeOutcome = unavailable("The server is stopping");

function unavailable(message: string): ChangeOutcome {
  return { ok: false, refusal: { code: "unavailable", message } };
}

export class ChangeRequests {
  readonly #waiting = new Map<number, (outcome: ChangeOutcome) => void>();
  #nextNumber = 1;

  /** Hands a request to the writer. */
  ask(request: ChangeRequest, post: (message: ToWriter) => void): Promise<ChangeOutcome> {
    const number = this.#nextNumber++;
    const { promise, resolve } = Promise.withResolvers<ChangeOutcome>();
    this.#waiting.set(number, resolve);
    post({ kind: "change", number, request });
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
