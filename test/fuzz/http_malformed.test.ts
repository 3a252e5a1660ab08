// Whatever bytes come, as HTTP or as JSON: no 5xx from us, no dead server, and never more accepted than was
// well-formed.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { listen } from "#runtime/listen.ts";
import { Connections } from "../../src/runtime/contract/connections.ts";
import type { Listener } from "../../src/runtime/contract/listener.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { createFixture, type Fixture, ORIGIN, SERVER_KEY } from "../unit/http/fixture.ts";
import { RawConnection, statuses } from "../unit/http/raw.ts";

const PATH = "/api/v1/enqueue";
const BATCH = JSON.stringify({
  key: SERVER_KEY,
  source: "server",
  timestamp: 1_718_900_000_000,
  entries: [
    { message: "hi", level: "info", metadata: { a: [1, { b: null }] } },
    { touchpoint: "x", duration: 4.5 },
  ],
});
const FRAGMENTS = [
  "\r\n",
  "\r\n\r\n",
  ":",
  "\u0000",
  "{",
  "]",
  '"',
  "\\u",
  "1e999",
  "-",
  "HTTP/1.1",
  "Content-Length: 7\r\n",
  "\u00ff\u00fe",
  ",",
];

function mutate(random: Random, text: string): string {
  let mutated = text;
  for (let count = integer(random, 4); count >= 0; count--) {
    const at = integer(random, mutated.length);
    const end = at + integer(random, 8);
    mutated =
      mutated.slice(0, at) +
      pick(random, ["", pick(random, FRAGMENTS), mutated.slice(at, end).repeat(3)]) +
      mutated.slice(end);
  }
  return mutated;
}

let fixture: Fixture;
let listener: Listener;

beforeAll(async () => {
  fixture = createFixture();
  listener = await listen({
    host: "127.0.0.1",
    port: 0,
    connections: new Connections(),
    fetch: fixture.fetch,
    posts: fixture.posts,
    onError: () => {},
  });
});

afterAll(async () => {
  await listener.stop(0);
});

describe("malformed input:", () => {
  test("JSON is answered by 2xx or 4xx, and 2xx only for what JSON.parse takes", async () => {
    const random = seededRandom(runSeed("malformed JSON"));
    const seen = new Set<number>();
    for (let run = 0; run < 1500; run++) {
      const text = mutate(random, BATCH);
      const before = fixture.pushed.length;
      const response = await fixture.post(text, random() < 0.3 ? { origin: ORIGIN } : {});
      seen.add(response.status);
      expect([202, 400, 401, 413, 422]).toContain(response.status);
      expect(fixture.pushed.length - before).toBe(response.status === 202 ? 1 : 0);
      if (response.status === 202) expect(() => JSON.parse(String(fixture.pushed.at(-1)?.body))).not.toThrow();
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  test("gzip is answered by 2xx or 4xx", async () => {
    const random = seededRandom(runSeed("malformed gzip"));
    for (let run = 0; run < 500; run++) {
      const bytes = new Uint8Array(gzipSync(BATCH));
      for (let flips = integer(random, 3); flips >= 0; flips--)
        bytes[integer(random, bytes.length - 1)] = integer(random, 255);
      const encoding = pick(random, ["gzip", "gzip", "deflate", "br", "zstd", "zstd, gzip"]);
      const response = await fixture.post(bytes, { "content-encoding": encoding });
      expect([202, 400, 401, 413, 422]).toContain(response.status);
    }
  });

  test("HTTP is answered by no 5xx, and the server goes on", async () => {
    const random = seededRandom(runSeed("malformed HTTP"));
    const headers = [
      "Host: localhost",
      "Origin: https://shop.example.com",
      "User-Agent: x",
      "Content-Encoding: gzip",
      "Expect: 100-continue",
    ];
    for (let run = 0; run < 250; run++) {
      const chosen = headers.filter(() => random() < 0.6);
      const head = [
        `${pick(random, ["POST", "GET", "OPTIONS", "PUT"])} ${pick(random, [PATH, "/healthz", "/x"])} HTTP/1.1`,
        ...chosen,
      ];
      const request = `${[...head, `Content-Length: ${BATCH.length}`].join("\r\n")}\r\n\r\n${BATCH}`;
      const connection = await RawConnection.open(listener.port);
      connection.write(Buffer.from(mutate(random, request), "latin1"));
      connection.end();
      const answered = statuses(await connection.until(() => false));
      connection.destroy();
      // 505 is the parser's answer to an HTTP version that does not exist: it never reaches the application.
      expect(answered.filter((status) => status >= 500 && status !== 505)).toEqual([]);
    }
    expect((await fetch(`${listener.url}/healthz`)).status).toBe(200);
    expect(fixture.logged).toEqual([]);
  }, 20_000);
});
