// Bodies as clients really send them to the executable: any content type, every encoding, too large ones; and what
// operators ask it.

import { describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { eventually } from "../support/eventually.ts";
import { ADMIN_TOKEN, configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

function batchText(message: string, padding = 0): string {
  return JSON.stringify({
    key: SERVER_KEY,
    source: "server",
    entries: [{ message, metadata: { padding: "x".repeat(padding) } }],
  });
}

async function postBytes(server: TestServer, body: Uint8Array | string, headers: Record<string, string>) {
  const answer = await fetch(`${server.url}${ENQUEUE_PATH}`, { method: "POST", headers, body });
  return { status: answer.status, body: await answer.json() };
}

async function messages(server: TestServer): Promise<(string | undefined)[]> {
  return (await server.export()).map((record) => record.message);
}

const ACCEPTED = { status: 202, body: { queued: true } };
const TOO_LARGE = { status: 413, body: { message: "Payload too large" } };
const INVALID = { status: 400, body: { message: "Invalid JSON" } };

describe("a batch is stored", () => {
  test.each([
    "application/json; charset=utf-8",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "nonsense",
    "",
  ])("whatever its Content-Type says: %p", (contentType) =>
    withServer(configText(), async (server) => {
      const bytes = new TextEncoder().encode(batchText("bücher"));
      expect(await postBytes(server, bytes, contentType === "" ? {} : { "content-type": contentType })).toEqual(
        ACCEPTED,
      );
      expect(await messages(server)).toEqual(["bücher"]);
    }),
  );

  test("in every supported encoding", () =>
    withServer(configText(), async (server) => {
      const encodings = {
        identity: (text: string) => Buffer.from(text),
        gzip: gzipSync,
        deflate: deflateSync,
        br: brotliCompressSync,
        zstd: zstdCompressSync,
      };
      for (const [encoding, encode] of Object.entries(encodings)) {
        expect(await postBytes(server, encode(batchText(encoding)), { "content-encoding": encoding })).toEqual(
          ACCEPTED,
        );
      }
      expect(await messages(server)).toEqual(Object.keys(encodings));
    }));

  test("when it has exactly max_body bytes, twice over one connection", () =>
    withServer(configText({ settings: 'max_body = "64KiB"' }), async (server) => {
      const padding = 64 * 1024 - batchText("a").length;
      for (const message of ["a", "b", "c"]) {
        expect(await postBytes(server, batchText(message, padding), { connection: "close" })).toEqual(ACCEPTED);
      }
      expect(await messages(server)).toEqual(["a", "b", "c"]);
    }));
});

describe("a batch is refused", () => {
  test("when it is too large, as sent or once inflated, and the server accepts the next one", () =>
    withServer(configText({ settings: 'max_body = "64KiB"' }), async (server) => {
      const text = batchText("a", 64 * 1024 - batchText("a").length + 1);
      expect(await postBytes(server, text, {})).toEqual(TOO_LARGE);
      expect(await postBytes(server, gzipSync(text), { "content-encoding": "gzip" })).toEqual(TOO_LARGE);
      const bomb = Buffer.alloc(50_000_000);
      for (const [encoding, encode] of Object.entries({
        gzip: gzipSync,
        deflate: deflateSync,
        br: brotliCompressSync,
        zstd: zstdCompressSync,
      })) {
        const body = encode(bomb);
        expect(body.length).toBeLessThan(64 * 1024);
        expect(await postBytes(server, body, { "content-encoding": encoding })).toEqual(TOO_LARGE);
      }
      expect(await postBytes(server, batchText("b"), {})).toEqual(ACCEPTED);
      expect(await messages(server)).toEqual(["b"]);
    }));

  test("when it cannot be read", () =>
    withServer(configText(), async (server) => {
      expect(await postBytes(server, batchText("a"), { "content-encoding": "compress" })).toMatchObject({
        status: 415,
      });
      expect(await postBytes(server, batchText("a"), { "content-encoding": "gzip" })).toEqual(INVALID);
      expect(await postBytes(server, gzipSync(batchText("a")).subarray(0, 40), { "content-encoding": "gzip" })).toEqual(
        INVALID,
      );
      expect(await postBytes(server, "", {})).toEqual(INVALID);
      expect(await postBytes(server, `${batchText("a")}}`, {})).toEqual(INVALID);
      expect(await messages(server)).toEqual([]);
    }));

  test("when the queue is full, with a Retry-After after which it is accepted, or when it is larger than the queue", () =>
    withServer(configText({ tables: '[queue]\nrequests = 10\nbytes = "4KiB"\nclient_share = 0.5' }), async (server) => {
      const batch = (count: number) => ({
        key: SERVER_KEY,
        source: "server",
        entries: Array.from({ length: count }, () => ({ message: "m" })),
      });
      expect((await server.post(batch(400))).status).toBe(413);
      const answers: Response[] = [];
      await eventually("one was refused", async () => {
        answers.push(...(await Promise.all(Array.from({ length: 60 }, () => server.post(batch(10))))));
        return answers.some(({ status }) => status === 503);
      });
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([202, 503]));
      for (const answer of answers.filter(({ status }) => status === 503)) {
        expect(Number(answer.headers.get("retry-after"))).toBeWithin(1, 61);
      }
      const accepted = answers.filter(({ status }) => status === 202).length;
      expect(await messages(server)).toHaveLength(10 * accepted);
    }));
});

describe("operators can read", () => {
  test("liveness and readiness without a token, but metrics only with one", () =>
    withServer(configText(), async (server) => {
      const status = async (path: string, headers: Record<string, string> = {}) =>
        (await fetch(`${server.url}${path}`, { headers })).status;
      expect([await status("/healthz"), await status("/readyz")]).toEqual([200, 200]);
      expect([await status("/metrics"), await status("/metrics", { authorization: "Bearer wrong" })]).toEqual([
        401, 401,
      ]);
      expect(await status("/metrics", { authorization: `Bearer ${ADMIN_TOKEN}` })).toBe(200);
      expect([await status("/nowhere"), await status(ENQUEUE_PATH)]).toEqual([404, 405]);
    }));

  test("metrics without a token when metrics_open is set", () =>
    withServer(configText({ settings: "metrics_open = true" }), async (server) => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      expect(text).toContain("\nsimplelogs_entries_received_total 0\n");
    }));
});
