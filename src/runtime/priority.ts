// Lowers the priority of a thread. On Linux a nice value belongs to a thread; elsewhere it belongs to the process, and
// nothing is done.

import { getPriority, setPriority } from "node:os";

/** The least there is: against a thread of normal priority that wants the same core, a seventieth of it. Measured with queries all the time at
 * full load: p99 of the answers to batches 1.0 to 1.2 times that without, and a query takes some three times as long. */
const BACKGROUND_NICE = 19;

/** From now on the calling thread gets a core only where threads of normal priority leave one, or nearly so. */
export function stepBack(): void {
  if (process.platform !== "linux") return;
  try {
    if (getPriority(0) < BACKGROUND_NICE) setPriority(0, BACKGROUND_NICE);
  } catch {
    // A system that forbids it runs it at the normal priority.
  }
}
