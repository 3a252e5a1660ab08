// Clients that send what can be found again: every entry carries the name of its batch, so that a crash test can
// compare what was answered 202 with what `export` has. A batch whose answer was lost is sent again, as it was, until
// it is answered.

import { hash } from "node:crypto";
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
  /** Whether all batches are kept, for `sendAllAgain`. Default false. */
  readonly keepsAll?: boolean;
}

/** A batch of logs that was answered 202. */
export interface Delivery {
  readonly name: string;
  readonly entries: number;
  /** Which client sent it; each waits for an answer before it sends the next one. */
  readonly client: number;
  /** The process that answered. */
  readonly process: number;
}

/** How many of the latest accepted batches can be sent once more. */
const RECENT_MAX = 20;

interface Batch {
  readonly name: string;
  readonly body: string;
  /** Of its logs. */
  readonly messages: readonly string[];
  /** Which keys its acceptance makes complete: those of starts, or those of ends. */
  readonly keys?: Set<string>;
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
  /** Accepted batches of logs, in the order of their answers. */
  readonly deliveries: Delivery[] = [];
  readonly #recent: Batch[] = [];
  readonly #all: Batch[] = [];
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
    this.#running = Array.from({ length: this.#options.clients }, (_, client) => this.#client(client));
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

  /** Sends the latest accepted batches once more, as a client does that has not seen its answer. */
  async sendRecentAgain(): Promise<void> {
    // Others come while these are sent.
    const recent = this.#recent.slice();
    for (const batch of recent) {
      const status = await this.#post(batch);
      if (status !== 202) throw new Error(`a batch that was sent again was answered ${status}`);
    }
  }

  /** Sends all batches once more, in their order, to a server on a copy of the data. */
  async sendAllAgain(server: TestServer): Promise<void> {
    for (const batch of this.#all) {
      const status = await this.#post(batch, server);
      if (status !== 202) throw new Error(`${batch.name}, sent again, was answered ${status}`);
      this.#accept(batch);
    }
  }

  async #client(client: number): Promise<void> {
    const { sendsTimings = false, pauseMs = 0 } = this.#options;
    let openKey: string | undefined;
    for (let round = 0; !this.#isStopping; round++) {
      if (openKey !== undefined) {
        const key = openKey;
        openKey = undefined;
        await this.#deliver(this.#timing(key, { endTime: Date.now() }, this.ended), client);
      } else if (sendsTimings && round % 4 === 0) {
        openKey = `timing ${this.#nextName++}`;
        await this.#deliver(this.#timing(openKey, { startTime: Date.now() }, this.started), client);
      } else {
        await this.#deliver(this.#logs(), client);
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
    return { name, body: bodyOf(entries), messages };
  }

  #timing(key: string, times: { readonly startTime: number } | { readonly endTime: number }, keys: Set<string>): Batch {
    return { name: key, body: bodyOf([{ key, touchpoint: "load", ...times }]), messages: [], keys };
  }

  /** Sends until it is answered 202, or given up. */
  async #deliver(batch: Batch, client: number): Promise<void> {
    for (const message of batch.messages) this.sent.add(message);
    if (this.#options.keepsAll === true) this.#all.push(batch);
    for (;;) {
      const process = this.#server.pid;
      const status = await this.#post(batch);
      this.statuses.set(status, this.count(status) + 1);
      if (status === 202) {
        this.#accept(batch);
        this.#keep(batch, client, process);
        return;
      }
      if (status !== 0 && status !== 503) throw new Error(`${batch.name} was answered ${status}`);
      if (this.#givesUp) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #accept({ name, messages, keys }: Batch): void {
    for (const message of messages) this.accepted.add(message);
    keys?.add(name);
  }

  #keep(batch: Batch, client: number, process: number): void {
    const { name, messages } = batch;
    if (messages.length > 0) {
      this.deliveries.push({ name, entries: messages.length, client, process });
    }
    this.#recent.push(batch);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  async #post({ body }: Pick<Batch, "body">, server = this.#server): Promise<number> {
    try {
      const answer = await fetch(`${server.url}${ENQUEUE_PATH}`, {
        method: "POST",
        // So that a request that is sent again is known to be the same, whatever became of the first.
        headers: { "idempotency-key": hash("sha256", body, "hex") },
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
  const seenOf = countByBatch(seen.keys());
  return {
    lost: [...load.accepted].filter((message) => !seen.has(message)),
    twice: [...seen].filter(([, count]) => count > 1).map(([message]) => message),
    unknown: [...seen.keys()].filter((message) => !load.sent.has(message)),
    torn: [...countByBatch(load.sent)]
      .filter(([name, sent]) => seenOf.has(name) && seenOf.get(name) !== sent)
      .map(([name]) => name),
    unpaired: [...load.ended].filter((key) => load.started.has(key) && paired.get(key) !== 1),
    isInOrder: ids.every((id, index) => index === 0 || id > (ids[index - 1] as number)),
  };
}

/** How many messages there are of each batch. */
function countByBatch(messages: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const message of messages) {
    const name = batchOf(message);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** The name of the batch to which a message belongs. */
export function batchOf(message: string): string {
  return message.slice(0, message.indexOf(" entry "));
}

/** What `compare` gives when every promise was kept. */
export const NOTHING_WRONG = { lost: [], twice: [], unknown: [], torn: [], unpaired: [], isInOrder: true };

/** By how much the contract's sum does not close: received − (stored + queued + open + dropped), from /metrics. */
export function closingGap(metrics: ReadonlyMap<string, number>): number {
  let gap = metrics.get("simplelogs_entries_received_total") ?? Number.NaN;
  for (const name of ["stored_total", "queued", "open"]) gap -= metrics.get(`simplelogs_entries_${name}`) ?? Number.NaN;
  for (const [name, value] of metrics) if (name.startsWith("simplelogs_entries_dropped_total{")) gap -= value;
  return gap;
}
