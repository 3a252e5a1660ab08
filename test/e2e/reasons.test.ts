// What finds out why, over the executable's read API: a trace with what of it still runs.

import { describe, expect, test } from "bun:test";
import type { TraceResponse } from "../../src/core/responses.ts";
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
});
