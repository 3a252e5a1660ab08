// The main thread's end of reading: it owns the reader thread, starts it for a query, numbers the queries, takes an answer to
// whoever asked, and ends the thread once nobody asked for a while: its memory is its own. When it dies, what was being answered is
// refused, and can be asked again.

import type { Clock } from "../../core/clock.ts";
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
import type { FromReader, ToReader } from "../messages.ts";
import { IdleTicks } from "./idle_ticks.ts";
import { Pieces } from "./query_chunks.ts";
import { RestartDelay } from "./restart_delay.ts";

/** Questions that are worked on or wait; past it they are refused. */
const QUESTIONS_MAX = 64;
/** Exports at a time: each holds a window of lines. */
const EXPORTS_MAX = 8;
/** Live tails at a time: each is a socket, a search and a place. */
const TAILS_MAX = 10_000;
/** How often the thread is asked for a sign of life, in ms, and after how many in vain it is ended: no step of a question takes so long. */
const HEARTBEAT_EVERY_MS = 1_000;
const HEARTBEATS_MAX = 30;
/** Ticks without a query after which the thread is ended: what it remembers of blocks is forgotten by then. */
const IDLE_TICKS_MAX = UNUSED_MS_MAX / HEARTBEAT_EVERY_MS;

const BUSY: QueryRefusal = { code: "busy", message: "Too many questions at once, ask again" };
const CANCELLED: QueryRefusal = { code: "cancelled", message: "Cancelled" };
const DIED: QueryRefusal = { code: "unavailable", message: "The reader had to be started again, ask again" };
const STOPPED: QueryRefusal = { code: "unavailable", message: "The server is stopping" };

export interface ReadersOptions {
  readonly file: string;
  readonly rules: ReadRules;
  readonly readerUrl: URL;
  /** Monotonic ms. */
  readonly clock: Clock;
  readonly log: (level: "warn" | "error", message: string) => void;
  /** The thread died; another one takes its place. */
  readonly restarted: () => void;
  /** Ticks without a query after which the thread is ended, 1 or more. Default: IDLE_TICKS_MAX. */
  readonly idleTicks?: number | undefined;
}

/** Something that is wanted from the thread. */
interface Want {
  readonly kind: "ask" | "export" | "tail";
  readonly receive: (message: FromReader) => void;
  readonly refuse: (refusal: QueryRefusal) => void;
}

