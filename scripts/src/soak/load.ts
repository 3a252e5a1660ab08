// The soak's load, a process of its own: it sends entries at a steady rate, however long the responses take. It reads
// its orders from its command line and writes its totals as one JSON line a second. When its standard input ends, it
// finishes what it has begun.

import { gzipSync } from "node:zlib";
import { pause } from "../command.ts";
import { BatchMaker, type Drops, dropsOfAgain, noDrops, type SoakBatch } from "./batches.ts";

/** The process's argument, as JSON. */
export interface LoadOrders {
  readonly url: string;
  /** Entries a second, all together. */
  readonly rate: number;
  readonly corpus: string;
  readonly seed: number;
  readonly origin: string;
  /** One a project; each gets its part of the load. */
  readonly pairs: readonly { readonly server: string; readonly client: string }[];
}

/** What the process has done since its start. */
export interface LoadTotals {
  /** Entries and drops of batches that were answered 202. */
  readonly entries: number;
  readonly drops: Drops;
  /** Answers by status; "lost" counts requests without an answer. Those that must be refused are in it. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Responses other than expected. */
  readonly surprises: readonly string[];
  /** Records for the tail; each was answered 202 once the load is over. */
  readonly tailRecords: number;
  /** Entries that it should have sent by now and has not. */
  readonly behind: number;
  readonly isOver: boolean;
  /** Processor time of this process, in seconds. */
  readonly cpuSeconds: number;
}

const TICK_MS = 20;
/** Requests at a time. Past it the load falls behind its rate. */
const REQUESTS_MAX = 128;
/** How long before a batch is sent again, answered 202 or not, in ms. */
const AGAIN_AFTER_MS = 1_500;
const RETRY_AFTER_MS = 200;
/** One batch in so many comes compressed. */
const GZIP_EVERY = 20;
/** How often each kind of bad request is sent, in ms. */
const BAD_EVERY_MS = 500;
const SURPRISES_MAX = 20;

class SoakLoad {
  readonly #orders: LoadOrders;
  readonly #makers: readonly BatchMaker[];
  readonly #statuses: Record<string, number> = {};
  readonly #surprises: string[] = [];
  readonly #drops = noDrops();
  readonly #begun = new Set<Promise<void>>();
  #entries = 0;
  #due = 0;
  #turn = 0;
  #isOver = false;

  constructor(orders: LoadOrders) {
    this.#orders = orders;
    const { pairs, corpus, seed } = orders;
    this.#makers = pairs.map((_, index) => new BatchMaker(corpus, seed + index, index, pairs.length));
  }

