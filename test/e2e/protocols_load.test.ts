// Every protocol at once under load: kills, a revoked key, a full queue, a full disk. Nothing that was answered 2xx is
// lost, and what is sent again under its idempotency key is stored once.

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { BALLAST_BYTES, DISK_BYTES, heavyLoad, untilFull, untilReadiness, withServerOn } from "../support/full_disk.ts";
import { closingGap } from "../support/load.ts";
import { PROTOCOLS_SPOKEN } from "../support/protocol_bodies.ts";
import { expectWell, messagesOf, post, Sender } from "../support/protocol_requests.ts";
import { configText, withServer } from "../support/server.ts";
import { withSmallDisk } from "../support/small_disk.ts";

describe("under load", () => {
  test(
    "kill -9 loses nothing that was answered, and what is sent again is stored once, by every protocol",
    () =>
      withServer(configText(), async (server) => {
        const sender = new Sender();
        for (const protocol of PROTOCOLS_SPOKEN) sender.start(() => server, protocol, 2);
        for (let round = 0; round < 4; round++) {
          const target = sender.accepted.length + 200;
          await eventually("bodies are taken", async () => sender.accepted.length >= target);
          await server.kill();
          await server.start();
        }
        await sender.stop();
        const messages = await messagesOf(server);
        const stored = new Set(messages);
        expect(sender.accepted.filter((message) => !stored.has(message))).toEqual([]);
        expect(messages.length).toBe(stored.size);
        expect([...sender.statuses].filter((status) => status >= 300 && status !== 503)).toEqual([]);
        await expectWell(server);
      }),
    180_000,
  );

  test(
    "a key that is revoked is refused from then on, and what was answered before is stored",
    () =>
      withServer(configText(), async (server) => {
        const sender = new Sender();
        for (const protocol of PROTOCOLS_SPOKEN) sender.start(() => server, protocol, 2);
        await eventually("bodies are taken", async () => sender.accepted.length >= 200);
        server.writeConfig(configText({ pair: "revoked = true" }));
        await eventually("the key is refused", async () => sender.statuses.has(401));
        await sender.stop();
        const stored = new Set(await messagesOf(server));
        expect(sender.accepted.filter((message) => !stored.has(message))).toEqual([]);
        expect([...sender.statuses].toSorted((a, b) => a - b)).toEqual([200, 202, 204, 401]);
        await expectWell(server);
      }),
    60_000,
  );

  test(
    "a small queue answers 503 with Retry-After, and what was answered 2xx is stored once",
    () =>
      withServer(configText({ tables: '[queue]\nrequests = 8\nbytes = "64KiB"' }), async (server) => {
        const sender = new Sender();
        for (const protocol of PROTOCOLS_SPOKEN) sender.start(() => server, protocol, 10);
        await eventually("bodies are taken, and others refused", async () => {
          return sender.accepted.length >= 1_000 && sender.statuses.has(503);
        });
        await sender.stop();
        const messages = await messagesOf(server);
        const stored = new Set(messages);
        expect(sender.accepted.filter((message) => !stored.has(message))).toEqual([]);
        expect(messages.length).toBe(stored.size);
        expect([...sender.statuses].filter((status) => status >= 300)).toEqual([503]);
        expect([...sender.retryAfters].filter((value) => !/^[1-9]\d?$/.test(value))).toEqual([]);
        await expectWell(server);
      }),
    120_000,
  );

  test.each(["write", "memory"])(
    'durability "%s" stores every body once, also over a stop',
    (durability) =>
      withServer(configText({ tables: `[storage]\ndurability = "${durability}"` }), async (server) => {
        const sender = new Sender();
        for (const protocol of PROTOCOLS_SPOKEN) sender.start(() => server, protocol, 3);
        await eventually("bodies are taken", async () => sender.accepted.length >= 300);
        await sender.stop();
        expect(await server.stop()).toBe(0);
        const messages = await messagesOf(server);
        expect(messages.toSorted()).toEqual(sender.accepted.toSorted());
      }),
    60_000,
  );
});

describe("on a full disk", () => {
  test("every protocol gets 503 with Retry-After, nothing that was answered 2xx is lost, and it goes on once there is room", async () => {
    await withSmallDisk(DISK_BYTES, async (disk) => {
      disk.addBallast(BALLAST_BYTES);
      await withServerOn(disk, "", async (server) => {
        const load = heavyLoad(server, "protocols on a full disk");
        load.start();
        await untilFull(server, load);
        const sender = new Sender();
        for (const protocol of PROTOCOLS_SPOKEN) {
          const answer = await post(server, protocol, { body: protocol.body(["refused"]) });
          await answer.arrayBuffer();
          expect([protocol.name, answer.status, Number(answer.headers.get("retry-after")) >= 1]).toEqual([
            protocol.name,
            503,
            true,
          ]);
          sender.start(() => server, protocol, 1);
        }
        disk.removeBallast();
        await untilReadiness(server, 200);
        await eventually("bodies are taken", async () => sender.accepted.length >= 100);
        await load.stop();
        await sender.stop();
        const messages = await messagesOf(server);
        const stored = new Set(messages);
        expect(sender.accepted.filter((message) => !stored.has(message))).toEqual([]);
        expect(messages.length).toBe(stored.size);
        expect(stored.has("refused")).toBe(false);
        expect(closingGap(await server.metrics())).toBe(0);
      });
    });
  }, 240_000);
});
