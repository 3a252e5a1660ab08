// Syslog in the life of the executable: a start that cannot bind, reloads, a key that is revoked, a stop in the middle.

import { describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { configText, SERVER_KEY, type TestServer, withServer, withStoppedServer } from "../support/server.ts";

function tableOf(listen: string, rest = ""): string {
  return `[[syslog]]\nlisten = "${listen}"\nkey = "test"\n${rest}`;
}

const BOTH = `${tableOf("tcp://127.0.0.1:0")}${tableOf("udp://127.0.0.1:0")}`;

/** The port of a listener, as the log says it. */
function portOf({ logLines }: TestServer, transport: string): number {
  const pattern = new RegExp(`^syslog on ${transport}://.*:(\\d+),`);
  return Number(logLines.map(({ message }) => pattern.exec(message)?.[1]).findLast((port) => port !== undefined));
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "connect");
  return socket;
}

async function sendDatagram(port: number, text: string): Promise<void> {
  const socket = createSocket("udp4");
  await new Promise<void>((sent) => socket.send(text, port, "127.0.0.1", () => sent()));
  socket.close();
}

/** What a figure of the listener for a transport shows. */
async function figureOf(server: TestServer, name: string, transport: string): Promise<number | undefined> {
  return (await server.metrics()).get(`simplelogs_syslog_${name}{listener="${transport}://127.0.0.1:0"}`);
}

describe("a server with syslog", () => {
  test("stores messages by the rules of its key, and shows its figures", async () => {
    const pair = 'project = "net"\norigins = ["http://localhost:3000"]';
    await withServer(configText({ pair, tables: BOTH }), async (server) => {
      await sendDatagram(portOf(server, "udp"), "<11>shop: over udp");
      const socket = await open(portOf(server, "tcp"));
      socket.write("18 <11>shop: over tcp");
      socket.end("16 <11>shop");
      await eventually("all are stored", async () => (await server.export("--project", "net")).length === 3);
      const records = await server.export("--project", "net");
      const shown = records.map(
        ({ message, touchpoint, level, source }) => `${source} ${level} ${touchpoint ?? "-"}: ${message}`,
      );
      expect(new Set(shown)).toEqual(
        new Set(["server error shop: over tcp", "server error shop: over udp", "server error -: shop"]),
      );
      expect(await figureOf(server, "received_total", "tcp")).toBe(2);
      expect(await figureOf(server, "cut_total", "tcp")).toBe(1);
      expect(await figureOf(server, "received_total", "udp")).toBe(1);
      expect(await figureOf(server, "refused_total", "udp")).toBe(0);
      expect(await figureOf(server, "connections", "tcp")).toBe(0);
    });
  });

  test("refuses messages once its key is revoked, closes connections, and takes them again afterwards", async () => {
    await withServer(configText({ tables: BOTH }), async (server) => {
      const socket = await open(portOf(server, "tcp"));
      const closed = once(socket, "close");
      await eventually("it is connected", async () => (await figureOf(server, "connections", "tcp")) === 1);
      server.writeConfig(configText({ pair: "revoked = true", tables: BOTH }));
      await closed;
      await sendDatagram(portOf(server, "udp"), "<13>refused");
      await eventually("it is counted", async () => (await figureOf(server, "refused_total", "udp")) === 1);
      await once(await open(portOf(server, "tcp")), "close");
      expect(await figureOf(server, "connections_refused_total", "tcp")).toBe(1);
      expect(server.stderr).toContain("this pair is revoked: every message is refused");
      server.writeConfig(configText({ tables: BOTH }));
      await untilTrue("it is loaded again", () => server.stderr.split("configuration reloaded").length === 3);
      await sendDatagram(portOf(server, "udp"), "<13>taken");
      await eventually("it is stored", async () => (await server.export()).length === 1);
    });
  });

  test("says that only a restart applies a table", async () => {
    await withServer(configText({ tables: BOTH }), async (server) => {
      server.writeConfig(configText({ tables: BOTH.replace("udp://127.0.0.1:0", "udp://127.0.0.1:5140") }));
      await untilTrue("it is said", () => server.stderr.includes("only a restart applies: syslog.listen"));
    });
  });

  test("stores what was sent before it was told to stop", async () => {
    await withServer(configText({ tables: BOTH }), async (server) => {
      const sockets = await Promise.all(Array.from({ length: 5 }, () => open(portOf(server, "tcp"))));
      const closed = sockets.map((socket) => once(socket, "close"));
      for (const [index, socket] of sockets.entries()) {
        const text = Array.from({ length: 2_000 }, (_, line) => `<13>${index} ${line}\n`).join("");
        await new Promise<void>((written) => socket.write(text, () => written()));
      }
      expect(await server.stop()).toBe(0);
      await Promise.all(closed);
      expect(await server.export()).toHaveLength(10_000);
      expect(server.stderr).not.toContain("could not be stored in time");
    });
  });
});

describe("a server that cannot listen for syslog", () => {
  test("does not start, and names the listener", async () => {
    const taken = createServer().listen({ port: 0, host: "127.0.0.1" });
    await once(taken, "listening");
    const { port } = taken.address() as { readonly port: number };
    try {
      await withStoppedServer(
        configText({ tables: `${BOTH}${tableOf(`tcp://127.0.0.1:${port}`)}` }),
        async (server) => {
          const { exitCode, stderr } = await server.command("serve");
          expect(exitCode).not.toBe(0);
          expect(stderr).toContain(`cannot listen for syslog on tcp://127.0.0.1:${port}: something else listens there`);
          // The data file is free again.
          server.writeConfig(configText());
          await server.start();
          await server.send([{ message: "x" }]);
        },
      );
    } finally {
      taken.close();
    }
  });

  test("is told by `check` what is wrong", async () => {
    const pages = `[[keys]]\nname = "pages"\nserver = "${SERVER_KEY}x"\n`;
    const wrong = '[[syslog]]\nlisten = "tls://127.0.0.1:6514"\nkey = "page"\n';
    await withStoppedServer(configText({ tables: `${pages}${wrong}` }), async (server) => {
      const { exitCode, stdout, stderr } = await server.command("check");
      expect(exitCode).not.toBe(0);
      expect(`${stdout}${stderr}`).toContain("expected tls_cert and tls_key in this table, or a [tls] table");
      expect(`${stdout}${stderr}`).toContain('no [[keys]] pair has this name; did you mean "pages"?');
    });
  });
});
