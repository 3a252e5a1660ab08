// Pieces that one side asks for and the other gives, one at a time: at most one is on its way, so a taker who stops taking stops
// the making.

import { OperatingError } from "../../core/errors.ts";
import type { QueryRefusal } from "../../core/queries.ts";

export class Pieces<T> {
  #waiting: PromiseWithResolvers<IteratorResult<T>> | undefined;
  #isOver = false;
  #failure: QueryRefusal | undefined;

  /** The piece that was asked for. */
  give(piece: T): void {
    this.#settle((waiting) => waiting.resolve({ done: false, value: piece }));
  }

  /** There are no more; with a failure, the taker is told by an exception. */
  end(failure?: QueryRefusal): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#settle((waiting) => this.#finish(waiting));
  }

  /** Pieces as they are taken: `more` asks for one, `close` says that no more are wanted. */
  iterate(more: () => void, close: () => void): AsyncIterable<T> {
    const next = (): Promise<IteratorResult<T>> => {
      const waiting = Promise.withResolvers<IteratorResult<T>>();
      if (this.#isOver) this.#finish(waiting);
      else {
        this.#waiting = waiting;
        more();
      }
      return waiting.promise;
    };
    const finish = (): Promise<IteratorResult<T>> => {
      close();
      this.end();
      return Promise.resolve({ done: true, value: undefined });
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: finish }) };
  }

  #settle(how: (waiting: PromiseWithResolvers<IteratorResult<T>>) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }

  #finish(waiting: PromiseWithResolvers<IteratorResult<T>>): void {
    if (this.#failure === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(new OperatingError("io", this.#failure.message));
  }
}
