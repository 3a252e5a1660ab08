import { describe, expect, test } from "bun:test";
import { BatchSchema } from "../../../src/core/entry.ts";
import { protocolPosts, protocolStubs } from "../../../src/http/protocols/routes.ts";
import { createFixture } from "./fixture.ts";

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function description(): Promise<Description> {
  const response = await createFixture().fetch(new Request("http://localhost:7070/openapi.json"));
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  return (await response.json()) as Description;
}

function allOf({ paths }: Description): [string, string, Described][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]): [string, string, Described] => [method.toUpperCase(), path, one]),
  );
}

describe("openapi.json", () => {
  test("needs no token and describes every route", async () => {
    const described = await description();
    expect([described.openapi, described.info.version]).toEqual(["3.1.1", "1.2.3"]);
    expect(allOf(described).map(([method, path]) => `${method} ${path}`)).toEqual([
      "POST /api/v1/enqueue",
      "OPTIONS /api/v1/enqueue",
      "GET /healthz",
      "GET /readyz",
      "GET /metrics",
      ...protocolPosts({ otlpBodyBytesMax: 1 }).flatMap(({ path }) => [`POST ${path}`, `OPTIONS ${path}`]),
      ...protocolStubs().flatMap(({ path, operations }) =>
        Object.keys(operations).map((method) => `${method} ${path}`),
      ),
      "GET /api/v1/session",
      "POST /api/v1/session",
      "DELETE /api/v1/session",
      "POST /api/v1/tickets",
      "GET /api/v1/entries",
      "GET /api/v1/trace",
      "GET /api/v1/histogram",
      "GET /api/v1/patterns",
      "GET /api/v1/markers",
      "GET /api/v1/breakdown",
      "GET /api/v1/fields",
      "GET /api/v1/fields/{name}/values",
      "GET /api/v1/timings",
      "GET /api/v1/timings/series",
      "GET /api/v1/timings/running",
      "GET /api/v1/touchpoints",
      "POST /api/v1/touchpoints",
      "PATCH /api/v1/touchpoints",
      "DELETE /api/v1/touchpoints",
      "POST /api/v1/touchpoints/seen",
      "GET /api/v1/views",
      "POST /api/v1/views",
      "PATCH /api/v1/views/{id}",
      "DELETE /api/v1/views/{id}",
      "GET /api/v1/usage",
      "GET /api/v1/rejections",
      "GET /api/v1/refusals",
      "GET /api/v1/alerts",
      "POST /api/v1/alerts",
      "PATCH /api/v1/alerts",
      "DELETE /api/v1/alerts",
      "POST /api/v1/alerts/preview",
      "GET /api/v1/alerts/history",
      "POST /api/v1/alerts/test",
      "POST /api/v1/alerts/mute",
      "GET /api/v1/keys",
      "POST /api/v1/keys",
      "PATCH /api/v1/keys",
      "DELETE /api/v1/keys",
      "GET /api/v1/status",
      "GET /api/v1/tail",
      "GET /api/v1/export",
      "POST /api/v1/erase",
      "GET /sdk/",
      "GET /sdk/{file}",
      "GET /sdk/{version}/{file}",
      "GET /openapi.json",
    ]);
  });

  test("describes methods that are served, and no others are", async () => {
    const fixture = createFixture();
    const { paths } = await description();
    for (const [path, methods] of Object.entries(paths)) {
      const url = `http://localhost:7070${path.replace("{name}", "level")}`;
      const response = await fixture.fetch(new Request(url, { method: "PUT" }));
      const served = (response.headers.get("allow") ?? "").split(", ").filter((method) => method !== "HEAD");
      expect([response.status, served.toSorted()]).toEqual([
        405,
        Object.keys(methods)
          .map((method) => method.toUpperCase())
          .toSorted(),
      ]);
    }
  });

  test("says of each operation who may call it, as it is enforced", async () => {
    const fixture = createFixture();
    for (const [method, path, { security, responses }] of allOf(await description())) {
      const url = `http://localhost:7070${path.replace("{name}", "level")}`;
      const response = await fixture.fetch(new Request(url, { method }));
      const isOpen = security.length === 0;
      // Without a body the two open POSTs fail for their own reasons.
      if (isOpen) expect([path, response.status]).not.toEqual([path, 401]);
      else expect([path, response.status]).toEqual([path, 401]);
      expect(Object.keys(responses)).toContain(String(response.status));
    }
  });

  test("gives every operation a name of its own", async () => {
    const names = allOf(await description()).map(([, , { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  test("describes every parameter of a path", async () => {
    for (const [, path, { parameters = [] }] of allOf(await description())) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((one) => one.in === "path").map((one) => [one.name, one.required])).toEqual(
        inPath.map((name) => [name as string, true]),
      );
    }
  });

  test("refers only to what it has, and has nothing that is not referred to", async () => {
    const described = await description();
    const references = [...JSON.stringify(described).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    const used = new Set(references.map(([, name]) => name as string));
    expect([...used].toSorted()).toEqual(Object.keys(described.components.schemas));
  });

  test("takes parameters and bodies from the schemas that check them", async () => {
    const { paths } = await description();
    const entries = paths["/api/v1/entries"]?.["get"];
    expect(entries?.parameters?.find(({ name }) => name === "limit")).toEqual({
      name: "limit",
      in: "query",
      required: false,
      description: "How many are listed at most",
      schema: { type: "integer", minimum: 1, maximum: 10_000, default: 100 },
    } as never);
    const body = paths["/api/v1/enqueue"]?.["post"]?.requestBody;
    expect(body).toEqual({
      required: true,
      content: { "application/json": { schema: JSON.parse(JSON.stringify(BatchSchema)) } },
    });
    const register = JSON.stringify(paths["/api/v1/touchpoints"]?.["post"]?.requestBody);
    expect(register).toContain('"maxLength":512');
    expect(register).not.toContain("expects");
  });
});
