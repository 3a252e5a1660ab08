// The middleware in real applications: what each request is recorded as.

import { describe, expect, test } from "bun:test";
import type { Entry } from "../../src/core/entry.ts";
import { untilTrue } from "../support/condition.ts";
import { QUEUED, type ScriptedServer, withScriptedServer } from "../support/scripted_server.ts";
import { configText, withServer } from "../support/server.ts";
import { RUNTIME_NAMES, type RuntimeName, withProgram } from "./run_program.ts";

const TRACE = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  "x-simplelogs-page-id": "p1",
  "x-simplelogs-session-id": "s1",
};
const IDS = {
  traceId: TRACE.traceparent.slice(3, 35),
  parentSpanId: "b7ad6b7169203331",
  pageId: "p1",
  sessionId: "s1",
};

/** An application that runs, and the server that its entries go to. */
interface Running {
  readonly entries: () => readonly Entry[];
  readonly server: ScriptedServer;
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The record of the request with this touchpoint, once it is there. */
  recorded(touchpoint: string): Promise<Entry>;
}

function withApplication(
  runtime: RuntimeName,
  file: string,
  variables: Readonly<Record<string, string>>,
  work: (running: Running) => Promise<void>,
): Promise<void> {
  return withScriptedServer(
    () => QUEUED,
    (server) =>
      withProgram(
        runtime,
        { file },
        { SIMPLELOGS_API_ENDPOINT: server.endpoint, SIMPLELOGS_BATCH_INTERVAL: "5", ...variables },
        async (program) => {
          const port = await program.printed(/listening (\d+)/);
          const entries = () => server.sent.flatMap((sent) => sent.entries);
          await work({
            server,
            entries,
            request: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
            async recorded(touchpoint) {
              const find = () => entries().find((entry) => entry.touchpoint === touchpoint);
              await untilTrue(`${touchpoint} is recorded`, () => find() !== undefined, 10_000).catch((error) => {
                console.error(entries().map((entry) => entry.touchpoint));
                throw error;
              });
              return find() as Entry;
            },
          });
          program.signal("SIGTERM");
          await program.ended();
          expect(program.stderr).toBe("");
        },
      ),
  );
}

/** Reads a little of the answer, and leaves. */
async function leave(running: Running, path: string, awaitsAnswer: boolean): Promise<void> {
  const controller = new AbortController();
  const answer = running.request(path, { signal: controller.signal });
  if (awaitsAnswer) await (await answer).body?.getReader().read();
  else await new Promise((resolve) => setTimeout(resolve, 100));
  controller.abort();
  await answer.catch(() => undefined);
}

function isTiming(entry: Entry): void {
  const { startTime, duration = -1 } = entry;
  expect(duration).toBeGreaterThanOrEqual(0);
  expect(startTime).toBeWithin(Date.now() - 60_000, Date.now() + 1);
}

const EXPRESS: readonly (readonly [RuntimeName, string])[] = [
  ["Node", "express"],
  ["Node", "express4"],
  ["Bun", "express"],
  ["Deno", "express"],
];

