// Route handlers in an application that Next has built and serves.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "../../src/core/entry.ts";
import { untilTrue } from "../support/condition.ts";
import { run } from "../support/run.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { SERVER_KEY } from "../support/server.ts";
import { withPackages } from "../support/suite_packages.ts";
import { nodeModuleText } from "./built_module.ts";
import { Program, RUNTIMES } from "./run_program.ts";

/** Building takes a core some ten seconds. */
const BUILD_MS_MAX = 240_000;
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("a route handler of Next", () => {
  const server = new ScriptedServer();
  const ended = Promise.withResolvers<void>();
  let isOver: Promise<void>;
  let url = "";

  beforeAll(async () => {
    const started = Promise.withResolvers<void>();
    isOver = withPackages("client", async (folder) => {
      cpSync(join(import.meta.dir, "programs/next"), folder, { recursive: true });
      writeFileSync(join(folder, "node.mjs"), await nodeModuleText());
      const environment = {
        PATH: process.env["PATH"] ?? "",
        HOME: process.env["HOME"] ?? folder,
        NEXT_TELEMETRY_DISABLED: "1",
        SIMPLELOGS_SERVER_KEY: SERVER_KEY,
        SIMPLELOGS_API_ENDPOINT: server.endpoint,
        SIMPLELOGS_BATCH_INTERVAL: "5",
      };
      const [node] = RUNTIMES.Node;
      const next = join(folder, "../node_modules/next/dist/bin/next");
      const built = await run(node, [next, "build"], { cwd: folder, environment, timeoutMs: BUILD_MS_MAX });
      expect({ exitCode: built.exitCode, output: built.exitCode === 0 ? "" : built.stdout + built.stderr }).toEqual({
        exitCode: 0,
        output: "",
      });
      const program = new Program([node, next, "start", "--hostname", "127.0.0.1", "--port", "0"], folder, environment);
      try {
        url = await program.printed(/(http:\/\/127\.0\.0\.1:[1-9]\d*)/);
        started.resolve();
        await ended.promise;
      } finally {
        program.signal("SIGTERM");
        await program.ended();
      }
    });
    isOver.catch(started.reject);
    await started.promise;
  }, BUILD_MS_MAX + 30_000);

  afterAll(async () => {
    ended.resolve();
    await isOver;
    await server.stop();
  });

  const entries = () => server.sent.flatMap((sent) => sent.entries);

  async function recorded(touchpoint: string, method = "GET"): Promise<Entry> {
    const find = () =>
      entries().find((entry) => entry.touchpoint === touchpoint && entry.metadata?.["method"] === method);
    await untilTrue(`${touchpoint} is recorded`, () => find() !== undefined);
    return find() as Entry;
  }

  test("is named by its parameters, with the caller's trace, also in what it logs", async () => {
    const headers = { traceparent: TRACE, "x-simplelogs-page-id": "p1" };
    expect(await (await fetch(`${url}/api/orders/A-42?x=1`, { headers })).json()).toEqual({ id: "A-42" });
    const order = await recorded("api/orders/[id]");
    const ids = { traceId: TRACE.slice(3, 35), pageId: "p1" };
    expect(order).toMatchObject({ metadata: { method: "GET", status: 200, ...ids } });
    expect(order.duration).toBeGreaterThan(19);
    expect(order.level).toBeUndefined();
    expect(entries().find(({ message }) => message === "inside")?.metadata).toMatchObject(ids);
    await (await fetch(`${url}/api/docs/a/b%20c/d`)).text();
    await recorded("api/docs/[slug]");
  });

  test("that throws is an error with its stack, and Next answers 500", async () => {
    const answer = await fetch(`${url}/api/orders/A-7`, { method: "POST" });
    expect(answer.status).toBe(500);
    expect(await recorded("api/orders/[id]", "POST")).toMatchObject({
      level: "error",
      message: "broken",
      metadata: { status: 500, error: { stack: expect.stringContaining("route"), cause: { message: "why" } } },
    });
  });

  test("has the status that notFound() and redirect() mean, and a stream ends with its body", async () => {
    const expected: readonly (readonly [string, number, Entry["level"]])[] = [
      ["missing", 404, "warn"],
      ["moved", 307, undefined],
      ["refused", 403, "warn"],
      ["late", 200, undefined],
    ];
    for (const [kind, status, level] of expected) {
      const answer = await fetch(`${url}/api/answers?kind=${kind}`, { redirect: "manual" });
      expect({ kind, status: answer.status }).toEqual({ kind, status });
      await answer.text();
      const entry = await recorded(`answers/${kind}`);
      expect({ kind, status: entry.metadata?.["status"], level: entry.level }).toEqual({ kind, status, level });
      expect(entry.metadata).not.toHaveProperty("error");
    }
    expect((await recorded("answers/late")).duration).toBeGreaterThan(99);
  });
});
