// Starts a worker thread and tells of its end, once, whatever ended it. Deno says nothing of a thread that ends itself, which none of
// ours does; what dies of an exception is told on both.

/** A running thread as its owner sees it. */
export interface ThreadHandle<In> {
  post(message: In): void;
  /** Ends it now; its end is not reported. */
  terminate(): void;
}

export interface ThreadEvents<Out> {
  readonly receive: (message: Out) => void;
  /** The thread is gone: an exception, or its own doing. */
  readonly ended: (reason: string) => void;
}

/** Starts the module at `url` as a thread. In and Out are trusted, since both ends are of one build. */
export function spawnThread<In, Out>(url: URL, events: ThreadEvents<Out>): ThreadHandle<In> {
  const worker = new Worker(url, { type: "module" });
  let isOver = false;
  const end = (reason: string) => {
    if (isOver) return;
    isOver = true;
    events.ended(reason);
  };
  worker.onmessage = (event: MessageEvent) => {
    if (!isOver) events.receive(event.data as Out);
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
      worker.terminate();
    },
  };
}
