// A request that is sent again, as clients, proxies and crashes have it: with real sockets and a real process. The
// process is held still (SIGSTOP) where something must happen while it works.

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { RawConnection } from "../unit/http/raw.ts";

const HEARTBEAT = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message: "alive", level: "info" }] });

function requestOf(body: string, headers: readonly string[] = []): string {
  const head = [
    `POST ${ENQUEUE_PATH} HTTP/1.1`,
    "host: localhost",
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

function open(server: TestServer): Promise<RawConnection> {
  return RawConnection.open(Number(new URL(server.url).port));
}

async function answered(connection: RawConnection, count = 1): Promise<void> {
  await eventually(`${count} answers`, async () => connection.received.split('{"queued":true}').length > count);
}

async function storedCount(server: TestServer): Promise<number> {
  return (await server.export()).length;
}

/** Holds the process still while `work` goes on. */
async function whileHeld(server: TestServer, work: () => Promise<void>): Promise<void> {
  server.signal("SIGSTOP");
  try {
    await work();
  } finally {
    server.signal("SIGCONT");
  }
}

/** Sends a heartbeat on a connection that ends before the process gets to see it. */
async function sendAndLeave(server: TestServer, body = HEARTBEAT): Promise<void> {
  await whileHeld(server, async () => {
    const connection = await open(server);
    await connection.send(Buffer.from(requestOf(body)));
    connection.destroy();
    await eventually("the connection is closed", async () => connection.isClosed);
  });
  await eventually("it is stored", async () => (await server.metrics()).get("simplelogs_entries_stored_total") !== 0);
}

async function duplicates(server: TestServer): Promise<number | undefined> {
  return (await server.metrics()).get('simplelogs_entries_dropped_total{reason="duplicate"}');
}

describe("equal requests that were all answered are all stored", () => {
  test("one after the other, over one connection and over many", () =>
    withServer(configText(), async (server) => {
      const kept = await open(server);
      for (let sent = 1; sent <= 5; sent++) {
        kept.write(requestOf(HEARTBEAT));
        await answered(kept, sent);
      }
      for (let sent = 0; sent < 5; sent++) {
        const closing = await open(server);
        closing.write(requestOf(HEARTBEAT, ["connection: close"]));
        await answered(closing);
      }
      kept.destroy();
      expect([await storedCount(server), await duplicates(server)]).toEqual([10, 0]);
    }));

  test("in one batch, and from a loop that does not wait", () =>
    withServer(configText(), async (server) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => server.post(HEARTBEAT)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      await server.send([{ message: "same" }, { message: "same" }]);
      expect(await storedCount(server)).toBe(102);
    }));

  test("in flight at the same time from two live connections", () =>
    withServer(configText(), async (server) => {
      const [one, other] = [await open(server), await open(server)];
      await whileHeld(server, async () => {
        for (const connection of [one, other]) await connection.send(Buffer.from(requestOf(HEARTBEAT)));
      });
      for (const connection of [one, other]) await answered(connection);
      for (const connection of [one, other]) connection.destroy();
      expect(await storedCount(server)).toBe(2);
    }));

  test("before and after an orderly restart", () =>
    withServer(configText(), async (server) => {
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect(await server.stop()).toBe(0);
      await server.start();
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect(await storedCount(server)).toBe(2);
    }));
});

describe("a repeated request without an idempotency key whose answer was lost is stored once", () => {
  test("when its client had disconnected; a later equal request is stored", () =>
    withServer(configText(), async (server) => {
      await sendAndLeave(server);
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect([await storedCount(server), await duplicates(server)]).toEqual([1, 1]);
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect([await storedCount(server), await duplicates(server)]).toEqual([2, 1]);
    }));

  test("when a proxy timed out and sent it again while the first still waited", () =>
    withServer(configText(), async (server) => {
      const second = await open(server);
      await whileHeld(server, async () => {
        const first = await open(server);
        await first.send(Buffer.from(requestOf(HEARTBEAT)));
        first.destroy();
        await eventually("the connection is closed", async () => first.isClosed);
        await new Promise((resolve) => setTimeout(resolve, 100));
        await second.send(Buffer.from(requestOf(HEARTBEAT)));
      });
      await answered(second);
      second.destroy();
      expect(await storedCount(server)).toBe(1);
    }));

  test("when the process was killed right after the commit; a later equal request is stored", () =>
    withServer(configText(), async (server) => {
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      await server.kill();
      await server.start();
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect([await storedCount(server), await duplicates(server)]).toEqual([1, 1]);
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect(await storedCount(server)).toBe(2);
    }));

  test("when its client had disconnected and the server was restarted in between", () =>
    withServer(configText(), async (server) => {
      await sendAndLeave(server);
      expect(await server.stop()).toBe(0);
      await server.start();
      expect((await server.post(HEARTBEAT)).status).toBe(202);
      expect(await storedCount(server)).toBe(1);
    }));
});

describe("a request with an idempotency key", () => {
  const ways = [
    { name: "in the header", headers: { "idempotency-key": "order-1" }, query: "" },
    { name: "in the query", headers: {}, query: "?idempotency_key=order-1" },
  ];

  test.each(ways)("is stored once, however often it is sent, also after kill -9 ($name)", ({ headers, query }) =>
    withServer(configText(), async (server) => {
      const post = async (body: string) => {
        const answer = await fetch(`${server.url}${ENQUEUE_PATH}${query}`, { method: "POST", body, headers });
        return `${answer.status} ${await answer.text()}`;
      };
      const together = await Promise.all(Array.from({ length: 10 }, () => post(HEARTBEAT)));
      expect(new Set(together)).toEqual(new Set(['202 {"queued":true}']));
      await server.kill();
      await server.start();
      expect(await post(HEARTBEAT)).toBe('202 {"queued":true}');
      expect(await server.stop()).toBe(0);
      await server.start();
      expect(await post(HEARTBEAT)).toBe('202 {"queued":true}');
      expect([await storedCount(server), await duplicates(server)]).toEqual([1, 11]);
      expect(await post(HEARTBEAT.replace("alive", "other"))).toBe(
        '422 {"message":"Invalid enqueue payload","errors":{"fieldErrors":{},"formErrors":["Idempotency-Key was used for another body"]}}',
      );
    }),
  );

  test("that was refused does not use up its key", () =>
    withServer(configText({ pair: "rate = 1" }), async (server) => {
      const post = async (entries: readonly unknown[], key: string) => {
        const answer = await server.post({ key: SERVER_KEY, source: "server", entries }, { "idempotency-key": key });
        return answer.status;
      };
      const statuses = [
        await post([{ message: 5 }], "a"),
        await post([{ message: "a" }], "a"),
        await post(
          Array.from({ length: 10 }, () => ({ message: "b" })),
          "b",
        ),
        await post([{ message: "a" }], "a"),
      ];
      expect(statuses).toEqual([422, 202, 429, 202]);
      expect((await server.export()).map(({ message }) => message)).toEqual(["a"]);
    }));

  test("of more than 255 characters or of none is treated as one without a key", () =>
    withServer(configText(), async (server) => {
      for (const key of ["x".repeat(256), ""]) {
        for (let sent = 0; sent < 2; sent++) await server.post(HEARTBEAT, { "idempotency-key": key });
      }
      expect(await storedCount(server)).toBe(4);
    }));

  test("is recognised under every durability, but not with a window of 0", async () => {
    const counts: number[] = [];
    for (const tables of [
      '[storage]\ndurability = "memory"',
      '[storage]\ndurability = "write"',
      '[dedupe]\nwindow = "0s"',
    ]) {
      await withServer(configText({ tables }), async (server) => {
        for (let sent = 0; sent < 3; sent++) await server.post(HEARTBEAT, { "idempotency-key": "a" });
        expect(await server.stop()).toBe(0);
        counts.push(await storedCount(server));
      });
    }
    expect(counts).toEqual([1, 1, 3]);
  });
});
