// The read API of the executable: what was sent is found again, also while more is sent and blocks are merged.

import { beforeAll, describe, expect, test } from "bun:test";
import type { RejectionsResponse, TouchpointsResponse, UsageResponse } from "../../src/core/account_responses.ts";
import type { ShownRecord } from "../../src/core/record.ts";
import type { EntriesResponse, HistogramResponse, TimingsResponse } from "../../src/core/responses.ts";
import { withinOneMonth } from "../support/calendar.ts";
import { untilTrue } from "../support/condition.ts";
import { exactQuantile } from "../support/query_model.ts";
import { integer, runSeed, seededRandom } from "../support/random.ts";
import { AUTHORIZATION, read, TailClient } from "../support/read_api.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

const TEST_MS_MAX = 180_000;

async function pagesOf(server: TestServer, query: string): Promise<ShownRecord[]> {
  const records: ShownRecord[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next: EntriesResponse = await read(server, `entries?${query}${cursor === "" ? "" : `&cursor=${cursor}`}`);
    records.push(...next.entries);
    cursor = next.nextCursor;
  }
  return records;
}

describe("stored records are found", () => {
  beforeAll(withinOneMonth, 120_000);

  test(
    "pages contain every record once while others are stored and blocks are merged",
    async () => {
      await withServer(configText(), async (server) => {
        const start = Date.now() - 3_600_000;
        const random = seededRandom(runSeed("pages"));
        const entries = (from: number, count: number) =>
          Array.from({ length: count }, (_, index) => ({
            message: `order ${from + index}`,
            timestamp: start + integer(random, 1_000_000),
          }));
        for (let batch = 0; batch < 100; batch++) await server.send(entries(batch * 50, 50));
        const done = new AbortController();
        const others = (async () => {
          for (let number = 0; !done.signal.aborted; number++)
            await server.send([{ message: `other ${number}`, timestamp: Date.now() }]);
        })();
        const found = await pagesOf(server, "limit=173&q=order");
        done.abort();
        await others;
        expect(found).toHaveLength(5_000);
        expect(new Set(found.map(({ message }) => message)).size).toBe(5_000);
        const order = [...found].sort((a, b) => b.time - a.time || b.id - a.id);
        expect(found).toEqual(order);
        expect(await pagesOf(server, "limit=311&q=order&order=asc")).toEqual(found.toReversed());
        const { time, id } = found[2_500] as ShownRecord;
        const around = `entries?limit=50&q=order&cursor=${time}:${id}`;
        const [newer, older]: [EntriesResponse, EntriesResponse] = [
          await read(server, `${around}&order=asc`),
          await read(server, around),
        ];
        expect(newer.entries).toEqual(found.slice(2_450, 2_500).toReversed());
        expect(older.entries).toEqual(found.slice(2_501, 2_551));
        const exported = (await server.export()).filter(({ message }) => message?.startsWith("order") === true);
        expect([...found].sort((a, b) => a.id - b.id)).toEqual(exported);
      });
    },
    TEST_MS_MAX,
  );

  test("counts and percentiles agree with the sent entries, and running timings are listed", async () => {
    await withServer(configText(), async (server) => {
      const now = Date.now();
      const random = seededRandom(runSeed("percentiles"));
      const durations = Array.from({ length: 2_000 }, () => Math.round(10 ** (random() * 4) * 100) / 100);
      await server.send(
        durations.map((duration, index) => ({ touchpoint: "db/query", startTime: now - 60_000 + index, duration })),
      );
      await server.send([
        { touchpoint: "db/query", key: "a", startTime: now - 5_000 },
        { touchpoint: "api/slow", key: "b", startTime: now - 4_000 },
      ]);
      await server.send(
        ["debug", "info", "info", "error"].map((level) => ({ message: "x", level, timestamp: now - 1_000 })),
      );
      const { touchpoints }: TimingsResponse = await read(server, "timings?from=1h");
      expect(touchpoints.map(({ touchpoint, count, running }) => [touchpoint, count, running])).toEqual([
        ["api/slow", 0, 1],
        ["db/query", 2_000, 1],
      ]);
      const query = touchpoints[1];
      for (const [name, q] of [
        ["p50", 0.5],
        ["p90", 0.9],
        ["p99", 0.99],
      ] as const) {
        const exact = exactQuantile(durations, q);
        expect(Math.abs((query?.[name] ?? 0) - exact)).toBeLessThanOrEqual(0.01 * exact);
      }
      const { buckets }: HistogramResponse = await read(
        server,
        `histogram?from=${now - 3_600_000}&to=${now}&interval=1h`,
      );
      const sum = (name: "debug" | "info" | "warn" | "error" | "timing") =>
        buckets.reduce((total, bucket) => total + bucket[name], 0);
      expect([sum("debug"), sum("info"), sum("warn"), sum("error"), sum("timing")]).toEqual([1, 2, 0, 1, 2_000]);
      await server.send([{ key: "b", endTime: now }]);
      const after: TimingsResponse = await read(server, "timings?from=1h&q=touchpoint:api/*");
      expect(after.touchpoints).toMatchObject([{ touchpoint: "api/slow", count: 1, p50: 4_000, running: 0 }]);
    });
  });

  test("by project, with its touchpoints, usage and rejections", async () => {
    await withServer(configText({ tables: "[projects.default]\nmonthly_entries = 10\n" }), async (server) => {
      await server.send([
        { touchpoint: "api/a", message: "kept" },
        { touchpoint: "api/b", message: "seconds", timestamp: Math.floor(Date.now() / 1000) },
        {},
      ]);
      const { rejections }: RejectionsResponse = await read(server, "rejections?project=default");
      expect(rejections.map(({ reason }) => reason)).toEqual(["empty", "too_old"]);
      expect(rejections[1]?.hint).toContain("seconds");
      expect(rejections[1]?.entry).toMatchObject({ touchpoint: "api/b" });
      const { usage }: UsageResponse = await read(server, "usage");
      expect(usage).toMatchObject([
        { project: "default", stored: 1, dropped: { empty: 1, too_old: 1 }, limit: 10, overage: 0 },
      ]);
      const post = (method: string, body: object) =>
        fetch(`${server.url}/api/v1/touchpoints`, { method, headers: AUTHORIZATION, body: JSON.stringify(body) });
      const before: TouchpointsResponse = await read(server, "touchpoints");
      expect(before.touchpoints).toMatchObject([{ name: "api/a", registered: false }]);
      expect((await post("POST", { name: "api/a" })).status).toBe(201);
      expect((await post("POST", { name: "api/a" })).status).toBe(409);
      const after: TouchpointsResponse = await read(server, "touchpoints");
      expect(after.touchpoints).toMatchObject([{ name: "api/a", registered: true }]);
    });
  });
});

