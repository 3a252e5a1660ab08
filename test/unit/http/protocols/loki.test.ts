import { describe, expect, test } from "bun:test";
import { lokiRoutes } from "../../../../src/http/protocols/loki.ts";
import type { ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";

const route = lokiRoutes[0] as ProtocolRoute;
const request = new Request("http://localhost:7070/loki/api/v1/push", { method: "POST" });

describe("a push is read as", () => {
  test.each<[string, Record<string, string>]>([
    ["text", { "content-type": "application/json" }],
    ["text", { "content-type": "application/json; charset=utf-8" }],
    ["text", { "content-type": "application/x-www-form-urlencoded" }],
    ["text", { "content-type": "application/json", "content-encoding": "gzip" }],
    ["text", {}],
    ["snappy", { "content-type": "application/x-protobuf" }],
    ["snappy", { "content-type": "Application/Protobuf; proto=logproto.PushRequest" }],
    ["snappy", { "content-type": "application/vnd.google.protobuf" }],
    ["snappy", { "content-type": "application/x-protobuf", "content-encoding": "snappy" }],
    ["snappy", { "content-type": "application/json", "content-encoding": " Snappy" }],
  ])("%s with %p", (form, headers) => {
    expect(route.formOf(new Headers(headers))).toBe(form as "text");
  });
});

test("a push that was taken has no body, one that was refused says why", () => {
  expect(route.accepted({ dropped: [] }, request)).toEqual({ status: 204, body: null });
  expect(route.refused({ status: 401, message: "API key is missing" }, request)).toEqual({
    status: 401,
    body: '{"message":"API key is missing"}',
    contentType: "application/json",
  });
});
