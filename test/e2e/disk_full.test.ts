// The executable on a disk that fills up under load, and has room again when somebody else frees it.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import {
  BALLAST_BYTES,
  DISK_BYTES,
  heavyLoad,
  shape,
  untilFull,
  untilReadiness,
  withServerOn,
} from "../support/full_disk.ts";
import { compare, NOTHING_WRONG } from "../support/load.ts";
import { withSmallDisk } from "../support/small_disk.ts";

describe("on a full disk", () => {
  test("clients get 503, batches answered 202 are stored, and requests are accepted again once there is room", async () => {
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

  test("SIGTERM ends the server within 10 s, and it starts again and accepts requests once there is room", async () => {
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

  test("kill -9 loses no batch answered 202", async () => {
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
