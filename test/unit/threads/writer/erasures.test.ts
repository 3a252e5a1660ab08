import { describe, expect, test } from "bun:test";
import type { ColumnChunk } from "../../../../src/block/codec/column_chunks.ts";
import { decodeColumns } from "../../../../src/block/open_block.ts";
import { recordsOf } from "../../../../src/block/records.ts";
import type { ChangeRequest } from "../../../../src/core/changes.ts";
import type { QueryScope } from "../../../../src/core/queries.ts";
import type { StoreSnapshot } from "../../../../src/core/telemetry.ts";
import { openForReading } from "../../../../src/store/database.ts";
import { CHUNKS_MAX } from "../../../../src/store/schema.ts";
import { untilTrue } from "../../../support/condition.ts";
import { type WriterStage, withWriter } from "./writer_stage.ts";

function eraseOf(q: string, scope: Partial<QueryScope> = {}): ChangeRequest {
  return { kind: "erase", scope: { from: undefined, to: undefined, ...scope, q, project: scope.project ?? "shop" } };
}

function messagesOf(stage: WriterStage): string[] {
  const database = openForReading(stage.file);
  const blocks = database.query("SELECT id, records FROM blocks").all() as { id: number; records: number }[];
  const pieces = (id: number) =>
    database
      .query("SELECT name, checksum, data FROM pieces WHERE key >= ? AND key < ? ORDER BY key")
      .all(id * CHUNKS_MAX, (id + 1) * CHUNKS_MAX) as ColumnChunk[];
  const records = blocks.flatMap(({ id, records: count }) => recordsOf(decodeColumns(pieces(id), count)));
  database.close();
  return records.sort((a, b) => a.id - b.id).map((record) => `${record.message ?? ""}${record.key ?? ""}`);
}

/** received - stored - open - dropped: 0 at every moment. */
function gapOf({ received, stored, open, dropped }: StoreSnapshot): number {
  return received - stored - open - Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

describe("an erasure beside ingestion", () => {
  test("deletes matching records and reports how many; groups are committed between its steps", async () => {
    await withWriter(async (stage) => {
      for (let n = 0; n < 40; n++) stage.send([{ message: `ada ${n}` }, { message: `bob ${n}` }]);
      const outcome = stage.begin(eraseOf("ada"));
      const committed: boolean[] = [];
      await untilTrue("it is done", () => {
        committed.push(stage.send([{ message: `later ${committed.length}` }]));
        return outcome() !== undefined;
      });
      expect(outcome()).toEqual({ ok: true, erased: { records: 40, blocks: 40, rejections: 0, waiting: 0 } });
      expect(committed).not.toContain(false);
      const bobs = Array.from({ length: 40 }, (_, n) => `bob ${n}`);
      const later = committed.map((_, n) => `later ${n}`);
      expect(messagesOf(stage)).toEqual([...bobs, ...later]);
      expect(stage.snapshot()).toMatchObject({ records: 40 + later.length, received: 80 + later.length });
      expect(gapOf(stage.snapshot())).toBe(0);
    });
  });

  test("deletes pending timings from memory too: their ends find no start any more, and the sum stays closed", async () => {
    await withWriter(async (stage) => {
      const startTime = Date.now();
      stage.send([
        { key: "ada", startTime, message: "ada's" },
        { key: "bob", startTime },
        { key: "eve", startTime, standalone: true, message: "ada's too" },
      ]);
      expect(stage.snapshot()).toMatchObject({ stored: 1, open: 2 });
      expect(await stage.change(eraseOf('"ada\'s"'))).toMatchObject({ erased: { records: 1, waiting: 2 } });
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ stored: 2, open: 1 }, 0]);
      stage.send(["ada", "bob", "eve"].map((key) => ({ key, endTime: startTime + 5 })));
      expect([stage.snapshot(), gapOf(stage.snapshot())]).toMatchObject([{ stored: 4, open: 2 }, 0]);
      expect(messagesOf(stage)).toEqual(["bob"]);
    });
  });

  test("leaves touchpoints in the list that records elsewhere have", async () => {
    await withWriter(async (stage) => {
      stage.send(["elsewhere", "nowhere", "here"].map((touchpoint) => ({ touchpoint, message: touchpoint })));
      const request = { ...eraseOf("message:where"), touchpointsElsewhere: ["elsewhere", "unknown"] } as ChangeRequest;
      expect(await stage.change(request)).toMatchObject({ erased: { records: 2 } });
      const database = openForReading(stage.file);
      const names = database.query("SELECT name FROM touchpoints ORDER BY name").all();
      database.close();
      expect(names).toEqual([{ name: "elsewhere" }, { name: "here" }]);
    });
  });

  test("waits for the erasure before it, and both have an outcome", async () => {
    await withWriter(async (stage) => {
      stage.send([{ message: "ada" }, { message: "bob" }, { message: "eve" }]);
      const [first, second] = [stage.begin(eraseOf("ada")), stage.begin(eraseOf("bob"))];
      await untilTrue("both are answered", () => first() !== undefined && second() !== undefined);
      for (const outcome of [first(), second()]) expect(outcome).toMatchObject({ ok: true, erased: { records: 1 } });
      expect(messagesOf(stage)).toEqual(["eve"]);
    });
  });

  test("lets no merge move its project's records past it, and merges go on afterwards", async () => {
    await withWriter(async (stage) => {
      for (let n = 0; n < 15; n++) stage.send([{ message: `ada ${n}` }]);
      const merges = () => stage.said.filter((message) => message.kind === "merge").length;
      const outcome = stage.begin(eraseOf("ada"));
      for (let n = 0; n < 80; n++) stage.send([{ message: `bob ${n}` }]);
      expect(merges()).toBe(0);
      await untilTrue("it is done", () => outcome() !== undefined);
      stage.send([{ message: "bob" }]);
      expect(merges()).toBe(1);
      expect(messagesOf(stage).filter((message) => message.startsWith("ada"))).toEqual([]);
    });
  });
});

describe("an erasure is refused", () => {
  test("for a search with a syntax error, with its place, and for an unknown project", async () => {
    await withWriter(async (stage) => {
      stage.send([{ message: "a" }]);
      expect(await stage.change(eraseOf("level:"))).toEqual({
        ok: false,
        refusal: { code: "bad_query", message: expect.any(String), at: expect.any(Number) },
      });
      expect(await stage.change(eraseOf("", { project: "nobody's" }))).toMatchObject({
        refusal: { code: "unknown_project" },
      });
      expect(messagesOf(stage)).toEqual(["a"]);
    });
  });

  test("when the writer stops before it is done", async () => {
    await withWriter(async (stage) => {
      stage.send([{ message: "a" }]);
      const outcome = stage.begin(eraseOf("a"));
      stage.writer.receive({ kind: "stop" });
      expect(outcome()).toEqual({
        ok: false,
        refusal: { code: "unavailable", message: "not everything was erased: the server stops; erase again" },
      });
    });
  });
});
