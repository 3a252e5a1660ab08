// A hand on a real thread's channel: it ends the thread when a file beside the data file says so, in the way that the file says.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { ThreadName } from "../../src/core/telemetry.ts";

/**
 * How a thread ends: by an exception of its own making, at the next message, at its next answer (which is then never heard), by
 * leaving, or not at all: it stops to answer.
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

/** Tells the thread to end. */
export function orderDeath(dataFile: string, thread: ThreadName, death: Death): void {
  writeFileSync(orderFile(dataFile, thread), death);
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
  const look = (file: string) => {
    if (!existsSync(file)) return;
    next = readFileSync(file, "utf8") as Death;
    rmSync(file);
    if (next === "throw") throw new Error(`the ${thread} was told to throw`);
    if (next === "exit") process.exit(1);
    if (next !== "hang") return;
    for (;;);
  };
  scope.onmessage = (event) => {
    if (next === "throw-at-message") throw new Error(`the ${thread} was told to throw at a message`);
    const { kind, settings, file = settings?.file } = event.data;
    if (kind === "start" && file !== undefined) setInterval(() => look(orderFile(file, thread)), LOOK_EVERY_MS);
    receive?.(event);
  };
  scope.postMessage = (message) => {
    if (next === "throw-at-reply") throw new Error(`the ${thread} was told to throw at an answer`);
    post(message);
  };
}
