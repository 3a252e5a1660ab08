// Real log lines in, the same lines out: whatever the size of the batches, before and after blocks are merged, across a
// restart.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { eventually } from "../support/eventually.ts";
import { configText, type TestServer, withServer } from "../support/server.ts";

interface Line {
  readonly touchpoint: string;
  readonly message: string;
  readonly level: "info" | "warn" | "error";
  readonly metadata: Readonly<Record<string, string>>;
  readonly duration?: number;
}

const LINES = readFileSync(join(import.meta.dir, "../fixtures/logs.ndjson"), "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Line);

/** `count` entries, the lines over and over, each at a time of its own; fractions that a double holds exactly. */
function entriesAt(from: number, count: number): (Line & { timestamp: number })[] {
  return Array.from({ length: count }, (_, index) => {
    const line = LINES[index % LINES.length] as Line;
    return { ...line, timestamp: from + index / 8 };
  });
}

/**
 * The record that the contract makes of an entry: a duration alone is a complete timing that ends at the record's time.
 */
function recordOf({ timestamp, ...line }: Line & { timestamp: number }, id: number): Omit<ShownRecord, "receivedAt"> {
  const base = {
    id,
    project: "default",
    apiKey: "test",
    time: timestamp,
    source: "server",
    keyType: "server",
  } as const;
  if (line.duration === undefined) return { ...base, kind: "log", ...line };
  return {
    ...base,
    kind: "timing",
    status: "completed",
    startTime: timestamp - line.duration,
    endTime: timestamp,
    ...line,
  };
}

async function sendInBatches(server: TestServer, entries: readonly unknown[], batchEntries: number): Promise<void> {
  for (let at = 0; at < entries.length; at += batchEntries) await server.send(entries.slice(at, at + batchEntries));
}

/** The records without the time of receipt, which is checked to lie in the test's own time. */
async function exported(server: TestServer, startedAtMs: number): Promise<Omit<ShownRecord, "receivedAt">[]> {
  const records = await server.export();
  const endedAtMs = Date.now();
  return records.map(({ receivedAt, ...record }) => {
    if (receivedAt < startedAtMs || receivedAt > endedAtMs)
      throw new Error(`received at ${receivedAt}, out of the test`);
    return record;
  });
}

describe("real lines come back from export exactly as they went in", () => {
  test("the fixture has logs and timings of eight systems", () => {
    expect(LINES).toHaveLength(500);
    expect(new Set(LINES.map((line) => line.touchpoint.split("/")[0])).size).toBe(8);
    expect(LINES.filter((line) => line.duration !== undefined).length).toBeGreaterThan(10);
  });

  test.each([
    [1, 500],
    [100, 5_000],
    [1_000, 20_000],
  ])("in batches of %d (%d lines), and again after a restart", (batchEntries, count) =>
    withServer(configText(), async (server) => {
      const startedAtMs = Date.now();
      const entries = entriesAt(startedAtMs - 3_600_000, count);
      const expected = entries.map((entry, index) => recordOf(entry, index + 1));
      await sendInBatches(server, entries, batchEntries);
      expect(await exported(server, startedAtMs)).toEqual(expected);
      expect((await server.metrics()).get("simplelogs_entries_stored_total")).toBe(count);
      expect(await server.stop()).toBe(0);
      expect(await exported(server, startedAtMs)).toEqual(expected);
      await server.start();
      await server.send([{ message: "one more", timestamp: startedAtMs }]);
      const after = await exported(server, startedAtMs);
      expect(after.slice(0, count)).toEqual(expected);
      expect(after[count]).toMatchObject({ id: count + 1, message: "one more" });
    }),
  );

  test("while and after their small blocks are merged", () =>
    withServer(configText({ tables: '[storage]\ndurability = "write"' }), async (server) => {
      const startedAtMs = Date.now();
      const entries = entriesAt(startedAtMs - 3_600_000, 2_000);
      const expected = entries.map((entry, index) => recordOf(entry, index + 1));
      let sent = 0;
      for (; sent < entries.length; sent += 10) {
        await server.send(entries.slice(sent, sent + 10));
        if (sent % 500 === 0) expect(await exported(server, startedAtMs)).toEqual(expected.slice(0, sent + 10));
      }
      const groups = sent / 10;
      await eventually(
        "blocks are merged",
        async () => ((await server.metrics()).get("simplelogs_blocks") ?? groups) < groups / 4,
      );
      expect(await exported(server, startedAtMs)).toEqual(expected);
    }));
});
