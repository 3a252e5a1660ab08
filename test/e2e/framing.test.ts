// How requests may lie in the bytes of a connection: one after the other without a wait, in chunks of any size, ended
// early, smuggled into one another, too large. What is answered 202 is stored, nothing else is, and no answer goes to
// another's request.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { requestBytes } from "../support/raw_clients.ts";
import { configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { RawConnection, statuses } from "../unit/http/raw.ts";

const HEAD = `POST ${ENQUEUE_PATH} HTTP/1.1\r\nHost: localhost\r\n`;

function bodyOf(message: string): string {
  return JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message }] });
}

function connectTo(server: TestServer): Promise<RawConnection> {
  return RawConnection.open(Number(new URL(server.url).port));
}

/**
 * Sends requests, the pieces of each in packets of their own and each after the answer to the one before; what was
 * answered.
 */
async function exchange(
  server: TestServer,
  ...requests: readonly (readonly (string | Uint8Array)[])[]
): Promise<string> {
  const connection = await connectTo(server);
  for (const [index, pieces] of requests.entries()) {
    for (const piece of pieces) {
      await connection.send(typeof piece === "string" ? Buffer.from(piece) : piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await answersOf(connection, index + 1);
  }
  connection.destroy();
  return connection.received;
}

/** The statuses of the first `count` answers, or of those before the connection was closed. */
async function answersOf(connection: RawConnection, count: number): Promise<number[]> {
  const isEnough = () => connection.received.startsWith("HTTP") && statusesOf(connection.received).length >= count;
  await untilTrue("it is answered", () => isEnough() || connection.isClosed);
  return statusesOf(connection.received);
}

/** Of HTTP/1.0 as well. */
function statusesOf(received: string): number[] {
  return statuses(received.replaceAll("HTTP/1.0 ", "HTTP/1.1 "));
}

async function stored(server: TestServer): Promise<(string | undefined)[]> {
  return (await server.export()).map(({ message }) => message);
}

describe("a request is answered and stored", () => {
  test("however it is split into writes, also after a refused request", () =>
    withServer(configText(), async (server) => {
      const whole = [requestBytes("whole", "length")];
      const chunked = [requestBytes("chunked", "chunks")];
      const bytes = Array.from(requestBytes("bytes", "length"), (byte) => Uint8Array.of(byte));
      const refused = [`${HEAD}Content-Length: 3\r\n\r\n{,}`];
      const after = [requestBytes("after", "chunks")];
      expect(statuses(await exchange(server, whole, chunked, bytes, refused, after))).toEqual([
        202, 202, 202, 400, 202,
      ]);
      expect(await stored(server)).toEqual(["whole", "chunked", "bytes", "after"]);
    }));

  test("with chunk extensions, which are ignored, and with Expect: 100-continue", () =>
    withServer(configText(), async (server) => {
      const body = bodyOf("extended");
      const chunks = `00${body.length.toString(16).toUpperCase()};a=b;c="d"\r\n${body}\r\n000;e\r\n\r\n`;
      const extended = [`${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunks}`];
      const asked = [
        `${HEAD}Expect: 100-continue\r\nContent-Length: ${bodyOf("asked").length}\r\n\r\n`,
        bodyOf("asked"),
      ];
      expect(statuses(await exchange(server, extended, asked))).toEqual([202, 202]);
      expect(await stored(server)).toEqual(["extended", "asked"]);
    }));

  test("in the other forms that HTTP allows: 1.0, a whole URL, any case, many headers", () =>
    withServer(configText(), async (server) => {
      const forms: [name: string, head: string][] = [
        ["1.0", `POST ${ENQUEUE_PATH} HTTP/1.0\r\n`],
        ["a whole URL", `POST http://localhost${ENQUEUE_PATH} HTTP/1.1\r\nHost: localhost\r\n`],
        ["a query", `POST ${ENQUEUE_PATH}?verbose=1&x=%00 HTTP/1.1\r\nHost: localhost\r\n`],
        ["any case", `POST ${ENQUEUE_PATH} HTTP/1.1\r\nhOST: localhost\r\nCONTENT-TYPE:text/plain\r\n`],
        [
          "headers",
          `${HEAD}${Array.from({ length: 40 }, (_, index) => `X-${index}: ${"v".repeat(100)}\r\n`).join("")}`,
        ],
      ];
      for (const [name, head] of forms) {
        const request = `${head}Content-Length: ${bodyOf(name).length}\r\n\r\n${bodyOf(name)}`;
        expect([name, statusesOf(await exchange(server, [request]))]).toEqual([name, [202]]);
      }
      expect(await stored(server)).toEqual(forms.map(([name]) => name));
    }));
});

describe("pipelined requests", () => {
  test("are answered in order when they read", () =>
    withServer(configText(), async (server) => {
      const paths = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? "/nowhere" : "/healthz"));
      const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join("");
      const expected = paths.map((path) => (path === "/nowhere" ? 404 : 200));
      const connection = await connectTo(server);
      connection.write(requests);
      expect(await answersOf(connection, paths.length)).toEqual(expected);
      connection.destroy();
    }));

  // The runtime ends a connection whose next request comes while an answer is still being made (RFC 9112, section
  // 9.3.2, lets only requests that change nothing go without a wait).
  test("lose their connection when they store: each is stored at most once, and answered ones are stored", () =>
    withServer(configText(), async (server) => {
      for (const count of [2, 10, 500]) {
        const names = Array.from({ length: count }, (_, index) => `${count} ${index}`);
        const connection = await connectTo(server);
        connection.write(Buffer.concat(names.map((name) => requestBytes(name, "length"))));
        const answers = await answersOf(connection, count);
        connection.destroy();
        const before = await stored(server);
        const mine = before.filter((message) => message?.startsWith(`${count} `) === true);
        expect(answers).toEqual(mine.slice(0, answers.length).map(() => 202));
        expect(mine).toEqual(names.slice(0, mine.length));
      }
      await server.send([{ message: "next" }]);
      expect((await stored(server)).at(-1)).toBe("next");
    }));
});

