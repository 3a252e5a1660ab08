import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import type { TouchpointRow } from "../../../../src/core/account_responses.ts";
import type { ChangeOutcome } from "../../../../src/core/changes.ts";
import { CLIENT_TOUCHPOINTS_MAX, TOUCHPOINTS_MAX } from "../../../../src/core/limits.ts";
import { openForReading } from "../../../../src/store/database.ts";
import { TablesReader } from "../../../../src/store/tables_reader.ts";
import type { FromWriter } from "../../../../src/threads/messages.ts";
import { untilTrue } from "../../../support/condition.ts";
import { withSmallDisk } from "../../../support/small_disk.ts";
import { WriterStage, withWriter } from "./writer_stage.ts";

function listOf(stage: WriterStage, project?: string): string[] {
  const database = openForReading(stage.file);
  const rows = new TablesReader(database).touchpoints(project);
  database.close();
  return rows.map((row) => `${row.project}: ${row.name}${row.registered ? "" : " (unregistered)"}`);
}

function rowOf(outcome: ChangeOutcome): TouchpointRow | undefined {
  return outcome.ok ? outcome.touchpoint : undefined;
}

function codeOf(outcome: ChangeOutcome): string {
  return outcome.ok ? "ok" : outcome.refusal.code;
}

describe("a view", () => {
  test("is everybody's, or of a project that is known", async () => {
    await withWriter(async (stage) => {
      const save = (project: string | null) =>
        stage.change({ kind: "save_view", name: "a", project, address: "/logs" });
      const saved = await save(null);
      expect([codeOf(saved), codeOf(await save("shop")), codeOf(await save("nowhere"))]).toEqual([
        "ok",
        "ok",
        "unknown_project",
      ]);
      const id = saved.ok ? (saved.view?.id ?? 0) : 0;
      expect(codeOf(await stage.change({ kind: "change_view", id, project: "nowhere" }))).toBe("unknown_project");
      expect(codeOf(await stage.change({ kind: "delete_view", id }))).toBe("ok");
      expect(codeOf(await stage.change({ kind: "delete_view", id }))).toBe("not_found");
    });
  });
});

