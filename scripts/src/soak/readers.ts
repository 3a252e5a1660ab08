// Reads and probes the server while the soak's load runs: queries one after the other, exports, a live tail that must
// miss nothing, and single entries whose responses are timed. It runs in the soak's own process, which does little
// else, so the times are the server's.

import { TAIL_TOUCHPOINT } from "./batches.ts";
import { ADMIN_TOKEN, PAIRS } from "./server.ts";

const HEADERS = { authorization: `Bearer ${ADMIN_TOKEN}` };
const QUERIES = [
  "entries?limit=100",
  "entries?limit=100&q=level:error&project=long",
  "histogram?from=1h",
  "entries?limit=50&q=%22authentication%20failure%22",
  "timings?from=15m",
  "timings/series?from=15m&q=touchpoint:hdfs/*",
  "timings/running?limit=20",
  "fields?from=5m&project=short",
  "fields/level/values?from=15m",
  "entries?limit=10&q=zyzzyva",
  "usage",
  "rejections",
  "touchpoints",
  "status",
];
const QUERY_EVERY_MS = 500;
const EXPORT_EVERY_MS = 20_000;
const PROBE_EVERY_MS = 50;
/** A second tail comes and goes, as people's do. */
const VISIT_EVERY_MS = 3_000;
const PROBLEMS_MAX = 50;

export class SoakReaders {
  readonly problems: string[] = [];
  /** Entries of probes that were answered 202. */
  probes = 0;
  readonly counts = { queries: 0, exports: 0, exportedBytes: 0, tails: 0 };
  readonly #url: string;
  readonly #stopping = new AbortController();
  readonly #seen = new Set<number>();
  #probeMs: number[] = [];
  #queryMs: number[] = [];
  #running: Promise<void>[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  /** Resolves once the tail is open: it then sees all that is sent from then on. */
  async start(): Promise<void> {
    const placed = Promise.withResolvers<void>();
    const isOver = this.#stopping.signal;
    this.#running = [
      this.#follow(() => placed.resolve()),
      this.#repeat(PROBE_EVERY_MS, () => this.#probe()),
      this.#repeat(QUERY_EVERY_MS, (round) => this.#query(QUERIES[round % QUERIES.length] as string)),
      this.#repeat(EXPORT_EVERY_MS, () => this.#export()),
      this.#repeat(VISIT_EVERY_MS, () => this.#visit()),
    ];
    await Promise.race([placed.promise, new Promise((resolve) => isOver.addEventListener("abort", resolve))]);
  }

  /** Times in ms that were measured since the last call. */
  takeTimes(): { readonly probeMs: readonly number[]; readonly queryMs: readonly number[] } {
    const [probeMs, queryMs] = [this.#probeMs, this.#queryMs];
    [this.#probeMs, this.#queryMs] = [[], []];
    return { probeMs, queryMs };
  }

  /** How many different records the tail has shown. */
  get tailSeen(): number {
    return this.#seen.size;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  #problem(text: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(text);
  }

  async #repeat(everyMs: number, work: (round: number) => Promise<void>): Promise<void> {
    for (let round = 0; !this.#stopping.signal.aborted; round++) {
      const startedAt = performance.now();
      try {
        await work(round);
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#problem(`a request failed: ${String(error)}`);
      }
      await this.#pause(everyMs - (performance.now() - startedAt));
    }
  }

  #pause(durationMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, durationMs));
      signal.addEventListener("abort", end);
    });
  }

  async #probe(): Promise<void> {
    const entry = { message: `probe ${this.probes}`, timestamp: Date.now(), touchpoint: "soak/probe" };
    const body = JSON.stringify({ key: PAIRS[0].server, source: "server", entries: [entry] });
    const startedAt = performance.now();
    const answer = await fetch(`${this.#url}/api/v1/enqueue`, { method: "POST", body });
    await answer.arrayBuffer();
    this.#probeMs.push(performance.now() - startedAt);
    if (answer.status === 202) this.probes++;
    else this.#problem(`a probe was answered ${answer.status}`);
  }

  async #query(path: string): Promise<void> {
    const startedAt = performance.now();
    const answer = await fetch(`${this.#url}/api/v1/${path}`, { headers: HEADERS });
    const text = await answer.text();
    this.#queryMs.push(performance.now() - startedAt);
    this.counts.queries++;
    if (answer.status !== 200) this.#problem(`${path} was answered ${answer.status}: ${text.slice(0, 200)}`);
    else if (text.includes('"damagedBlocks"')) this.#problem(`${path} left damaged blocks out`);
    else if (text.includes('"stoppedEarly"')) this.#problem(`${path} stopped early`);
  }

  async #export(): Promise<void> {
    const path = "export?format=ndjson&from=5s&project=long";
    const answer = await fetch(`${this.#url}/api/v1/${path}`, { headers: HEADERS, signal: this.#stopping.signal });
    if (answer.status !== 200) this.#problem(`${path} was answered ${answer.status}`);
    for await (const chunk of answer.body ?? []) this.counts.exportedBytes += chunk.length;
    this.counts.exports++;
  }

  /** Opens a tail, reads its first event and leaves. */
  async #visit(): Promise<void> {
    const leaving = new AbortController();
    const answer = await fetch(`${this.#url}/api/v1/tail?q=level:error`, { headers: HEADERS, signal: leaving.signal });
    if (answer.status !== 200) this.#problem(`a tail was answered ${answer.status}`);
    const reader = answer.body?.getReader();
    await reader?.read();
    this.counts.tails++;
    leaving.abort();
  }

  async #follow(placed: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const path = `tail?q=${encodeURIComponent(`touchpoint:${TAIL_TOUCHPOINT}`)}`;
    try {
      const answer = await fetch(`${this.#url}/api/v1/${path}`, { headers: HEADERS, signal });
      const decoder = new TextDecoder();
      let rest = "";
      for await (const chunk of answer.body ?? []) {
        const events = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
        rest = events.pop() ?? "";
        for (const event of events) {
          if (event.startsWith("id: ")) placed();
          this.#take(event);
        }
      }
      if (!signal.aborted) this.#problem("the live tail ended");
    } catch (error) {
      if (!signal.aborted) this.#problem(`the live tail failed: ${String(error)}`);
    } finally {
      placed();
    }
  }

  #take(event: string): void {
    const kind = /^event: (\w+)$/m.exec(event)?.[1];
    const data = /^data: (.+)$/m.exec(event)?.[1];
    if (kind === "gap") this.#problem(`the live tail has a gap: ${data}`);
    if (kind !== "record" || data === undefined) return;
    const number = Number((JSON.parse(data) as { message?: string }).message);
    if (!Number.isInteger(number)) this.#problem(`the live tail showed what its search does not match: ${data}`);
    else if (this.#seen.has(number)) this.#problem(`the live tail showed ${number} twice`);
    this.#seen.add(number);
  }
}
