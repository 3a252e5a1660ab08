// Clients that send what can be found again: every entry carries the name of its batch, so that a crash test can compare
// what was answered 202 with what `export` has. A batch whose answer was lost is sent again, as it was, until it is answered.

import type { ShownRecord } from "../../src/core/record.ts";
import type { Random } from "./random.ts";
import { integer } from "./random.ts";
import { ENQUEUE_PATH, SERVER_KEY, type TestServer } from "./server.ts";

/** How long a client waits for an answer, in ms; above the 10 s after which the server withdraws a batch. */
const ANSWER_MS_MAX = 15_000;

export interface LoadOptions {
  readonly random: Random;
  readonly clients: number;
  /** A batch has 1 to this many entries. */
  readonly entriesMax: number;
  /** Text that each message has beside its name: `bytes` characters that do not compress well. Default 0. */
  readonly ballastBytes?: number;
  /** Whether every fourth batch is a start, and the one behind it its end. Default false. */
  readonly sendsTimings?: boolean;
  /** How long a client pauses between two batches, in ms. Default 0. */
  readonly pauseMs?: number;
}

interface Batch {
  readonly name: string;
  readonly body: string;
  /** Messages of its logs, or the key of its timing. */
  readonly messages: readonly string[];
  readonly timingKey: string | undefined;
}

/** Clients that go on until they are stopped, also while the server is away. */
export class Load {
  readonly #server: TestServer;
  readonly #options: LoadOptions;
  /** Messages of the batches that were answered 202. */
  readonly accepted = new Set<string>();
  /** Messages of all batches that were ever sent. */
  readonly sent = new Set<string>();
  /** Keys of timings whose start, and whose end, were answered 202. */
  readonly started = new Set<string>();
  readonly ended = new Set<string>();
  /** How many answers there were, by status; 0 counts lost ones. */
  readonly statuses = new Map<number, number>();
  /** Retry-After of each 503, in seconds. */
  readonly retryAfters = new Set<string | null>();
  #isStopping = false;
  #givesUp = false;
  #running: Promise<void>[] = [];
  #nextName = 1;

  constructor(server: TestServer, options: LoadOptions) {
    this.#server = server;
    this.#options = options;
  }

  start(): void {
    this.#isStopping = false;
    this.#running = Array.from({ length: this.#options.clients }, () => this.#client());
  }

  /** No new batches; each client first gets its last one answered. With `givesUp`, an unanswered one is left. */
  async stop(givesUp = false): Promise<void> {
    this.#isStopping = true;
    this.#givesUp = givesUp;
    await Promise.all(this.#running);
    this.#givesUp = false;
  }

  count(status: number): number {
    return this.statuses.get(status) ?? 0;
  }

  async #client(): Promise<void> {
    const { sendsTimings = false, pauseMs = 0 } = this.#options;
    let openKey: string | undefined;
    for (let round = 0; !this.#isStopping; round++) {
      if (openKey !== undefined) {
        const key = openKey;
        openKey = undefined;
        if (await this.#deliver(this.#timing(key, { endTime: Date.now() }))) this.ended.add(key);
      } else if (sendsTimings && round % 4 === 0) {
        openKey = `timing ${this.#nextName++}`;
        if (await this.#deliver(this.#timing(openKey, { startTime: Date.now() }))) this.started.add(openKey);
      } else {
        await this.#deliver(this.#logs());
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #logs(): Batch {
    const { random, entriesMax, ballastBytes = 0 } = this.#options;
    const name = `batch ${this.#nextName++}`;
    const messages = Array.from(
      { length: 1 + integer(random, entriesMax - 1) },
      (_, index) => `${name} entry ${index}`,
    );
    const entries = messages.map((message) =>
      ballastBytes === 0 ? { message } : { message, metadata: { ballast: ballast(ballastBytes) } },
    );
    return { name, body: bodyOf(entries), messages, timingKey: undefined };
  }

  #timing(key: string, times: { readonly startTime: number } | { readonly endTime: number }): Batch {
    return { name: key, body: bodyOf([{ key, touchpoint: "load", ...times }]), messages: [], timingKey: key };
  }

  /** Sends until it is answered 202; false when it was given up. */
  async #deliver(batch: Batch): Promise<boolean> {
    for (const message of batch.messages) this.sent.add(message);
    for (;;) {
      const status = await this.#post(batch.body);
      this.statuses.set(status, this.count(status) + 1);
      if (status === 202) {
        for (const message of batch.messages) this.accepted.add(message);
        return true;
      }
      if (status !== 0 && status !== 503) throw new Error(`${batch.name} was answered ${status}`);
      if (this.#givesUp) return false;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #post(body: string): Promise<number> {
    try {
      const answer = await fetch(`${this.#server.url}${ENQUEUE_PATH}`, {
        method: "POST",
        body,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      await answer.text();
      if (answer.status === 503) this.retryAfters.add(answer.headers.get("retry-after"));
      return answer.status;
    } catch {
      return 0;
    }
  }
}

function bodyOf(entries: readonly unknown[]): string {
  return JSON.stringify({ key: SERVER_KEY, source: "server", timestamp: Date.now(), entries });
}

function ballast(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(Math.ceil((bytes * 3) / 4)))).toString("base64");
}

/** What `export` has against what was sent: each list is empty where the promise was kept. */
export function compare(load: Load, records: readonly ShownRecord[]) {
  const seen = new Map<string, number>();
  for (const { message } of records) if (message !== undefined) seen.set(message, (seen.get(message) ?? 0) + 1);
  const timings = records.filter((record) => record.kind === "timing" && record.status === "completed");
  const paired = new Map<string, number>();
  for (const { key } of timings) if (key !== undefined) paired.set(key, (paired.get(key) ?? 0) + 1);
  const ids = records.map((record) => record.id);
  return {
    lost: [...load.accepted].filter((message) => !seen.has(message)),
    twice: [...seen].filter(([, count]) => count > 1).map(([message]) => message),
    unknown: [...seen.keys()].filter((message) => !load.sent.has(message)),
    unpaired: [...load.ended].filter((key) => load.started.has(key) && paired.get(key) !== 1),
    isInOrder: ids.every((id, index) => index === 0 || id > (ids[index - 1] as number)),
  };
}

/** What `compare` gives when every promise was kept. */
export const NOTHING_WRONG = { lost: [], twice: [], unknown: [], unpaired: [], isInOrder: true };

/** By how much the contract's sum does not close: received − (stored + queued + open + dropped), from /metrics. */
export function closingGap(metrics: ReadonlyMap<string, number>): number {
  let gap = metrics.get("simplelogs_entries_received_total") ?? Number.NaN;
  for (const name of ["stored_total", "queued", "open"]) gap -= metrics.get(`simplelogs_entries_${name}`) ?? Number.NaN;
  for (const [name, value] of metrics) if (name.startsWith("simplelogs_entries_dropped_total{")) gap -= value;
  return gap;
}
