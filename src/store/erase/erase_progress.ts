// How far an erasure is.

export interface EraseProgress {
  /** In this order. */
  readonly phase: "waiting" | "blocks" | "space" | "log";
  /** Of items, blocks, bytes or logs. */
  readonly done: number;
  readonly total: number;
  /** A reader is in the way: the next step should wait a little. */
  readonly isBlocked: boolean;
}

export function progress(phase: EraseProgress["phase"], done: number, total: number, isBlocked = false): EraseProgress {
  return { phase, done: Math.min(done, total), total, isBlocked };
}
