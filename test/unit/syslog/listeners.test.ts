// The listeners on real sockets, with a queue that does what the test says.

import { afterEach, describe, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ApiKey } from "../../../src/core/batch.ts";
import { SYSLOG_CONNECTIONS_MAX, SYSLOG_HELD_BYTES_MAX, SYSLOG_MESSAGE_BYTES_MAX } from "../../../src/core/limits.ts";
import { parseSyslogAddress } from "../../../src/core/syslog_address.ts";
import { readFrames } from "../../../src/core/syslog_frames.ts";
import type { SyslogFigures } from "../../../src/core/telemetry.ts";
import { SyslogListeners, timeout } from "../../../src/syslog/listeners.ts";
import { selfSignedCertificate } from "../../support/certificate.ts";
import { untilTrue } from "../../support/condition.ts";
import { failureOf } from "../../support/failure.ts";
import { ROUTERS, ScriptedIntake } from "../../support/scripted_intake.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(url: string, timeZone?: string) {
  const intake = new ScriptedIntake();
  const state = { key: ROUTERS as ApiKey | undefined };
  const logged: string[] = [];
  const listeners = await SyslogListeners.start({
    tables: [
      {
        address: parseSyslogAddress(url) as never,
        key: "routers",
        timeZone,
        tls: url.startsWith("tls:") ? selfSignedCertificate() : undefined,
      },
    ],
    intake,
    clock: () => Date.now(),
    schedule: timeout,
    key: (name) => (name === "routers" ? state.key : undefined),
    messagesMax: 10_000,
    bytesMax: 2 ** 20,
    log: (_level, message) => logged.push(message),
  });
  const stop = () => listeners.stop(1_000);
  cleanups.push(stop);
  const port = listeners.addresses[0]?.port as number;
  const figures = () => listeners.figures()[0] as SyslogFigures;
  return { intake, listeners, logged, state, port, figures, stop };
}

async function open(port: number, isTls = false): Promise<Socket> {
  const socket = isTls
    ? connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false })
    : connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  cleanups.push(() => socket.destroy());
  await once(socket, isTls ? "secureConnect" : "connect");
  return socket;
}

async function send(port: number, messages: readonly (string | Uint8Array)[]): Promise<void> {
  const socket = createSocket("udp4");
  for (const message of messages)
    await new Promise<void>((done) => socket.send(message, port, "127.0.0.1", () => done()));
  socket.close();
}

describe("udp", () => {
  test("each datagram is a message, with its sender's address and the time of its receipt", async () => {
    const { intake, port, figures, logged } = await start("udp://127.0.0.1:0", "Europe/Berlin");
    const before = Date.now();
    await send(port, [
      "<13>one\n<13>still one\n",
      "<11>py syslog udp\0",
      Uint8Array.of(60, 0xff),
      "",
      "x".repeat(60_000),
    ]);
    await untilTrue("all are queued", () => intake.messages.length === 4);
    expect(intake.messages.toSorted()).toEqual(
      ["<13>one\n<13>still one\n", "<11>py syslog udp\0", "<\u{fffd}", "x".repeat(60_000)].toSorted(),
    );
    for (const { body, route } of intake.accepted) {
      expect(route).toBe("/syslog?listener=udp%3A%2F%2F127.0.0.1%3A0&time_zone=Europe%2FBerlin");
      for (const { peer, receivedAt } of readFrames(body as string) ?? []) {
        expect(peer).toBe("127.0.0.1");
        expect(receivedAt).toBeWithin(before, Date.now() + 1);
      }
    }
    expect(figures()).toEqual({
      listener: "udp://127.0.0.1:0",
      received: 4,
      refused: 0,
      cut: 0,
      connections: 0,
      connectionsRefused: 0,
    });
    expect(logged).toEqual([`syslog on udp://127.0.0.1:${port}, with the key of routers`]);
  });

  test("what does not fit while the queue is full is refused and counted", async () => {
    const { intake, port, figures } = await start("udp://127.0.0.1:0");
    intake.next = { refused: "full", retryAfterSeconds: 60 };
    const message = "x".repeat(60_000);
    let sent = 0;
    while (figures().refused < 3) {
      await send(port, [message]);
      sent++;
      await untilTrue("it was received", () => figures().received === sent);
    }
    expect((sent - figures().refused) * 60_000).toBeLessThanOrEqual(SYSLOG_HELD_BYTES_MAX + 60_000);
  });
});

