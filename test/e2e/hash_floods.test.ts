// Names made to collide, and more names than anything remembers: the server is not kept busy by them, and its counts
// close.

import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { TouchpointsResponse } from "../../src/core/account_responses.ts";
import { closingGap } from "../support/load.ts";
import { runSeed, seededRandom } from "../support/random.ts";
import { collidingName, objectText, ordinaryName } from "../support/raw_collisions.ts";
import { bodyOf } from "../support/raw_json.ts";
import { NO_FAULTS, Probe, probeFaults, processState } from "../support/raw_probe.ts";
import { read } from "../support/read_api.ts";
import { configText, ENQUEUE_PATH, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const NAMES = 50_000;
const FLOOD =
  '422 {"message":"Invalid enqueue payload","errors":{"fieldErrors":{},"formErrors":["Too many names or values have the same hash"]}}';
const NOT_SHOWN =
  '401 {"message":"API key is missing, unknown or revoked: a body over 64 KiB has it in its first or last KiB"}';
const ACCEPTED = '202 {"queued":true}';

async function answerOf(server: TestServer, body: string, isPacked = false): Promise<string> {
  const answer = await fetch(`${server.url}${ENQUEUE_PATH}`, {
    method: "POST",
    body: isPacked ? gzipSync(body) : body,
    headers: isPacked ? { "content-encoding": "gzip" } : {},
  });
  return `${answer.status} ${await answer.text()}`;
}

describe("50,000 texts with one hash", () => {
  test(
    "are refused as names and as values, and take no longer than ordinary texts, which are stored",
    () =>
      withServer(configText(), async (server) => {
        const random = seededRandom(runSeed("hash flood"));
        // Not counted: whether they differ would take as long as the server is spared.
        const colliding = Array.from({ length: NAMES }, () => collidingName(random));
        const ordinary = Array.from({ length: NAMES }, () => ordinaryName(random));
        const floods = [
          `{"metadata":${objectText(colliding)}}`,
          colliding.map((name) => `{"metadata":{"${name}":1}}`).join(),
          colliding.map((name) => `{"touchpoint":"${name}"}`).join(),
        ].map(bodyOf);
        const honest = bodyOf(`{"message":"honest","metadata":${objectText(ordinary)}}`);
        const probe = new Probe(server);
        const timed = async (body: string, answer: string, isPacked: boolean) => {
          const startedAtMs = performance.now();
          expect(await answerOf(server, body, isPacked)).toBe(answer);
          return performance.now() - startedAtMs;
        };
        const [honestMs, floodMs] = [await timed(honest, ACCEPTED, false), await timed(floods[0] ?? "", FLOOD, false)];
        for (const flood of floods) for (const isPacked of [false, true]) await timed(flood, FLOOD, isPacked);
        // Without a key it is not even looked at.
        await timed(objectText(colliding), NOT_SHOWN, true);
        const result = await probe.stop();
        const ratio = (floodMs / honestMs).toFixed(2);
        console.log(
          `${NAMES} names: ${honestMs.toFixed(0)} ms, with one hash ${floodMs.toFixed(0)} ms (${ratio}):`,
          result,
        );
        const records = await server.export();
        expect(records).toHaveLength(probe.accepted.size + 1);
        expect(probeFaults(probe.accepted, records)).toEqual(NO_FAULTS);
        expect(records.find(({ message }) => message === "honest")?.metadata).toEqual(
          Object.fromEntries(ordinary.map((name) => [name, 1])),
        );
        const signIn = await fetch(`${server.url}/api/v1/session`, {
          method: "POST",
          body: objectText(colliding.slice(0, 1_500)),
        });
        expect(signIn.status).toBe(422);
      }),
    TEST_MS_MAX,
  );
});

describe("3,000 small bodies of 60 texts with one hash", () => {
  test(
    "are nearly all refused, as names and as values, while other requests are served",
    () =>
      withServer(configText(), async (server) => {
        const random = seededRandom(runSeed("small floods"));
        const colliding = () => Array.from({ length: 60 }, () => collidingName(random));
        const bodies = Array.from({ length: 3_000 }, (_, index) =>
          bodyOf(
            index % 2 === 0
              ? `{"metadata":${objectText(colliding())}}`
              : colliding()
                  .map((key) => `{"key":"${key}"}`)
                  .join(),
          ),
        );
        const probe = new Probe(server);
        const answers = new Map<string, number>();
        const startedAtMs = performance.now();
        for (let from = 0; from < bodies.length; from += 100) {
          for (const answer of await Promise.all(
            bodies.slice(from, from + 100).map((body) => answerOf(server, body)),
          )) {
            answers.set(answer, (answers.get(answer) ?? 0) + 1);
          }
        }
        const ms = performance.now() - startedAtMs;
        const result = await probe.stop();
        console.log(`3,000 bodies in ${ms.toFixed(0)} ms:`, JSON.stringify({ answers: [...answers], result }));
        expect([...answers.keys()].toSorted()).toEqual([ACCEPTED, FLOOD]);
        expect(answers.get(FLOOD)).toBeGreaterThan(2_900);
        expect(Object.keys({ ...result.posts, ...result.health })).toEqual(["200", "202"]);
      }),
    TEST_MS_MAX,
  );
});

describe("objects with one large number as name", () => {
  test("are refused when they would take 4 GB, and accepted when they count by status", () =>
    withServer(configText(), async (server) => {
      const sparse = bodyOf(`{"metadata":{"a":[${Array(400_000).fill('{"999":0}').join()}]}}`);
      const refused = await answerOf(server, sparse, true);
      expect(refused).toContain("422");
      expect(refused).toContain("Too many objects have numbers as names");
      const counts = Array.from({ length: 5_000 }, (_, index) => `{"metadata":{"200":${index},"404":2,"503":1}}`);
      expect(await answerOf(server, bodyOf(counts.join()))).toBe(ACCEPTED);
      expect(processState(server.pid).peakMb).toBeLessThan(700);
    }));
});

describe("more names than the server remembers", () => {
  test(
    "as touchpoints: all are stored with their records, and 10,000 are listed",
    () =>
      withServer(configText(), async (server) => {
        for (let from = 0; from < 12_000; from += 3_000) {
          await server.send(
            Array.from({ length: 3_000 }, (_, index) => ({ touchpoint: `flood/${from + index}`, duration: 1 })),
          );
        }
        const { touchpoints }: TouchpointsResponse = await read(server, "touchpoints");
        expect(touchpoints).toHaveLength(10_000);
        const names = new Set((await server.export()).map(({ touchpoint }) => touchpoint));
        expect(names.size).toBe(12_000);
        expect(closingGap(await server.metrics())).toBe(0);
      }),
    TEST_MS_MAX,
  );

  test("as keys of pending timings: the oldest are evicted, none is lost, and the sum of entries closes", () =>
    withServer(configText({ tables: "[timings]\nmax_open = 500" }), async (server) => {
      const startTime = Date.now();
      const keys = Array.from({ length: 5_000 }, (_, index) => `flood ${index}`);
      await server.send(keys.map((key) => ({ key, startTime })));
      await server.send(keys.slice(-500).map((key) => ({ key, endTime: startTime + 5 })));
      const figures = await server.metrics();
      expect(closingGap(figures)).toBe(0);
      expect([figures.get("simplelogs_entries_received_total"), figures.get("simplelogs_entries_open")]).toEqual([
        5_500, 0,
      ]);
      const records = await server.export();
      const countOf = (status: string) => records.filter((record) => record.status === status).length;
      expect([countOf("completed"), countOf("unfinished"), countOf("orphaned")]).toEqual([500, 4_500, 0]);
      expect(records.filter(({ status }) => status === "completed").map(({ key }) => key)).toEqual(keys.slice(-500));
    }));

  test("as requests: a repetition of a recent one is recognised", () =>
    withServer(configText({ tables: "[dedupe]\nrequests = 100" }), async (server) => {
      const post = (name: number) =>
        server.post(
          { key: SERVER_KEY, source: "server", entries: [{ message: "same" }] },
          { "idempotency-key": `${name}` },
        );
      for (let name = 0; name < 150; name++) await post(name);
      for (let name = 149; name >= 50; name--) await post(name);
      await post(0);
      const figures = await server.metrics();
      expect(figures.get('simplelogs_entries_dropped_total{reason="duplicate"}')).toBe(100);
      expect(figures.get("simplelogs_entries_stored_total")).toBe(151);
      expect(closingGap(figures)).toBe(0);
    }));
});
