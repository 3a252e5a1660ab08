// A server on a disk that fills up under load.

import { join } from "node:path";
import { untilTrue } from "./condition.ts";
import { eventually } from "./eventually.ts";
import { Load } from "./load.ts";
import { runSeed, seededRandom } from "./random.ts";
import { configText, TestServer } from "./server.ts";
import type { SmallDisk } from "./small_disk.ts";

export const MIB = 2 ** 20;
/** The reserve file takes 8 MiB of it. */
export const DISK_BYTES = 32 * MIB;
export const BALLAST_BYTES = 12 * MIB;
/** After so long without a batch accepted the disk is full for good: a store is tried again twice a second. */
const FULL_FOR_MS = 2_000;
const READINESS_MS_MAX = 60_000;

/** Batches of about 20 KiB that do not compress. */
export function heavyLoad(server: TestServer, name: string): Load {
  const random = seededRandom(runSeed(name));
  return new Load(server, { random, clients: 4, entriesMax: 8, ballastBytes: 5_000, pauseMs: 5 });
}

export function dataOn(disk: SmallDisk): string {
  return `data = ${JSON.stringify(join(disk.folder, "simplelogs.db"))}`;
}

/** The data is on the disk, the configuration in `folder`: on a full disk it could not be changed. */
export async function withServerOn<T>(
  disk: SmallDisk,
  tables: string,
  work: (server: TestServer) => Promise<T>,
  folder = disk.folder,
): Promise<T> {
  const server = new TestServer(folder, configText({ settings: dataOn(disk), tables }));
  try {
    await server.start();
    return await work(server);
  } catch (error) {
    console.error(`free: ${disk.freeBytes}; the server's log:\n${server.stderr.slice(-4_000)}`);
    throw error;
  } finally {
    await server.kill();
  }
}

async function readiness(server: TestServer): Promise<number> {
  const answer = await fetch(`${server.url}/readyz`);
  await answer.text();
  return answer.status;
}

/** Asks until /readyz has this status. */
export function untilReadiness(server: TestServer, status: number): Promise<void> {
  return eventually(`/readyz is ${status}`, async () => (await readiness(server)) === status, READINESS_MS_MAX);
}

/** Waits until nothing was accepted for so long: giving the log's room back helped a few times, and helps no more. */
export async function untilFull(server: TestServer, load: Load): Promise<void> {
  let accepted = -1;
  let since = performance.now();
  await untilTrue(
    "the disk is full for good",
    () => {
      if (load.accepted.size !== accepted) {
        accepted = load.accepted.size;
        since = performance.now();
      }
      return load.count(503) > 10 && performance.now() - since > FULL_FOR_MS;
    },
    60_000,
  );
  await untilReadiness(server, 503);
}

export function shape(load: Load) {
  const retryAfters = [...load.retryAfters].map(Number);
  return {
    statuses: [...load.statuses.keys()].sort((a, b) => a - b),
    areRetryAftersWhole: retryAfters.every((seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= 60),
  };
}
