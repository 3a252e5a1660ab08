// The executable on a full disk that nobody frees: retention makes room, or the queue holds what came; and a disk that
// others fill and free.

import { describe, expect, test } from "bun:test";
import { tortureByDisk } from "../../scripts/src/torture/disk.ts";
import { untilTrue } from "../support/condition.ts";
import { withFolder } from "../support/folder.ts";
import {
  BALLAST_BYTES,
  DISK_BYTES,
  dataOn,
  heavyLoad,
  MIB,
  shape,
  untilFull,
  untilReadiness,
  withServerOn,
} from "../support/full_disk.ts";
import { closingGap, compare, Load, NOTHING_WRONG } from "../support/load.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { configText, type TestServer } from "../support/server.ts";
import { withSmallDisk } from "../support/small_disk.ts";

describe("on a full disk under memory", () => {
  test("batches answered 202 stay in the queue until there is room, and are stored once", async () => {
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
  // Large entries fill the write-ahead log with pages that the file does not have yet, which once kept it from ever
  // being copied back.
  for (const { name, diskBytes, entriesMax, ballastBytes } of [
    { name: "small entries", diskBytes: 32 * MIB, entriesMax: 8, ballastBytes: 5_000 },
    { name: "large entries", diskBytes: 24 * MIB, entriesMax: 4, ballastBytes: 100_000 },
  ]) {
    test(`retention makes room, and the server accepts requests again without help (${name})`, async () => {
      await withSmallDisk(diskBytes, async (disk) => {
        // Nothing lies beside the data that could be removed: only retention can help. It does not before the disk is
        // full.
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

describe("a disk that another program fills at random times and frees again", () => {
  test("loses no batch answered 202, also with kill -9 while it is full, and needs no help", async () => {
    const { broken, rounds } = await tortureByDisk(3, seededRandom(runSeed("filled at random")));
    expect({ broken, rounds }).toEqual({ broken: [], rounds: 3 });
  }, 240_000);
});
