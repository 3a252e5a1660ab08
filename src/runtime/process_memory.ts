// The memory of the process. Reading it opens a file, which fails when no descriptor is left; that must not end a
// thread.

/** Resident memory in bytes; 0 if it cannot be read. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

/**
 * The JavaScript heap of this thread in bytes, as the last collection left it; undefined if it cannot be read.
 */
export function heapBytes(): number | undefined {
  try {
    return process.memoryUsage().heapUsed;
  } catch {
    return undefined;
  }
}
