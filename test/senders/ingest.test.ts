// POST /api/v1/ingest against the executable: curl with lines in every form, and pino through a pipe.

import { describe, expect, test } from "bun:test";
import { run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

const AT = "2026-11-29T17:49:48.123Z";
const SHARED = { project: "default", apiKey: "test", kind: "log", source: "server", keyType: "server" } as const;

/** What curl prints for a body from its standard input. */
async function curl(server: TestServer, query: string, body: string, ...options: string[]): Promise<string> {
  const address = `${server.url}/api/v1/ingest${query}`;
  const commandLine = ["--silent", "--data-binary", "@-", "--header", `authorization: Bearer ${SERVER_KEY}`];
  const { stdout } = await run("curl", [...commandLine, ...options, address], { input: body });
  return stdout;
}

function expected(record: Partial<SentRecord>): SentRecord {
  return { ...SHARED, level: "info", time: Date.parse(AT), ...record };
}

describe("curl", () => {
  const lines = [
    { time: AT, level: 40, msg: "slow", reqId: "r-1", orderId: "ord_1" },
    { "@timestamp": AT, log: { level: "error" }, message: "failed", service: { name: "shop" } },
  ];
  const records = [
    expected({ level: "warn", message: "slow", key: "r-1", metadata: { orderId: "ord_1" } }),
    expected({ level: "error", message: "failed", touchpoint: "shop" }),
  ];

  test.each([
    ["objects, one a line", lines.map((line) => `${JSON.stringify(line)}\n`).join("")],
    ["an array", JSON.stringify(lines)],
    ["an array over lines", JSON.stringify(lines, null, 2)],
  ])("stores %s", async (_name, body) => {
    await withServer(configText(), async (server) => {
      expect(await curl(server, "", body)).toBe('{"queued":true}');
      expect(await storedRecords(server, 2)).toEqual(records);
    });
  });

  test("stores lines of text under the touchpoint of the address", async () => {
    await withServer(configText(), async (server) => {
      const body = "started\r\n\n[2026-11-29 17:49:48] [INFO] ready\r\n";
      expect(await curl(server, "?touchpoint=jobs/nightly", body, "--header", "content-type: text/plain")).toBe(
        '{"queued":true}',
      );
      const time = expect.any(Number) as number;
      expect(await storedRecords(server, 2)).toEqual([
        expected({ time, touchpoint: "jobs/nightly", message: "started" }),
        expected({ time, touchpoint: "jobs/nightly", message: "[2026-11-29 17:49:48] [INFO] ready" }),
      ]);
    });
  });

  test("names its own members", async () => {
    await withServer(configText(), async (server) => {
      const query = "?message_field=event.text&time_field=when&level_field=sev&key_field=order.id";
      const line = {
        event: { text: "Order placed", id: 3 },
        when: Date.parse(AT) / 1_000,
        sev: "W",
        order: { id: "ord_1" },
      };
      expect(await curl(server, query, JSON.stringify(line))).toBe('{"queued":true}');
      expect(await storedRecords(server, 1)).toEqual([
        expected({ level: "warn", message: "Order placed", key: "ord_1", metadata: { event: { id: 3 } } }),
      ]);
    });
  });

  test("learns which lines are not stored; these are listed under rejections, and the others are stored", async () => {
    await withServer(configText(), async (server) => {
      const body = `${JSON.stringify(lines[0])}\n{"msg":\n42\n{}\n${JSON.stringify(lines[1])}`;
      const problems = ["Line 2 begins as JSON and is none", "Line 3 is not an object", "It says nothing"];
      expect(JSON.parse(await curl(server, "", body))).toEqual({ queued: true, dropped: 3, problems });
      expect(await storedRecords(server, 2)).toEqual(records);
      const metrics = await server.metrics();
      expect(["received", "stored"].map((name) => metrics.get(`simplelogs_entries_${name}_total`))).toEqual([5, 2]);
      expect(metrics.get('simplelogs_entries_dropped_total{reason="invalid"}')).toBe(2);
      expect(metrics.get('simplelogs_entries_dropped_total{reason="empty"}')).toBe(1);
    });
  });

  test("is told what is wrong with its key, and with its body's size", async () => {
    await withServer(configText({ settings: "max_entries = 3" }), async (server) => {
      expect(await curl(server, "", "x", "--header", "authorization: Bearer sk_none0123456789abcdef")).toContain(
        '{"message":',
      );
      expect(await curl(server, "", "a\nb\nc\nd\n")).toBe('{"message":"Payload too large"}');
    });
  });
});

test("pino's output is stored as it leaves a process", async () => {
  await withServer(configText(), async (server) => {
    const program = `
import { spawn } from "node:child_process";
import pino from "pino";
const sender = spawn("curl", ["--silent", "--fail", "--data-binary", "@-", process.env.ADDRESS, "--header", "x-api-key: " + process.env.KEY],
  { stdio: ["pipe", "inherit", "inherit"] });
const logger = pino({ name: "shop" }, sender.stdin);
logger.info({ reqId: "r-1" }, "Order placed");
logger.fatal("bad");
sender.stdin.end();
`;
    const since = Date.now();
    const result = await runModule(program, { ADDRESS: `${server.url}/api/v1/ingest`, KEY: SERVER_KEY });
    expect(result).toEqual({ exitCode: 0, stdout: '{"queued":true}', stderr: "" });
    const records = await storedRecords(server, 2);
    const time = expect.any(Number) as number;
    const metadata = { pid: expect.any(Number) as number, hostname: expect.any(String) as string };
    expect(records).toEqual([
      expected({ time, touchpoint: "shop", message: "Order placed", key: "r-1", metadata }),
      expected({ time, touchpoint: "shop", level: "error", message: "bad", metadata }),
    ]);
    expect(records.filter((record) => record.time < since || record.time > Date.now())).toEqual([]);
  });
});
