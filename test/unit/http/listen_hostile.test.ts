import { afterEach, describe, expect, test } from "bun:test";
import { BODY_BYTES_MAX, createFixture } from "./fixture.ts";
import { statuses } from "./raw.ts";
import { connectTo, endAll, GOOD, PATH, start } from "./serving.ts";

afterEach(endAll);

describe("a refusal before the body is read leaves the connection usable", () => {
  test("when the body is declared", async () => {
    const bytes = BODY_BYTES_MAX + 1;
    const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`;
    const connection = await connectTo(await start(createFixture()));
    connection.write(head);
    await connection.until((received) => statuses(received).length === 1);
    connection.write("x".repeat(bytes) + GOOD);
    expect(statuses(await connection.until((received) => received.includes("queued")))).toEqual([413, 202]);
  });

  test("when the body is chunked", async () => {
    const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
    const connection = await connectTo(await start(createFixture()));
    connection.write(`POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
    await connection.until((received) => statuses(received).length === 1);
    connection.write(`${chunk}0\r\n\r\n${GOOD}`);
    expect(statuses(await connection.until((received) => received.includes("queued")))).toEqual([413, 202]);
  });

  test.each(["declared", "chunked"])("and an endless upload costs no memory (%s)", async (form) => {
    const listener = await start(createFixture());
    const connection = await connectTo(listener);
    const total = 400_000_000;
    const length = form === "declared" ? `Content-Length: ${total}` : "Transfer-Encoding: chunked";
    connection.write(`POST ${PATH} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n\r\n`);
    const payload = Buffer.alloc(1_000_000, "x");
    const piece =
      form === "declared" ? payload : Buffer.concat([Buffer.from("f4240\r\n"), payload, Buffer.from("\r\n")]);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    for (let sent = 0; sent < 100 && !connection.isClosed; sent++) await connection.send(piece);
    expect(statuses(connection.received)).toEqual([413]);
    expect(process.memoryUsage.rss() - before).toBeLessThan(60_000_000);
    expect((await fetch(`${listener.url}/healthz`)).status).toBe(200);
  });
});

describe("improper HTTP is refused or cut off, and the next client is served", () => {
  const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\n`;
  test.each([
    ["two different lengths", `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
    ["a length and chunks", `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["a negative length", `${head}Content-Length: -5\r\n\r\nhello`],
    ["a length that is no number", `${head}Content-Length: five\r\n\r\nhello`],
    ["a length beyond all bounds", `${head}Content-Length: 99999999999999999999999999\r\n\r\nhello`],
    ["a bad chunk", `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n`],
    ["an unknown transfer encoding", `${head}Transfer-Encoding: gzip\r\n\r\nhello`],
    ["no Host", `POST ${PATH} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
    ["a Host that is no host", `${head.replace("localhost", "a b/\\%zz")}Content-Length: 0\r\n\r\n`],
    ["a long header", `${head}X: ${"a".repeat(200_000)}\r\n\r\n`],
    ["no HTTP at all", "\u0000\u0001\u0016\u0003garbage\r\n\r\n"],
    ["a body that ends early", `${head}Content-Length: 50\r\n\r\nhello`],
    ["a chunk that ends early", `${head}Transfer-Encoding: chunked\r\n\r\n50\r\nhello`],
    ["a head that ends early", head],
  ])("%s", async (_name, bytes) => {
    const listener = await start(createFixture());
    const connection = await connectTo(listener);
    connection.write(bytes);
    connection.end();
    const answered = statuses(await connection.until(() => false));
    expect(answered.filter((status) => status < 400 || status >= 500)).toEqual([]);
    const next = await connectTo(listener);
    next.write(GOOD);
    expect(statuses(await next.until((received) => received.includes("queued")))).toEqual([202]);
  });
});
