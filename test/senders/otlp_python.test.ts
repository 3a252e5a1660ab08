// OpenTelemetry's SDK for Python against the executable, configured by its environment as an application's is.

import { describe, expect, test } from "bun:test";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";
import { withGateway } from "./gateway.ts";
import { type SentRecord, storedRecords } from "./programs.ts";
import { runPythonSender } from "./python_packages.ts";

const PROGRAM = `
import logging, os, time
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator

class Rising(IdGenerator):
    last = 0
    def generate_span_id(self):
        Rising.last += 1
        return Rising.last
    generate_trace_id = generate_span_id

resource = Resource({"service.name": "billing", "telemetry.sdk.name": "opentelemetry", "host.name": "web-1"})
traces = TracerProvider(resource=resource, id_generator=Rising())
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
log = logging.getLogger("billing.invoice")
log.setLevel(logging.DEBUG)
log.addHandler(LoggingHandler(logger_provider=logs))

start = int(os.environ["START"]) * 1_000_000_000
tracer = traces.get_tracer("billing")
span = tracer.start_span("invoice/create", start_time=start + 1_000_000, attributes={"invoice.id": "inv_1", "amount": 10.5})
with trace.use_span(span, end_on_exit=False):
    log.warning("Invoice %s is late", "inv_1", extra={"customer": "c_1"})
    try:
        raise ValueError("no mail")
    except ValueError:
        log.exception("could not send")
span.add_event("sent", {"to": "c_1"}, start + 1_500_000)
span.end(start + 2_000_123)
logs.shutdown()
traces.shutdown()
`;

async function send(url: string, start: number, variables: Readonly<Record<string, string>> = {}) {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer ${SERVER_KEY}`,
    START: String(start),
    ...variables,
  };
  const { exitCode, stderr } = await runPythonSender(PROGRAM, environment);
  if (exitCode !== 0) throw new Error(stderr);
}

const pastSecond = () => Math.floor(Date.now() / 1_000) - 60;

/** Of any second: the timing first. */
function expectedRecords(start: number): unknown[] {
  const shared = { project: "default", apiKey: "test", source: "server", keyType: "server" };
  const resource = { "service.name": "billing", "host.name": "web-1" };
  const key = expect.stringMatching(/^0{31}[12]$/);
  const spanId = expect.stringMatching(/^0{15}[12]$/);
  const at = (ms: number) => start * 1_000 + ms;
  const code = {
    "code.file.path": expect.stringContaining("<stdin>"),
    "code.function.name": "<module>",
    "code.line.number": expect.any(Number),
  };
  return [
    {
      ...shared,
      kind: "timing",
      status: "completed",
      time: at(1),
      startTime: at(1),
      endTime: at(2.000_123),
      duration: 1.000_123,
      key,
      touchpoint: "billing/invoice/create",
      metadata: {
        ...resource,
        "otel.scope.name": "billing",
        "invoice.id": "inv_1",
        amount: 10.5,
        spanId,
        kind: "internal",
        events: [{ name: "sent", time: at(1.5), attributes: { to: "c_1" } }],
      },
    },
    {
      ...shared,
      kind: "log",
      time: expect.any(Number),
      level: "warn",
      key,
      touchpoint: "billing/billing.invoice",
      message: "Invoice inv_1 is late",
      metadata: { ...resource, ...code, customer: "c_1", spanId },
    },
    {
      ...shared,
      kind: "log",
      time: expect.any(Number),
      level: "error",
      key,
      touchpoint: "billing/billing.invoice",
      message: "could not send",
      metadata: {
        ...resource,
        ...code,
        "exception.type": "ValueError",
        "exception.message": "no mail",
        "exception.stacktrace": expect.stringContaining("ValueError: no mail"),
        spanId,
      },
    },
  ];
}

const sorted = (records: readonly SentRecord[]) => records.toSorted((one, other) => one.time - other.time);

describe("OpenTelemetry's SDK for Python stores spans and logs whole", () => {
  test.each([
    ["as it is", "", {}],
    [
      "compressed, with the key in x-api-key",
      "",
      {
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
        OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${SERVER_KEY}`,
      },
    ],
    ["at the base path /api/otlp", "/api/otlp", { OTEL_EXPORTER_OTLP_COMPRESSION: "deflate" }],
  ] as const)("%s", (_, base, variables) =>
    withServer(configText(), async (server) => {
      const [start, before] = [pastSecond(), Date.now()];
      await send(server.url + base, start, variables);
      const records = sorted(await storedRecords(server, 3));
      expect(records).toEqual(expectedRecords(start) as SentRecord[]);
      for (const { time } of records.slice(1)) expect(time).toBeWithin(before - 1, Date.now() + 1);
      expect(new Set(records.map(({ key }) => key)).size).toBe(1);
    }),
  );

  test("once, when the answers to its first requests are lost", () =>
    withServer(configText(), (server) =>
      withGateway(
        () => server.url,
        (index) => (index < 2 ? "lose the answer" : "pass"),
        async ({ url, requests }) => {
          const start = pastSecond();
          await send(url, start);
          expect(sorted(await storedRecords(server, 3))).toEqual(expectedRecords(start) as SentRecord[]);
          expect(requests.filter(({ status }) => status === undefined).length).toBe(2);
        },
      ),
    ));
});
