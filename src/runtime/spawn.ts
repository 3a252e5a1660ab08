// Starts worker threads and reports their end, once, whatever ended it. Deno does not report a thread that ends itself,
// which none of ours does. Both runtimes report a thread that dies of an exception.

import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { heapBytes } from "./process_memory.ts";
import type { HeapReport } from "./thread.ts";

/**
 * Descriptors that must be free to start a thread. A thread that starts takes about five, and Bun 1.4.5 ends the whole
 * process when it gets none; clients take some in the meantime.
 */
const FREE_DESCRIPTORS_MIN = 24;

/** Bytes of JavaScript heap by name of the thread; 0 where it is not running. */
const bytesByThread = new Map<string, number>();

/** The JavaScript heaps of this process by thread, in bytes, as each thread last reported it. */
export function heapBytesByThread(): ReadonlyMap<string, number> {
  return new Map([["main", heapBytes() ?? 0], ...bytesByThread]);
}

/** A running thread as its owner sees it. */
export interface ThreadHandle<In> {
  post(message: In): void;
  /** Ends it now; its end is not reported. */
  terminate(): void;
}

export interface ThreadEvents<Out> {
  readonly receive: (message: Out) => void;
  /**
   * The thread has ended: by an exception or by itself, or it could not start. Called once, never before spawnThread
   * returns.
   */
  readonly ended: (reason: string) => void;
}

/**
 * Starts the module at `url` as a thread; the system shows it by the module's name. A process with too few free
 * descriptors starts none: then `ended` is called. With `collectsEarly` Bun collects the thread's garbage more often:
 * measured at 1,000 entries a request, 17 MB less at the same processor time. In and Out are not checked, since both
 * ends are of one build.
 */
export function spawnThread<In, Out>(url: URL, events: ThreadEvents<Out>, collectsEarly = false): ThreadHandle<In> {
  if (!hasFreeDescriptors()) return notStarted(events, "it could not start: too few file descriptors are free");
  const name = /([^/]+)\.\w+$/.exec(url.pathname)?.[1] ?? "thread";
  const worker = new Worker(url, { type: "module", name, smol: collectsEarly });
  bytesByThread.set(name, 0);
  let isOver = false;
  const end = (reason: string) => {
    if (isOver) return;
    isOver = true;
    bytesByThread.set(name, 0);
    events.ended(reason);
  };
  worker.onmessage = (event: MessageEvent) => {
    const message = event.data as Out | HeapReport;
    if (isOver) return;
    if (isHeapReport(message)) bytesByThread.set(name, message.heapBytes);
    else events.receive(message);
  };
  worker.onerror = (event: ErrorEvent) => {
    event.preventDefault?.();
    end(event.message);
    worker.terminate();
  };
  worker.addEventListener("close", () => end("the thread ended"));
  return {
    post(message) {
      worker.postMessage(message);
    },
    terminate() {
      isOver = true;
      bytesByThread.set(name, 0);
      worker.terminate();
    },
  };
}

function hasFreeDescriptors(): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < FREE_DESCRIPTORS_MIN) opened.push(openSync(devNull, "r"));
    return true;
  } catch {
    return false;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

/** A thread that ended before it began. */
function notStarted<In, Out>(events: ThreadEvents<Out>, reason: string): ThreadHandle<In> {
  const timer = setTimeout(() => events.ended(reason), 0);
  return { post() {}, terminate: () => clearTimeout(timer) };
}

function isHeapReport(message: unknown): message is HeapReport {
  return typeof message === "object" && message !== null && "heapBytes" in message;
}