export class Readers implements QueryService {
  readonly #options: ReadersOptions;
  readonly #wants = new Map<number, Want>();
  readonly #counts = { ask: 0, export: 0, tail: 0 };
  readonly #delay: RestartDelay;
  readonly #idle: IdleTicks;
  #rules: ReadRules;
  #thread: ThreadHandle<ToReader> | undefined;
  #nextNumber = 1;
  #heartbeatsInVain = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  /** Whether the thread has died a moment ago: what is asked is refused, so that a cause that lasts uses up no processor. */
  #isDelayed = false;
  #isStopping = false;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#delay = new RestartDelay(options.clock);
    this.#idle = new IdleTicks(options.idleTicks ?? IDLE_TICKS_MAX);
    this.#rules = options.rules;
  }

  /** The data file must be there. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), HEARTBEAT_EVERY_MS);
  }

  /** Whether there is a thread at the moment. */
  get isRunning(): boolean {
    return this.#thread !== undefined;
  }

  #startThread(): ThreadHandle<ToReader> {
    this.#delay.started();
    this.#heartbeatsInVain = 0;
    const thread = spawnThread<ToReader, FromReader>(this.#options.readerUrl, {
      receive: (message) => {
        this.#heartbeatsInVain = 0;
        this.#wants.get(message.number)?.receive(message);
      },
      ended: (reason) => this.#ended(`died: ${reason}`),
    });
    thread.post({ kind: "start", file: this.#options.file, rules: this.#rules });
    return thread;
  }

  /** Ends the thread; whatever is asked or streamed ends with it. */
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

  /**
   * Ends a thread that was idle for long; asks another for a sign of life, and ends it when it gives none. Called once a second.
   * Ticks are counted, not time, so that a process that was stopped for long ends no thread.
   */
  tick(): void {
    if (this.#idle.tick(this.#wants.size === 0)) {
      this.#thread?.terminate();
      this.#thread = undefined;
    }
    if (this.#thread === undefined) return;
    if (++this.#heartbeatsInVain <= HEARTBEATS_MAX) {
      this.#thread.post({ kind: "heartbeat", number: 0 });
      return;
    }
    this.#thread.terminate();
    this.#ended("does not answer");
  }

  /** Something was committed. */
  committed(): void {
    if (this.#counts.tail > 0) this.#thread?.post({ kind: "advance" });
  }

  query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>> {
    const { promise, resolve } = Promise.withResolvers<QueryOutcome<string>>();
    const channel = this.#open("ask", signal, {
      receive: (message) => {
        if (message.kind !== "answer") return;
        channel?.close();
        resolve(message.outcome);
      },
      refuse: (refusal) => resolve({ ok: false, refusal }),
    });
    channel?.post({ kind: "ask", number: channel.number, request });
    return promise;
  }

  export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>> {
    return this.#stream("export", signal, (number) => ({ kind: "export", number, request }), textOf);
  }

  tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>> {
    return this.#stream("tail", signal, (number) => ({ kind: "tail", number, request }), eventsOf);
  }

  /** A stream that is opened, and then asked for each piece. */
  #stream<T>(
    kind: "export" | "tail",
    signal: AbortSignal,
    opening: (number: number) => ToReader,
    pieceOf: (message: FromReader) => T | undefined,
  ): Promise<QueryOutcome<AsyncIterable<T>>> {
    const opened = Promise.withResolvers<QueryOutcome<AsyncIterable<T>>>();
    const pieces = new Pieces<T>();
    const channel = this.#open(kind, signal, {
      receive: (message) => {
        const piece = pieceOf(message);
        if (piece !== undefined) pieces.give(piece);
        else if (message.kind === "opened" && message.refusal === undefined) {
          opened.resolve({ ok: true, answer: pieces.iterate(more, close) });
        } else {
          // The end, a refusal, or an error on the way.
          channel?.close();
          const refusal = message.kind === "opened" ? message.refusal : refusalOf(message);
          opened.resolve({ ok: false, refusal: refusal ?? DIED });
          pieces.end(refusal);
        }
      },
      refuse: (refusal) => {
        opened.resolve({ ok: false, refusal });
        // A tail may end anywhere; an export must not end as if it were whole.
        pieces.end(refusal === CANCELLED || (refusal === STOPPED && kind === "tail") ? undefined : refusal);
      },
    });
    const more = () => channel?.post({ kind: "more", number: channel.number });
    const close = () => channel?.cancel();
    channel?.post(opening(channel.number));
    return opened.promise;
  }

  #open(kind: Want["kind"], signal: AbortSignal, want: Omit<Want, "kind">): Channel | undefined {
    const max = { ask: QUESTIONS_MAX, export: EXPORTS_MAX, tail: TAILS_MAX }[kind];
    if (this.#isDelayed || this.#isStopping) want.refuse(this.#isStopping ? STOPPED : DIED);
    else if (signal.aborted) want.refuse(CANCELLED);
    else if (this.#counts[kind] >= max) want.refuse(BUSY);
    else {
      this.#thread ??= this.#startThread();
      const thread = this.#thread;
      this.#idle.worked();
      const number = this.#nextNumber++;
      const cancel = () => {
        if (!this.#wants.has(number)) return;
        close();
        this.#thread?.post({ kind: "cancel", number });
        want.refuse(CANCELLED);
      };
      const close = () => {
        signal.removeEventListener("abort", cancel);
        if (this.#wants.delete(number)) this.#counts[kind]--;
      };
      signal.addEventListener("abort", cancel, { once: true });
      this.#wants.set(number, { kind, ...want });
      this.#counts[kind]++;
      return { number, cancel, close, post: (message) => thread.post(message) };
    }
    return undefined;
  }

  #refuseAll(refusal: QueryRefusal): void {
    const wants = [...this.#wants.values()];
    this.#wants.clear();
    for (const { kind, refuse } of wants) {
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

interface Channel {
  readonly number: number;
  readonly post: (message: ToReader) => void;
  /** Ends it on both sides. */
  readonly cancel: () => void;
  /** Ends it on this side: the thread is done with it. */
  readonly close: () => void;
}

function textOf(message: FromReader): string | undefined {
  return message.kind === "text" ? message.text : undefined;
}

function eventsOf(message: FromReader): readonly TailEvent[] | undefined {
  return message.kind === "events" ? message.events : undefined;
}

function refusalOf(message: FromReader): QueryRefusal | undefined {
  return message.kind === "answer" && !message.outcome.ok ? message.outcome.refusal : undefined;
}
