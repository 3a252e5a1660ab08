// Alert rules of the compiled server while no server of the cluster can be reached.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { AlertsResponse } from "../../src/core/alert_responses.ts";
import { eventually } from "../support/eventually.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, withServer } from "../support/server.ts";
import { ClickHouseServer } from "./server.ts";

let engine: ClickHouseServer;

beforeAll(async () => {
  engine = await ClickHouseServer.start();
}, 120_000);
afterAll(() => engine.stop());

test("a rule over a day fires while the cluster is away, since what it measures is in the data file", async () => {
  const rule = '[[alerts]]\nname = "failures"\nq = "level:error"\nwindow = "1d"\nevery = "1s"\nabove = 2\n';
  const cluster = `[clickhouse]\nurl = ["${engine.url}"]\n`;
  engine.leave();
  await withServer(configText({ tables: `${cluster}\n${rule}` }), async (server) => {
    const ask = async (...command: string[]) => {
      const options = { environment: { SIMPLELOGS_TOKEN: ADMIN_TOKEN } };
      const { exitCode, stdout, stderr } = await run(EXECUTABLE, [...command, "--url", server.url], options);
      return { exitCode, stdout, stderr };
    };
    const states = async () => {
      const { stdout } = await ask("alerts", "list", "--json");
      return (JSON.parse(stdout) as AlertsResponse).rules.map(({ state }) => state);
    };
    await eventually("the rule is evaluated", async () => (await states())[0] === "ok");
    await server.send(Array.from({ length: 3 }, (_, n) => ({ level: "error", message: `failure ${n}` })));
    await eventually("the rule fires", async () => (await states())[0] === "firing");
    const search = await ask("query", "level:error");
    expect(search.exitCode).not.toBe(0);
    expect(search.stderr).toContain("cannot read from ClickHouse");
  });
}, 120_000);
