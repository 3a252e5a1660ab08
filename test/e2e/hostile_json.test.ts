// Whatever JSON a client thinks up goes in, and the same value comes out at every place that shows it: at once, out of merged
// blocks, out of pairs, and after a restart. What must not go in is refused as promised and leaves nothing.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse, FieldsResponse, RejectionsResponse, ValuesResponse } from "../../src/core/responses.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { csvRows } from "../support/raw_csv.ts";
import { canonical, HOSTILE_METADATA, nestedArrays, nestedMetadata } from "../support/raw_json.ts";
import { read, readAllEntries, TailClient } from "../support/read_api.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const ACCEPTED: [number, string] = [202, '{"queued":true}'];

/** The body of a batch around entries that are JSON text already. */
function bodyOf(entries: string): string {
  return `{"key":"${SERVER_KEY}","source":"server","entries":[${entries}]}`;
}

async function answerOf(server: TestServer, body: string): Promise<[number, string]> {
  const answer = await server.post(body);
  return [answer.status, await answer.text()];
}

/** Metadata by message, each in one form whatever its members' order. */
function metadataOf(records: readonly Pick<ShownRecord, "message" | "metadata">[]): Map<string, string> {
  return new Map(records.map(({ message, metadata }) => [message ?? "", canonical(metadata)]));
}

async function csvRecords(server: TestServer): Promise<{ message: string; metadata: never }[]> {
  const { exitCode, stdout } = await server.command("export", "--format", "csv");
  expect(exitCode).toBe(0);
  const [header = [], ...rows] = csvRows(stdout);
  const place = (name: string) => header.indexOf(name);
  return rows.map((row) => ({
    message: row[place("message")] ?? "",
    metadata: JSON.parse(row[place("metadata")] ?? "") as never,
  }));
}

const EXPECTED = new Map(HOSTILE_METADATA.map(({ name, shown }) => [name, canonical(JSON.parse(shown))]));

describe("metadata of every shape comes back as the value that it was", () => {
  test(
    "from export, CSV, the read API, the live tail and out of merged blocks",
    () =>
      withServer(configText({ tables: '[storage]\ndurability = "write"' }), async (server) => {
        const tail = await TailClient.open(server, "q=kind:log");
        for (const { name, sent } of HOSTILE_METADATA) {
          expect(await answerOf(server, bodyOf(`{"message":${JSON.stringify(name)},"metadata":${sent}}`))).toEqual(
            ACCEPTED,
          );
        }
        await untilTrue("the tail has all", () => tail.events.length >= HOSTILE_METADATA.length);
        const tailed = tail.events.map(({ data }) => data as unknown as ShownRecord);
        await tail.close();
        expect(metadataOf(tailed)).toEqual(EXPECTED);
        expect(metadataOf(await server.export())).toEqual(EXPECTED);
        expect(metadataOf(await csvRecords(server))).toEqual(EXPECTED);
        expect(metadataOf(await readAllEntries(server, ""))).toEqual(EXPECTED);
        for (let sent = 0; sent < 60; sent++) await server.send([{ touchpoint: "filler", level: "debug" }]);
        await eventually(
          "blocks are merged",
          async () => ((await server.metrics()).get("simplelogs_blocks") ?? 90) < 20,
        );
        const merged = (await server.export()).filter(({ touchpoint }) => touchpoint === undefined);
        expect(metadataOf(merged)).toEqual(EXPECTED);
        await server.stop();
        await server.start();
        expect(metadataOf(await readAllEntries(server, "q=level:info"))).toEqual(EXPECTED);
        expect((await server.metrics()).get("simplelogs_entries_stored_total")).toBe(EXPECTED.size + 60);
      }),
    TEST_MS_MAX,
  );

  test("all in one batch, and in one block", () =>
    withServer(configText({ settings: 'max_body = "32MiB"' }), async (server) => {
      const entries = HOSTILE_METADATA.map(
        ({ name, sent }) => `{"message":${JSON.stringify(name)},"metadata":${sent}}`,
      );
      expect(await answerOf(server, bodyOf(entries.join()))).toEqual(ACCEPTED);
      expect(metadataOf(await server.export())).toEqual(EXPECTED);
    }));

  test("in pairs, whose members the end's win", () =>
    withServer(configText(), async (server) => {
      // The longest say no more here.
      const shapes = HOSTILE_METADATA.filter(({ sent }) => sent.length < 200_000);
      const end = '{"__proto__":"end","constructor":"end","a":"end","":"end","0":"end"}';
      for (const { name, sent } of shapes) {
        const key = JSON.stringify(name);
        const start = `{"message":${key},"key":${key},"startTime":${Date.now()},"metadata":${sent}}`;
        expect(await answerOf(server, bodyOf(start))).toEqual(ACCEPTED);
        expect(await answerOf(server, bodyOf(`{"key":${key},"endTime":${Date.now()},"metadata":${end}}`))).toEqual(
          ACCEPTED,
        );
      }
      const merged = shapes.map(({ name, shown }) => {
        const both = new Map([
          ...Object.entries(JSON.parse(shown) as object),
          ...Object.entries(JSON.parse(end) as object),
        ]);
        return [name, canonical(Object.fromEntries(both))] as const;
      });
      const records = await server.export();
      expect(new Set(records.map(({ status }) => status))).toEqual(new Set(["completed"]));
      expect(metadataOf(records)).toEqual(new Map(merged));
    }));

  test("is searched, and its fields and values are listed, under any name", () =>
    withServer(configText(), async (server) => {
      const metadata = String.raw`{"__proto__":"alpha","constructor":"beta","toString":1e400,"0":7,"x\u0000y":"a\u0000b","z":-0}`;
      await answerOf(
        server,
        bodyOf(`{"message":"one","metadata":${metadata}},{"message":"two","metadata":{"__proto__":"gamma"}}`),
      );
      const found = async (q: string) => {
        const { entries }: EntriesResponse = await read(server, `entries?q=${encodeURIComponent(q)}`);
        return new Set(entries.map(({ message }) => message));
      };
      expect(await found("metadata.__proto__:alpha")).toEqual(new Set(["one"]));
      expect(await found("metadata.__proto__:*")).toEqual(new Set(["one", "two"]));
      expect(await found("metadata.constructor:beta")).toEqual(new Set(["one"]));
      expect(await found("metadata.toString:null")).toEqual(new Set(["one"]));
      expect(await found("metadata.toString:>0")).toEqual(new Set([]));
      expect(await found("metadata.valueOf:*")).toEqual(new Set([]));
      expect(await found("metadata.0:7")).toEqual(new Set(["one"]));
      expect(await found('"a\u0000b"')).toEqual(new Set(["one"]));
      const { fields }: FieldsResponse = await read(server, "fields");
      const own = fields.filter(({ name }) => name.startsWith("metadata."));
      expect(new Map(own.map(({ name, count }) => [name, count]))).toEqual(
        new Map([
          ["metadata.__proto__", 2],
          ["metadata.constructor", 1],
          ["metadata.toString", 1],
          ["metadata.0", 1],
          ["metadata.x\u0000y", 1],
          ["metadata.z", 1],
        ]),
      );
      const values = (name: string) => read<ValuesResponse>(server, `fields/${encodeURIComponent(name)}/values`);
      expect(await values("metadata.__proto__")).toMatchObject({
        values: [
          { value: "alpha", count: 1 },
          { value: "gamma", count: 1 },
        ],
        count: 2,
      });
      expect(await values("metadata.toString")).toMatchObject({ values: [{ value: null, count: 1 }], count: 1 });
    }));
});

