// A worker thread's own end of its channel. Standard web workers in Bun and in Deno; only the type of the global differs.

interface ThreadScope {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
}

function scope(): ThreadScope {
  return globalThis;
}

/** Receives what the main thread posts; T is trusted, since both ends are of one build. */
export function listen<T>(receive: (message: T) => void): void {
  scope().onmessage = (event) => {
    receive(event.data as T);
  };
}

export function reply<T>(message: T): void {
  scope().postMessage(message);
}
