// Saved views in the data file: changed by the one connection that writes, read by others, there after a restart and in
// a backup.

import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { ChangeOutcome } from "../../src/core/changes.ts";
import { VIEWS_MAX } from "../../src/core/limits.ts";
import type { SavedView, ViewChange } from "../../src/core/views.ts";
import { backupTo } from "../../src/store/backup.ts";
import { FORMAT_STEPS } from "../../src/store/schema.ts";
import { StoreWriter } from "../../src/store/store_writer.ts";
import { DataReader } from "../../src/store/tables_reader.ts";
import { verifyData } from "../../src/store/verify/verify.ts";
import { withFolder } from "../support/folder.ts";
import { integer, pick, runSeed, seededRandom } from "../support/random.ts";

const NOW = 1_764_500_000_000;
const save = (name: string, project: string | null = null): ViewChange => ({
  kind: "save_view",
  name,
  project,
  address: "/logs?q=level:error",
});

function viewOf(outcome: ChangeOutcome): SavedView {
  if (!outcome.ok || outcome.view === undefined) throw new Error(JSON.stringify(outcome));
  return outcome.view;
}

function viewsIn(file: string, project?: string): SavedView[] {
  const reader = new DataReader(file);
  try {
    return reader.tables.views(project);
  } finally {
    reader.close();
  }
}

async function withStore(work: (store: StoreWriter, file: string, folder: string) => void | Promise<void>) {
  await withFolder(async (folder) => {
    const file = join(folder, "x.db");
    const store = new StoreWriter(file, "write", "run 1");
    try {
      await work(store, file, folder);
    } finally {
      store.close();
    }
  });
}

describe("saved views", () => {
  test("are a project's or everybody's, and stay over a restart, in a backup, and for doctor", () =>
    withFolder(async (folder) => {
      const file = join(folder, "x.db");
      const store = new StoreWriter(file, "write", "run 1");
      const all = viewOf(store.changeView(save("Errors"), NOW));
      const own = viewOf(store.changeView(save("Errors", "shop"), NOW + 0.5));
      const other = viewOf(store.changeView(save("Other", "blog"), NOW + 1));
      store.close();
      new StoreWriter(file, "write", "run 2").close();
      await backupTo(file, join(folder, "copy.db"));
      for (const one of [file, join(folder, "copy.db")]) {
        expect(viewsIn(one)).toEqual([all, own, other]);
        expect(viewsIn(one, "shop")).toEqual([all, own]);
        const steps = verifyData(one);
        let step = steps.next();
        while (step.done !== true) step = steps.next();
        expect(step.value.findings).toEqual([]);
      }
      expect(new Set([all.id, own.id, other.id]).size).toBe(3);
    }));

  test("behave as a list of named addresses, whatever is changed in whatever order", () =>
    withStore((store, file) => {
      const random = seededRandom(runSeed("views"));
      let model: SavedView[] = [];
      for (let step = 0; step < 400; step++) {
        const names = {
          name: pick(random, ["a", "b", "A", "ü", "x'--"]),
          project: pick(random, [null, "shop", "blog"]),
        };
        const target = model[integer(random, model.length + 1)];
        const id = target?.id ?? 12;
        const change: ViewChange = pick<ViewChange>(random, [
          { kind: "save_view", ...names, address: `/logs?q=${step}` },
          { kind: "change_view", id, ...names },
          { kind: "change_view", id, address: `/timings?q=${step}` },
          { kind: "delete_view", id },
        ]);
        const outcome = store.changeView(change, NOW);
        const others = model.filter((one) => one !== target);
        const isSave = change.kind === "save_view";
        const wanted = isSave
          ? { name: change.name, project: change.project, address: change.address }
          : { ...target, ...Object.fromEntries(Object.entries(change).filter(([name]) => name !== "kind")) };
        const isTaken = (isSave ? model : others).some(
          (one) => one.name === wanted.name && one.project === wanted.project,
        );
        const code = outcome.ok ? "ok" : outcome.refusal.code;
        if (!isSave && target === undefined) expect(code).toBe("not_found");
        else if (change.kind === "delete_view") {
          expect(code).toBe("ok");
          model = others;
        } else if (isTaken) expect(code).toBe("already_there");
        else {
          const view = viewOf(outcome);
          expect(view).toMatchObject({ ...wanted, changedAt: NOW });
          if (isSave) expect(model.some((one) => one.id === view.id)).toBe(false);
          model = isSave ? [...model, view] : [...others, view];
        }
      }
      const byId = (views: readonly SavedView[]) => views.toSorted((a, b) => a.id - b.id);
      expect(byId(viewsIn(file))).toEqual(byId(model));
    }));

  test("are bounded in number, and a taken name says whose it is", () =>
    withStore((store) => {
      for (let count = 0; count < VIEWS_MAX; count++) viewOf(store.changeView(save(`v${count}`), NOW));
      expect(store.changeView(save("more"), NOW)).toEqual({
        ok: false,
        refusal: {
          code: "limit",
          message: `there are ${VIEWS_MAX} saved views, the most there can be; delete some first`,
        },
      });
      const id = viewOf(store.changeView({ kind: "change_view", id: NOW, project: "shop" }, NOW)).id;
      expect(store.changeView({ kind: "change_view", id, name: "v1", project: null }, NOW)).toMatchObject({
        refusal: { message: 'there is a view "v1" for everybody already: choose another name' },
      });
    }));

  test("are none in a file of an older format, which gets the table when it is opened to be written", () =>
    withFolder((folder) => {
      const file = join(folder, "old.db");
      new StoreWriter(file, "write", "run").close();
      const database = new Database(file);
      for (const [, table] of (FORMAT_STEPS[3] ?? "").matchAll(/CREATE TABLE (\w+)/g))
        database.run(`DROP TABLE ${table}`);
      database.run("PRAGMA user_version = 4");
      database.close();
      expect(viewsIn(file)).toEqual([]);
      const store = new StoreWriter(file, "write", "run");
      const view = viewOf(store.changeView(save("a"), NOW));
      store.close();
      expect(viewsIn(file)).toEqual([view]);
    }));
});
