// OpenTelemetry's SDK for JavaScript against the executable: logs and traces, protobuf and JSON, compressed and not;
// and what it does where answers are lost, or the server is full or killed.

import { describe, expect, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { withGateway } from "./gateway.ts";
import { runModule, type SentRecord, storedRecords } from "./programs.ts";

/** The SDK's providers, as an application makes them; identifiers rise from 1. */
const PROVIDERS = `
import { context, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
const { FORM, URL, KEY, COMPRESSION } = process.env;
const { OTLPLogExporter } = await import("@opentelemetry/exporter-logs-otlp-" + FORM);
const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-" + FORM);
const options = (kind) => ({
  url: URL + "/v1/" + kind, headers: { authorization: "Bearer " + KEY }, compression: COMPRESSION, timeoutMillis: 60_000,
});
const resource = resourceFromAttributes({
  "service.name": "shop", "host.name": "web-1", "process.pid": 42, "process.command_args": ["node", "--token=secret"],
  "telemetry.sdk.name": "opentelemetry", "os.type": "linux",
});
let ids = 0;
const id = (length) => (++ids).toString(16).padStart(length, "0");
const idGenerator = { generateTraceId: () => id(32), generateSpanId: () => id(16) };
const logs = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(options("logs")), exportTimeoutMillis: 60_000 })] });
const traces = new BasicTracerProvider({ resource, idGenerator, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(options("traces")), { exportTimeoutMillis: 60_000 })] });
const shutdown = () => Promise.all([logs.shutdown(), traces.shutdown()]);
`;

const SENDS_BOTH = `${PROVIDERS}
const start = Number(process.env.START);
const tracer = traces.getTracer("shop.http");
const parent = tracer.startSpan("GET /orders/:id", {
  kind: 1, startTime: [start, 1_000_000], attributes: { "http.route": "/orders/:id", "http.response.status_code": 500, ratio: 0.25, tags: ["a", "b"] },
});
const within = trace.setSpan(context.active(), parent);
const child = tracer.startSpan("db query", { kind: 2, startTime: [start, 1_500_000], links: [{ context: parent.spanContext(), attributes: { why: "test" } }] }, within);
child.addEvent("row", { n: 1 }, [start, 1_750_000]);
child.end([start, 2_000_001]);
parent.setStatus({ code: 2, message: "it broke" });
parent.end([start, 4_000_000]);
const logger = logs.getLogger("shop.orders");
logger.emit({ timestamp: [start, 5_000_000], severityNumber: 13, severityText: "WARN", body: "slow", attributes: { "user.id": "u_1", big: 9007199254740991, nested: { a: [1, 2.5, "x", null] } }, context: within });
logger.emit({ timestamp: [start, 6_000_000], severityNumber: 21, severityText: "FATAL", body: { message: "it broke", code: 7 } });
logger.emit({ timestamp: [start, 7_000_000], eventName: "order.placed", attributes: { touchpoint: "orders/placed" } });
await shutdown();
`;

const SENDS_MANY = `${PROVIDERS}
const logger = logs.getLogger("many");
for (let at = 0; at < Number(process.env.COUNT); at++) {
  logger.emit({ severityNumber: 9, body: "n" + at });
  if (at % 100 === 99) await logs.forceFlush();
}
await shutdown();
`;

interface Sending {
  readonly url: string;
  readonly form?: "proto" | "http";
  readonly compression?: "gzip" | "none";
  readonly key?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

async function send(
  program: string,
  { url, form = "proto", compression = "gzip", key = SERVER_KEY, variables = {} }: Sending,
) {
  const result = await runModule(program, { URL: url, FORM: form, COMPRESSION: compression, KEY: key, ...variables });
  expect([result.exitCode, result.stderr]).toEqual([0, ""]);
}

const sorted = (records: readonly SentRecord[]) => records.toSorted((one, other) => one.time - other.time);
const messages = (records: readonly SentRecord[]) => records.map(({ message }) => message);

/** What SENDS_BOTH becomes, by time. */
function expectedRecords(start: number): object[] {
  const at = (ms: number) => start * 1_000 + ms;
  const shared = { project: "default", apiKey: "test", source: "server", keyType: "server" };
  const resource = { "service.name": "shop", "host.name": "web-1", "process.pid": 42 };
  // The SDK makes the span's identifier first.
  const traceId = "2".padStart(32, "0");
  const parentId = "1".padStart(16, "0");
  const scope = { "otel.scope.name": "shop.http" };
  return [
    {
      ...shared,
      kind: "timing",
      status: "completed",
      time: at(1),
      startTime: at(1),
      endTime: at(4),
      duration: 3,
      level: "error",
      key: traceId,
      touchpoint: "shop/orders/[id]",
      message: "GET /orders/:id",
      metadata: {
        ...resource,
        ...scope,
        "http.route": "/orders/:id",
        "http.response.status_code": 500,
        ratio: 0.25,
        tags: ["a", "b"],
        spanId: parentId,
        kind: "server",
        statusMessage: "it broke",
      },
    },
    {
      ...shared,
      kind: "timing",
      status: "completed",
      time: at(1.5),
      startTime: at(1.5),
      endTime: at(2.000_001),
      duration: 0.500_001,
      key: traceId,
      touchpoint: "shop/db query",
      metadata: {
        ...resource,
        ...scope,
        spanId: "3".padStart(16, "0"),
        parentSpanId: parentId,
        kind: "client",
        events: [{ name: "row", time: at(1.75), attributes: { n: 1 } }],
        links: [{ traceId, spanId: parentId, attributes: { why: "test" } }],
      },
    },
    {
      ...shared,
      kind: "log",
      time: at(5),
      level: "warn",
      key: traceId,
      touchpoint: "shop/shop.orders",
      message: "slow",
      metadata: {
        ...resource,
        "user.id": "u_1",
        big: 9_007_199_254_740_991,
        nested: { a: [1, 2.5, "x", null] },
        spanId: parentId,
      },
    },
    {
      ...shared,
      kind: "log",
      time: at(6),
      level: "error",
      touchpoint: "shop/shop.orders",
      message: "it broke",
      metadata: { ...resource, code: 7, severityText: "FATAL" },
    },
    {
      ...shared,
      kind: "log",
      time: at(7),
      level: "info",
      touchpoint: "orders/placed",
      message: "order.placed",
      metadata: resource,
    },
  ];
}

async function received(server: TestServer, reason: string): Promise<number> {
  return (await server.metrics()).get(`simplelogs_entries_dropped_total{reason="${reason}"}`) ?? 0;
}

describe("OpenTelemetry's SDK for JavaScript stores", () => {
  test.each([
    ["proto", "none", ""],
    ["proto", "gzip", ""],
    ["http", "none", "/api/otlp"],
    ["http", "gzip", ""],
  ] as const)("spans and logs whole: %s, compression %s, base path %j", (form, compression, base) =>
    withServer(configText(), async (server) => {
      const start = Math.floor(Date.now() / 1_000) - 60;
      await send(SENDS_BOTH, { url: server.url + base, form, compression, variables: { START: String(start) } });
      expect(sorted(await storedRecords(server, 5)) as object[]).toEqual(expectedRecords(start));
    }),
  );

  test("nothing with a key that is unknown, or a client key without an allowed Origin", () =>
    withServer(configText(), async (server) => {
      for (const key of ["sk_unknown0123456789abc", CLIENT_KEY]) {
        const variables = { START: "1", URL: server.url, FORM: "http", COMPRESSION: "none", KEY: key };
        await runModule(SENDS_BOTH, variables);
      }
      expect(await server.export()).toEqual([]);
    }));
});

describe("OpenTelemetry's SDK for JavaScript stores each record once", () => {
  test.each(["proto", "http"] as const)("when the answers to its first requests are lost (%s)", (form) =>
    withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        (index) => (index < 2 ? "lose the answer" : "pass"),
        async ({ url, requests }) => {
          await send(SENDS_MANY, { url, form, variables: { COUNT: "5" } });
          expect(messages(await storedRecords(server, 5))).toEqual(["n0", "n1", "n2", "n3", "n4"]);
          expect(requests.map(({ status }) => status)).toEqual([undefined, undefined, 200]);
          expect(await received(server, "duplicate")).toBe(10);
        },
      ),
    ),
  );

  test.each([503, 429])("after %d, not before Retry-After has passed", (status) =>
    withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        (index) => (index === 0 ? { status, headers: { "retry-after": "2" } } : "pass"),
        async ({ url, requests }) => {
          await send(SENDS_MANY, { url, variables: { COUNT: "3" } });
          expect(messages(await storedRecords(server, 3))).toEqual(["n0", "n1", "n2"]);
          const [first, second, ...others] = requests;
          expect(others).toEqual([]);
          expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_900);
        },
      ),
    ),
  );

  test("after the server's own 429, which says when", () =>
    withServer(configText({ pair: "rate = 10" }), (server) =>
      withGateway(
        () => server.url,
        () => "pass",
        async ({ url, requests }) => {
          await send(SENDS_MANY, { url, variables: { COUNT: "200" } });
          expect(messages(await storedRecords(server, 200)).length).toBe(200);
          expect(requests.map(({ status }) => status)).toContain(429);
        },
      ),
    ));

  test("though the server is killed and started again while it sends", () =>
    withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        () => "pass",
        async ({ url, requests }) => {
          const sending = send(SENDS_MANY, { url, variables: { COUNT: "5000" } });
          await eventually(
            "something is stored",
            async () => ((await server.metrics()).get("simplelogs_entries_stored_total") ?? 0) > 0,
          );
          await server.kill();
          await server.start();
          await sending;
          expect(requests.filter(({ status }) => status === undefined).length).toBeGreaterThan(0);
          const stored = messages(await server.export());
          expect(new Set(stored).size).toBe(stored.length);
          expect(stored.length).toBe(5_000);
        },
      ),
    ));
});
