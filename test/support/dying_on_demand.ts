// A hand on a real thread's channel: it ends the thread when a file beside the data file says so, in the way that the
// file says.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { ThreadName } from "../../src/core/telemetry.ts";

/**
 * How a thread ends: by an exception of its own making, at the next message, at its next answer (which is then never
 * heard), by leaving, or not at all: it stops to answer.
 */
export const DEATHS = ["throw", "throw-at-message", "throw-at-reply", "exit", "hang"] as const;
export type Death = (typeof DEATHS)[number];

const LOOK_EVERY_MS = 5;

interface Scope {
  onmessage: ((event: { data: { kind: string; file?: string; settings?: { file: string } } }) => void) | null;
  postMessage(message: unknown): void;
}

function orderFile(dataFile: string, thread: ThreadName): string {
  return `${dataFile}.end-${thread}`;
}

/** Tells the thread to end. The file appears whole: a thread that read an empty order would never end. */
export function orderDeath(dataFile: string, thread: ThreadName, death: Death): void {
  const file = orderFile(dataFile, thread);
  writeFileSync(`${file}.new`, death);
  renameSync(`${file}.new`, file);
}

/** Whether an order has not been taken yet. */
export function isOrdered(dataFile: string, thread: ThreadName): boolean {
  return existsSync(orderFile(dataFile, thread));
}

/** To be called in the thread, once its own module has set up its channel. */
export function dieOnDemand(thread: ThreadName): void {
  const scope = globalThis as unknown as Scope;
  const receive = scope.onmessage;
  const post = scope.postMessage.bind(globalThis);
  let next: Death | undefined;
  let taken: string | undefined;
  const look = (file: string) => {
    // A thread that is replaced before it could end leaves that to the next one.
    taken = `${file}.taken`;
    if (existsSync(file)) renameSync(file, taken);
    if (next !== undefined || !existsSync(taken)) return;
    next = readFileSync(taken, "utf8") as Death;
    if (next === "throw") end("throw");
    if (next === "exit") {
      rmSync(taken);
      process.exit(1);
    }
    if (next !== "hang") return;
    rmSync(taken);
    const never = new Int32Array(new SharedArrayBuffer(4));
    // It takes no processor time, and can be ended from outside between two waits.
    for (;;) Atomics.wait(never, 0, 0, 50);
  };
  const end = (how: string): never => {
    if (taken !== undefined) rmSync(taken, { force: true });
    throw new Error(`the ${thread} was told to ${how}`);
  };
  scope.onmessage = (event) => {
    if (next === "throw-at-message") end("throw at a message");
    const { kind, settings, file = settings?.file } = event.data;
    if (kind === "start" && file !== undefined) setInterval(() => look(orderFile(file, thread)), LOOK_EVERY_MS);
    receive?.(event);
  };
  scope.postMessage = (message) => {
    if (next === "throw-at-reply") end("throw at an answer");
    post(message);
  };
}