for (const [runtime, version] of EXPRESS) {
  describe(`${version} on ${runtime}`, () => {
    test("names requests by their routes, with status and method, and takes over the caller's ids", () =>
      withApplication(runtime, "express.mjs", { EXPRESS: version }, async (running) => {
        await (await running.request("/orders/42?token=secret", { headers: TRACE })).text();
        const order = await running.recorded("orders/[id]");
        isTiming(order);
        expect(order.level).toBeUndefined();
        expect(order.message).toBeUndefined();
        expect(order.metadata).toMatchObject({ method: "GET", status: 200, environment: "test", ...IDS });

        const body = JSON.stringify({ count: 3 });
        const headers = { "content-type": "application/json", ...TRACE };
        await (await running.request("/orders/7/lines/x", { method: "POST", body, headers })).text();
        const line = await running.recorded("orders/[id]/lines/[line]");
        expect(line.metadata).toMatchObject({ method: "POST", status: 201, ...IDS });
        expect(line.duration).toBeGreaterThan(19);
        const inside = running.entries().find((entry) => entry.message === "inside");
        expect(inside?.metadata).toMatchObject({ body: { count: 3 }, ...IDS });
        expect(inside?.metadata?.["spanId"]).toBe(line.metadata?.["spanId"]);
        // The middleware is mounted twice there.
        expect(running.entries().map(({ touchpoint }) => touchpoint)).toEqual([
          "orders/[id]",
          undefined,
          "orders/[id]/lines/[line]",
        ] as string[]);
      }));

    test("masks the paths of mounted handlers and of requests without a route", () =>
      withApplication(runtime, "express.mjs", { EXPRESS: version }, async (running) => {
        const named: Readonly<Record<string, string>> = {
          "/tenants/acme/users/bob": "tenants/[tenant]/users/[user]",
          "/tenants/globex": "tenants/[tenant]",
          "/pattern/some/9f8b3c1e": "pattern/some/[id]",
          "/flights/LHR-JFK": "flights/[from]-[to]",
          "/blocked/3fa85f64-5717-4562-b3fc-2c963f66afa6/x": "blocked/[id]/x",
          "/nothing/12345/here": "nothing/[id]/here",
        };
        for (const [path, touchpoint] of Object.entries(named)) {
          await (await running.request(path)).text();
          await running.recorded(touchpoint);
        }
        await (await running.request("/either/abc")).text();
        await running.recorded("either/[one]");
        await (await running.request("/healthz")).text();
        await (await running.request("/static/app.js")).text();
        await (await running.request("/or/1")).text();
        await running.recorded("or/[two]");
        expect(running.entries().map(({ touchpoint }) => touchpoint)).not.toContain("healthz");
        expect(running.entries()).toHaveLength(Object.keys(named).length + 2);
        expect(running.entries().map(({ metadata }) => metadata?.["status"])).toEqual([
          200, 200, 200, 200, 403, 404, 200, 200,
        ]);
      }));

    test("4xx are warnings, 5xx errors with the stack and its causes", () =>
      withApplication(runtime, "express.mjs", { EXPRESS: version }, async (running) => {
        await (await running.request("/boom/9")).text();
        expect(await running.recorded("boom/[id]")).toMatchObject({
          level: "error",
          message: "broken",
          metadata: {
            method: "GET",
            status: 500,
            error: { stack: expect.stringContaining("program.mjs"), cause: { message: "why" } },
          },
        });
        await (await running.request("/later")).text();
        expect(await running.recorded("later")).toMatchObject({
          level: "warn",
          message: "teapot",
          metadata: { status: 418 },
        });
        await (await running.request("/text")).text();
        expect(await running.recorded("text")).toMatchObject({ level: "error", message: "just text" });
        await (await running.request("/nothing")).text();
        const missing = { level: "warn", message: "GET nothing: 404", metadata: { status: 404 } };
        expect(await running.recorded("nothing")).toMatchObject(missing);
        await (
          await running.request("/orders/1/lines/2", {
            method: "POST",
            body: "{",
            headers: { "content-type": "application/json" },
          })
        ).text();
        const malformed = await running.recorded("orders/[id]/lines/[id]");
        expect(malformed).toMatchObject({ level: "warn", metadata: { status: 400, error: { name: "SyntaxError" } } });
      }));

    test("a request that fails in a mounted router has the whole route's name", () =>
      withApplication(runtime, "express.mjs", { EXPRESS: version }, async (running) => {
        const route = "tenants/[tenant]/users/[user]";
        await (await running.request("/tenants/acme/users/bob/boom")).text();
        expect(await running.recorded(`${route}/boom`)).toMatchObject({ level: "error", message: "deep" });
        await (await running.request("/tenants/acme/users/bob/skip")).text();
        expect(await running.recorded(`${route}/skip`)).toMatchObject({ level: "warn", metadata: { status: 404 } });
        await running.request("/tenants/acme/users/bob/late").then((answer) => answer.text().catch(String), String);
        const late = { level: "error", message: "late", metadata: { status: 200, aborted: true } };
        expect(await running.recorded(`${route}/late`)).toMatchObject(late);
      }));

    test("a timing ends with its answer, or when the client leaves", () =>
      withApplication(runtime, "express.mjs", { EXPRESS: version }, async (running) => {
        const answer = await running.request("/stream");
        await answer.text();
        expect((await running.recorded("stream")).duration).toBeGreaterThan(99);
        await leave(running, "/never/1", true);
        const begun = { level: "warn", metadata: { status: 200, aborted: true } };
        expect(await running.recorded("never/[id]")).toMatchObject(begun);
        await leave(running, "/silent/1", false);
        const silent = await running.recorded("silent/[id]");
        expect(silent).toMatchObject({ level: "warn", metadata: { aborted: true } });
        expect(silent.metadata).not.toHaveProperty("status");
      }));
  });
}