  totals(): LoadTotals {
    const { user, system } = process.cpuUsage();
    return {
      entries: this.#entries,
      drops: this.#drops,
      statuses: this.#statuses,
      surprises: this.#surprises,
      tailRecords: this.#makers.reduce((sum, { tailCount }) => sum + tailCount, 0),
      behind: Math.round(this.#due),
      isOver: this.#isOver,
      cpuSeconds: (user + system) / 1e6,
    };
  }

  /** Sends until `signal`, then sends the ends that are missing, and waits for every response. */
  async run(signal: AbortSignal): Promise<void> {
    let last = performance.now();
    let badAt = last;
    while (!signal.aborted) {
      const now = performance.now();
      this.#due += ((now - last) / 1_000) * this.#orders.rate;
      last = now;
      while (this.#due > 0 && this.#begun.size < REQUESTS_MAX) {
        const project = this.#turn++ % this.#makers.length;
        const batch = (this.#makers[project] as BatchMaker).batch(Date.now());
        this.#due -= batch.entries.length;
        this.#begin(this.#deliver(batch, project));
      }
      if (now >= badAt) {
        badAt = now + BAD_EVERY_MS;
        this.#begin(this.#sendBad());
      }
      await pause(TICK_MS);
    }
    for (const [project, maker] of this.#makers.entries()) {
      for (let ends = maker.lastEnds(Date.now()); ends !== undefined; ends = maker.lastEnds(Date.now())) {
        this.#begin(this.#deliver(ends, project));
      }
    }
    while (this.#begun.size > 0) await Promise.all(this.#begun);
    this.#isOver = true;
  }

  #begin(work: Promise<void>): void {
    this.#begun.add(work);
    void work.finally(() => this.#begun.delete(work));
  }

  /** Sends a batch until it is taken, and again later where it comes again. */
  async #deliver(batch: SoakBatch, project: number): Promise<void> {
    const { server, client } = this.#orders.pairs[project] as LoadOrders["pairs"][number];
    const { isClient, entries } = batch;
    const key = isClient ? client : server;
    const text = `{"key":"${key}","source":"${isClient ? "client" : "server"}","entries":[${entries.join(",")}]}`;
    const body = this.#turn % GZIP_EVERY === 0 ? gzipSync(text, { level: 1 }) : text;
    // The server recognises a repetition by it, whatever became of the first request.
    const idempotencyKey = crypto.randomUUID();
    for (let status = 0; status !== 202; ) {
      status = await this.#post(body, isClient, idempotencyKey);
      if (status === 202) break;
      if (status !== 503 && status !== 0) this.#surprise(`a good batch was answered ${status}`);
      await pause(RETRY_AFTER_MS);
    }
    this.#count(entries.length, batch.drops);
    if (batch.comesAgain) this.#begin(this.#sendAgain(batch, body, idempotencyKey));
  }

  async #sendAgain(batch: SoakBatch, body: string | Buffer, idempotencyKey: string): Promise<void> {
    await pause(AGAIN_AFTER_MS);
    const status = await this.#post(body, batch.isClient, idempotencyKey);
    if (status === 202) this.#count(batch.entries.length, dropsOfAgain(batch));
  }

  #count(entries: number, drops: Drops): void {
    this.#entries += entries;
    for (const [reason, count] of Object.entries(drops)) this.#drops[reason as keyof Drops] += count;
  }

  /** One of each kind that must be refused. */
  async #sendBad(): Promise<void> {
    const [pair] = this.#orders.pairs;
    const key = pair?.server ?? "";
    const bad: readonly (readonly [number, string])[] = [
      [400, `{"key":"${key}"`],
      [401, '{"key":"sk_nobody_has_this_key","entries":[{"message":"x"}]}'],
      [422, `{"key":"${key}","source":"server","entries":[{"message":"x"},{"message":7,"level":"fatal"}]}`],
      [413, `{"key":"${key}","source":"server","entries":[${'{"message":"x"},'.repeat(10_000)}{}]}`],
    ];
    for (const [expected, body] of bad) {
      const status = await this.#post(body, false);
      if (status !== expected) this.#surprise(`a request that must be answered ${expected} was answered ${status}`);
    }
    const status = await this.#post(`{"key":"${pair?.client}","entries":[{"message":"x"}]}`, false);
    if (status !== 403) this.#surprise(`a browser's key without an origin was answered ${status}`);
  }

  #surprise(text: string): void {
    if (this.#surprises.length < SURPRISES_MAX) this.#surprises.push(text);
  }

  async #post(body: string | Buffer, isClient: boolean, idempotencyKey?: string): Promise<number> {
    let status = 0;
    try {
      const headers: Record<string, string> = isClient ? { origin: this.#orders.origin } : {};
      if (typeof body !== "string") headers["content-encoding"] = "gzip";
      if (idempotencyKey !== undefined) headers["idempotency-key"] = idempotencyKey;
      const answer = await fetch(this.#orders.url, { method: "POST", body, headers });
      await answer.arrayBuffer();
      status = answer.status;
    } catch {
      // Counted as lost.
    }
    const name = status === 0 ? "lost" : String(status);
    this.#statuses[name] = (this.#statuses[name] ?? 0) + 1;
    return status;
  }
}

async function main(orders: LoadOrders): Promise<void> {
  const load = new SoakLoad(orders);
  const stopping = new AbortController();
  process.stdin.on("end", () => stopping.abort()).resume();
  const print = () => void process.stdout.write(`${JSON.stringify(load.totals())}\n`);
  const timer = setInterval(print, 1_000);
  await load.run(stopping.signal);
  clearInterval(timer);
  print();
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? "") as LoadOrders);
