// How the writer recognises repeated requests after groups that fail or never begin.

import { describe, expect, spyOn, test } from "bun:test";
import { StoreWriter } from "../../../../src/store/store_writer.ts";
import { untilTrue } from "../../../support/condition.ts";
import { bodyOf, type WriterStage, withWriter } from "./writer_stage.ts";

const BODY = bodyOf([{ message: "once" }]);
const OTHER = bodyOf([{ message: "other" }]);

/** Sends the body again under this number; returns how many entries were dropped as duplicates since the start. */
function duplicatesAfter(stage: WriterStage, number: number): number {
  stage.group([number], [BODY]);
  stage.writer.receive({ kind: "flush" });
  return stage.snapshot().dropped.duplicate ?? 0;
}

/** The store cannot be written, and the writer notices. */
function failOnce(stage: WriterStage, number = 50, text = OTHER): void {
  const failing = spyOn(StoreWriter.prototype, "transaction").mockImplementation(() => {
    throw Object.assign(new Error("database or disk is full"), { name: "SQLiteError", code: "SQLITE_FULL" });
  });
  stage.group([number], [text]);
  failing.mockRestore();
  expect(stage.said.at(-1)).toMatchObject({ kind: "failed" });
}

async function untilHealthy(stage: WriterStage): Promise<void> {
  const isHealthy = () => {
    const last = stage.said.findLast((message) => message.kind === "health");
    return last?.kind === "health" && last.isHealthy;
  };
  await untilTrue("the writer can write again", isHealthy);
}

describe("that a client had disconnected when its answer was ready is not lost", () => {
  test("where it is reported with a group that was withdrawn", async () => {
    await withWriter((stage) => {
      stage.group([1], [BODY]);
      stage.group([2], [OTHER], { disconnected: [1], answeredUpTo: 1 }, true);
      expect(duplicatesAfter(stage, 3)).toBe(1);
      expect(duplicatesAfter(stage, 4)).toBe(1);
    });
  });

  test("where the next group fails before it is written", async () => {
    await withWriter(async (stage) => {
      stage.group([1], [BODY]);
      stage.writer.receive({ kind: "flush" });
      stage.writer.receive({ kind: "answered", upTo: 1, disconnected: [1] });
      failOnce(stage);
      await untilHealthy(stage);
      expect(duplicatesAfter(stage, 60)).toBe(1);
      expect(duplicatesAfter(stage, 61)).toBe(1);
    });
  });

  test("where it is reported after the next group has failed", async () => {
    await withWriter(async (stage) => {
      stage.group([1], [BODY]);
      stage.writer.receive({ kind: "flush" });
      failOnce(stage);
      stage.group([2], [OTHER], { disconnected: [1], answeredUpTo: 1 });
      await untilHealthy(stage);
      expect(duplicatesAfter(stage, 60)).toBe(1);
      expect(duplicatesAfter(stage, 61)).toBe(1);
    });
  });
});

test("that a client had disconnected is not lost where it is reported only once the store can be written again", async () => {
  await withWriter(async (stage) => {
    stage.group([1], [BODY]);
    stage.writer.receive({ kind: "flush" });
    failOnce(stage);
    await untilHealthy(stage);
    stage.writer.receive({ kind: "answered", upTo: 1, disconnected: [1] });
    expect(duplicatesAfter(stage, 60)).toBe(1);
    expect(duplicatesAfter(stage, 61)).toBe(1);
  });
});

test('under "memory", a batch is not a repetition of itself when its client had disconnected and its commit failed', async () => {
  await withWriter(async (stage) => {
    failOnce(stage, 1, BODY);
    stage.writer.receive({ kind: "answered", upTo: 1, disconnected: [1] });
    await untilHealthy(stage);
    stage.group([1], [BODY], { admitted: 1, disconnected: [1] });
    expect([stage.snapshot().stored, stage.snapshot().dropped.duplicate]).toEqual([1, 0]);
    expect(duplicatesAfter(stage, 60)).toBe(1);
    expect(duplicatesAfter(stage, 61)).toBe(1);
  }, "memory");
});

describe("another body under an idempotency key of the same group", () => {
  for (const durability of ["write", "memory"] as const) {
    test(`is refused, and not before the commit, under "${durability}"`, async () => {
      await withWriter((stage) => {
        stage.group([1, 2], [BODY, OTHER], { idempotencyKeys: ["a", "a"] });
        const told = stage.said.filter((message) => message.kind === "checked" || message.kind === "committed");
        const refused = [{ at: 1, refusal: { refused: "other_body" } }];
        // Under "memory" what is not refused at once is answered 202.
        const [atOnce, late] = durability === "memory" ? [refused, []] : [[], refused];
        expect(told).toMatchObject([
          { kind: "checked", refused: atOnce, refusedAfterCommit: late },
          { kind: "committed" },
        ]);
        expect(stage.snapshot().stored).toBe(1);
      }, durability);
    });
  }
});