describe("live tail", () => {
  test(
    "sends each reader the records of its search in commit order, and resumes after the last one",
    async () => {
      await withServer(configText(), async (server) => {
        const all = await TailClient.open(server, "");
        const errors = await TailClient.open(server, "q=level:error");
        for (let batch = 0; batch < 20; batch++) {
          await server.send(
            ["info", "error"].map((level) => ({ message: `batch ${batch}`, level, timestamp: Date.now() })),
          );
        }
        await untilTrue("both have all", () => all.events.length === 40 && errors.events.length === 20);
        expect(all.events.map(({ id }) => id)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
        expect(errors.events.every(({ data }) => data["level"] === "error")).toBe(true);
        await all.close();
        await server.send([{ message: "while away" }]);
        const again = await TailClient.open(server, "", 39);
        await untilTrue("it goes on", () => again.events.length === 2);
        expect(again.events.map(({ id, data }) => [id, data["message"]])).toEqual([
          [40, "batch 19"],
          [41, "while away"],
        ]);
        await again.close();
        await errors.close();
      });
    },
    TEST_MS_MAX,
  );

  test("ends properly when the server stops", async () => {
    await withServer(configText(), async (server) => {
      const tails = await Promise.all(Array.from({ length: 20 }, () => TailClient.open(server, "")));
      expect(await server.stop()).toBe(0);
      for (const tail of tails) await tail.close();
    });
  });
});

describe("access", () => {
  test("nothing is read without the token, and nothing but the ingestion endpoint has CORS headers", async () => {
    await withServer(configText(), async (server) => {
      for (const path of [
        "entries",
        "histogram",
        "timings",
        "fields",
        "touchpoints",
        "usage",
        "rejections",
        "keys",
        "tail",
        "export",
      ]) {
        const answer = await fetch(`${server.url}/api/v1/${path}`, { headers: { origin: "http://localhost:3000" } });
        expect([path, answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([path, 401, null]);
        await answer.text();
      }
    });
  });
});
