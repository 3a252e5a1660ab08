// The main thread's end of reading. It owns the reader thread, starts it for a query, numbers the queries and hands
// each response to its caller. It ends the thread once there was no query for a while, since the thread's memory is its
// own. When the thread dies, open queries are refused and can be asked again. A query sees every entry that was
// answered before it: groups in the redo log are flushed first.

import type { Clock } from "../../core/clock.ts";
import { OperatingError } from "../../core/errors.ts";
import { EXPORTS_AT_ONCE_MAX, QUERIES_AT_ONCE_MAX, TAILS_AT_ONCE_MAX } from "../../core/limits.ts";
import type {
  ExportRequest,
  QueryOutcome,
  QueryRefusal,
  QueryRequest,
  QueryService,
  TailEvent,
  TailRequest,
} from "../../core/queries.ts";
import type { ReadRules } from "../../query/scan/scope.ts";
import { UNUSED_MS_MAX } from "../../query/scan/statistics_cache.ts";
import { spawnThread, type ThreadHandle } from "../../runtime/spawn.ts";
import type { FromReader, HistorySettings, ToReader } from "../messages.ts";
import { IdleTicks, RestartDelay } from "./thread_lifetime.ts";

/** How often the thread is sent a heartbeat, in ms. */
const HEARTBEAT_EVERY_MS = 1_000;
/** Heartbeats without an answer after which the thread is ended: no step of a query takes so long. */
const HEARTBEATS_MAX = 30;
/** Ticks without a query after which the thread is ended: its caches of blocks are empty by then. */
const IDLE_TICKS_MAX = UNUSED_MS_MAX / HEARTBEAT_EVERY_MS;

const BUSY: QueryRefusal = { code: "busy", message: "Too many queries at once, ask again" };
const CANCELLED: QueryRefusal = { code: "cancelled", message: "Cancelled" };
const DIED: QueryRefusal = { code: "unavailable", message: "The reader had to be started again, ask again" };
const STOPPED: QueryRefusal = { code: "unavailable", message: "The server is stopping" };

/** What the readers need. */
export interface ReadersOptions {
  readonly file: string;
  readonly rules: ReadRules;
  /** Default: all records are in the data file. */
  readonly history?: HistorySettings | undefined;
  readonly readerUrl: URL;
  /** Monotonic ms. */
  readonly clock: Clock;
  readonly log: (level: "warn" | "error", message: string) => void;
  /** The thread died or did not answer; another one takes its place. */
  readonly restarted: () => void;
  /** Resolves when every entry that was answered can be read; undefined: they can. Default: they can. */
  readonly flushed?: () => Promise<void> | undefined;
  /** Ticks without a query after which the thread is ended, 1 or more. Default: IDLE_TICKS_MAX. */
  readonly idleTicks?: number | undefined;
}

/** A request to the thread that is not done. */
interface OpenRequest {
  readonly kind: "query" | "export" | "tail";
  readonly receive: (message: FromReader) => void;
  readonly refuse: (refusal: QueryRefusal) => void;
}

