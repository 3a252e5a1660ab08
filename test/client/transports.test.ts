// pino and winston write to the compiled server through their transports.

import { describe, expect, test } from "bun:test";
import { configText, type TestServer, withServer } from "../support/server.ts";
import { RUNTIME_NAMES, type RuntimeName, withProgram } from "./run_program.ts";

/** Runs a program to its own end. */
async function runToEnd(
  server: TestServer,
  runtime: RuntimeName,
  file: string,
  variables: Record<string, string> = {},
) {
  const all = { SIMPLELOGS_API_ENDPOINT: `${server.url}/api/v1`, ...variables };
  await withProgram(runtime, { file }, all, async (program) => {
    expect({ exitCode: await program.ended(), stderr: program.stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
  return server.export();
}

for (const runtime of RUNTIME_NAMES) {
  for (const mode of ["worker", "stream"]) {
    describe(`pino on ${runtime}, as a ${mode}`, () => {
      test("every line is stored with its level, time, touchpoint, key and fields, when the process ends by itself", () =>
        withServer(configText(), async (server) => {
          const before = Date.now();
          const time = new Date(before - 3_600_000).toISOString();
          const records = await runToEnd(server, runtime, "pino.mjs", { MODE: mode, TIME: time });
          const [hello, low, broken, ...others] = records;
          expect(hello).toMatchObject({
            kind: "log",
            level: "info",
            message: "hello",
            metadata: { host: "h1", environment: "test" },
          });
          expect(hello?.time).toBeWithin(before - 1, Date.now() + 1);
          expect(low).toMatchObject({
            level: "warn",
            touchpoint: "shop/stock",
            key: "k1",
            message: "low: bolts ✓",
            metadata: { host: "h1", article: { id: 17 }, count: 3 },
          });
          expect(broken).toMatchObject({
            level: "error",
            message: "cannot pay",
            metadata: { err: { type: "Error", stack: expect.stringContaining("why") } },
          });
          expect(
            others.slice(0, 3).map(({ message, level, metadata }) => [message, level, metadata?.["levelName"]]),
          ).toEqual([
            ["at trace", "debug", "trace"],
            ["at debug", "debug", undefined],
            ["at fatal", "error", "fatal"],
          ]);
          expect(others[3]).toMatchObject({ message: "odd", level: "info", time: Date.parse(time) });
          expect(others.slice(4).map(({ metadata }) => metadata?.["n"])).toEqual(
            Array.from({ length: 500 }, (_, n) => n),
          );
        }));
    });
  }

  describe(`winston on ${runtime}`, () => {
    test("every record is stored with its level, time and fields; a transport's own level and silence hold", () =>
      withServer(configText(), async (server) => {
        const records = await runToEnd(server, runtime, "winston.mjs");
        const find = (message: string) => records.find((record) => record.message === message);
        expect(find("hello")).toMatchObject({
          kind: "log",
          level: "info",
          metadata: { service: "shop", environment: "test" },
        });
        expect(find("low: bolts")).toMatchObject({
          level: "warn",
          touchpoint: "shop/stock",
          key: "k1",
          metadata: { article: { id: 17 } },
        });
        expect(find("broken")).toMatchObject({ level: "error" });
        expect(JSON.stringify(find("broken")?.metadata)).toContain("program.mjs");
        const levels = ["http", "verbose", "debug", "silly"].map((name) => find(`at ${name}`));
        expect(levels.map((record) => [record?.level, record?.metadata?.["levelName"]])).toEqual([
          ["info", "http"],
          ["debug", "verbose"],
          ["debug", undefined],
          ["debug", "silly"],
        ]);
        expect(find("a warning")).toMatchObject({ level: "warn", metadata: { levelName: "warning" } });
        expect(find("a crisis")).toMatchObject({ level: "error", metadata: { levelName: "crit" } });
        expect(find("not sent")).toBeUndefined();
        expect(records).toHaveLength(9);
      }));
  });
}
