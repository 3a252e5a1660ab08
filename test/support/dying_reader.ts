// The real reader thread, except that it dies of a query for keys.

import type { ToReader } from "../../src/threads/messages.ts";
import "../../src/threads/reader/reader.ts";

const scope = globalThis as unknown as { onmessage: ((event: { data: ToReader }) => void) | null };

const receive = scope.onmessage;
scope.onmessage = (event) => {
  if (event.data.kind === "query" && event.data.request.kind === "keys") throw new Error("this reader dies of keys");
  receive?.(event);
};
