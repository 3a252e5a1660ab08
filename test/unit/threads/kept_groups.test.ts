import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/core/entry.ts";
import type { StoreSnapshot } from "../../../src/core/telemetry.ts";
import { openForReading } from "../../../src/store/database.ts";
import { redoState } from "../../../src/store/redo_log.ts";
import { settleFile } from "../../../src/threads/settle_file.ts";
import { messagesIn } from "../../support/messages_in.ts";
import { type WriterStage, withWriter } from "./writer_stage.ts";

const NOW = Date.now();

function log(message: string): Entry {
  return { message, timestamp: NOW };
}

/** Groups that are durable and not written in full. */
function waiting(stage: WriterStage): number {
  const database = openForReading(stage.file);
  const { done, last } = redoState(database);
  database.close();
  return last - done;
}

function gapOf({ received, stored, open, dropped }: StoreSnapshot): number {
  return received - stored - open - Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

/** Groups that come quickly one after the other: all but the first are kept. */
function keepAll(stage: WriterStage, batches: readonly (readonly Entry[])[]): void {
  for (const entries of batches) expect(stage.keep(entries)).toBe(true);
  expect(waiting(stage)).toBeGreaterThan(0);
}

describe("groups that come quickly", () => {
  test("are kept, not yet to be read and in no figure, until they are asked for", async () => {
    await withWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b"), log("c")], [log("d")]]);
      expect([messagesIn(stage.file), stage.snapshot().received]).toEqual([["a"], 1]);
      stage.writer.receive({ kind: "settle" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "c", "d"], 0]);
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ received: 4, stored: 4 }, 0]);
    });
  });

  test("are written in full before a person's change", async () => {
    await withWriter(async (stage) => {
      keepAll(stage, [[log("a")], [{ ...log("b"), touchpoint: "api/x" }]]);
      await stage.change({ kind: "delete_touchpoint", project: "shop", name: "api/x" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b"], 0]);
    });
  });

  test("are written in full, and their room is given back, when the server stops", async () => {
    await withWriter((stage) => {
      keepAll(stage, [[log("a")], [log("b")]]);
      stage.writer.receive({ kind: "stop" });
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b"], 0]);
    });
  });
});

describe("after a crash, groups that were kept", () => {
  test.each(["first", "second"])("are all there once, in their order, with what they change (run %s)", async (run) => {
    await withWriter((stage) => {
      keepAll(stage, [
        [log("a")],
        [{ key: "k", touchpoint: "t", startTime: NOW - 50 }, log("b")],
        [{ key: "k", endTime: NOW, message: "paired" }, log("c"), log("c")],
        [{ key: "open", startTime: NOW }],
      ]);
      stage.crash(run);
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "paired", "c", "c"], 0]);
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ received: 7, stored: 6, open: 1 }, 0]);
      // Dedupe and what waits know of them: the same again stores nothing, and an end finds its start.
      stage.send([log("b"), log("c"), log("c"), { key: "open", endTime: NOW + 1, message: "closed" }]);
      expect(messagesIn(stage.file)).toEqual(["a", "b", "paired", "c", "c", "closed"]);
      expect([stage.snapshot().dropped.duplicate, gapOf(stage.snapshot())]).toEqual([3, 0]);
    });
  });

  test("count as committed for the run they belong to, and for no other", async () => {
    await withWriter((stage) => {
      const lastBatches = () => stage.said.flatMap((message) => (message.kind === "started" ? message.lastBatch : []));
      keepAll(stage, [[log("a")], [log("b")], [log("c")]]);
      stage.crash("first");
      stage.crash("second");
      expect(lastBatches()).toEqual([0, 3, 0]);
    });
  });

  test("are found with the names of keys that the configuration has no more", async () => {
    await withWriter((stage) => {
      stage.keep([log("a")], 2);
      stage.keep([log("b")], 2);
      expect(waiting(stage)).toBe(1);
      stage.crash("second");
      expect(messagesIn(stage.file, "other")).toEqual(["a", "b"]);
    });
  });

  test("are written by whoever reads the file without a server", async () => {
    await withWriter(async (stage) => {
      keepAll(stage, [[log("a")], [log("b")], [log("c")]]);
      stage.writer.close();
      const rules = {
        projects: {},
        timings: { timeoutMs: 1e6, orphanGraceMs: 1e5, openMax: 100, openBytesMax: 1e6 },
        dedupe: { windowMs: 1e5, entries: 100 },
        queue: { entries: 1, bytes: 1, clientShare: 0.5 },
      };
      await settleFile(stage.file, rules);
      expect([messagesIn(stage.file), waiting(stage)]).toEqual([["a", "b", "c"], 0]);
      await settleFile(stage.file, rules);
      await settleFile(`${stage.file}.absent`, rules);
      expect(messagesIn(stage.file)).toEqual(["a", "b", "c"]);
    });
  });
});
