// Lowers the priority of a thread. On Linux a nice value belongs to a thread; elsewhere it belongs to the process, and
// nothing is done.

import { getPriority, setPriority } from "node:os";

/**
 * The lowest priority: a seventieth of a core that a thread of normal priority wants as well. Measured at full load
 * beside constant queries: p99 of batches 1.0 to 1.2 times that without queries; a query takes about three times as
 * long.
 */
const BACKGROUND_NICE = 19;

/** Lowers the priority of the calling thread: from now on it gets hardly more than what other threads leave. */
export function stepBack(): void {
  if (process.platform !== "linux") return;
  try {
    if (getPriority(0) < BACKGROUND_NICE) setPriority(0, BACKGROUND_NICE);
  } catch {
    // A system that forbids it runs it at the normal priority.
  }
}
