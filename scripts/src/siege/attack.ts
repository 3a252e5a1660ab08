// What every attack of a siege is made of: its force, its outcome, and how it sends and counts.

import type { Random } from "../../../test/support/random.ts";
import { ENQUEUE_PATH, SERVER_KEY, type TestServer } from "../../../test/support/server.ts";

/** How hard an attack is. */
export interface Force {
  readonly connections: number;
  readonly seconds: number;
  readonly reloads: number;
  readonly random: Random;
}

export interface Outcome {
  readonly notes: string;
  readonly broken: readonly string[];
  /** Records of the attack itself that the server has stored. */
  readonly stored: number;
}

export interface Attack {
  readonly name: string;
  readonly about: string;
  readonly run: (server: TestServer, force: Force) => Promise<Outcome>;
}

/** A response, and how long it took. */
export interface Sent {
  readonly status: number;
  readonly ms: number;
}

/** Sends a body over a connection of its own: kept connections would count as handles that were not given back. */
export async function post(server: TestServer, body: string | Uint8Array, encoding = "identity"): Promise<Sent> {
  const startedAtMs = performance.now();
  const headers = { "content-encoding": encoding, connection: "close" };
  const response = await fetch(`${server.url}${ENQUEUE_PATH}`, { method: "POST", body, headers });
  await response.text();
  return { status: response.status, ms: performance.now() - startedAtMs };
}

/** A batch of these entries, with the server's key. */
export function bodyOf(entries: string): string {
  return `{"key":"${SERVER_KEY}","source":"server","entries":[${entries}]}`;
}

/** How often each status was the response. */
export function countOf(statuses: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** A broken promise where a status is not among those allowed. */
export function unexpected(counts: Readonly<Record<string, number>>, allowed: readonly string[]): string[] {
  const isExpected = Object.keys(counts).every((status) => allowed.includes(status));
  return isExpected ? [] : [`answered ${JSON.stringify(counts)}, and only ${allowed.join(", ")} were due`];
}
