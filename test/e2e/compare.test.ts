// Two ranges in one answer, over the executable's read API: what became worse since an hour ago, what is new, and the
// same parameter on every route that has it; and the markers that the configuration names.

import { describe, expect, test } from "bun:test";
import type { UsageResponse } from "../../src/core/account_responses.ts";
import type {
  EntriesResponse,
  HistogramResponse,
  MarkersResponse,
  PatternsResponse,
  SeriesResponse,
  TimingsResponse,
} from "../../src/core/responses.ts";
import { eventually } from "../support/eventually.ts";
import { AUTHORIZATION, read } from "../support/read_api.ts";
import { configText, withServer } from "../support/server.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const timings = (touchpoint: string, startTime: number, duration: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    touchpoint,
    startTime: startTime + index,
    duration,
    message: touchpoint,
  }));

describe("compare", () => {
  test("shows what became worse, what is new and what is gone, the same range on every route", async () => {
    await withServer(configText(), async (server) => {
      const now = Date.now();
      const [recent, earlier] = [now - 30 * MINUTE_MS, now - 90 * MINUTE_MS];
      await server.send([
        ...timings("db/slow", recent, 300, 60),
        ...timings("db/slow", earlier, 100, 50),
        ...timings("db/same", recent, 20, 90),
        ...timings("db/same", earlier, 20, 90),
        ...timings("api/new", recent, 5, 40),
        ...timings("api/old", earlier, 5, 40),
        ...timings("api/old", now - 26 * HOUR_MS, 5, 1),
      ]);
      const worst: TimingsResponse = await read(
        server,
        "timings?from=1h&compare=previous&sort=worse&limit=2&by=category",
      );
      expect(worst.touchpoints).toMatchObject([
        {
          touchpoint: "db/slow",
          count: 60,
          previous: { count: 50 },
          change: { state: "compared", count: 10, total: 13_000 },
        },
        { touchpoint: "db/same", change: { state: "compared", worse: 0 } },
      ]);
      expect(worst.touchpoints[0]?.change?.worse ?? 0).toBeWithin(11_700, 12_300);
      expect(worst).toMatchObject({ more: 2, previous: { kept: "whole" } });
      expect(worst.categories?.map(({ category, previous }) => [category, previous?.count])).toEqual([
        ["api/", 40],
        ["db/", 140],
      ]);
      const all: TimingsResponse = await read(server, "timings?from=1h&compare=previous");
      expect(all.touchpoints.map(({ touchpoint, change }) => [touchpoint, change?.state])).toEqual([
        ["api/new", "new"],
        ["api/old", "gone"],
        ["db/same", "compared"],
        ["db/slow", "compared"],
      ]);
      const counted: HistogramResponse = await read(server, "histogram?from=1h&compare=previous");
      const sum = (buckets: HistogramResponse["buckets"] = []) => buckets.reduce((all, one) => all + one.timing, 0);
      expect([sum(counted.buckets), sum(counted.previousBuckets)]).toEqual([190, 180]);
      const series: SeriesResponse = await read(server, "timings/series?from=1h&compare=previous&by=touchpoint");
      const slow = series.touchpoints?.find(({ touchpoint }) => touchpoint === "db/slow");
      expect(slow?.previousBuckets?.reduce((total, { count }) => total + count, 0)).toBe(50);
      const patterns: PatternsResponse = await read(server, "patterns?from=1h&compare=2h..1h");
      expect(patterns.patterns.find(({ pattern }) => pattern === "db/slow")).toMatchObject({ count: 60, previous: 50 });
      for (const { previous } of [worst, counted, series, patterns]) {
        const { from = 0, to = 0 } = previous ?? {};
        expect(to - from).toBeWithin(HOUR_MS - 1, HOUR_MS + 1);
        expect(Math.abs(to - (now - HOUR_MS))).toBeLessThan(5 * MINUTE_MS);
      }
    });
  });

  test("with the week before says that nothing of it is kept, where the server is younger", async () => {
    await withServer(configText(), async (server) => {
      await server.send(timings("db/query", Date.now() - MINUTE_MS, 7, 40));
      const answer: TimingsResponse = await read(server, "timings?from=1h&compare=week");
      expect(answer.previous?.kept).toBe("none");
      expect(answer.touchpoints).toMatchObject([{ change: { state: "unknown", worse: null } }]);
      const refused = await fetch(`${server.url}/api/v1/timings?compare=week`, { headers: AUTHORIZATION });
      expect([refused.status, await refused.json()]).toEqual([
        400,
        { message: expect.stringContaining("week needs a from") as string },
      ]);
    });
  });
});

describe("markers", () => {
  const deploys = (now: number) => [
    { touchpoint: "deploy/shop", message: "deployed", metadata: { build: "b1" }, timestamp: now - 2 * HOUR_MS },
    { touchpoint: "deploy/shop", startTime: now - HOUR_MS, duration: 90_000, metadata: { build: 2 } },
    { touchpoint: "shop/deploy", message: "not a deploy", timestamp: now - HOUR_MS },
  ];
  const table = '\n[markers]\nq = "touchpoint:deploy/*"\nlabel = "metadata.build"\n';

  test("are the records that the configuration names, in the range, and a reload applies others", async () => {
    await withServer(`${configText()}${table}`, async (server) => {
      const now = Date.now();
      await server.send(deploys(now));
      const { markers, more }: MarkersResponse = await read(server, "markers?from=3h");
      expect(markers.map(({ time, label, project }) => [now - time, label, project])).toEqual([
        [HOUR_MS, "2", "default"],
        [2 * HOUR_MS, "b1", "default"],
      ]);
      expect(more).toBe(false);
      const [entry] = (await read<EntriesResponse>(server, `entries?q=id:${markers[1]?.id}`)).entries;
      expect(entry?.message).toBe("deployed");
      const later: MarkersResponse = await read(server, `markers?project=default&from=${now - 2 * HOUR_MS + 1}`);
      expect(later.markers.map(({ label }) => label)).toEqual(["2"]);
      expect(await read<UsageResponse>(server, "usage")).toMatchObject({ hasMarkers: true });
      server.writeConfig(`${configText()}\n[markers]\nq = "touchpoint:shop/deploy"\n`);
      await eventually("the other markers", async () => {
        const { markers: others }: MarkersResponse = await read(server, "markers");
        return others.map(({ label }) => label).join() === "not a deploy";
      });
    });
  });

  test("are none without the table", async () => {
    await withServer(configText(), async (server) => {
      await server.send(deploys(Date.now()));
      expect(await read<MarkersResponse>(server, "markers")).toEqual({ markers: [], more: false });
      expect(await read<UsageResponse>(server, "usage")).not.toHaveProperty("hasMarkers");
    });
  });
});
