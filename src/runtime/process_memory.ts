// What the process' memory comes to, as far as that can be told: to look opens a file, and a process may have no
// descriptor left. A thread must not end of that.

/** Resident, in bytes; 0 where it cannot be told. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

/**
 * Of JavaScript's values in this thread, in bytes, as the last collection left them; undefined where it cannot be told.
 */
export function heapBytes(): number | undefined {
  try {
    return process.memoryUsage().heapUsed;
  } catch {
    return undefined;
  }
}
