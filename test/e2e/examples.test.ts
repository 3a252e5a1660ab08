// The specification's own examples reach the compiled server, and `export` gives back what they sent.

import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { exampleScript, exampleText } from "../support/examples.ts";
import { type RunResult, run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const PYTHON = process.env["SIMPLELOGS_TEST_PYTHON"] ?? "python3";

/** Node where there is one: the example is written for it. */
function scriptRunner(): string {
  return spawnSync("node", ["--version"]).status === 0 ? "node" : process.execPath;
}

/** Runs an example and gives the one record that it stored, and the limits its time must lie in. */
async function storedBy(server: TestServer, example: () => Promise<RunResult>) {
  // `date +%s000` cuts to whole seconds.
  const notBefore = Math.floor(Date.now() / 1000) * 1000;
  const { exitCode, stdout, stderr } = await example();
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  const [record, ...others] = await server.export();
  if (record === undefined) throw new Error("nothing was stored");
  expect(others).toEqual([]);
  expect(record.time).toBeWithin(notBefore, Date.now() + 1);
  expect(record.receivedAt).toBeWithin(notBefore, Date.now() + 1);
  return { record, stdout };
}

/** What every example's record has; its time and receipt are checked before. */
function expected(record: ShownRecord, rest: Partial<ShownRecord>): ShownRecord {
  const { time, receivedAt } = record;
  return {
    id: 1,
    project: "default",
    apiKey: "test",
    kind: "log",
    source: "server",
    keyType: "server",
    level: "info",
    time,
    receivedAt,
    ...rest,
  };
}

describe("the specification's example stores its entry:", () => {
  test("curl, in bash", () =>
    withServer(configText(), async (server) => {
      const script = exampleText("curl", server.url, SERVER_KEY);
      const { record, stdout } = await storedBy(server, () => run("bash", ["-c", script]));
      expect(JSON.parse(stdout)).toEqual({ queued: true });
      expect(record).toEqual(
        expected(record, {
          touchpoint: "api/orders/submit",
          message: "Order placed",
          metadata: { orderId: "ord_123" },
        }),
      );
    }));

  test("the Node function", () =>
    withServer(configText(), async (server) => {
      const script = `${exampleScript("node", server.url, SERVER_KEY)}\nawait sendLog("Job done ✓", "jobs/nightly");\n`;
      const file = join(server.folder, "send_log.mjs");
      await Bun.write(file, script);
      const environment = { ...(process.env as Record<string, string>), SIMPLELOGS_SERVER_KEY: SERVER_KEY };
      const { record } = await storedBy(server, () => run(scriptRunner(), [file], { environment }));
      expect(record).toEqual(expected(record, { touchpoint: "jobs/nightly", message: "Job done ✓" }));
    }));

  test("the Python function, with requests", () =>
    withServer(configText(), async (server) => {
      const script = `${exampleText("python", server.url, SERVER_KEY)}\nsend_log("Größe geändert", "jobs/import", "warn")\n`;
      const environment = { ...(process.env as Record<string, string>), PYTHONUTF8: "1", NO_PROXY: "*" };
      const { record } = await storedBy(server, () => run(PYTHON, ["-"], { input: script, environment }));
      expect(record).toEqual(expected(record, { touchpoint: "jobs/import", message: "Größe geändert", level: "warn" }));
    }));
});

describe("the specification's example with an unknown key", () => {
  test("is answered 401 and stores nothing", () =>
    withServer(configText(), async (server) => {
      const script = exampleText("curl", server.url, "sk_your_server_key_is_not_this");
      const { stdout } = await run("bash", ["-c", script.replace(/^curl/, "curl --write-out ' %{http_code}'")]);
      expect(stdout).toEndWith(" 401");
      expect(stdout).not.toContain("sk_your");
      expect(await server.export()).toEqual([]);
    }));
});
