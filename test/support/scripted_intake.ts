// A queue that does what a test says, in the place of the server's.

import type { ApiKey, BatchIntake, BatchOutcome, IncomingBatch, PushRefusal } from "../../src/core/batch.ts";
import { readFrames } from "../../src/core/syslog_frames.ts";

export const ROUTERS: ApiKey = { project: "net", name: "routers", type: "server", origins: [], rate: undefined };

export class ScriptedIntake implements BatchIntake {
  /** What a push gives: a refusal, an outcome at once, or "held" until `settle`. */
  next: PushRefusal | BatchOutcome | "held" = "accepted";
  readonly pushed: IncomingBatch[] = [];
  readonly accepted: IncomingBatch[] = [];
  #held: { readonly batch: IncomingBatch; readonly resolve: (outcome: BatchOutcome) => void }[] = [];

  push(batch: IncomingBatch): PushRefusal | Promise<BatchOutcome> {
    this.pushed.push(batch);
    const { next } = this;
    if (typeof next === "object" && "refused" in next && (next.refused === "full" || next.refused === "too_large"))
      return next;
    if (next === "held") return new Promise((resolve) => this.#held.push({ batch, resolve }));
    if (next === "accepted") this.accepted.push(batch);
    return Promise.resolve(next);
  }

  retryAfterSeconds(): number {
    return 1;
  }

  /** Answers what is held. */
  settle(outcome: BatchOutcome): void {
    for (const { batch, resolve } of this.#held.splice(0)) {
      if (outcome === "accepted") this.accepted.push(batch);
      resolve(outcome);
    }
  }

  /** The messages of the accepted batches. */
  get messages(): string[] {
    return this.accepted.flatMap(({ body }) => (readFrames(body as string) ?? []).map(({ message }) => message));
  }
}
