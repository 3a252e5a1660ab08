// ClickHouse behind TLS with a certificate of an authority of one's own, as the compiled server meets it.

import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { selfSignedCertificate } from "../support/certificate.ts";
import { eventually } from "../support/eventually.ts";
import { configText, withStoppedServer } from "../support/server.ts";
import { all, DATABASE, Sender, statusOf, stored, untilStored } from "./sender.ts";
import { ClickHouseServer } from "./server.ts";

const TEST_MS_MAX = 120_000;
const { cert, key } = selfSignedCertificate();

let engine: ClickHouseServer;
let terminator: Server;

beforeAll(async () => {
  engine = await ClickHouseServer.start({ password: "secret" });
  const target = Number(new URL(engine.url).port);
  terminator = createServer({ cert, key }, (socket) => {
    const inner = connect(target, "127.0.0.1");
    socket.pipe(inner).pipe(socket);
    socket.on("error", () => inner.destroy());
    inner.on("error", () => socket.destroy());
  });
  terminator.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => terminator.listen(0, "127.0.0.1", resolve));
}, 120_000);
afterAll(async () => {
  terminator.close();
  await engine.stop();
});
beforeEach(async () => {
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
});

test(
  "nothing is sent to a certificate that nobody trusts, the password neither; where its authority is named, all is",
  async () => {
    const url = `https://localhost:${(terminator.address() as AddressInfo).port}`;
    const tables = `[clickhouse]\nurl = ["${url}"]\ndatabase = "${DATABASE}"\npassword = "secret"\n`;
    await withStoppedServer(configText({ tables }), async (server) => {
      engine.seen.length = 0;
      await server.start();
      const sender = new Sender();
      await sender.send(server, 20);
      await eventually("it says so", async () => (await statusOf(server)).problem !== null);
      expect((await statusOf(server)).problem).toContain("NODE_EXTRA_CA_CERTS");
      expect(engine.seen).toEqual([]);
      await server.stop();
      const authority = join(server.folder, "authority.pem");
      writeFileSync(authority, cert);
      server.environment = { NODE_EXTRA_CA_CERTS: authority };
      await server.start();
      await sender.send(server, 30);
      await untilStored(engine, 50);
      expect(await stored(engine)).toEqual(all(50));
    });
  },
  TEST_MS_MAX,
);
