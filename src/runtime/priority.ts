// Lowers the priority of a thread. On Linux a nice value belongs to a thread; elsewhere it belongs to the process, and
// nothing is done.

import { getPriority, setPriority } from "node:os";

/**
 * The lowest priority: a seventieth of a core that a thread of normal priority wants as well. Measured at full load
 * beside constant queries: p99 of batches 1.0 to 1.2 times that without queries; a query takes about three times as
 * long.
 */
const BACKGROUND_NICE = 19;
/**
 * A quarter of a core that a thread of normal priority wants as well. For work whose lag grows for ever if it gets less.
 * Measured for shipping on two cores that four other programs wanted whole: 150,000 records took 7 s, and 75 s and
 * longer at the lowest priority. Ingestion was as fast at both, with and without the four.
 */
export const STEADY_NICE = 5;

/** Lowers the priority of the calling thread; by default it gets hardly more than what other threads leave. */
export function stepBack(nice = BACKGROUND_NICE): void {
  if (process.platform !== "linux") return;
  try {
    if (getPriority(0) < nice) setPriority(0, nice);
  } catch {
    // A system that forbids it runs it at the normal priority.
  }
}
