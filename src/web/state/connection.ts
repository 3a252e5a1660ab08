// Whether the server answers. A small request every moment finds out soon, also where no query runs; a response to any
// other request is as good. It rests while the page is hidden.

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Environment } from "./browser.ts";

/** Sends the small request. Resolves to whether the server answered, and never rejects. */
export type Probe = (signal: AbortSignal) => Promise<boolean>;

/** From one probe to the next, and after which one is late, in ms. Together they are how late a failure may be shown. */
const PROBE_EVERY_MS = 1_500;
const PROBE_LATE_MS = 1_500;
/** A probe that is late is waited for: a server that answers after some seconds is slow, and lost nothing. */
const PROBE_MS_MAX = 5_000;

/** The connection to the server. One for the life of the app. */
export class Connection {
  readonly #environment: Environment;
  readonly #probe: Probe;
  readonly #lostSinceMs: Signal<number | undefined> = signal<number | undefined>(undefined);
  #reachedAtMs: number;
  /** A probe has failed since the server answered last, so other requests may have got lost as well. */
  #isBroken = false;
  #onBack: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(environment: Environment, probe: Probe) {
    this.#environment = environment;
    this.#probe = probe;
    this.#reachedAtMs = environment.clock();
  }

  /** When the server answered last, Unix ms. Undefined while it answers. */
  get lostSinceMs(): ReadonlySignal<number | undefined> {
    return this.#lostSinceMs;
  }

  /** Probes until it is stopped. `onBack`: the server answers again, after a probe that failed. Returns a function that stops. */
  start(onBack: () => void): () => void {
    this.#onBack = onBack;
    this.#reachedAtMs = this.#environment.clock();
    this.#wait();
    return () => {
      this.#onBack = undefined;
      this.#stopWaiting?.();
      this.#stopWaiting = undefined;
      this.#lostSinceMs.value = undefined;
      this.#isBroken = false;
    };
  }

  /** The server answered. */
  reached(): void {
    this.#reachedAtMs = this.#environment.clock();
    if (this.#lostSinceMs.peek() === undefined) return;
    this.#lostSinceMs.value = undefined;
    const wasBroken = this.#isBroken;
    this.#isBroken = false;
    // Of a server that was only slow, what is asked already is still to come: asked again, it would be slower yet.
    if (wasBroken) this.#onBack?.();
  }

  /** Probes now. */
  check(): void {
    this.#stopWaiting?.();
    void this.#run();
  }

  #lose(): void {
    this.#lostSinceMs.value ??= this.#reachedAtMs;
  }

  #wait(): void {
    const cancel = this.#environment.schedule(() => this.#runWhenVisible(), PROBE_EVERY_MS);
    this.#stopWaiting = cancel;
  }

  #runWhenVisible(): void {
    const { isVisible } = this.#environment;
    if (isVisible.peek()) {
      void this.#run();
      return;
    }
    this.#stopWaiting = isVisible.subscribe((visible) => {
      if (visible) this.check();
    });
  }

  async #run(): Promise<void> {
    const work = new AbortController();
    let isOver = false;
    const { schedule } = this.#environment;
    const cancels = [schedule(() => this.#lose(), PROBE_LATE_MS), schedule(() => work.abort(), PROBE_MS_MAX)];
    const cancel = () => {
      for (const one of cancels) one();
    };
    this.#stopWaiting = () => {
      isOver = true;
      cancel();
      work.abort();
    };
    const isReached = await this.#probe(work.signal);
    cancel();
    if (isOver || this.#onBack === undefined) return;
    if (isReached) {
      this.reached();
    } else {
      this.#isBroken = true;
      this.#lose();
    }
    this.#wait();
  }
}
