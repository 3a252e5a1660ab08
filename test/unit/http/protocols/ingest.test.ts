import { expect, test } from "bun:test";
import { ingestRoutes } from "../../../../src/http/protocols/ingest.ts";
import type { ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";

const route = ingestRoutes[0] as ProtocolRoute;
const request = new Request("http://localhost:7070/api/v1/ingest", { method: "POST" });

test("an answer is that of the specification's endpoint where all is stored", () => {
  expect(route.accepted({ dropped: [] }, request)).toEqual({
    status: 202,
    body: '{"queued":true}',
    contentType: "application/json",
  });
});

test("an answer counts what is not stored, and says why the first are not", () => {
  const problem = "Line 2 is not an object";
  const dropped = [{ at: 1, reason: "invalid", problem } as const, { at: 3, reason: "too_old" } as const];
  expect(route.accepted({ dropped }, request).body).toBe(
    `{"queued":true,"dropped":2,"problems":["${problem}","It is older than the project's retention"]}`,
  );
  const many = Array.from({ length: 500 }, (_, at) => ({ at, reason: "empty" }) as const);
  expect(JSON.parse(route.accepted({ dropped: many }, request).body as string)).toEqual({
    queued: true,
    dropped: 500,
    problems: Array.from({ length: 10 }, () => "It says nothing"),
  });
});

test("a refusal is that of the specification's endpoint", () => {
  expect(route.refused({ status: 503, message: "Busy", retryAfterSeconds: 2 }, request)).toEqual({
    status: 503,
    body: '{"message":"Busy"}',
    contentType: "application/json",
  });
});
