import { describe, expect, test } from "bun:test";
import { BlockBuilder } from "../../../src/ingest/block_builder.ts";
import { normalise } from "../../../src/ingest/entries/normalise.ts";
import { batchContext } from "./batch_context.ts";

const DAY_MS = 86_400_000;

describe("the block builder", () => {
  test("gives ids in the order of arrival and columns a project and UTC day", () => {
    const builder = new BlockBuilder(41);
    const midnight = 19_894 * DAY_MS;
    const sent: [string, number][] = [
      ["a", midnight],
      ["b", midnight],
      ["a", midnight - 0.5],
      ["a", midnight + DAY_MS - 1],
    ];
    for (const [project, timestamp] of sent) {
      const log = normalise({ message: project, timestamp }, batchContext({ receivedAt: midnight }));
      if (typeof log === "string" || log.kind !== "log") throw new Error("expected a log");
      builder.add(project, log);
    }
    expect(builder.blocks.map(({ project, day, columns }) => [project, day, Array.from(columns.id)])).toEqual([
      ["a", 19_894, [41, 44]],
      ["b", 19_894, [42]],
      ["a", 19_893, [43]],
    ]);
    expect(builder.nextId).toBe(45);
  });
});
