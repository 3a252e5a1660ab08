// Rules that are made over HTTP, on the compiled server: in force, kept through kill -9, refused, and previewed.

import { describe, expect, test } from "bun:test";
import type { AlertPreviewResponse, AlertsResponse } from "../../src/core/alert_responses.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { AUTHORIZATION, read } from "../support/read_api.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, type TestServer, withServer } from "../support/server.ts";

const WAIT_MS_MAX = 60_000;
const RULE = { name: "errors", q: "level:error", window: "1h", every: "1s", above: 1 };

async function ask(server: TestServer, method: string, path: string, body?: object): Promise<[number, unknown]> {
  const init = { method, headers: AUTHORIZATION, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  const response = await fetch(`${server.url}${path}`, init);
  const text = await response.text();
  return [response.status, text === "" ? undefined : JSON.parse(text)];
}

const rulesOf = async (server: TestServer) => (await read<AlertsResponse>(server, "alerts")).rules;

describe("rules of the data file", () => {
  test("are made by a server without any, fire, and are there after kill -9", async () => {
    await withServer(configText(), async (server) => {
      await server.send([
        { level: "error", message: "one" },
        { level: "error", message: "two" },
      ]);
      expect((await ask(server, "POST", "/api/v1/alerts", { rule: RULE }))[0]).toBe(201);
      await server.kill();
      await server.start();
      const isFiring = async () => (await rulesOf(server))[0]?.state === "firing";
      await eventually("it fires", isFiring, WAIT_MS_MAX);
      const [status, preview] = await ask(server, "POST", "/api/v1/alerts/preview", { name: "errors" });
      expect(status).toBe(200);
      expect(preview).toMatchObject({ fired: 1, firings: [{ group: null, to: null, peak: 2 }], truncated: null });
      expect((preview as AlertPreviewResponse).evaluated).toBeGreaterThanOrEqual(604_800);
      const command = async (...words: string[]) => {
        const environment = { SIMPLELOGS_TOKEN: ADMIN_TOKEN };
        const { exitCode, stdout } = await run(EXECUTABLE, ["alerts", ...words, "--url", server.url], { environment });
        return [exitCode, stdout];
      };
      expect(await command("list")).toEqual([0, expect.stringMatching(/errors +firing +2 +above 1 +the app/)]);
      const text = expect.stringMatching(/^would have fired once [^]*fires still +2\n$/);
      expect(await command("preview", "errors", "--for", "1h")).toEqual([0, text]);
      expect((await command("preview", "eror"))[0]).not.toBe(0);
      expect(
        await ask(server, "PATCH", "/api/v1/alerts", { name: "errors", rule: { ...RULE, above: 5 } }),
      ).toMatchObject([200, { bound: 5 }]);
      await eventually("it has resolved", async () => (await rulesOf(server))[0]?.state === "ok", WAIT_MS_MAX);
      expect(await ask(server, "DELETE", "/api/v1/alerts?name=errors")).toEqual([204, undefined]);
      expect(await rulesOf(server)).toEqual([]);
      expect((await ask(server, "DELETE", "/api/v1/alerts?name=errors"))[0]).toBe(404);
    });
  }, 240_000);

  test("give way to the configuration's, and are refused where they cannot work", async () => {
    const config = configText();
    await withServer(config, async (server) => {
      expect(await ask(server, "POST", "/api/v1/alerts", { rule: { ...RULE, q: "level:eror" } })).toMatchObject([
        422,
        { member: "q", at: 6 },
      ]);
      expect(await ask(server, "POST", "/api/v1/alerts", { rule: { ...RULE, project: "shp" } })).toMatchObject([
        422,
        { member: "project" },
      ]);
      expect(await ask(server, "POST", "/api/v1/alerts", { rule: { above: 1 } })).toMatchObject([422, {}]);
      expect((await ask(server, "POST", "/api/v1/alerts", { rule: RULE }))[0]).toBe(201);
      expect(await ask(server, "POST", "/api/v1/alerts", { rule: RULE })).toMatchObject([409, { member: "name" }]);
      server.writeConfig(`${config}\n[[alerts]]\nname = "errors"\nabove = 7\n`);
      const isConfigured = async () => (await rulesOf(server))[0]?.source === "configuration";
      await eventually("the configuration has it", isConfigured, WAIT_MS_MAX);
      const { length: lines } = config.split("\n");
      const line = `line ${lines + 1}`;
      const warning = `that was made in the app is set aside: ${line} of the configuration`;
      await untilTrue("the log says so", () => server.stderr.includes(warning), WAIT_MS_MAX);
      expect(await ask(server, "PATCH", "/api/v1/alerts", { name: "errors", rule: RULE })).toEqual([
        409,
        { message: `"errors" stands in the configuration file, ${line}: change it there` },
      ]);
      server.writeConfig(config);
      const isBack = async () => (await rulesOf(server))[0]?.source === "app";
      await eventually("the one of the app is back", isBack, WAIT_MS_MAX);
    });
  }, 240_000);
});
