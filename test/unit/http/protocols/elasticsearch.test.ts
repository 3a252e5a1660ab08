import { describe, expect, test } from "bun:test";
import { OPERATION_LETTERS } from "../../../../src/decode/elasticsearch.ts";
import { elasticsearchRoutes, elasticsearchStubs } from "../../../../src/http/protocols/elasticsearch.ts";
import type { ProtocolRoute } from "../../../../src/http/protocols/protocol.ts";

const PRODUCT = { "x-elastic-product": "Elasticsearch" };
const route = elasticsearchRoutes[0] as ProtocolRoute;
const request = new Request("http://localhost:7070/elasticsearch/_bulk", { method: "POST" });

function accepted(report: Parameters<ProtocolRoute["accepted"]>[0]) {
  const { body, ...response } = route.accepted(report, request);
  return { ...response, body: JSON.parse(body as string) as unknown };
}

describe("a bulk answer", () => {
  test("has an item for each action, in order", () => {
    const problem = "Deleting is not supported: records do not change";
    const dropped = [{ at: 1, reason: "invalid", problem } as const, { at: 3, reason: "too_old" } as const];
    const error = (reason: string) => ({ type: "document_parsing_exception", reason });
    expect(accepted({ dropped, operations: "cdiu" })).toEqual({
      status: 200,
      contentType: "application/json",
      headers: PRODUCT,
      body: {
        took: 0,
        errors: true,
        items: [
          { create: { result: "created", status: 201 } },
          { delete: { status: 400, error: error(problem) } },
          { index: { result: "created", status: 201 } },
          { update: { status: 400, error: error("It is older than the project's retention") } },
        ],
      },
    });
  });

  test("has no errors where all is stored, and no items where nothing is known of them", () => {
    expect(accepted({ dropped: [], operations: "i" }).body).toMatchObject({ errors: false, items: [{}] });
    expect(accepted({ dropped: [] }).body).toEqual({ took: 0, errors: false, items: [] });
  });

  test("knows every letter of the decoder", () => {
    const letters = Object.entries(OPERATION_LETTERS);
    const { items } = accepted({ dropped: [], operations: letters.map(([letter]) => letter).join("") }).body as {
      items: object[];
    };
    expect(items.flatMap(Object.keys)).toEqual(letters.map(([, name]) => name));
  });
});

test("a refusal has the form of Elasticsearch", () => {
  const response = route.refused({ status: 401, message: "API key is missing" }, request);
  const cause = { type: "security_exception", reason: "API key is missing" };
  expect({ ...response, body: JSON.parse(response.body as string) as unknown }).toEqual({
    status: 401,
    contentType: "application/json",
    headers: PRODUCT,
    body: { error: { root_cause: [cause], ...cause }, status: 401, message: "API key is missing" },
  });
});

test("whatever clients ask before they send names the product", async () => {
  for (const { path, operations } of elasticsearchStubs()) {
    for (const operation of Object.values(operations)) {
      const response = await operation.handle(new Request(`http://localhost:7070${path}`));
      expect([
        response.status,
        response.headers.get("x-elastic-product"),
        response.headers.get("content-type"),
      ]).toEqual([200, "Elasticsearch", "application/json"]);
    }
  }
});
