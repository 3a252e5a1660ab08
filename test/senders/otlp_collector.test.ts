// The OpenTelemetry Collector against the executable: a log file that it follows, and what applications send through
// it; and what it does where answers are lost, or the server is full or killed.

import { beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { withFolder } from "../support/folder.ts";
import { logsBody, spansBody } from "../support/otlp_messages.ts";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";
import { BUILD_MS_MAX, buildCollector, Collector } from "./collector.ts";
import { type Fate, type Gateway, withGateway } from "./gateway.ts";
import { type SentRecord, storedRecords } from "./programs.ts";

let program = "";
beforeAll(async () => {
  program = await buildCollector();
}, BUILD_MS_MAX);

interface Options {
  /** Settings of the exporter, indented by four. */
  readonly exporter?: string;
}

/** A port that nobody listens on now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

function configOf(endpoint: string, folder: string, port: number, { exporter = "" }: Options): string {
  return `receivers:
  filelog:
    include: [${join(folder, "*.log")}]
    start_at: beginning
    poll_interval: 50ms
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:${port}
exporters:
  otlphttp:
    endpoint: ${endpoint}
    headers:
      Authorization: Bearer ${SERVER_KEY}
    sending_queue:
      batch:
        flush_timeout: 100ms
        min_size: 100
    retry_on_failure:
      initial_interval: 100ms
      max_interval: 500ms
${exporter}
service:
  telemetry:
    metrics:
      level: none
  pipelines:
    logs:
      receivers: [filelog, otlp]
      exporters: [otlphttp]
    traces:
      receivers: [otlp]
      exporters: [otlphttp]
`;
}

interface Sending {
  readonly folder: string;
  readonly collector: Collector;
  /** Of its own receiver. */
  readonly url: string;
}

function withCollector(endpoint: string, options: Options, work: (sending: Sending) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const port = freePort();
    const collector = new Collector(program, folder, configOf(endpoint, folder, port, options));
    try {
      await collector.started();
      await work({ folder, collector, url: `http://127.0.0.1:${port}` });
    } catch (error) {
      console.error(`the Collector's log:\n${collector.log.slice(-4_000)}`);
      throw error;
    } finally {
      await collector.stop();
    }
  });
}

const messages = (records: readonly SentRecord[]) => records.map(({ message }) => message);
const sorted = (texts: readonly (string | undefined)[]) =>
  texts.toSorted((one, other) => Number(one?.slice(1)) - Number(other?.slice(1)));
const linesOf = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);

describe("the OpenTelemetry Collector stores", () => {
  test.each([
    ["protobuf, gzip", "", ""],
    ["JSON, zstd, at the base path /api/otlp", "/api/otlp", "    encoding: json\n    compression: zstd"],
  ])("a file's lines, and logs and spans that it was sent (%s)", (_, base, exporter) =>
    withServer(configText(), (server) =>
      withCollector(server.url + base, { exporter }, async ({ folder, url }) => {
        const before = Date.now();
        writeFileSync(join(folder, "web.log"), "first line\nsecond line\n");
        const post = async (kind: string, body: object) => {
          const headers = { "content-type": "application/json" };
          const response = await fetch(`${url}/v1/${kind}`, { method: "POST", headers, body: JSON.stringify(body) });
          expect(response.status).toBe(200);
        };
        const ns = (ms: number) => `${before - 1_000 + ms}000000`;
        const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        const log = { timeUnixNano: ns(1), severityNumber: 17, body: { stringValue: "it broke" }, traceId };
        await post("logs", logsBody([log], { "service.name": "shop" }, { name: "orders" }));
        const span = {
          startTimeUnixNano: ns(2),
          endTimeUnixNano: ns(5),
          name: "work",
          traceId,
          spanId: "00f067aa0ba902b7",
        };
        await post("traces", spansBody([span], { "service.name": "shop" }, { name: "orders" }));
        const records = (await storedRecords(server, 4)).toSorted((one, other) => one.time - other.time);
        const shared = {
          project: "default",
          apiKey: "test",
          source: "server" as const,
          keyType: "server" as const,
        };
        const line = {
          ...shared,
          kind: "log" as const,
          time: expect.any(Number) as number,
          level: "info" as const,
          touchpoint: "web.log",
          metadata: {
            "log.file.name": "web.log",
            "otel.scope.name": expect.stringMatching(/^github\.com\/open-telemetry\/.*filelogreceiver$/),
          },
        };
        expect(records).toEqual([
          {
            ...shared,
            kind: "log",
            time: before - 999,
            level: "error",
            key: traceId,
            touchpoint: "shop/orders",
            message: "it broke",
            metadata: { "service.name": "shop" },
          },
          {
            ...shared,
            kind: "timing",
            status: "completed",
            time: before - 998,
            startTime: before - 998,
            endTime: before - 995,
            duration: 3,
            key: traceId,
            touchpoint: "shop/work",
            metadata: { "service.name": "shop", "otel.scope.name": "orders", spanId: "00f067aa0ba902b7" },
          },
          { ...line, message: "first line" },
          { ...line, message: "second line" },
        ]);
        for (const { time } of records.slice(2)) expect(time).toBeWithin(before - 1, Date.now() + 1);
      }),
    ),
  );
});

describe("the OpenTelemetry Collector stores each line once", () => {
  async function sendsThrough(fateOf: (index: number) => Fate, check: (gateway: Gateway) => void): Promise<void> {
    await withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        fateOf,
        (gateway) =>
          withCollector(gateway.url, {}, async ({ folder }) => {
            writeFileSync(join(folder, "web.log"), `${linesOf(50).join("\n")}\n`);
            expect(sorted(messages(await storedRecords(server, 50)))).toEqual(linesOf(50));
            await eventually("the last request is answered", async () => gateway.requests.at(-1)?.status === 200);
            expect((await server.export()).length).toBe(50);
            check(gateway);
          }),
      ),
    );
  }

  test("when the answers to its first requests are lost", () =>
    sendsThrough(
      (index) => (index < 3 ? "lose the answer" : "pass"),
      ({ requests }) => expect(requests.filter(({ status }) => status === undefined).length).toBe(3),
    ));

  test.each([503, 429])("after %d, not before Retry-After has passed", (status) =>
    sendsThrough(
      (index) => (index === 0 ? { status, headers: { "retry-after": "2" } } : "pass"),
      ({ requests: [first, ...others] }) => {
        const again = others.find(({ body }) => body.equals(first?.body as Buffer));
        expect((again?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_900);
      },
    ),
  );

  test("though the server is killed and started again while it sends", () =>
    withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        () => "pass",
        ({ url, requests }) =>
          withCollector(url, {}, async ({ folder }) => {
            const file = join(folder, "web.log");
            const lines = linesOf(5_000);
            const append = (from: number, to: number) => appendFileSync(file, `${lines.slice(from, to).join("\n")}\n`);
            append(0, 1_000);
            await eventually(
              "something is stored",
              async () => ((await server.metrics()).get("simplelogs_entries_stored_total") ?? 0) > 0,
            );
            append(1_000, 4_000);
            await server.kill();
            append(4_000, 5_000);
            await eventually("a request failed", async () => requests.some(({ status }) => status === undefined));
            await server.start();
            await eventually("every line is stored", async () => (await server.export()).length >= 5_000, 45_000);
            expect(sorted(messages(await storedRecords(server, 1)))).toEqual(lines);
          }),
      ),
    ));
});
