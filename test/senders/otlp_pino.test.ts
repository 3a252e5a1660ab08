// pino-opentelemetry-transport against the executable, configured by its environment.

import { expect, test } from "bun:test";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";
import { runModule, storedRecords } from "./programs.ts";

const PROGRAM = `
import pino from "pino";
const transport = pino.transport({ target: "pino-opentelemetry-transport", options: { loggerName: "orders" } });
const log = pino({ level: "trace" }, transport);
await new Promise((resolve) => transport.on("ready", resolve));
log.trace("first");
log.warn({ orderId: "ord_1", user: { name: "Zoë" }, trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", span_id: "00f067aa0ba902b7", trace_flags: "01" }, "slow");
log.fatal(new Error("it broke"));
const alive = setInterval(() => {}, 1_000);
transport.on("close", () => clearInterval(alive));
transport.end();
`;

test.each(["http/protobuf", "http"])("pino-opentelemetry-transport stores logs whole (%s)", (protocol) =>
  withServer(configText({ tables: '[otlp]\nresource = ["service.*", "host.arch"]' }), async (server) => {
    const before = Date.now();
    const { exitCode, stderr } = await runModule(PROGRAM, {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${SERVER_KEY}`,
      OTEL_RESOURCE_ATTRIBUTES: "service.name=shop,team=a",
    });
    expect([exitCode, stderr]).toEqual([0, ""]);
    const records = await storedRecords(server, 3);
    const resource = {
      "service.name": "shop",
      "service.instance.id": expect.any(String),
      "host.arch": expect.any(String),
    };
    const shared = {
      project: "default",
      apiKey: "test",
      kind: "log" as const,
      source: "server" as const,
      keyType: "server" as const,
      time: expect.any(Number) as number,
      touchpoint: "shop/orders",
    };
    expect(records).toEqual([
      { ...shared, level: "debug", message: "first", metadata: { ...resource, severityText: "trace" } },
      {
        ...shared,
        level: "warn",
        message: "slow",
        key: "4bf92f3577b34da6a3ce929d0e0e4736",
        metadata: { ...resource, orderId: "ord_1", user: { name: "Zoë" }, spanId: "00f067aa0ba902b7" },
      },
      {
        ...shared,
        level: "error",
        message: "it broke",
        metadata: {
          ...resource,
          severityText: "fatal",
          err: { type: "Error", message: "it broke", stack: expect.stringContaining("Error: it broke\n    at ") },
        },
      },
    ]);
    for (const { time } of records) expect(time).toBeWithin(before - 1, Date.now() + 1);
  }),
);