describe("a client that closes its sending side", () => {
  // The runtime ends a connection with its other end, and with it the answer.
  test("may get no answer, but every answer is true and nothing is stored twice", () =>
    withServer(configText(), async (server) => {
      const told: string[] = [];
      for (let index = 0; index < 50; index++) {
        const connection = await connectTo(server);
        connection.write(requestBytes(`half ${index}`, index % 2 === 0 ? "length" : "chunks"));
        connection.end();
        const answers = statuses(await connection.until((received) => received.includes("queued")));
        connection.destroy();
        expect([0, 1]).toContain(answers.length);
        if (answers[0] === 202) told.push(`half ${index}`);
      }
      const messages = await stored(server);
      expect(told.filter((message) => !messages.includes(message))).toEqual([]);
      expect(new Set(messages).size).toBe(messages.length);
    }));
});

describe("no request is smuggled inside the bytes of another", () => {
  const inner = requestBytes("smuggled", "length").toString("latin1");
  const chunk = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  test.each([
    ["a length and chunks", `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    [
      "chunks and a length",
      `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: ${inner.length + 5}\r\n\r\n0\r\n\r\n${inner}`,
    ],
    [
      "chunks written otherwise",
      `${HEAD}Transfer-Encoding: xchunked\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    ],
    ["chunks twice", `${HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n${chunk}`],
    ["a space before the colon", `${HEAD}Content-Length : ${inner.length}\r\n\r\n${inner}`],
    ["two lengths", `${HEAD}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    ["a length with a sign", `${HEAD}Content-Length: +${inner.length}\r\n\r\n${inner}`],
    ["a length in hexadecimal", `${HEAD}Content-Length: 0x${inner.length.toString(16)}\r\n\r\n${inner}`],
    ["a folded header", `${HEAD}X: a\r\n Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    ["a body that declares all of it", `${HEAD}Content-Length: ${inner.length}\r\n\r\n${inner}`],
    ["a chunk that holds all of it", `${HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk}`],
    ["NUL in a header", `${HEAD}X: \u0000\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    [
      "a line end in a path",
      `POST ${ENQUEUE_PATH}%0d%0aX:1 HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    ],
  ])("%s", (_name, bytes) =>
    withServer(configText(), async (server) => {
      const connection = await connectTo(server);
      await connection.send(Buffer.from(bytes, "latin1"));
      connection.end();
      const answers = statuses(await connection.until(() => false));
      connection.destroy();
      expect(answers).not.toContain(202);
      await server.send([{ message: "honest" }]);
      expect(await stored(server)).toEqual(["honest"]);
    }),
  );
});

describe("a request over a limit is refused by its head:", () => {
  test("one header, the sum of headers, their number, the path, the body", () =>
    withServer(configText(), async (server) => {
      const head = (extra: string) => `${HEAD}${extra}Content-Length: 2\r\n\r\n{}`;
      const large: [name: string, bytes: string, statuses: readonly number[]][] = [
        ["a header", head(`X: ${"v".repeat(1_000_000)}\r\n`), [431]],
        ["all headers", head(`X: ${"v".repeat(1_000)}\r\n`.repeat(1_000)), [431]],
        ["their number", head("X: v\r\n".repeat(5_000)), [431]],
        ["a path", `GET /${"p".repeat(1_000_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, [414, 431]],
        ["a body", `${HEAD}Content-Length: ${6 * 1024 * 1024}\r\n\r\n`, [413]],
        ["a body beyond numbers", `${HEAD}Content-Length: ${"9".repeat(18)}\r\n\r\n`, [400, 413]],
      ];
      for (const [name, bytes, allowed] of large) {
        const [status = 0] = statuses(await exchange(server, [bytes]));
        expect([name, allowed.includes(status), status]).toEqual([name, true, status]);
      }
      await server.send([{ message: "next" }]);
      expect(await stored(server)).toEqual(["next"]);
    }));
});
