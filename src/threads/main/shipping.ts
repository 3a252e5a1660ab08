// The main thread's end of shipping to ClickHouse. It owns the shipper thread, starts it again when it dies, and relays
// between it and the writer: the state that the shipper wants written, and what the writer says to it.

import type { ShippingState } from "../../commit/shipping_state.ts";
import type { Clock } from "../../core/clock.ts";
import type { ShippingFigures } from "../../core/telemetry.ts";
import { spawnThread, type ThreadHandle } from "../../runtime/spawn.ts";
import type {
  ErasedScope,
  FromShipper,
  HistorySettings,
  ShippedErasure,
  ShipperRules,
  ToShipper,
} from "../messages.ts";
import { RestartDelay } from "./thread_lifetime.ts";

/** What shipping needs. */
export interface ShippingOptions {
  readonly file: string;
  readonly history: HistorySettings;
  readonly rules: ShipperRules;
  readonly shipperUrl: URL;
  /** Monotonic ms. */
  readonly clock: Clock;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** The figures before the thread has sent any. */
const NOTHING_YET: ShippingFigures = {
  batches: 0,
  records: 0,
  bytes: 0,
  failures: 0,
  shippedBelow: 1,
  backlogRecords: 0,
  lagMs: 0,
  problem: undefined,
};

/** An erasure: shipping is held from its outcome on. */
interface HeldErasure {
  readonly thread: ThreadHandle<ToShipper>;
  readonly answer: (outcome: ShippedErasure) => void;
}

interface Asked {
  readonly thread: ThreadHandle<ToShipper> | undefined;
  readonly number: number;
  readonly state: ShippingState;
}

/** The shipper thread, as the main thread sees it. */
export class Shipping {
  readonly #options: ShippingOptions;
  readonly #delay: RestartDelay;
  #rules: ShipperRules;
  #state: ShippingState | undefined;
  #thread: ThreadHandle<ToShipper> | undefined;
  /** Posts a state to the writer, under a number of this side. */
  #write: (number: number, state: ShippingState) => void = () => undefined;
  /** What the writer has been asked for, by its number, and by which thread under which number of its own. */
  readonly #asked = new Map<number, Asked>();
  #nextNumber = 1;
  #figures = NOTHING_YET;
  /** Counters of threads that have ended. */
  #before = NOTHING_YET;
  #isStopping = false;
  #erasure: HeldErasure | undefined;

  constructor(options: ShippingOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#delay = new RestartDelay(options.clock);
  }

  /** The writer has started, with this state in the data file. */
  writerStarted(state: ShippingState, write: (number: number, state: ShippingState) => void): void {
    this.#write = write;
    this.#state = state;
    // What the writer before was asked for may be in the file or not: the thread goes on from what is.
    this.#asked.clear();
    this.#thread?.terminate();
    this.#eraserEnded();
    this.#start();
  }

  /** The writer has written a state, or not. */
  saved(number: number, isSaved: boolean): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    if (asked === undefined) return;
    if (isSaved) this.#state = asked.state;
    // A thread that took the place of the one that asked knows nothing of it, and has sent nothing for it.
    if (asked.thread === this.#thread) asked.thread?.post({ kind: "saved", number: asked.number, isSaved });
  }

  /** Records were committed. */
  committed(): void {
    this.#thread?.post({ kind: "advance" });
  }

  setRules(rules: ShipperRules): void {
    this.#rules = rules;
    this.#thread?.post({ kind: "rules", rules });
  }

  figures(): ShippingFigures {
    const { batches, records, bytes, failures } = this.#before;
    return {
      ...this.#figures,
      batches: batches + this.#figures.batches,
      records: records + this.#figures.records,
      bytes: bytes + this.#figures.bytes,
      failures: failures + this.#figures.failures,
    };
  }

  /**
   * Erases in the cluster; one at a time. From the outcome on nothing is shipped until `release`, which says whether
   * that held.
   */
  erase(scope: ErasedScope): Promise<ShippedErasure> {
    const thread = this.#thread;
    if (thread === undefined) {
      return Promise.resolve({ isErased: false, isBegun: false, message: "the shipper thread is starting" });
    }
    const { promise, resolve } = Promise.withResolvers<ShippedErasure>();
    this.#erasure = { thread, answer: resolve };
    thread.post({ kind: "erase", scope });
    return promise;
  }

  /** Goes on shipping. Returns whether the same thread held it all the time. */
  release(): boolean {
    const wasHeld = this.#erasure !== undefined && this.#erasure.thread === this.#thread;
    this.#erasure = undefined;
    this.#thread?.post({ kind: "release" });
    return wasHeld;
  }

  /** Ends the thread: at any moment, since the next one goes on where the data file says. */
  stop(): void {
    this.#isStopping = true;
    this.#thread?.terminate();
    this.#thread = undefined;
    this.#eraserEnded();
  }

  /** The thread that erases has ended. */
  #eraserEnded(): void {
    this.#erasure?.answer({ isErased: false, isBegun: true, message: "the shipper thread has ended" });
  }

  #start(): void {
    const { file, history, shipperUrl } = this.#options;
    if (this.#isStopping || this.#state === undefined) return;
    this.#before = this.figures();
    this.#figures = { ...NOTHING_YET, shippedBelow: this.#state.shippedBelow };
    this.#delay.started();
    const events = {
      receive: (message: FromShipper) => this.#receive(message),
      ended: (reason: string) => this.#ended(reason),
    };
    this.#thread = spawnThread<ToShipper, FromShipper>(shipperUrl, events, true);
    this.#thread.post({ kind: "start", file, history, rules: this.#rules, state: this.#state });
  }

  #receive(message: FromShipper): void {
    switch (message.kind) {
      case "save": {
        const number = this.#nextNumber++;
        this.#asked.set(number, { thread: this.#thread, number: message.number, state: message.state });
        this.#write(number, message.state);
        break;
      }
      case "erased":
        this.#erasure?.answer(message.outcome);
        break;
      case "figures":
        this.#figures = message.figures;
        break;
      case "log":
        this.#options.log(message.level, message.message);
        break;
    }
  }

  #ended(reason: string): void {
    this.#thread = undefined;
    this.#eraserEnded();
    if (this.#isStopping) return;
    this.#options.log("error", `the shipper thread died: ${reason}; starting another`);
    setTimeout(() => {
      // The writer may have started meanwhile, and the thread with it.
      if (this.#thread === undefined) this.#start();
    }, this.#delay.died());
  }
}
