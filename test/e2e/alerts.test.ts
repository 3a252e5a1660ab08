// Alerts of the compiled server: it tells a webhook when a rule fires and has resolved, also when it is killed between.

import { describe, expect, test } from "bun:test";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { EXECUTABLE, run } from "../support/run.ts";
import { ADMIN_TOKEN, configText, SERVER_KEY, withServer } from "../support/server.ts";

const WAIT_MS_MAX = 60_000;

interface Told {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** A webhook's receiver, which answers with this status. */
function listenForTellings(): { readonly url: string; readonly told: Told[]; status: number; stop: () => void } {
  const told: Told[] = [];
  const receiver = { url: "", told, status: 200, stop: () => undefined as void };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      told.push((await request.json()) as Told);
      return new Response("", { status: receiver.status });
    },
  });
  receiver.url = `http://127.0.0.1:${server.port}/hook`;
  receiver.stop = () => void server.stop(true);
  return receiver;
}

function tables(url: string): string {
  return `[[destinations]]
name = "chat"
type = "webhook"
url = "${url}"

[[alerts]]
name = "errors"
q = "level:error"
window = "5s"
every = "1s"
above = 1
notify = ["chat"]

[[alerts]]
name = "hangs"
kind = "running"
window = "2s"
every = "1s"
group_by = "touchpoint"
`;
}

const alerts = async (url: string, ...command: string[]) => {
  const { exitCode, stdout, stderr } = await run(EXECUTABLE, ["alerts", ...command, "--url", url], {
    environment: { SIMPLELOGS_TOKEN: ADMIN_TOKEN },
  });
  expect([exitCode, stderr]).toEqual([0, ""]);
  return stdout;
};

describe("alerts of the server", () => {
  test("are told when they fire and have resolved, though it is killed while the receiver fails", async () => {
    const receiver = listenForTellings();
    const config = configText({ settings: 'private_addresses = ["127.0.0.1"]', tables: tables(receiver.url) });
    await withServer(config, async (server) => {
      receiver.status = 503;
      const post = () =>
        fetch(`${server.url}/api/v1/enqueue`, {
          method: "POST",
          body: JSON.stringify({
            key: SERVER_KEY,
            source: "server",
            entries: [
              { level: "error", message: "one" },
              { level: "error", message: "two" },
              { touchpoint: "job", startTime: Date.now() },
            ],
          }),
        });
      expect((await post()).status).toBe(202);
      await untilTrue("the firing rule is told", () => receiver.told.length > 0, WAIT_MS_MAX);
      await server.kill();
      receiver.status = 200;
      await server.start();
      await untilTrue("it has resolved", () => receiver.told.some(({ state }) => state === "resolved"), WAIT_MS_MAX);
      const firing = receiver.told.filter(({ state }) => state === "firing");
      expect(new Set(firing.map(({ id }) => id)).size).toBe(1);
      expect(firing.length).toBeGreaterThan(1);

      // Running timings are looked at when their next time comes, and not for the time in which the server was off.
      const namesJob = async () => /hangs +firing[^]*job/.test(await alerts(server.url, "list"));
      await eventually("the running job is in the list", namesJob, WAIT_MS_MAX);
      expect(await alerts(server.url, "history")).toMatch(/errors has resolved.*\n[^]*errors is firing: 2, above 1/);
      expect(await alerts(server.url, "test", "errors")).toBe("chat: told\n");
      expect(receiver.told.at(-1)).toMatchObject({ name: "errors", state: "test" });
      expect(await alerts(server.url, "mute", "errors", "--for", "2h")).toStartWith("errors is muted until ");
      const count = receiver.told.length;
      expect((await post()).status).toBe(202);
      const fires = async () => /errors +firing/.test(await alerts(server.url, "list"));
      await eventually("it fires, muted", fires, WAIT_MS_MAX);
      expect(receiver.told).toHaveLength(count);
    });
    receiver.stop();
  }, 240_000);
});
