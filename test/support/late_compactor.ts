// The real compactor, except that it holds its first answer back until it has done a second request. So that answer
// comes when its writer has died and another one waits for a different merge.

import type { HeapReport } from "../../src/runtime/thread.ts";
import type { FromCompactor } from "../../src/threads/messages.ts";
import "../../src/threads/compactor/compactor.ts";

const scope = globalThis as unknown as { postMessage(message: FromCompactor | HeapReport): void };
const post = scope.postMessage.bind(globalThis);
let heldBack: FromCompactor | undefined;
let isFirst = true;

scope.postMessage = (message) => {
  if ("heapBytes" in message) {
    post(message);
    return;
  }
  if (isFirst) {
    heldBack = message;
    isFirst = false;
    return;
  }
  if (heldBack !== undefined) post(heldBack);
  heldBack = undefined;
  post(message);
};
