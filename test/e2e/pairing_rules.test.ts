// Browsers against servers in one project, and pairs that are a guess, over HTTP against the compiled server.

import { beforeAll, describe, expect, test } from "bun:test";
import { withinOneMonth } from "../support/calendar.ts";
import { eventually } from "../support/eventually.ts";
import { read } from "../support/read_api.ts";
import { CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const ORIGIN = { origin: "http://localhost:3000" };

async function send(server: TestServer, source: "server" | "client", entries: readonly object[]): Promise<void> {
  const key = source === "server" ? SERVER_KEY : CLIENT_KEY;
  const answer = await server.post({ key, source, entries }, source === "client" ? ORIGIN : {});
  expect(answer.status).toBe(202);
}

interface UsageRow {
  readonly admitted: number;
  readonly ambiguous: number;
  readonly dropped: { readonly quota?: number };
}

async function usageOf(server: TestServer): Promise<UsageRow | undefined> {
  return (await read<{ usage: UsageRow[] }>(server, "usage")).usage[0];
}

const logs = (count: number, name: string) => Array.from({ length: count }, (_, at) => ({ message: `${name} ${at}` }));

describe("a monthly quota that browsers have used up", () => {
  beforeAll(withinOneMonth, 120_000);

  test("still has room for the project's server, also after a restart, until the server key is revoked", () =>
    withServer(quotaConfig(), async (server) => {
      await send(server, "client", logs(12, "browser"));
      await send(server, "server", logs(2, "server"));
      expect(await usageOf(server)).toMatchObject({ admitted: 7, dropped: { quota: 7 } });
      await server.stop();
      await server.start();
      await send(server, "client", logs(1, "browser"));
      await send(server, "server", logs(1, "server"));
      expect(await usageOf(server)).toMatchObject({ admitted: 8, dropped: { quota: 8 } });
      // The pair without its server key: nobody is left to keep room for.
      server.writeConfig(quotaConfig().replace(/^server = .*$/m, ""));
      await eventually("client keys have all of the quota", async () => {
        await send(server, "client", logs(1, "browser"));
        return ((await usageOf(server))?.admitted ?? 0) > 8;
      });
    }));
});

function quotaConfig(): string {
  return configText({ tables: `[projects.default]\nmonthly_entries = 10\noverage = "drop"` });
}

test("ambiguous pairs by touchpoint are counted in metrics, usage and timings, and the sum of entries closes", () =>
  withServer(configText(), async (server) => {
    const now = Date.now();
    const start = { touchpoint: "api/orders", startTime: now - 10 };
    await send(server, "server", [start, { ...start, startTime: now - 5 }, { touchpoint: "fine", startTime: now }]);
    await send(server, "server", [
      { touchpoint: "api/orders", endTime: now },
      { touchpoint: "fine", endTime: now },
    ]);
    const timings = await read<{ touchpoints: { touchpoint: string; ambiguous: number }[] }>(server, "timings?from=1h");
    expect(timings.touchpoints.map(({ touchpoint, ambiguous }) => [touchpoint, ambiguous])).toEqual([
      ["api/orders", 1],
      ["fine", 0],
    ]);
    expect(await usageOf(server)).toMatchObject({ ambiguous: 1 });
    const metrics = await server.metrics();
    expect(metrics.get('simplelogs_timings_ambiguous_total{project="default"}')).toBe(1);
    expect(metrics.get("simplelogs_entries_received_total")).toBe(5);
    expect(metrics.get("simplelogs_entries_stored_total")).toBe(4);
    expect(metrics.get("simplelogs_entries_open")).toBe(1);
  }));

test("a browser that knows a timing key of a server neither ends nor absorbs the server's timing", () =>
  withServer(configText(), async (server) => {
    const now = Date.now();
    const key = "req-1";
    await send(server, "client", [
      { key, endTime: now + 60_000 },
      { key, startTime: now - 20, duration: 1 },
    ]);
    await send(server, "server", [{ key, startTime: now - 20 }]);
    await send(server, "client", [
      { key, endTime: now + 60_000 },
      { key, duration: 1 },
      { key, startTime: 1, timestamp: now },
    ]);
    await server.stop();
    await server.start();
    await send(server, "server", [{ key, endTime: now }]);
    const { entries } = await read<{ entries: Record<string, unknown>[] }>(
      server,
      `entries?q=${encodeURIComponent("source:server")}`,
    );
    expect(entries).toMatchObject([{ status: "completed", key, startTime: now - 20, endTime: now, duration: 20 }]);
  }));