for (const transport of ["tcp", "tls"] as const) {
  describe(transport, () => {
    const isTls = transport === "tls";

    test("frames of both kinds are messages, the last one without its end too", async () => {
      const { intake, port, figures } = await start(`${transport}://127.0.0.1:0`);
      const socket = await open(port, isTls);
      socket.write("7 <13>one<13>two\n");
      socket.end(`<13>thr`);
      await untilTrue("all are queued", () => intake.messages.length === 3);
      expect(intake.messages).toEqual(["<13>one", "<13>two", "<13>thr"]);
      await untilTrue("the connection has ended", () => figures().connections === 0);
    });

    test("a message that is too long is cut and counted", async () => {
      const { intake, port, figures } = await start(`${transport}://127.0.0.1:0`);
      const socket = await open(port, isTls);
      socket.write(`<13>${"x".repeat(SYSLOG_MESSAGE_BYTES_MAX)}\n<13>end\n`);
      await untilTrue("both are queued", () => intake.messages.length === 2);
      expect(intake.messages.map(({ length }) => length)).toEqual([SYSLOG_MESSAGE_BYTES_MAX, 7]);
      expect(figures()).toMatchObject({ received: 2, cut: 1, refused: 0, connections: 1 });
    });

    test("while the queue is full nothing is read, and afterwards all messages are there", async () => {
      const { intake, port, figures } = await start(`${transport}://127.0.0.1:0`);
      intake.next = { refused: "full", retryAfterSeconds: 1 };
      const sockets = await Promise.all([open(port, isTls), open(port, isTls)]);
      const message = `<13>${"x".repeat(10_000)}`;
      const perSocket = 4_000;
      for (const socket of sockets) socket.write(`${message}\n`.repeat(perSocket));
      await untilTrue("much is held", () => figures().received * 10_000 >= SYSLOG_HELD_BYTES_MAX * 0.95);
      let before = -1;
      await untilTrue("nothing more is read", () => {
        const isSame = before === figures().received;
        before = figures().received;
        return isSame;
      });
      // Two thirds and more of 80 MB wait in the senders and the system.
      expect(figures().received).toBeLessThan(perSocket);
      intake.next = "accepted";
      await untilTrue("all are queued", () => intake.messages.length === 2 * perSocket);
      expect(figures()).toMatchObject({ received: 2 * perSocket, refused: 0, cut: 0 });
    }, 60_000);

    test("a stop queues what was sent, and closes the connections", async () => {
      const { intake, port, stop } = await start(`${transport}://127.0.0.1:0`);
      const socket = await open(port, isTls);
      const closed = once(socket, "close");
      await new Promise<void>((written) => socket.write("<13>one\n<13>tw", () => written()));
      await stop();
      expect(intake.messages).toEqual(["<13>one", "<13>tw"]);
      await closed;
      const again = connect({ port, host: "127.0.0.1" });
      await once(again, "error");
    });

    test("a key that is revoked has its connections closed, and new ones refused", async () => {
      const { port, state, listeners, figures, intake } = await start(`${transport}://127.0.0.1:0`);
      const socket = await open(port, isTls);
      socket.resume();
      await untilTrue("it is connected", () => figures().connections === 1);
      state.key = undefined;
      const closed = once(socket, "close");
      listeners.keysChanged();
      await closed;
      const other = await open(port, isTls);
      other.resume();
      await once(other, "close");
      expect(figures()).toMatchObject({ connections: 0, connectionsRefused: 1 });
      state.key = ROUTERS;
      const last = await open(port, isTls);
      last.write("<13>one\n");
      await untilTrue("it is queued", () => intake.messages.length === 1);
    });
  });
}

describe("many connections", () => {
  test(`the ${SYSLOG_CONNECTIONS_MAX + 1}st is closed and counted, and another finds room when one has ended`, async () => {
    const { intake, port, figures } = await start("tcp://127.0.0.1:0");
    const sockets: Socket[] = [];
    for (let count = 0; count < SYSLOG_CONNECTIONS_MAX; count += 100)
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(port)))));
    await untilTrue("all are there", () => figures().connections === SYSLOG_CONNECTIONS_MAX);
    const refused = await open(port);
    refused.resume();
    await once(refused, "close");
    expect(figures()).toMatchObject({ connections: SYSLOG_CONNECTIONS_MAX, connectionsRefused: 1 });
    for (const socket of sockets) socket.write("<13>x\n");
    await untilTrue("each has its message", () => intake.messages.length === SYSLOG_CONNECTIONS_MAX);
    sockets[0]?.destroy();
    await untilTrue("one has ended", () => figures().connections === SYSLOG_CONNECTIONS_MAX - 1);
    (await open(port)).write("<13>y\n");
    await untilTrue("its message is there", () => intake.messages.length === SYSLOG_CONNECTIONS_MAX + 1);
  }, 60_000);
});

describe("a full queue", () => {
  test("stops the reading of all connections at once, not of each when it has sent more", async () => {
    const { intake, port, figures } = await start("tcp://127.0.0.1:0");
    intake.next = { refused: "full", retryAfterSeconds: 1 };
    const sockets = await Promise.all(Array.from({ length: 200 }, () => open(port)));
    const text = `<13>${"x".repeat(1_000)}\n`.repeat(200);
    for (const socket of sockets) socket.write(text);
    await untilTrue("much is held", () => figures().received * 1_000 >= SYSLOG_HELD_BYTES_MAX * 0.9);
    await untilTrue("all is written", () => sockets.every(({ writableLength }) => writableLength === 0));
    // Of 40 MB; one piece of a connection may come on top.
    expect(figures().received * 1_000).toBeLessThan(SYSLOG_HELD_BYTES_MAX * 1.25);
    intake.next = "accepted";
    await untilTrue("all are queued", () => intake.messages.length === 40_000);
    expect(figures().refused).toBe(0);
  }, 60_000);
});

describe("an encrypted listener", () => {
  test("goes on after clients that speak no TLS", async () => {
    const { intake, port } = await start("tls://127.0.0.1:0");
    const plain = await open(port);
    plain.resume();
    plain.write("<13>plain\n".repeat(100));
    await once(plain, "close");
    (await open(port, true)).write("<13>one\n");
    await untilTrue("it is queued", () => intake.messages.length === 1);
    expect(intake.messages).toEqual(["<13>one"]);
  });
});

describe("an address that cannot be had", () => {
  for (const transport of ["udp", "tcp"] as const) {
    test(`that is in use is refused with the listener's name (${transport})`, async () => {
      const { port } = await start(`${transport}://127.0.0.1:0`);
      const url = `${transport}://127.0.0.1:${port}`;
      expect(await failureOf(start(url))).toMatchObject({
        code: "address_in_use",
        message: `cannot listen for syslog on ${url}: something else listens there; choose another port`,
      });
    });

    test(`that is another machine's is refused with the listener's name (${transport})`, async () => {
      const url = `${transport}://192.0.2.1:5140`;
      expect(await failureOf(start(url))).toMatchObject({
        code: "io",
        message: expect.stringContaining(`on ${url}: `),
      });
    });
  }
});
