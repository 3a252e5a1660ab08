import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Database } from "../../src/runtime/driver.ts";
import { openForReading, openForWriting } from "../../src/store/database.ts";
import { PageScrubber } from "../../src/store/scrub.ts";
import { vacuumStep } from "../../src/store/space.ts";
import { withFolder } from "../support/folder.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { rawFiles } from "../support/raw_bytes.ts";

function contentOf(database: Database): unknown {
  return ["waiting", "rejections", "touchpoints", "pieces"].map((table) =>
    database.query(`SELECT * FROM ${table}`).values(),
  );
}

/** Fills tables of both forms, with rows from a few bytes to many pages, and takes most of them away again. */
function churn(database: Database, random: Random): string[] {
  const gone: string[] = [];
  const insert = [
    (id: number, text: string) => database.query("INSERT INTO waiting VALUES (?, ?)").run(id, text),
    (id: number, text: string) =>
      database.query("INSERT INTO rejections VALUES (?, 1, 'k', 1, 'quota', ?)").run(id, text),
    (id: number, text: string) => database.query("INSERT INTO touchpoints VALUES (?, ?, 0, 1)").run(id, text),
    (id: number, text: string) =>
      database.query("INSERT INTO pieces VALUES (?, 'x', 0, ?)").run(id, new TextEncoder().encode(text)),
  ];
  const remove = ["waiting WHERE id", "rejections WHERE id", "touchpoints WHERE project", "pieces WHERE key"];
  const live: [number, number, string][] = [];
  let id = 1;
  for (let round = 0; round < 60; round++) {
    database.run("BEGIN");
    for (let count = integer(random, 20); count > 0; count--) {
      const table = integer(random, 3);
      const mark = `<mark ${id} of ${table}>`;
      const text = mark.repeat(1 + integer(random, pick(random, [3, 60, 1_500])));
      insert[table]?.(id, text);
      live.push([table, id++, mark]);
    }
    for (let count = integer(random, Math.min(live.length, 18)); count > 0; count--) {
      const [[table, removed, mark]] = live.splice(integer(random, live.length - 1), 1) as [[number, number, string]];
      database.query(`DELETE FROM ${remove[table]} = ?`).run(removed);
      gone.push(mark);
    }
    database.run("COMMIT");
  }
  return gone;
}

function left(file: string, marks: readonly string[]): string[] {
  const files = rawFiles(file).map((bytes) => bytes.toString("latin1"));
  return marks.filter((mark) => files.some((bytes) => bytes.includes(mark)));
}

describe("scrubbing", () => {
  test("leaves nothing of deleted rows in the file, and changes nothing that it says", async () => {
    const random = seededRandom(runSeed("scrub"));
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const database = openForWriting(file, "write");
      const scrubber = new PageScrubber(database, file);
      const gone = churn(database, random);
      expect(left(file, gone).length).toBeGreaterThan(10);
      while (vacuumStep(database, 0));
      const before = contentOf(database);
      for (let state = ""; state !== "done"; ) state = scrubber.step(0);
      expect([left(file, gone), scrubber.done]).toEqual([[], scrubber.total]);
      expect(contentOf(database)).toEqual(before);
      database.close();
      scrubber.close();
      const again = openForReading(file);
      expect([contentOf(again), again.query("PRAGMA integrity_check").values()]).toEqual([before, [["ok"]]]);
      again.close();
    });
  });

  test("goes on while rows come and go between its steps", async () => {
    const random = seededRandom(runSeed("scrub between writes"));
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const database = openForWriting(file, "write");
      const scrubber = new PageScrubber(database, file);
      const gone = churn(database, random);
      while (vacuumStep(database, 0));
      database.run("PRAGMA secure_delete = ON");
      const expected = new Map<number, string>();
      for (let id = 100_000; scrubber.step(0) !== "done"; id++) {
        const text = "kept".repeat(integer(random, 3_000));
        database.query("INSERT INTO waiting VALUES (?, ?)").run(id, text);
        expected.set(id, text);
        if (random() < 0.5) {
          const [removed] = [...expected.keys()];
          database.query("DELETE FROM waiting WHERE id = ?").run(removed as number);
          expected.delete(removed as number);
        }
      }
      expect(left(file, gone)).toEqual([]);
      expect(database.query("SELECT id, item FROM waiting WHERE id >= 100000 ORDER BY id").values()).toEqual([
        ...expected,
      ]);
      expect(database.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      database.close();
      scrubber.close();
    });
  });

  test("waits for a reader whose snapshot is in the log", async () => {
    await withFolder((folder) => {
      const file = join(folder, "data.db");
      const database = openForWriting(file, "write");
      const scrubber = new PageScrubber(database, file);
      const reader = openForReading(file);
      database.run("INSERT INTO projects VALUES (1, 'a')");
      reader.run("BEGIN");
      expect(reader.query("SELECT name FROM projects").values()).toEqual([["a"]]);
      database.run("INSERT INTO projects VALUES (2, 'b')");
      expect(scrubber.step(10)).toBe("blocked");
      expect(reader.query("SELECT name FROM projects").values()).toEqual([["a"]]);
      reader.run("COMMIT");
      expect(scrubber.step(10)).toBe("done");
      reader.close();
      database.close();
      scrubber.close();
    });
  });
});
