// A runtime without time and network: requests wait until a test answers them, timers until it lets them ring.

import type { Plain } from "../../../src/client/core/plain_values.ts";
import type { Answer, Platform } from "../../../src/client/core/types.ts";

export interface FakeRequest {
  readonly url: string;
  readonly body: string;
  readonly isKeepalive: boolean;
  /** Answers it, and lets what waits for it run. */
  answer(answer: Answer): Promise<void>;
}

export class FakePlatform implements Platform {
  readonly requests: FakeRequest[] = [];
  /** Delays of the timers that are set, in milliseconds. */
  get delays(): number[] {
    return this.#timers.map(({ delayMs }) => delayMs);
  }
  readonly #timers: { readonly delayMs: number; readonly call: () => void }[] = [];

  readonly later = (delayMs: number, call: () => void): (() => void) => {
    const timer = { delayMs, call };
    this.#timers.push(timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  };

  readonly post = (url: string, body: string, isKeepalive: boolean): Promise<Answer> =>
    new Promise((resolve) => {
      this.requests.push({
        url,
        body,
        isKeepalive,
        answer: async (answer) => {
          resolve(answer);
          await settled();
        },
      });
    });

  /** Lets every timer that is set now ring. */
  ring(): void {
    for (const { call } of this.#timers.splice(0)) call();
  }

  /** The latest request. */
  get last(): FakeRequest {
    const request = this.requests.at(-1);
    if (request === undefined) throw new Error("nothing was sent");
    return request;
  }

  /** Rings and answers, as `answerOf` says, until nothing is left to send; at most `most` requests. */
  async run(answerOf: (request: FakeRequest) => Answer, most = 1000): Promise<void> {
    let answered = 0;
    for (;;) {
      this.ring();
      const waiting = this.requests.slice(answered);
      if (waiting.length === 0) return;
      if (answered + waiting.length > most) throw new Error(`more than ${most} requests`);
      answered += waiting.length;
      for (const request of waiting) await request.answer(answerOf(request));
    }
  }
}

/** Lets promises that are settled call back. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

export const ACCEPTED: Answer = { status: 202, text: '{"queued":true}' };

/** What was sent, looked at by name. */
export function entriesOf({ body }: { readonly body: string }): Plain[] {
  return JSON.parse(body).entries;
}
