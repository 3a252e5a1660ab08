// A change of the configuration file, and SIGHUP, take effect while requests go on, and not one of these is dropped or
// refused.

import { beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { withinOneMonth } from "../support/calendar.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const RELOADED = "configuration reloaded";
const ACCEPTED = '202 {"queued":true}';
const LOST = "no answer";
const KEPT = "the configuration was not reloaded";

function lineCount(server: TestServer, message: string): number {
  return server.logLines.filter((line) => line.message.startsWith(message)).length;
}

/** A second pair, so that the number of keys tells one configuration from another. */
function configWith(names: readonly string[]): string {
  const pairs = names.map((name) => `[[keys]]\nname = "${name}"\nserver = "sk_${name.padEnd(20, "0")}"\n`);
  return configText({ tables: pairs.join("") });
}

async function statusOf(server: TestServer, name: string): Promise<number> {
  const answer = await server.post({
    key: `sk_${name.padEnd(20, "0")}`,
    source: "server",
    entries: [{ message: name }],
  });
  return answer.status;
}

/** Sends without a pause from `senders` connections until told to stop; counts equal answers. */
function sendOn(server: TestServer, senders: number): { stop(): Promise<Record<string, number>> } {
  const counts: Record<string, number> = {};
  const stopping = new AbortController();
  const send = async (sender: number): Promise<void> => {
    for (let sent = 0; !stopping.signal.aborted; sent++) {
      const entries = [{ message: `${sender} ${sent}`, timestamp: Date.now() }];
      const status = await server.post({ key: SERVER_KEY, source: "server", entries }).then(
        async (answer) => `${answer.status} ${await answer.text()}`,
        () => LOST,
      );
      counts[status] = (counts[status] ?? 0) + 1;
      if (status === LOST) return;
    }
  };
  const running = Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
  return {
    async stop() {
      stopping.abort();
      await running;
      return counts;
    },
  };
}

describe("under constant requests", () => {
  test("four changes of the file and four SIGHUPs lose no request", () =>
    withServer(configText(), async (server) => {
      const sending = sendOn(server, 8);
      for (let round = 1; round <= 4; round++) {
        const reloads = lineCount(server, RELOADED);
        const name = `pair-${round}`;
        server.writeConfig(configWith([name]));
        await eventually("the change is in force", async () => (await statusOf(server, name)) === 202);
        if (round > 1) expect(await statusOf(server, `pair-${round - 1}`)).toBe(401);
        await untilTrue("the log tells of the change", () => lineCount(server, RELOADED) > reloads);
        const before = lineCount(server, RELOADED);
        server.signal("SIGHUP");
        await untilTrue("the log tells of the reload", () => lineCount(server, RELOADED) > before);
      }
      const counts = await sending.stop();
      expect(Object.keys(counts)).toEqual([ACCEPTED]);
      const mine = (await server.export()).filter((record) => record.apiKey === "test");
      expect(mine).toHaveLength(counts[ACCEPTED] ?? 0);
    }));

  test("a missing or faulty file leaves the running configuration in force, and the log says why", () =>
    withServer(configWith(["first"]), async (server) => {
      const sending = sendOn(server, 4);
      server.writeConfig(`${configWith(["second"])}\n[storage]\ndurabilty = "sync"\n`);
      await untilTrue("the log tells of the refusal", () => lineCount(server, KEPT) === 1);
      const problem = () => server.logLines.find((line) => line.message.includes("durabilty"));
      await untilTrue("the log tells of the problem", () => problem() !== undefined);
      expect(problem()).toMatchObject({
        level: "ERROR",
        message: expect.stringMatching(/simplelogs\.toml:\d+: .*durability/),
      });
      expect([await statusOf(server, "first"), await statusOf(server, "second")]).toEqual([202, 401]);
      server.writeConfig("]]]");
      server.signal("SIGHUP");
      await untilTrue("the log tells of the refusal", () => lineCount(server, KEPT) >= 2);
      rmSync(server.configFile);
      const refusals = lineCount(server, KEPT);
      server.signal("SIGHUP");
      await untilTrue("the log tells of the refusal", () => lineCount(server, KEPT) > refusals);
      expect(await statusOf(server, "first")).toBe(202);
      server.writeConfig(configWith(["third"]));
      await eventually("the mended file is in force", async () => (await statusOf(server, "third")) === 202);
      expect(await statusOf(server, "first")).toBe(401);
      expect(Object.keys(await sending.stop())).toEqual([ACCEPTED]);
    }));
});

describe("a reload", () => {
  beforeAll(withinOneMonth, 120_000);

  test("applies origins, rates, quotas and retention", () =>
    withServer(configText({ pair: "" }), async (server) => {
      const clientBatch = { key: "ck_0123456789abcdefghij", source: "client", entries: [{ message: "page" }] };
      const origin = "https://shop.example.com";
      expect((await server.post(clientBatch, { origin })).status).toBe(403);
      const old = Date.now() - 2 * 86_400_000;
      await server.send([{ message: "two days old", timestamp: old }]);
      server.writeConfig(
        configText({
          pair: `origins = ["${origin}"]\nrate = 1`,
          tables: '[projects.default]\nretention = "1d"\nmonthly_entries = 2\noverage = "drop"',
        }),
      );
      await eventually(
        "the origin is allowed",
        async () => (await server.post(clientBatch, { origin })).status === 202,
      );
      const batch = {
        key: SERVER_KEY,
        source: "server",
        entries: Array.from({ length: 10 }, () => ({ message: "x" })),
      };
      expect((await server.post(batch)).status).toBe(202);
      const refused = await server.post(batch);
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([
        429,
        expect.stringMatching(/^([1-9]|10)$/),
      ]);
      expect((await server.metrics()).get('simplelogs_entries_dropped_total{reason="quota"}')).toBe(10);
      expect((await server.export()).map((record) => record.message)).toEqual(["page"]);
    }));

  test("logs the settings that need a restart, and applies all others", () =>
    withServer(configText(), async (server) => {
      server.writeConfig(
        configText({
          settings: "max_entries = 1",
          tables: '[[keys]]\nname = "more"\nserver = "sk_more0000000000000000"\n',
        }),
      );
      await eventually("the change is in force", async () => (await statusOf(server, "more")) === 202);
      const warning = () => server.logLines.find((line) => line.message.includes("only a restart applies"));
      await untilTrue("the log tells of it", () => warning() !== undefined);
      expect(warning()).toMatchObject({ level: "WARN", message: "only a restart applies: max_entries" });
      await server.send([{ message: "a" }, { message: "b" }]);
    }));
});
