// The live tail: a search enters, records leave in commit order, in small batches. After a broken connection it
// continues after the last id, so no record is missed or repeated. Pausing works the same way. It uses fetch, because
// EventSource cannot tell a refused search from a server that is down.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { ShownRecord } from "../../core/record.ts";
import type { Problem } from "../state/query.ts";
import { apiAddress } from "../state/query.ts";
import { problemOf } from "./client.ts";

/** "connecting" also while it waits for a retry. */
export type TailState = "connecting" | "live" | "paused" | "stopped";

/** Records that arrived within one batch interval. */
export interface TailBatch {
  /** In commit order. */
  readonly records: readonly ShownRecord[];
  /** Matching records that the server skipped because this reader was too slow. */
  readonly missed: number;
}

export interface TailOptions {
  readonly fetch: (path: string, init: RequestInit) => Promise<Response>;
  /** Runs a function once after `ms`. Returns a function that cancels it. */
  readonly schedule: (run: () => void, ms: number) => () => void;
  readonly onBatch: (batch: TailBatch) => void;
  /** As in ApiOptions. */
  readonly timeZone?: () => string | undefined;
}

export interface TailSearch {
  readonly project?: string | undefined;
  readonly q?: string | undefined;
  /** Continue after this record id. Absent: from now on. */
  readonly after?: number | undefined;
}

/** The wait after a broken connection, in ms. Each further failure doubles it. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
/** A connection that is silent for this long is dead, in ms. The server pings far more often. */
const SILENCE_MS_MAX = 60_000;
/** How long records are collected before a batch leaves, in ms: a busy tail draws a few times a second. */
const BATCH_MS = 100;

const PATH = "/api/v1/tail";

/** A live tail of one search at a time. */
export class Tail {
  readonly #options: TailOptions;
  readonly #state: Signal<TailState> = signal("stopped");
  readonly #problem: Signal<Problem | undefined> = signal(undefined);
  #search: TailSearch = {};
  #lastId: string | undefined;
  #work: AbortController | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelSilence: (() => void) | undefined;
  #cancelBatch: (() => void) | undefined;
  #records: ShownRecord[] = [];
  #missed = 0;
  #failures = 0;

  constructor(options: TailOptions) {
    this.#options = options;
  }

  get state(): ReadonlySignal<TailState> {
    return this.#state;
  }

  /** Why the tail is not live. */
  get problem(): ReadonlySignal<Problem | undefined> {
    return this.#problem;
  }

  /** Follows a search instead of the one before. */
  start(search: TailSearch): void {
    this.stop();
    this.#search = search;
    this.#lastId = search.after === undefined ? undefined : String(search.after);
    this.#connect();
  }

  /** Disconnects, and remembers the last id. */
  pause(): void {
    if (this.#state.peek() === "stopped" || this.#state.peek() === "paused") return;
    this.#disconnect();
    this.#emit();
    this.#state.value = "paused";
  }

  /** Continues after a pause. Records stored in the meantime come first. */
  resume(): void {
    if (this.#state.peek() === "paused") this.#connect();
  }

  /** Stops the tail. Records of an unfinished batch are dropped. */
  stop(): void {
    this.#disconnect();
    this.#records = [];
    this.#missed = 0;
    this.#failures = 0;
    this.#lastId = undefined;
    this.#problem.value = undefined;
    this.#state.value = "stopped";
  }

  #connect(): void {
    this.#cancelRetry = undefined;
    const work = new AbortController();
    this.#work = work;
    this.#state.value = "connecting";
    void this.#live(work);
  }

  /** Runs one connection, and decides what follows its end. */
  async #live(work: AbortController): Promise<void> {
    const problem = await this.#follow(work.signal);
    if (this.#work !== work) return;
    this.#disconnect();
    this.#emit();
    this.#problem.value = problem;
    if (problem?.kind === "signed_out" || problem?.kind === "refused") {
      this.#state.value = "stopped";
      return;
    }
    this.#state.value = "connecting";
    const waitMs = Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX);
    this.#cancelRetry = this.#options.schedule(() => this.#connect(), waitMs);
  }

  /** Resolves when the connection ends, with a problem if it was refused or failed. */
  async #follow(signal: AbortSignal): Promise<Problem | undefined> {
    const headers: Record<string, string> = this.#lastId === undefined ? {} : { "last-event-id": this.#lastId };
    const { project, q } = this.#search;
    try {
      const { fetch, timeZone } = this.#options;
      const response = await fetch(apiAddress(PATH, { project, q }, timeZone), { headers, signal });
      if (!response.ok || response.body === null) return problemOf(response, await response.text());
      if (signal.aborted) return undefined;
      this.#state.value = "live";
      this.#problem.value = undefined;
      const parser = createParser({
        // The first event has an id and no data: the position of the tail.
        onId: (id) => {
          this.#lastId = id;
        },
        onEvent: (event) => this.#receive(event),
      });
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        this.#watchSilence();
        const { done, value } = await reader.read();
        if (done || signal.aborted) return undefined;
        this.#failures = 0;
        parser.feed(decoder.decode(value, { stream: true }));
      }
    } catch {
      return signal.aborted ? undefined : { kind: "offline", message: "The live tail was interrupted.", status: 0 };
    }
  }

  #receive({ event, data }: EventSourceMessage): void {
    if (event === "record") this.#records.push(JSON.parse(data) as ShownRecord);
    else if (event === "gap") this.#missed += (JSON.parse(data) as { missed: number }).missed;
    else return;
    this.#cancelBatch ??= this.#options.schedule(() => this.#emit(), BATCH_MS);
  }

  #emit(): void {
    this.#cancelBatch?.();
    this.#cancelBatch = undefined;
    const batch = { records: this.#records, missed: this.#missed };
    this.#records = [];
    this.#missed = 0;
    if (batch.records.length > 0 || batch.missed > 0) this.#options.onBatch(batch);
  }

  #watchSilence(): void {
    this.#cancelSilence?.();
    this.#cancelSilence = this.#options.schedule(() => this.#work?.abort(), SILENCE_MS_MAX);
  }

  #disconnect(): void {
    this.#work?.abort();
    this.#work = undefined;
    this.#cancelRetry?.();
    this.#cancelSilence?.();
    this.#cancelBatch?.();
    this.#cancelRetry = undefined;
    this.#cancelSilence = undefined;
    this.#cancelBatch = undefined;
  }
}
