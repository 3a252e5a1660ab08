// Lets a thread step back behind the others. On Linux a nice value belongs to a thread; elsewhere it belongs to the process, and
// nothing is done.

import { getPriority, setPriority } from "node:os";

/** Against 0 for all others: a ninth of their share of a core that both want. */
const BACKGROUND_NICE = 10;

/** From now on the calling thread gets a core only where threads of normal priority leave one, or nearly so. */
export function stepBack(): void {
  if (process.platform !== "linux") return;
  try {
    if (getPriority(0) < BACKGROUND_NICE) setPriority(0, BACKGROUND_NICE);
  } catch {
    // A system that forbids it runs it at the normal priority.
  }
}
