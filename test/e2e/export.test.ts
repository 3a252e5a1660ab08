// `export` beside the running server: both formats, every filter, and a reader that leaves early.

import { describe, expect, test } from "bun:test";
import type { ShownRecord } from "../../src/core/record.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const SHOP_KEY = "sk_of-the-shop-0123456789";
const NOW = Date.now();
const HOUR_MS = 3_600_000;

const CONFIG = configText({ tables: `[[keys]]\nname = "web shop"\nproject = "shop"\nserver = "${SHOP_KEY}"\n` });

/** What is hard in CSV and in JSON: quotes, line ends, commas, empty and absent, other scripts. */
const ENTRIES = [
  { message: 'He said "hello, world"\r\nand left', timestamp: NOW - 3 * HOUR_MS, metadata: { a: "x,y", b: [1, null] } },
  { message: "", level: "debug", timestamp: NOW - 2 * HOUR_MS },
  { touchpoint: "api/bücher", key: "k,1", startTime: NOW - HOUR_MS, endTime: NOW - HOUR_MS + 1.5, duration: 1.25 },
  { message: "日本語 🎉\u0000\u001b[31m", timestamp: NOW },
] as const;

function shop(message: string, timestamp: number) {
  return { key: SHOP_KEY, source: "server", entries: [{ message, timestamp }] };
}

async function withRecords(work: (server: TestServer) => Promise<void>): Promise<void> {
  await withServer(CONFIG, async (server) => {
    await server.send(ENTRIES);
    expect((await server.post(shop("in the shop", NOW - HOUR_MS))).status).toBe(202);
    await work(server);
  });
}

/** RFC 4180, slowly. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    const [, value = "", separator] = match;
    rows.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (separator === "\r\n") rows.push([]);
  }
  expect(rows.pop()).toEqual([]);
  return rows;
}

/** A CSV cell of a record's member. */
function cell(record: ShownRecord, name: string): string {
  const value = record[name as keyof ShownRecord];
  if (value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

describe("export", () => {
  test("writes every complete record as ndjson in order of ids", () =>
    withRecords(async (server) => {
      const records = await server.export("--format", "ndjson");
      const log = { project: "default", apiKey: "test", kind: "log", source: "server", keyType: "server" };
      const received = records.map((record) => record.receivedAt);
      expect(records as unknown).toEqual([
        {
          id: 1,
          ...log,
          time: NOW - 3 * HOUR_MS,
          receivedAt: received[0],
          level: "info",
          message: ENTRIES[0].message,
          metadata: ENTRIES[0].metadata,
        },
        { id: 2, ...log, time: NOW - 2 * HOUR_MS, receivedAt: received[1], level: "debug", message: "" },
        {
          id: 3,
          ...log,
          kind: "timing",
          status: "completed",
          time: NOW - HOUR_MS,
          receivedAt: received[2],
          ...ENTRIES[2],
        },
        { id: 4, ...log, time: NOW, receivedAt: received[3], level: "info", message: ENTRIES[3].message },
        {
          id: 5,
          ...log,
          project: "shop",
          apiKey: "web shop",
          time: NOW - HOUR_MS,
          receivedAt: received[4],
          level: "info",
          message: "in the shop",
        },
      ]);
      for (const at of received) expect(at).toBeWithin(NOW, Date.now() + 1);
    }));

  test("writes the same records as csv with a header line and metadata as one JSON column", () =>
    withRecords(async (server) => {
      const records = await server.export();
      const csv = await server.command("export", "--format", "csv");
      const [header = [], ...rows] = parseCsv(csv.stdout);
      expect(header.join(",")).toBe(
        "id,project,apiKey,kind,status,time,receivedAt,source,keyType,touchpoint,key,level,message,startTime,endTime,duration,metadata",
      );
      expect(rows).toEqual(records.map((record) => header.map((name) => cell(record, name))));
    }));

  const filters: readonly (readonly [commandLine: readonly string[], ids: readonly number[]])[] = [
    [["--project", "shop"], [5]],
    [
      ["--project", "default"],
      [1, 2, 3, 4],
    ],
    [
      ["--from", String(NOW - 2 * HOUR_MS)],
      [2, 3, 4, 5],
    ],
    [["--to", String(NOW - 2 * HOUR_MS)], [1]],
    [
      ["--from", new Date(NOW - 2 * HOUR_MS).toISOString(), "--to", String(NOW)],
      [2, 3, 5],
    ],
    [
      ["--from", "90m"],
      [3, 4, 5],
    ],
    [["--from", "1d", "--to", "150m", "--project", "default"], [1]],
    [["--from", String(NOW + HOUR_MS)], []],
  ];
  test("filters by project and time, the start included and the end not", () =>
    withRecords(async (server) => {
      for (const [commandLine, ids] of filters) {
        const found = (await server.export(...commandLine)).map((record) => record.id);
        expect({ commandLine, found }).toEqual({ commandLine, found: [...ids] });
      }
    }));

  test("writes the same records after the server was ended by SIGTERM or SIGKILL", () =>
    withRecords(async (server) => {
      const records = await server.export();
      expect(await server.stop()).toBe(0);
      expect(await server.export()).toEqual(records);
      await server.start();
      await server.kill();
      expect(await server.export()).toEqual(records);
    }));

  test("includes batches answered 202 a moment ago", () =>
    withServer(CONFIG, async (server) => {
      for (let count = 1; count <= 5; count++) {
        await server.send([{ message: `${count}` }]);
        expect((await server.export()).map((record) => record.message)).toEqual(
          Array.from({ length: count }, (_, index) => `${index + 1}`),
        );
      }
    }));
});

describe("export refuses", () => {
  test("an unknown project, and names the known ones", () =>
    withRecords(async (server) => {
      const { exitCode, stdout, stderr } = await server.command("export", "--project", "shopp");
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain("default, shop");
      expect(stderr).not.toContain(SERVER_KEY);
    }));
});
