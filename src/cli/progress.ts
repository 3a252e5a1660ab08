// How far long work has come: one line on stderr, written over and over, and wiped away at the end. Only on a terminal, and only once
// the work has lasted a moment.

import { formatCount } from "../core/format.ts";
import type { CliContext } from "./context.ts";

/** How long work lasts before its progress is told, in ms, and how often it is told then. */
const FIRST_AFTER_MS = 500;
const EVERY_MS = 100;
/** Back to the line's beginning, and all of it wiped. */
const WIPE = "\r\x1b[2K";

export class Progress {
  readonly #context: CliContext;
  readonly #clock: () => number;
  #startedAt: number | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** `clock` gives monotonic ms. */
  constructor(context: CliContext, clock: () => number = () => performance.now()) {
    this.#context = context;
    this.#clock = clock;
  }

  /** Done so far, and in all (undefined where nobody knows), with what comes behind the amounts: at its end the line goes. */
  show(done: number, total: number | undefined, what: string, format: (amount: number) => string = formatCount): void {
    if (!this.#context.isErrorTerminal) return;
    const now = this.#clock();
    this.#startedAt ??= now;
    if (total !== undefined && done >= total) {
      this.end();
      return;
    }
    if (now - this.#startedAt < FIRST_AFTER_MS || now - this.#toldAt < EVERY_MS) return;
    this.#toldAt = now;
    this.#isShown = true;
    const all = total === undefined ? "" : ` of ${format(total)}`;
    this.#context.stderr.write(`${WIPE}${format(done)}${all} ${what}`);
  }

  /** Wipes the line. */
  end(): void {
    if (this.#isShown) this.#context.stderr.write(WIPE);
    this.#isShown = false;
    this.#startedAt = undefined;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }
}
