// Rows of alerts in the data file: written with the records about them in one transaction, and there at the next start.

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { AlertRecord, AlertRow } from "../../src/core/alerts.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { withFolder } from "../support/folder.ts";
import { groupOf, NOTHING } from "../support/groups.ts";
import { withPipeline } from "../support/pipeline.ts";

const STATE: AlertRow = { kind: "state", id: "errors", data: '{"phase":"firing"}' };
const DELIVERY: AlertRow = { kind: "delivery", id: "1", data: "{}" };

function recordOf(message: string): AlertRecord {
  return { time: Date.now(), level: "error", touchpoint: "alerts/errors", key: "k", message, metadata: { a: 1 } };
}

describe("rows of alerts", () => {
  test("are put and removed with a group, and are there at the next start", () =>
    withFolder((folder) => {
      const file = join(folder, "x.db");
      const store = new StoreWriter(file, "sync", "run 1");
      expect(store.alerts()).toEqual([]);
      store.commit({ ...NOTHING, alerts: { put: [STATE, DELIVERY], remove: [] } });
      store.commit({ ...NOTHING, alerts: { put: [{ ...STATE, data: "{}" }], remove: [DELIVERY] } });
      store.close();
      const next = new StoreWriter(file, "sync", "run 2");
      expect(next.alerts()).toEqual([{ ...STATE, data: "{}" }]);
      next.close();
    }));

  test("leave no trace of a commit that failed, and neither do the records", () =>
    withFolder((folder) => {
      const store = new StoreWriter(join(folder, "x.db"), "sync", "run 1");
      const bad = {
        ...groupOf("simplelogs", []),
        alerts: { put: [STATE, { ...STATE, data: null as never }], remove: [] },
      };
      expect(() => store.commit(bad)).toThrow();
      expect(store.alerts()).toEqual([]);
      store.close();
    }));

  test("are written by the running server together with their records, which count as received and stored", () =>
    withPipeline({}, async (run) => {
      await run.send("one");
      const write = { put: [STATE], remove: [], records: [recordOf("errors is firing")] };
      expect(await run.pipeline.change({ kind: "write_alerts", write })).toEqual({ ok: true });
      expect(await run.pipeline.change({ kind: "read_alerts" })).toEqual({ ok: true, alerts: [STATE] });
      const { received, stored, open, records } = run.pipeline.snapshot();
      expect({ received, stored, open, records }).toEqual({ received: 2, stored: 2, open: 0, records: 2 });
      expect(run.records().find(({ project }) => project === "simplelogs")).toMatchObject({
        kind: "log",
        level: "error",
        apiKey: "simplelogs",
        touchpoint: "alerts/errors",
        message: "errors is firing",
        metadata: { a: 1 },
      });
    }));
});