for (const runtime of RUNTIME_NAMES) {
  describe(`Hono on ${runtime}`, () => {
    test("requests are named by their routes, streams end with their bodies, errors have stacks", () =>
      withApplication(runtime, "hono.mjs", {}, async (running) => {
        await (await running.request("/orders/42?x=1", { headers: TRACE })).text();
        const order = await running.recorded("orders/[id]");
        isTiming(order);
        expect(order.metadata).toMatchObject({ method: "GET", status: 200, ...IDS });
        expect(order.level).toBeUndefined();
        const inside = running.entries().find((entry) => entry.message === "inside");
        expect(inside?.metadata).toMatchObject(IDS);
        const named: Readonly<Record<string, string>> = {
          "/posts/a-post-of-2026/3": "posts/[slug]/[page]",
          "/files/a/b.txt": "files/[rest]",
          "/tenants/acme/users/bob": "tenants/[tenant]/users/[user]",
          "/nothing/12345": "nothing/[id]",
          "/private/7": "private/[rest]",
        };
        for (const [path, touchpoint] of Object.entries(named)) {
          await (await running.request(path)).text();
          await running.recorded(touchpoint);
        }
        await (await running.request("/private/7", { headers: { "x-pass": "1" } })).text();
        await running.recorded("private/[id]");
        expect(await running.recorded("private/[rest]")).toMatchObject({ level: "warn", metadata: { status: 401 } });
        expect(await running.recorded("nothing/[id]")).toMatchObject({ level: "warn", metadata: { status: 404 } });
        await (await running.request("/healthz")).text();

        expect(await (await running.request("/events")).text()).toBe("data: one\n\ndata: two\n\n");
        expect((await running.recorded("events")).duration).toBeGreaterThan(99);
        await leave(running, "/endless/1", true);
        expect(await running.recorded("endless/[id]")).toMatchObject({
          level: "warn",
          metadata: { status: 200, aborted: true },
        });

        expect(await (await running.request("/boom")).json()).toEqual({ message: "sorry" });
        expect(await running.recorded("boom")).toMatchObject({
          level: "error",
          message: "broken",
          metadata: { status: 500, error: { stack: expect.stringContaining("program.mjs") } },
        });
        expect(running.entries().map(({ touchpoint }) => touchpoint)).not.toContain("healthz");
      }));
  });
}

describe("Elysia on Bun", () => {
  test("requests are named by their routes, streams end with their bodies, errors have stacks", () =>
    withApplication("Bun", "elysia.mjs", {}, async (running) => {
      expect(await (await running.request("/orders/42", { headers: TRACE })).json()).toEqual({ id: "42" });
      const order = await running.recorded("orders/[id]");
      isTiming(order);
      expect(order.metadata).toMatchObject({ method: "GET", status: 200, ...IDS });
      const inside = running.entries().find((entry) => entry.message === "inside");
      expect(inside?.metadata).toMatchObject(IDS);
      const named: Readonly<Record<string, string>> = {
        "/constant": "constant",
        "/files/a/b": "files/[rest]",
        "/tenants/acme/users/bob": "tenants/[tenant]/users/[user]",
        "/nothing/12345": "nothing/[id]",
        "/refused": "refused",
      };
      for (const [path, touchpoint] of Object.entries(named)) {
        await (await running.request(path)).text();
        await running.recorded(touchpoint);
      }
      expect(await running.recorded("refused")).toMatchObject({ level: "warn", metadata: { status: 403 } });
      expect(await running.recorded("nothing/[id]")).toMatchObject({ level: "warn", metadata: { status: 404 } });
      expect(await (await running.request("/stream")).text()).toContain("two");
      expect((await running.recorded("stream")).duration).toBeGreaterThan(99);
      await (await running.request("/boom")).text();
      expect(await running.recorded("boom")).toMatchObject({
        level: "error",
        message: "broken",
        metadata: { status: 500, error: { stack: expect.stringContaining("program.mjs") } },
      });
      await (await running.request("/healthz")).text();
      expect(running.entries().map(({ touchpoint }) => touchpoint)).not.toContain("healthz");
    }));
});

describe("an Express application and the compiled server", () => {
  test("answered requests are stored after SIGTERM", () =>
    withServer(configText(), async (server) => {
      const variables = { EXPRESS: "express", SIMPLELOGS_API_ENDPOINT: `${server.url}/api/v1` };
      await withProgram("Node", { file: "express.mjs" }, variables, async (program) => {
        const port = await program.printed(/listening (\d+)/);
        for (let id = 0; id < 20; id++) await (await fetch(`http://127.0.0.1:${port}/orders/${id}`)).text();
        program.signal("SIGTERM");
        expect(await program.ended()).toBeNull();
      });
      const records = await server.export();
      expect(records).toHaveLength(20);
      for (const { kind, status, touchpoint } of records) {
        expect({ kind, status, touchpoint }).toEqual({
          kind: "timing",
          status: "completed",
          touchpoint: "orders/[id]",
        });
      }
    }));
});