describe("a touchpoint", () => {
  test("from entries is unregistered until someone registers it, and then still has the time when it was first seen", async () => {
    await withWriter(async (stage) => {
      expect(stage.send([{ message: "a", touchpoint: "api/orders" }])).toBe(true);
      const before = listOf(stage);
      const row = rowOf(await stage.change({ kind: "register_touchpoint", project: "shop", name: "api/orders" }));
      expect([before, listOf(stage)]).toEqual([["shop: api/orders (unregistered)"], ["shop: api/orders"]]);
      expect(row).toEqual({ project: "shop", name: "api/orders", registered: true, firstSeen: expect.any(Number) });
      stage.send([{ message: "b", touchpoint: "api/orders" }]);
      expect(listOf(stage)).toEqual(["shop: api/orders"]);
    });
  });

  test("is registered with all others that were seen, of one project or of all, whatever else the list has", async () => {
    await withWriter(async (stage) => {
      stage.send([{ touchpoint: "api/a" }, { touchpoint: "API/b" }, { touchpoint: "web" }]);
      await stage.change({ kind: "register_touchpoint", project: "other", name: "api/known" });
      const register = (project: string | undefined, contains: string) =>
        stage.change({ kind: "register_seen", project, contains });
      expect(await register("other", "")).toEqual({ ok: true, seen: { registered: 0, left: 0 } });
      expect(await register("shop", "api/")).toEqual({ ok: true, seen: { registered: 2, left: 0 } });
      expect(listOf(stage, "shop")).toEqual(["shop: API/b", "shop: api/a", "shop: web (unregistered)"]);
      expect(await register(undefined, "")).toEqual({ ok: true, seen: { registered: 1, left: 0 } });
      expect(listOf(stage)).toEqual(["other: api/known", "shop: API/b", "shop: api/a", "shop: web"]);
      stage.send([{ touchpoint: "later" }]);
      expect(listOf(stage, "shop")).toContain("shop: later (unregistered)");
      expect(codeOf(await register("nowhere", ""))).toBe("unknown_project");
    });
  });

  test("can be registered before any entry has it, in any project of the configuration", async () => {
    await withWriter(async (stage) => {
      for (const project of ["shop", "other", "default"]) {
        const outcome = await stage.change({ kind: "register_touchpoint", project, name: "new" });
        expect(rowOf(outcome)).toMatchObject({ project, name: "new", registered: true });
      }
      stage.send([{ message: "a", touchpoint: "new" }]);
      expect(listOf(stage)).toEqual(["default: new", "other: new", "shop: new"]);
    });
  });

  test("that is renamed is listed under the new name, and under the old one again when entries have it", async () => {
    await withWriter(async (stage) => {
      stage.send([{ touchpoint: "old" }, { touchpoint: "known" }]);
      const rename = (name: string, to: string) =>
        stage.change({ kind: "rename_touchpoint", project: "shop", name, to });
      expect(rowOf(await rename("old", "new"))).toMatchObject({ name: "new", registered: true });
      expect(listOf(stage)).toEqual(["shop: known (unregistered)", "shop: new"]);
      stage.send([{ touchpoint: "old" }, { touchpoint: "new" }]);
      expect(listOf(stage)).toEqual(["shop: known (unregistered)", "shop: new", "shop: old (unregistered)"]);
      expect(rowOf(await rename("new", "known"))).toMatchObject({ name: "known", registered: true });
      expect(rowOf(await rename("known", "known"))).toMatchObject({ name: "known", registered: true });
      expect(listOf(stage)).toEqual(["shop: known", "shop: old (unregistered)"]);
    });
  });

  test("that is deleted leaves the list, and is listed as unregistered when entries have it again", async () => {
    await withWriter(async (stage) => {
      stage.send([{ touchpoint: "typo" }, { touchpoint: "stays" }]);
      await stage.change({ kind: "register_touchpoint", project: "shop", name: "typo" });
      const remove = { kind: "delete_touchpoint", project: "shop", name: "typo" } as const;
      expect([await stage.change(remove), listOf(stage)]).toEqual([{ ok: true }, ["shop: stays (unregistered)"]]);
      stage.send([{ touchpoint: "stays" }]);
      expect(listOf(stage)).toEqual(["shop: stays (unregistered)"]);
      stage.send([{ touchpoint: "typo" }]);
      expect(listOf(stage)).toEqual(["shop: stays (unregistered)", "shop: typo (unregistered)"]);
    });
  });

  test("has its name as records have it: a lone surrogate is U+FFFD", async () => {
    await withWriter(async (stage) => {
      stage.send([{ touchpoint: "a\ud800" }]);
      const row = rowOf(await stage.change({ kind: "register_touchpoint", project: "shop", name: "a\ud800" }));
      expect([row?.name, listOf(stage)]).toEqual(["a\ufffd", ["shop: a\ufffd"]]);
    });
  });
});

describe("names from client keys", () => {
  test("never keep a server's name off the list, and long ones take no room in the file", async () => {
    await withWriter(async (stage) => {
      for (let batch = 0; batch < 3; batch++) {
        stage.send(
          Array.from({ length: 4_000 }, (_, index) => ({ touchpoint: `junk ${batch} ${index}` })),
          1,
        );
        stage.send([{ touchpoint: `${batch}`.padEnd(1_000_000, "x") }, { touchpoint: "/".repeat(513) }], 1);
      }
      expect(listOf(stage).length).toBe(CLIENT_TOUCHPOINTS_MAX);
      stage.crash();
      stage.send(Array.from({ length: 6_000 }, (_, index) => ({ touchpoint: `real ${index}` })));
      const list = listOf(stage);
      expect([list.length, list.filter((name) => name.includes("real")).length]).toEqual([TOUCHPOINTS_MAX, 6_000]);
      const database = openForReading(stage.file);
      expect(database.query("SELECT max(length(name)) FROM touchpoints").values()).toEqual([["junk 0 1000".length]]);
      database.close();
    });
  });
});

describe("where the list is full of names that nobody registered", () => {
  test("a registered one replaces the latest", async () => {
    await withWriter(async (stage) => {
      stage.send(Array.from({ length: TOUCHPOINTS_MAX - 1 }, (_, index) => ({ touchpoint: `t${index}` })));
      stage.send([{ touchpoint: "latest" }]);
      const register = { kind: "register_touchpoint", project: "shop", name: "more" } as const;
      expect(codeOf(await stage.change(register))).toBe("ok");
      expect(codeOf(await stage.change({ ...register, name: "t5" }))).toBe("ok");
      const list = listOf(stage);
      expect([list.length, list.includes("shop: more"), list.some((name) => name.includes("latest"))]).toEqual([
        TOUCHPOINTS_MAX,
        true,
        false,
      ]);
      // The writer knows it too: the list has no room for it, and it is not listed.
      stage.send([{ touchpoint: "latest" }]);
      expect(listOf(stage)).toEqual(list);
      await stage.change({ kind: "delete_touchpoint", project: "shop", name: "t7" });
      stage.send([{ touchpoint: "latest" }]);
      expect(listOf(stage)).toContain("shop: latest (unregistered)");
    });
  });
});

