// A worker thread's own end of its channel. Standard web workers in Bun and in Deno; only the type of the global
// differs.

import { heapBytes } from "./process_memory.ts";

interface ThreadScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
}

function scope(): ThreadScope {
  return globalThis;
}

/** How often a thread reports its heap at most, in ms. To look takes 0.1 ms. */
const HEAP_EVERY_MS = 1_000;

/** What every thread sends beside its own messages, while it receives any. */
export interface HeapReport {
  /** Of JavaScript values and their buffers, as the last collection left them. */
  readonly heapBytes: number;
}

/** Receives what the main thread posts; T is trusted, since both ends are of one build. */
export function listen<T>(receive: (message: T) => void): void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  scope().onmessage = (event) => {
    receive(event.data as T);
    const now = performance.now();
    if (now - reportedAt < HEAP_EVERY_MS) return;
    reportedAt = now;
    const bytes = heapBytes();
    if (bytes !== undefined) reply<HeapReport>({ heapBytes: bytes });
  };
}

export function reply<T>(message: T): void {
  scope().postMessage(message);
}
