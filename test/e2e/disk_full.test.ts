// The executable on a disk that fills up under load.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { tortureByDisk } from "../../scripts/src/torture/disk.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { withFolder } from "../support/folder.ts";
import { closingGap, compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, TestServer } from "../support/server.ts";
import { type SmallDisk, withSmallDisk } from "../support/small_disk.ts";

const MIB = 2 ** 20;
/** The reserve file takes 8 MiB of it. */
const DISK_BYTES = 32 * MIB;
const BALLAST_BYTES = 12 * MIB;
/** After so long without a batch accepted the disk is full for good: a store is tried again twice a second. */
const FULL_FOR_MS = 2_000;
const READINESS_MS_MAX = 60_000;

/** Batches of about 20 KiB that do not compress. */
function heavyLoad(server: TestServer, name: string): Load {
  const random = seededRandom(runSeed(name));
  return new Load(server, { random, clients: 4, entriesMax: 8, ballastBytes: 5_000, pauseMs: 5 });
}

function dataOn(disk: SmallDisk): string {
  return `data = ${JSON.stringify(join(disk.folder, "simplelogs.db"))}`;
}

/** The data is on the disk, the configuration in `folder`: on a full disk it could not be changed. */
async function withServerOn<T>(
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
function untilReadiness(server: TestServer, status: number): Promise<void> {
  return eventually(`/readyz is ${status}`, async () => (await readiness(server)) === status, READINESS_MS_MAX);
}

/** Waits until nothing was accepted for so long: giving the log's room back helped a few times, and helps no more. */
async function untilFull(server: TestServer, load: Load): Promise<void> {
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

function shape(load: Load) {
  const retryAfters = [...load.retryAfters].map(Number);
  return {
    statuses: [...load.statuses.keys()].sort((a, b) => a - b),
    areRetryAftersWhole: retryAfters.every((seconds) => Number.isInteger(seconds) && seconds >= 1 && seconds <= 60),
  };
}

describe("on a full disk", () => {
  test("clients get 503, what was answered 202 is kept, and with room again it goes on by itself", async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      await withServerOn(disk, "", async (server) => {
        const load = heavyLoad(server, "disk full");
        load.start();
        await untilFull(server, load);
        const acceptedWhenFull = new Set(load.accepted);
        const { lost, twice } = compare(load, await server.export());
        expect({ lost: lost.filter((message) => acceptedWhenFull.has(message)), twice }).toEqual({
          lost: [],
          twice: [],
        });
        const health = await fetch(`${server.url}/healthz`);
        expect(health.status).toBe(200);

        disk.removeBallast();
        await untilReadiness(server, 200);
        const target = load.accepted.size + 50;
        await untilTrue("batches are accepted again", () => load.accepted.size > target);
        await load.stop();
        expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
        expect(load.accepted).toEqual(load.sent);
        expect(shape(load)).toEqual({ statuses: [202, 503], areRetryAftersWhole: true });
        expect(await server.stop()).toBe(0);
      });
    });
  }, 240_000);

  test("SIGTERM ends the server within 10 s, it starts again there, and goes on when there is room", async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      await withServerOn(disk, "", async (server) => {
        const load = heavyLoad(server, "restart on a full disk");
        load.start();
        await untilFull(server, load);
        const startedAt = performance.now();
        expect(await server.stop()).toBe(0);
        expect(performance.now() - startedAt).toBeLessThan(10_000);
        // Whatever was left is taken by somebody else.
        disk.addBallast(BALLAST_BYTES + disk.freeBytes);
        expect(disk.freeBytes).toBe(0);
        await server.start();
        await untilReadiness(server, 503);
        disk.removeBallast();
        await untilReadiness(server, 200);
        await load.stop();
        expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      });
    });
  }, 240_000);

  test("kill -9 loses nothing either", async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      await withServerOn(disk, "", async (server) => {
        const load = heavyLoad(server, "kill on a full disk");
        load.start();
        for (let round = 0; round < 3; round++) {
          await untilFull(server, load);
          await server.kill();
          await server.start();
        }
        disk.removeBallast();
        await untilReadiness(server, 200);
        await load.stop();
        expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
      });
    });
  }, 240_000);
});

describe("on a full disk under memory", () => {
  test("what was answered 202 is kept in the queue until there is room, and stored once", async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      const tables = '[storage]\ndurability = "memory"\n[queue]\nbytes = "6MiB"';
      await withServerOn(disk, tables, async (server) => {
        const load = heavyLoad(server, "disk full under memory");
        load.start();
        await untilFull(server, load);
        const full = await server.metrics();
        expect(full.get("simplelogs_entries_queued")).toBeGreaterThan(100);
        expect(closingGap(full)).toBe(0);
        disk.removeBallast();
        await untilReadiness(server, 200);
        await load.stop();
        expect(await server.stop()).toBe(0);
        expect(compare(load, await server.export())).toEqual(NOTHING_WRONG);
        expect(load.accepted).toEqual(load.sent);
      });
    });
  }, 240_000);
});

describe("on a disk that is full of old records", () => {
  // Large entries fill the write-ahead log with pages that the file does not have yet, which once kept it from ever being
  // copied back.
  for (const { name, diskBytes, entriesMax, ballastBytes } of [
    { name: "small entries", diskBytes: 32 * MIB, entriesMax: 8, ballastBytes: 5_000 },
    { name: "large entries", diskBytes: 24 * MIB, entriesMax: 4, ballastBytes: 100_000 },
  ]) {
    test(`retention makes room, and it goes on without help (${name})`, async () => {
      await withSmallDisk(diskBytes, async (disk) => {
        // Nothing lies beside the data that could be removed: only retention can help. It does not before the disk is full.
        const tables = (retention: string) => `[projects.default]\nretention = "${retention}"`;
        const work = async (server: TestServer) => {
          const random = seededRandom(runSeed(`full of old ${name}`));
          const load = new Load(server, { random, clients: 4, entriesMax, ballastBytes, pauseMs: 5 });
          load.start();
          await untilFull(server, load);
          const acceptedWhenFull = load.accepted.size;
          server.writeConfig(configText({ settings: dataOn(disk), tables: tables("8s") }));
          await untilReadiness(server, 200);
          await untilTrue("batches are accepted again", () => load.accepted.size > acceptedWhenFull + 30);
          await load.stop();
          const { twice, unknown, isInOrder } = compare(load, await server.export());
          expect({ twice, unknown, isInOrder }).toEqual({ twice: [], unknown: [], isInOrder: true });
          expect(load.accepted).toEqual(load.sent);
          expect(shape(load)).toEqual({ statuses: [202, 503], areRetryAftersWhole: true });
        };
        await withFolder((folder) => withServerOn(disk, tables("1h"), work, folder));
      });
    }, 240_000);
  }
});

describe("a disk that somebody else fills at random points and frees again", () => {
  test("costs nothing that was answered 202, also across kill -9 while it is full, and needs no help", async () => {
    const { broken, rounds } = await tortureByDisk(3, seededRandom(runSeed("filled at random")));
    expect({ broken, rounds }).toEqual({ broken: [], rounds: 3 });
  }, 240_000);
});
