// What the writer does when the configuration is reloaded.

import { describe, expect, test } from "bun:test";
import { RULES, type WriterStage, withWriter } from "./writer_stage.ts";

const DAY_MS = 86_400_000;

function logOf({ said }: WriterStage): string[] {
  return said.flatMap((message) => (message.kind === "log" ? [`${message.level}: ${message.message}`] : []));
}

describe("the writer warns of a project's table", () => {
  test("that has neither keys nor records, with the nearest known name", async () => {
    await withWriter((stage) => {
      stage.send([{ message: "a" }]);
      stage.writer.receive({ kind: "rules", rules: { ...RULES, unusedProjects: ["shpo", "shop"] } });
      expect(logOf(stage)).toEqual([
        'warn: [projects]: no key belongs to "shpo", and it has no records; did you mean "shop"?',
      ]);
    });
  });
});

describe("a retention that is shorter after a reload", () => {
  test("deletes nothing yet, and drops new entries that are too old for it at once", async () => {
    await withWriter((stage) => {
      const old = () => [{ message: "old", timestamp: Date.now() - 5 * DAY_MS }];
      stage.send(old());
      const shorter = { ...RULES.defaultProject, retentionMs: 3 * DAY_MS };
      stage.writer.receive({ kind: "rules", rules: { ...RULES, projects: { shop: shorter } } });
      stage.send([{ message: "old too", timestamp: Date.now() - 5 * DAY_MS }]);
      expect(stage.snapshot()).toMatchObject({ records: 1, received: 2, stored: 1, dropped: { too_old: 1 } });
      expect(logOf(stage)).toEqual([
        expect.stringMatching(
          /^warn: project "shop" keeps records for 3 d now, before for 30 d: 1 record \(.*\) are hidden, and will be/,
        ),
      ]);
    });
  });
});
