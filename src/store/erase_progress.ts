// How far an erasure is.

export interface EraseProgress {
  /** In this order; "pages" must not be disturbed by anything that moves pages. */
  readonly phase: "waiting" | "blocks" | "space" | "pages";
  /** Of items, blocks, bytes or pages. */
  readonly done: number;
  readonly total: number;
  /** A reader is in the way: the next step should wait a little. */
  readonly isBlocked: boolean;
}

export function progress(phase: EraseProgress["phase"], done: number, total: number, isBlocked = false): EraseProgress {
  return { phase, done: Math.min(done, total), total, isBlocked };
}
