// What finds out why, over the executable's read API: a trace with what of it still runs, patterns of messages,
// durations over time, and what sets the found records apart.

import { describe, expect, test } from "bun:test";
import type { BreakdownResponse, PatternsResponse, SeriesResponse, TraceResponse } from "../../src/core/responses.ts";
import { read } from "../support/read_api.ts";
import { configText, withServer } from "../support/server.ts";

describe("the read API", () => {
  test("shows the records of a key with the starts that wait for their end", async () => {
    await withServer(configText(), async (server) => {
      const start = Date.now() - 60_000;
      await server.send([
        { key: "req 1*", touchpoint: "checkout", startTime: start, timestamp: start },
        { key: "req 1*", touchpoint: "db/query", startTime: start + 10, duration: 20 },
        { key: "req 1*", message: "card refused", level: "error", timestamp: start + 40 },
        { key: "req 1", message: "of another key", timestamp: start + 41 },
      ]);
      const path = `trace?project=default&key=${encodeURIComponent("req 1*")}`;
      const trace: TraceResponse = await read(server, path);
      expect(trace).toMatchObject({ isCutBefore: false, isCutAfter: false, moreRunning: 0 });
      expect(trace.running.map(({ touchpoint, startTime }) => [touchpoint, startTime])).toEqual([["checkout", start]]);
      expect(trace.records.map(({ time }) => time - start)).toEqual([10, 40]);
      await server.send([{ key: "req 1*", touchpoint: "checkout", endTime: start + 50 }]);
      const ended: TraceResponse = await read(server, `${path}&around=${start}&from=${start}&to=${start + 1}`);
      expect(ended).toMatchObject({ running: [], records: [{ touchpoint: "checkout", duration: 50 }] });
    });
  });

  test("says what sets errors apart from everything else of the range", async () => {
    await withServer(configText(), async (server) => {
      const timestamp = Date.now() - 60_000;
      const entries = Array.from({ length: 200 }, (_, index) => ({
        timestamp,
        touchpoint: "checkout",
        level: index % 4 === 0 ? "error" : "info",
        metadata: { region: index % 4 === 0 || index % 2 === 1 ? "eu" : "us", order: `o-${index}` },
      }));
      await server.send(entries);
      const answer: BreakdownResponse = await read(server, "breakdown?q=level:error&from=1h&limit=3");
      expect(answer).toMatchObject({ found: 50, others: 150 });
      expect(answer.fields.slice(0, 2)).toEqual([
        {
          field: "level",
          count: 50,
          more: 0,
          values: [{ value: "error", count: 50, share: 1, otherCount: 0, otherShare: 0 }],
        },
        {
          field: "metadata.region",
          count: 50,
          more: 0,
          values: [{ value: "eu", count: 50, share: 1, otherCount: 100, otherShare: 100 / 150 }],
        },
      ]);
      expect(answer.fields.some(({ field }) => field === "metadata.order")).toBe(false);
    });
  });

  test("counts timings over time by duration, each once", async () => {
    await withServer(configText(), async (server) => {
      const start = Date.now() - 3_600_000;
      const durations = Array.from({ length: 500 }, (_, index) => 1.5 ** (index % 20));
      await server.send(durations.map((duration, index) => ({ touchpoint: "db", startTime: start + index, duration })));
      const series: SeriesResponse = await read(server, `timings/series?by=duration&interval=1h&from=${start}`);
      const { buckets = [], durationBounds = [] } = series;
      const rows = durationBounds
        .slice(1)
        .map((_, row) => buckets.reduce((sum, one) => sum + (one.durations?.[row] ?? 0), 0));
      const expected = durationBounds.slice(1).map((upper, row) => {
        const lower = durationBounds[row] as number;
        return durations.filter((duration) => duration > lower && duration <= upper).length;
      });
      expect(rows).toEqual(expected);
      expect(rows.reduce((sum, count) => sum + count, 0)).toBe(500);
    });
  });

  test("groups messages by pattern, and says which are new in the range", async () => {
    await withServer(configText(), async (server) => {
      const now = Date.now();
      const at = (minutesAgo: number, message: string, level = "info") => ({
        timestamp: now - minutesAgo * 60_000,
        message,
        level,
      });
      await server.send([
        ...Array.from({ length: 40 }, (_, index) => at(90, `order ${index} placed in ${index * 3}ms`)),
        ...Array.from({ length: 60 }, (_, index) => at(30, `order ${index} placed in ${index * 3}ms`)),
        ...Array.from({ length: 7 }, (_, index) => at(20, `no route to 10.0.0.${index}`, "error")),
      ]);
      const answer: PatternsResponse = await read(server, "patterns?from=1h&compare=previous");
      expect(answer).toMatchObject({ count: 67, more: 0 });
      expect(answer.patterns).toMatchObject([
        { pattern: "order <num> placed in <duration>", count: 60, previous: 40, levels: { info: 60 } },
        { pattern: "no route to <ip>", count: 7, previous: 0, levels: { error: 7 } },
      ]);
      const errors: PatternsResponse = await read(server, "patterns?from=1h&q=level:error&limit=1");
      expect(errors.patterns[0]?.example.message).toStartWith("no route to 10.0.0.");
    });
  });
});