describe("a change of the touchpoints is refused", () => {
  test("for a name that is not listed, one that is listed already, and an unknown project", async () => {
    await withWriter(async (stage) => {
      const of = { project: "shop", name: "a" };
      await stage.change({ kind: "register_touchpoint", ...of });
      await stage.change({ kind: "register_touchpoint", project: "shop", name: "b" });
      const outcomes = [
        await stage.change({ kind: "register_touchpoint", ...of }),
        await stage.change({ kind: "rename_touchpoint", ...of, to: "b" }),
        await stage.change({ kind: "rename_touchpoint", project: "shop", name: "none", to: "c" }),
        await stage.change({ kind: "delete_touchpoint", project: "shop", name: "none" }),
        await stage.change({ kind: "register_touchpoint", project: "nobody's", name: "a" }),
        await stage.change({ kind: "register_touchpoint", project: "constructor", name: "a" }),
      ];
      expect(outcomes.map(codeOf)).toEqual([
        "already_there",
        "already_there",
        "not_found",
        "not_found",
        "unknown_project",
        "unknown_project",
      ]);
      expect(outcomes[0]).toMatchObject({
        refusal: { message: 'touchpoint "a" is registered in project "shop" already' },
      });
      expect(listOf(stage)).toEqual(["shop: a", "shop: b"]);
    });
  });

  test("where a project has as many registered names as it can have, until one is deleted", async () => {
    await withWriter(async (stage) => {
      const register = { kind: "register_touchpoint", project: "shop", name: "more" } as const;
      stage.send(Array.from({ length: TOUCHPOINTS_MAX }, (_, index) => ({ touchpoint: `t${index}` })));
      const database = new Database(stage.file);
      database.run("UPDATE touchpoints SET registered = 1");
      database.close();
      expect(codeOf(await stage.change(register))).toBe("limit");
      expect(codeOf(await stage.change({ ...register, name: "t5" }))).toBe("already_there");
      await stage.change({ kind: "delete_touchpoint", project: "shop", name: "t6" });
      expect(codeOf(await stage.change(register))).toBe("ok");
      stage.send([{ touchpoint: "t6" }]);
      expect(listOf(stage).length).toBe(TOUCHPOINTS_MAX);
    });
  });

  test("when the disk is full, and changes nothing", async () => {
    await withSmallDisk(32 * 1024 * 1024, async (disk) => {
      const stage = new WriterStage(disk.folder);
      try {
        stage.send([{ touchpoint: "a" }]);
        disk.addBallast(disk.freeBytes);
        const register = { kind: "register_touchpoint", project: "shop", name: "x".repeat(100_000) } as const;
        const outcome = await stage.change(register);
        expect(outcome).toEqual({
          ok: false,
          refusal: { code: "unavailable", message: "the data file cannot be written: database or disk is full" },
        });
        const remove = { kind: "delete_touchpoint", project: "shop", name: "a" } as const;
        expect(codeOf(await stage.change(remove))).toBe("unavailable");
        expect([listOf(stage), stage.send([{ message: "b" }])]).toEqual([["shop: a (unregistered)"], false]);
        const view = {
          kind: "save_view",
          name: "a",
          project: "shop",
          address: `/logs?q=${"x".repeat(7_000)}`,
        } as const;
        expect(codeOf(await stage.change(view))).toBe("unavailable");
        disk.removeBallast();
        await untilTrue("it is healthy again", () => stage.said.some((message) => isHealthy(message, stage)));
        expect(codeOf(await stage.change(remove))).toBe("ok");
        expect(codeOf(await stage.change(view))).toBe("ok");
      } finally {
        stage.writer.close();
      }
    });
  });
});

/** Whether a message says that the store works again. */
function isHealthy(message: FromWriter, stage: WriterStage): boolean {
  const failedAt = stage.said.findIndex((said) => said.kind === "health" && !said.isHealthy);
  return message.kind === "health" && message.isHealthy && stage.said.indexOf(message) > failedAt;
}