describe("other texts and numbers of an entry come back as the values that they were", () => {
  test("whatever characters they have", () =>
    withServer(configText(), async (server) => {
      const texts = [
        "",
        "\u0000",
        "x\u0000\u0000y",
        "\ud800",
        "a\udc00b",
        "\ufeff",
        "😀",
        "\u2028",
        "__proto__",
        "é".repeat(50_000),
      ];
      for (const [index, text] of texts.entries()) {
        await server.send([
          { message: text, touchpoint: `t${text}`, key: `k${text}`, duration: index, timestamp: Date.now() },
        ]);
      }
      const wellFormed = texts.map((text) => text.toWellFormed());
      expect((await server.export()).map(({ message, touchpoint, key }) => [message, touchpoint, key])).toEqual(
        wellFormed.map((text) => [text, `t${text}`, `k${text}`]),
      );
    }));

  test("whatever form a number has", () =>
    withServer(configText(), async (server) => {
      const at = Date.now() - 1_000;
      const numbers = [
        `${at}.0`,
        `${at}.25`,
        `${at}e0`,
        `${at * 10}e-1`,
        `${at}.${"3".repeat(900)}`,
        `+${at}`,
        `0${at}`,
        `${at}.`,
      ];
      const answers: number[] = [];
      for (const [index, number] of numbers.entries()) {
        answers.push((await answerOf(server, bodyOf(`{"message":"${index}","timestamp":${number}}`)))[0]);
      }
      expect(answers).toEqual([202, 202, 202, 202, 202, 400, 400, 400]);
      for (const duration of ["0", "-0", "1e-400", "5e-324", "0.1", "1e3"]) {
        const entry = `{"message":"${duration}","timestamp":${at},"duration":${duration}}`;
        expect(await answerOf(server, bodyOf(entry))).toEqual(ACCEPTED);
      }
      const records = await server.export();
      expect(records.slice(0, 5).map(({ time }) => time)).toEqual([at, at + 0.25, at, at, at + 1 / 3]);
      expect(records.slice(5).map(({ duration }) => duration)).toEqual([0, 0, 0, 5e-324, 0.1, 1000]);
    }));
});

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

describe("what must not go in is refused, and the server goes on", () => {
  test(
    "numbers beyond all doubles, absurd depth, and what is no JSON",
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
    "metadata deeper than 100 levels costs that entry alone, and is shown among the rejections",
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
    "what the schema does not name is ignored at any depth",
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

  test("a member of __proto__ never stands in for one that is absent, and of equal names the last counts", () =>
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
