// JSON that must not go in is refused as promised, whatever a client thinks up, and leaves nothing.

import { describe, expect, test } from "bun:test";
import type { RejectionsResponse } from "../../src/core/account_responses.ts";
import { bodyOf, nestedArrays, nestedMetadata } from "../support/raw_json.ts";
import { read } from "../support/read_api.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const ACCEPTED: [number, string] = [202, '{"queued":true}'];

async function answerOf(server: TestServer, body: string): Promise<[number, string]> {
  const answer = await server.post(body);
  return [answer.status, await answer.text()];
}

const NOT_FINITE =
  '{"message":"Invalid enqueue payload","errors":{"fieldErrors":{"entries":["Number must be finite"]},"formErrors":[]}}';
const NO_OBJECT =
  '{"message":"Invalid enqueue payload","errors":{"fieldErrors":{"entries":["Expected object, received array"]},"formErrors":[]}}';
const TOP = (received: string) =>
  `{"message":"Invalid enqueue payload","errors":{"fieldErrors":{},"formErrors":["Expected object, received ${received}"]}}`;
const INVALID = '{"message":"Invalid JSON"}';
const NOT_SHOWN =
  '{"message":"API key is missing, unknown or revoked: a body over 64 KiB has it in its first or last KiB"}';
/** What shows a live key, and is no batch. */
const known = (text: string) => `{"key":"${SERVER_KEY}","a":${text}`;

describe("invalid JSON is refused, and the server still answers", () => {
  test(
    "numbers outside the range of doubles, extreme depth, and malformed text",
    () =>
      withServer(configText(), async (server) => {
        const refusals: [name: string, body: string, status: number, text: string][] = [
          ["an infinite timestamp", bodyOf('{"timestamp":1e400}'), 422, NOT_FINITE],
          ["an infinite duration", bodyOf('{"duration":-1e999999}'), 422, NOT_FINITE],
          ["arrays in the place of an entry", bodyOf(nestedArrays(1_000_000)), 422, NO_OBJECT],
          ["arrays alone", nestedArrays(30_000), 422, TOP("array")],
          ["arrays around a key", `["${SERVER_KEY}",${nestedArrays(1_000_000)}]`, 422, TOP("array")],
          ["arrays without an end", known("[".repeat(5_000_000)), 400, INVALID],
          ["arrays without an end or a key", "[".repeat(5_000_000), 401, NOT_SHOWN],
          ["objects without an end", known('{"a":'.repeat(1_000_000)), 400, INVALID],
          ["objects without an end or a key", '{"a":'.repeat(1_000_000), 401, NOT_SHOWN],
          ["a number alone", "1".repeat(60_000), 422, TOP("number")],
          ["a long number alone", "1".repeat(5_000_000), 401, NOT_SHOWN],
          ["a word alone", "null", 422, TOP("null")],
          ["a text without an end", known(`"${"\\u0041".repeat(500_000)}`), 400, INVALID],
          ["NUL between members", `{"key":\u0000"${SERVER_KEY}"}`, 400, INVALID],
          ["NaN", bodyOf('{"duration":NaN}'), 400, INVALID],
          ["a bare control character in a text", bodyOf('{"message":"a\u0001b"}'), 400, INVALID],
        ];
        for (const [name, body, status, text] of refusals) {
          expect([name, ...(await answerOf(server, body))]).toEqual([name, status, text]);
        }
        expect(await server.export()).toEqual([]);
        await server.send([{ message: "next" }]);
        expect((await server.export()).map(({ message }) => message)).toEqual(["next"]);
      }),
    TEST_MS_MAX,
  );

  test(
    "metadata deeper than 100 levels drops only its entry, which the rejections show",
    () =>
      withServer(configText({ settings: 'max_body = "16MiB"' }), async (server) => {
        const deep = [101, 5_000, 50_000, 1_000_000].flatMap((levels) => [
          `{"message":"objects ${levels}","metadata":${nestedMetadata(levels)}}`,
          `{"message":"arrays ${levels}","metadata":{"a":${nestedArrays(levels - 1)}}}`,
        ]);
        for (const entry of deep)
          expect(await answerOf(server, bodyOf(`{"message":"kept"},${entry}`))).toEqual(ACCEPTED);
        expect((await server.export()).map(({ message }) => message)).toEqual(deep.map(() => "kept"));
        expect((await server.metrics()).get('simplelogs_entries_dropped_total{reason="too_deep"}')).toBe(deep.length);
        const { rejections }: RejectionsResponse = await read(server, "rejections");
        expect(rejections.map(({ reason }) => reason)).toEqual(deep.map(() => "too_deep"));
      }),
    TEST_MS_MAX,
  );

  test(
    "members that the schema does not name are ignored at any depth",
    () =>
      withServer(configText({ settings: 'max_body = "16MiB"' }), async (server) => {
        const deep = nestedArrays(1_000_000);
        const body = `{"key":"${SERVER_KEY}","extra":${deep},"__proto__":{"key":1},"source":"server","entries":[{"message":"kept","extra":${deep},"__proto__":{"level":"error"}}]}`;
        expect(await answerOf(server, body)).toEqual(ACCEPTED);
        expect(await server.export()).toEqual([
          {
            id: 1,
            project: "default",
            apiKey: "test",
            kind: "log",
            time: expect.any(Number),
            receivedAt: expect.any(Number),
            source: "server",
            keyType: "server",
            level: "info",
            message: "kept",
          },
        ]);
      }),
    TEST_MS_MAX,
  );

  test("a member of __proto__ never replaces an absent one, and of equal names the last counts", () =>
    withServer(configText(), async (server) => {
      expect(
        (await answerOf(server, `{"__proto__":{"key":"${SERVER_KEY}","source":"server"},"entries":[{}]}`))[0],
      ).toBe(401);
      const twice = `{"key":"sk_unknown","key":"${SERVER_KEY}","source":"client","source":"server","entries":[],"entries":[{"message":1,"message":"last"}]}`;
      expect(await answerOf(server, twice)).toEqual(ACCEPTED);
      expect((await answerOf(server, twice.replace('"message":"last"', '"message":2')))[0]).toBe(422);
      expect((await server.export()).map(({ message }) => message)).toEqual(["last"]);
    }));
});