/** The reader thread, as the main thread sees it. */
export class Readers implements QueryService {
  readonly #options: ReadersOptions;
  readonly #open = new Map<number, OpenRequest>();
  readonly #counts = { query: 0, export: 0, tail: 0 };
  readonly #delay: RestartDelay;
  readonly #idle: IdleTicks;
  #rules: ReadRules;
  #thread: ThreadHandle<ToReader> | undefined;
  #nextNumber = 1;
  #unansweredHeartbeats = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Whether the thread died a moment ago: requests are refused, so that a cause that lasts uses up no processor. */
  #isDelayed = false;
  #isStopping = false;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#delay = new RestartDelay(options.clock);
    this.#idle = new IdleTicks(options.idleTicks ?? IDLE_TICKS_MAX);
    this.#rules = options.rules;
  }

  /** Starts to watch the thread; the data file exists. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), HEARTBEAT_EVERY_MS);
  }

  /** Whether there is a thread at the moment. */
  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  #startThread(): ThreadHandle<ToReader> {
    this.#delay.started();
    this.#unansweredHeartbeats = 0;
    const thread = spawnThread<ToReader, FromReader>(this.#options.readerUrl, {
      receive: (message) => {
        this.#unansweredHeartbeats = 0;
        this.#open.get(message.number)?.receive(message);
      },
      ended: (reason) => this.#ended(`died: ${reason}`),
    });
    const { file, history } = this.#options;
    thread.post({ kind: "start", file, rules: this.#rules, history });
    return thread;
  }

  /** Ends the thread and refuses every open request. */
  stop(): void {
    this.#isStopping = true;
    clearInterval(this.#timer);
    this.#thread?.terminate();
    this.#refuseAll(STOPPED);
  }

  setRules(rules: ReadRules): void {
    this.#rules = rules;
    this.#thread?.post({ kind: "rules", rules });
  }

  /** Ends a thread that was idle for long, or that does not answer heartbeats. Called once a second. */
  tick(): void {
    if (this.#idle.tick(this.#open.size === 0)) {
      this.#thread?.terminate();
      this.#thread = undefined;
    }
    if (this.#thread === undefined) return;
    if (++this.#unansweredHeartbeats <= HEARTBEATS_MAX) {
      this.#thread.post({ kind: "heartbeat", number: 0 });
      return;
    }
    this.#thread.terminate();
    this.#ended("does not answer");
  }

  /** Records were committed: tails may have news. */
  committed(): void {
    if (this.#counts.tail > 0) this.#thread?.post({ kind: "advance" });
  }

  query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>> {
    return this.#afterFlush(() => this.#query(request, signal));
  }

  export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>> {
    return this.#afterFlush(() =>
      this.#stream("export", signal, (number) => ({ kind: "export", number, request }), textOf),
    );
  }

  tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>> {
    return this.#afterFlush(() =>
      this.#stream("tail", signal, (number) => ({ kind: "tail", number, request }), eventsOf),
    );
  }

  #afterFlush<T>(work: () => Promise<T>): Promise<T> {
    const flushed = this.#options.flushed?.();
    return flushed === undefined ? work() : flushed.then(work);
  }

  #query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>> {
    const { promise, resolve } = Promise.withResolvers<QueryOutcome<string>>();
    const channel = this.#openRequest("query", signal, {
      receive: (message) => {
        if (message.kind !== "response") return;
        channel?.close();
        resolve(message.outcome);
      },
      refuse: (refusal) => resolve({ ok: false, refusal }),
    });
    channel?.post({ kind: "query", number: channel.number, request });
    return promise;
  }

  /** Opens a stream, which is then asked for each chunk. */
  #stream<T>(
    kind: "export" | "tail",
    signal: AbortSignal,
    opening: (number: number) => ToReader,
    chunkOf: (message: FromReader) => T | undefined,
  ): Promise<QueryOutcome<AsyncIterable<T>>> {
    const opened = Promise.withResolvers<QueryOutcome<AsyncIterable<T>>>();
    const chunks = new Chunks<T>();
    const channel = this.#openRequest(kind, signal, {
      receive: (message) => {
        const chunk = chunkOf(message);
        if (chunk !== undefined) chunks.give(chunk);
        else if (message.kind === "opened" && message.refusal === undefined) {
          opened.resolve({ ok: true, answer: chunks.iterate(more, close) });
        } else {
          // The end, a refusal, or an error in the middle.
          channel?.close();
          const refusal = message.kind === "opened" ? message.refusal : refusalOf(message);
          opened.resolve({ ok: false, refusal: refusal ?? DIED });
          chunks.end(refusal);
        }
      },
      refuse: (refusal) => {
        opened.resolve({ ok: false, refusal });
        // A tail may end anywhere; an export must not end as if it were complete.
        chunks.end(refusal === CANCELLED || (refusal === STOPPED && kind === "tail") ? undefined : refusal);
      },
    });
    const more = () => channel?.post({ kind: "more", number: channel.number });
    const close = () => channel?.cancel();
    channel?.post(opening(channel.number));
    return opened.promise;
  }

  /** Opens a request and its channel to the thread; refuses it and returns undefined where that is not possible. */
  #openRequest(
    kind: OpenRequest["kind"],
    signal: AbortSignal,
    request: Omit<OpenRequest, "kind">,
  ): Channel | undefined {
    const max = { query: QUERIES_AT_ONCE_MAX, export: EXPORTS_AT_ONCE_MAX, tail: TAILS_AT_ONCE_MAX }[kind];
    if (this.#isDelayed || this.#isStopping) request.refuse(this.#isStopping ? STOPPED : DIED);
    else if (signal.aborted) request.refuse(CANCELLED);
    else if (this.#counts[kind] >= max) request.refuse(BUSY);
    else {
      this.#thread ??= this.#startThread();
      const thread = this.#thread;
      this.#idle.worked();
      const number = this.#nextNumber++;
      const cancel = () => {
        if (!this.#open.has(number)) return;
        close();
        this.#thread?.post({ kind: "cancel", number });
        request.refuse(CANCELLED);
      };
      const close = () => {
        signal.removeEventListener("abort", cancel);
        if (this.#open.delete(number)) this.#counts[kind]--;
      };
      signal.addEventListener("abort", cancel, { once: true });
      this.#open.set(number, { kind, ...request });
      this.#counts[kind]++;
      return { number, cancel, close, post: (message) => thread.post(message) };
    }
    return undefined;
  }

  #refuseAll(refusal: QueryRefusal): void {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { kind, refuse } of open) {
      this.#counts[kind]--;
      refuse(refusal);
    }
  }

  #ended(what: string): void {
    this.#thread = undefined;
    if (this.#isStopping) return;
    this.#options.log("error", `the reader thread ${what}; starting another`);
    this.#options.restarted();
    this.#refuseAll(DIED);
    this.#isDelayed = true;
    setTimeout(() => {
      this.#isDelayed = false;
    }, this.#delay.died());
  }
}

/** The way of one open request to the thread. */
interface Channel {
  readonly number: number;
  readonly post: (message: ToReader) => void;
  /** Ends it on both sides. */
  readonly cancel: () => void;
  /** Ends it on this side only: the thread is done with it. */
  readonly close: () => void;
}

function textOf(message: FromReader): string | undefined {
  return message.kind === "text" ? message.text : undefined;
}

function eventsOf(message: FromReader): readonly TailEvent[] | undefined {
  return message.kind === "events" ? message.events : undefined;
}

function refusalOf(message: FromReader): QueryRefusal | undefined {
  return message.kind === "response" && !message.outcome.ok ? message.outcome.refusal : undefined;
}

/**
 * Chunks of a stream that one side asks for and the other side gives. At most one is on its way, so a consumer that
 * stops taking also stops the producer.
 */
class Chunks<T> {
  #waiting: PromiseWithResolvers<IteratorResult<T>> | undefined;
  #isOver = false;
  #failure: QueryRefusal | undefined;

  /** Gives the chunk that was asked for. */
  give(chunk: T): void {
    this.#takeWaiting()?.resolve({ done: false, value: chunk });
  }

  /** There are no more chunks; a failure reaches the consumer as an OperatingError. */
  end(failure?: QueryRefusal): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    const waiting = this.#takeWaiting();
    if (waiting !== undefined) this.#finish(waiting);
  }

  /** The chunks, as the consumer takes them: `more` asks for one, `close` says that no more are wanted. */
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

  #takeWaiting(): PromiseWithResolvers<IteratorResult<T>> | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    return waiting;
  }

  #finish(waiting: PromiseWithResolvers<IteratorResult<T>>): void {
    if (this.#failure === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(new OperatingError("io", this.#failure.message));
  }
}
