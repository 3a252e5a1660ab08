// Compression bombs, alone and many at once, in every coding and hidden in every way: refused as too large, while the
// others are served and memory stays where it was.

import { describe, expect, test } from "bun:test";
import { bombsOf, DUDS, ENCODERS } from "../support/raw_bombs.ts";
import { NO_FAULTS, Probe, probeFaults, processState } from "../support/raw_probe.ts";
import { configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const UNPACKED_BYTES = 100_000_000;
/** The default of max_body. */
const BODY_BYTES = 5 * 1024 * 1024;
const TOO_LARGE = '413 {"message":"Payload too large"}';
const INVALID = '400 {"message":"Invalid JSON"}';

async function post(server: TestServer, bytes: Uint8Array, encoding: string, isChunked = false): Promise<string> {
  const pieces = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 50_000) controller.enqueue(bytes.slice(at, at + 50_000));
      controller.close();
    },
  });
  const answer = await fetch(`${server.url}${ENQUEUE_PATH}`, {
    method: "POST",
    headers: { "content-encoding": encoding },
    body: isChunked ? pieces : bytes,
  });
  return `${answer.status} ${await answer.text()}`;
}

/** A batch whose JSON has exactly so many bytes. */
function batchOf(message: string, bytes: number): Buffer {
  const text = (padding: string) =>
    JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message, metadata: { padding } }] });
  return Buffer.from(text("x".repeat(bytes - text("").length)));
}

describe("a decompression bomb is refused", () => {
  test(
    "in every coding, alone and many at once, while other clients are served",
    () =>
      withServer(configText(), async (server) => {
        const bombs = bombsOf(UNPACKED_BYTES).filter(({ bytes }) => bytes.length < BODY_BYTES);
        expect(bombs.length).toBeGreaterThan(10);
        for (const { name, encoding, bytes } of bombs) {
          for (const isChunked of [false, true]) {
            expect([name, await post(server, bytes, encoding, isChunked)]).toEqual([name, TOO_LARGE]);
          }
        }
        const alone = processState(server.pid);
        const probe = new Probe(server);
        const answers: string[] = [];
        for (let round = 0; round < 5; round++) {
          const sent = bombs.flatMap(({ encoding, bytes }) =>
            Array.from({ length: 8 }, () => post(server, bytes, encoding)),
          );
          answers.push(...(await Promise.all(sent)));
        }
        expect(new Set(answers)).toEqual(new Set([TOO_LARGE]));
        const result = await probe.stop();
        const together = processState(server.pid);
        console.log(
          `${answers.length} bombs, ${answers.length / 5} at once:`,
          JSON.stringify({ alone, together, result }),
        );
        expect(Object.keys({ ...result.posts, ...result.health })).toEqual(["200", "202"]);
        // Unpacked they are 48 GB.
        expect(together.peakMb).toBeLessThan(700);
        const records = await server.export();
        expect(probeFaults(probe.accepted, records)).toEqual(NO_FAULTS);
        expect(records).toHaveLength(probe.accepted.size);
      }),
    TEST_MS_MAX,
  );

  test("as unreadable when it asks for much memory and holds no data", () =>
    withServer(configText(), async (server) => {
      for (const { name, encoding, bytes } of DUDS) {
        expect([name, await post(server, bytes, encoding)]).toEqual([name, INVALID]);
      }
      expect(processState(server.pid).peakMb).toBeLessThan(400);
      expect(await server.export()).toEqual([]);
    }));

  test("for its codings alone, when it has too many or an unknown one", () =>
    withServer(configText(), async (server) => {
      const unknown = '415 {"message":"Unknown Content-Encoding: send identity, gzip, deflate, br or zstd"}';
      const body = batchOf("a", 1_000);
      for (const encoding of [
        "gzip, gzip, gzip, gzip",
        "gzip, bomb",
        "*",
        "gzip;q=0",
        Array(500).fill("gzip").join(),
      ]) {
        expect([encoding, await post(server, body, encoding)]).toEqual([encoding, unknown]);
      }
      expect(await post(server, body, Array(500).fill("identity").join())).toBe('202 {"queued":true}');
    }));
});

describe("a body of exactly the maximum size", () => {
  test("is stored in every coding and in chunks, and refused with one byte more", () =>
    withServer(configText({ settings: 'max_body = "64KiB"' }), async (server) => {
      const bytesMax = 64 * 1024;
      const messages: string[] = [];
      for (const [encoding, encode] of Object.entries(ENCODERS)) {
        for (const isChunked of [false, true]) {
          const message = `${encoding} ${isChunked}`;
          messages.push(message);
          const [fits, exceeds] = [batchOf(message, bytesMax), batchOf(message, bytesMax + 1)];
          expect([message, await post(server, encode(fits), encoding, isChunked)]).toEqual([
            message,
            '202 {"queued":true}',
          ]);
          expect([message, await post(server, encode(exceeds), encoding, isChunked)]).toEqual([message, TOO_LARGE]);
        }
      }
      expect((await server.export()).map(({ message }) => message)).toEqual(messages);
    }));
});
