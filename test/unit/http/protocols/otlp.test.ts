import { describe, expect, test } from "bun:test";
import type { AcceptedReport } from "../../../../src/core/batch.ts";
import { otlpRoutes, otlpStubs } from "../../../../src/http/protocols/otlp.ts";
import type { ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";
import { bytesField, textField, varintField } from "../../../support/otlp_messages.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";
const ROUTES = otlpRoutes(1_000);

function requestOf(contentType: string | undefined, path = "/v1/logs"): Request {
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  return new Request(`http://localhost${path}`, { method: "POST", headers });
}

function routeOf(path: string): ProtocolRoute {
  const route = ROUTES.find((one) => one.path === path);
  if (route === undefined) throw new Error(path);
  return route;
}

/** Of both types: the status, and the body as text or bytes. */
function bodiesOf(answer: (request: Request) => { status: number; body: unknown; contentType?: string }) {
  return [JSON_TYPE, PROTOBUF].map((type) => {
    const { status, body, contentType } = answer(requestOf(type));
    expect(contentType).toBe(type);
    return [status, typeof body === "string" ? JSON.parse(body) : Buffer.from(body as Uint8Array)];
  });
}

describe("OTLP", () => {
  test("has the paths of the specification, and those of the hosted service", () => {
    expect(ROUTES.map(({ path, protocol, bodyBytesMax }) => [path, protocol, bodyBytesMax])).toEqual([
      ["/v1/logs", "otlp_logs", 1_000],
      ["/v1/traces", "otlp_traces", 1_000],
      ["/api/otlp/v1/logs", "otlp_logs", 1_000],
      ["/api/otlp/v1/traces", "otlp_traces", 1_000],
    ]);
  });

  test.each([
    ["application/json", "text"],
    ["Application/JSON; charset=utf-8", "text"],
    ["application/x-protobuf", "bytes"],
    ["application/x-protobuf;a=b", "bytes"],
    ["application/protobuf", "bytes"],
    ["text/plain", undefined],
    ["application/jsonl", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("takes a body of the type %p as %p", (type, form) => {
    for (const route of ROUTES) expect(route.formOf(requestOf(type).headers)).toBe(form as "text");
  });

  test("answers a body that is stored whole with an empty message of the request's type", () => {
    for (const { accepted } of ROUTES) {
      expect(bodiesOf((request) => accepted({ dropped: [] }, request))).toEqual([
        [200, {}],
        [200, Buffer.alloc(0)],
      ]);
    }
  });

  test.each([
    ["/v1/logs", "rejectedLogRecords"],
    ["/v1/traces", "rejectedSpans"],
  ])("%s counts what is not stored in %s, and says why", (path, rejected) => {
    const problem = "A value nests deeper than 32 levels";
    const dropped: AcceptedReport["dropped"] = [
      { at: 0, reason: "too_deep", problem },
      { at: 1, reason: "too_old" },
      ...Array.from({ length: 300 }, (_, at) => ({ at: at + 2, reason: "too_deep", problem: "another" }) as const),
    ];
    const errorMessage = `Not stored: 301 too_deep (${problem}), 1 too_old`;
    const partialSuccess = bytesField(1, Buffer.concat([varintField(1, 302n), textField(2, errorMessage)]));
    expect(bodiesOf((request) => routeOf(path).accepted({ dropped }, request))).toEqual([
      [200, { partialSuccess: { [rejected]: "302", errorMessage } }],
      [200, partialSuccess],
    ]);
  });

  test.each([
    [400, 400, 3],
    [401, 401, 16],
    [403, 403, 7],
    [413, 413, 3],
    [415, 415, 3],
    [422, 400, 3],
    [429, 429, 8],
    [500, 500, 13],
    [503, 503, 14],
  ])("answers %d as %d with google.rpc.Status and the code %d", (refused, status, code) => {
    const message = "What is wrong";
    for (const route of ROUTES) {
      expect(bodiesOf((request) => route.refused({ status: refused, message }, request))).toEqual([
        [status, { code, message }],
        [status, Buffer.concat([varintField(1, BigInt(code)), textField(2, message)])],
      ]);
    }
  });

  test("answers a body of another type in JSON", () => {
    expect(routeOf("/v1/logs").refused({ status: 415, message: "a" }, requestOf("text/plain"))).toEqual({
      status: 415,
      body: '{"code":3,"message":"a"}',
      contentType: JSON_TYPE,
    });
  });

  test("answers metrics with 404 and how to turn them off, in the request's type", async () => {
    const stubs = otlpStubs();
    expect(stubs.map(({ path }) => path)).toEqual(["/v1/metrics", "/api/otlp/v1/metrics"]);
    for (const { path, operations } of stubs) {
      for (const type of [JSON_TYPE, PROTOBUF]) {
        const response = await operations.POST?.handle(requestOf(type, path));
        expect([response?.status, response?.headers.get("content-type")]).toEqual([404, type]);
        expect(await response?.text()).toContain("OTEL_METRICS_EXPORTER=none");
      }
    }
  });
});
