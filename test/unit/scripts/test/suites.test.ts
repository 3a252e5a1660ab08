import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { DENO_E2E_FILES, findSuites } from "../../../../scripts/src/test/suites.ts";
import { withFolder } from "../../../support/folder.ts";
import { writeFiles } from "./checkout.ts";

const STAGES = [
  [{ name: "rules" }],
  [{ name: "unit" }],
  [{ name: "e2e", workers: 3 }],
  [{ name: "deno", variables: { EXECUTABLE: "./deno" }, otherFiles: ["test/e2e/bodies.test.ts"] }],
];

/** The suites of a checkout with these empty files in test/, each with its files. */
function suitesOf(files: readonly string[], filters: readonly string[] = []) {
  return withFolder((folder) => {
    writeFiles(folder, Object.fromEntries(files.map((file) => [`test/${file}`, ""])));
    return findSuites(folder, filters, STAGES);
  });
}

describe("suites are found", () => {
  const files = [
    "rules.test.ts",
    "e2e/a.test.ts",
    "unit/b/c.test.ts",
    "unit/a.test.ts",
    "later/a.test.tsx",
    "support/a.ts",
  ];

  test("by folder, in the order in which they run, those that the table does not name last", async () => {
    expect(await suitesOf(files)).toEqual([
      [{ name: "rules", files: ["test/rules.test.ts"] }],
      [{ name: "unit", files: ["test/unit/a.test.ts", "test/unit/b/c.test.ts"] }],
      [{ name: "e2e", workers: 3, files: ["test/e2e/a.test.ts"] }],
      [{ name: "later", files: ["test/later/a.test.tsx"] }],
    ]);
  });

  test("by what is in the paths of their files", async () => {
    expect(await suitesOf(files, ["unit/b", "later"])).toEqual([
      [{ name: "unit", files: ["test/unit/b/c.test.ts"] }],
      [{ name: "later", files: ["test/later/a.test.tsx"] }],
    ]);
    expect(await suitesOf(files, ["nothing"])).toEqual([]);
  });

  test("by stages: those of one stage run at the same time", () =>
    withFolder((folder) => {
      writeFiles(folder, { "test/unit/a.test.ts": "", "test/e2e/a.test.ts": "", "test/fuzz/a.test.ts": "" });
      const [fuzz, unit, e2e] = ["fuzz", "unit", "e2e"].map((name) => ({ name, files: [`test/${name}/a.test.ts`] }));
      const stages = [[{ name: "fuzz", workers: 2 }, { name: "unit" }], [{ name: "bench" }]];
      expect(findSuites(folder, [], stages)).toEqual([[{ ...fuzz, workers: 2 }, unit], [e2e]] as never);
      expect(findSuites(folder, ["unit"], stages)).toEqual([[unit]] as never);
    }));

  test("with files of e2e that run once more, against the launcher of another runtime", async () => {
    const names = ["e2e/bodies.test.ts", "e2e/commands.test.ts", "deno/twins.test.ts"];
    const e2e = { name: "e2e", workers: 3, files: ["test/e2e/bodies.test.ts", "test/e2e/commands.test.ts"] };
    const both = ["test/deno/twins.test.ts", "test/e2e/bodies.test.ts"];
    const deno = { name: "deno", files: both, variables: { EXECUTABLE: "./deno" } };
    expect(await suitesOf(names)).toEqual([[e2e], [deno]]);
    expect(await suitesOf(names, ["deno"])).toEqual([[deno]]);
    expect(await suitesOf(names, ["e2e/bodies"])).toEqual([[{ ...e2e, files: ["test/e2e/bodies.test.ts"] }]]);
  });

  test("and every file of e2e that Deno runs is there", () => {
    const suites = findSuites(join(import.meta.dir, "../../../.."), ["deno"]).flat();
    const again = suites.flatMap((suite) => suite.files).filter((file) => file.startsWith("test/e2e/"));
    expect(again).toHaveLength(DENO_E2E_FILES.length);
  });
});
