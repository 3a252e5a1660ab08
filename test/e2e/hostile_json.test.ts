// Whatever JSON a client thinks up goes in, and the same value comes out at every place that shows it: at once, out of
// merged blocks, out of pairs, and after a restart.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse, FieldsResponse, ValuesResponse } from "../../src/core/responses.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { csvRows } from "../support/raw_csv.ts";
import { bodyOf, canonical, HOSTILE_METADATA } from "../support/raw_json.ts";
import { read, readAllEntries, TailClient } from "../support/read_api.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;
const ACCEPTED: [number, string] = [202, '{"queued":true}'];

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

describe("metadata of every shape comes back unchanged", () => {
  test(
    "in export, CSV, the read API, the live tail and merged blocks",
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

  test("when all of it is in one batch and one block", () =>
    withServer(configText({ settings: 'max_body = "32MiB"' }), async (server) => {
      const entries = HOSTILE_METADATA.map(
        ({ name, sent }) => `{"message":${JSON.stringify(name)},"metadata":${sent}}`,
      );
      expect(await answerOf(server, bodyOf(entries.join()))).toEqual(ACCEPTED);
      expect(metadataOf(await server.export())).toEqual(EXPECTED);
    }));

  test("in paired timings, where the end's members replace the start's", () =>
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

  test("under any name, which can be searched and is listed with its values", () =>
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

describe("other texts and numbers of an entry come back unchanged", () => {
  test("with any characters", () =>
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

  test("in any form of a number", () =>
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
