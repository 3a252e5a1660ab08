import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { countResults } from "../../../../scripts/src/test/report.ts";
import { DENO_E2E_FILES, findSuites, runSuite, type Suite } from "../../../../scripts/src/test/suites.ts";
import { withFolder } from "../../../support/folder.ts";

const PASSING = 'import { expect, test } from "bun:test";\ntest("passes", () => expect(1).toBe(1));\n';
const MIXED = `${PASSING}test("fails", () => expect(1).toBe(2));\ntest.skip("is skipped", () => {});\n`;
const BROKEN = 'import { test } from "bun:test";\nimport "./missing.ts";\ntest("never runs", () => {});\n';
const DYING = `${PASSING}test("dies", () => process.exit(0));\n`;

/** Writes test files, and runs the only suite that they make. */
async function runFiles(files: Readonly<Record<string, string>>, options: readonly string[] = []) {
  return await withFolder((folder) => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const [suite] = findSuites(folder, []);
    if (suite === undefined) throw new Error("no suite was found");
    return runSuite({
      root: folder,
      suite,
      options,
      environment: process.env,
      reportFile: join(folder, "report.xml"),
      output: "ignore",
    });
  });
}

describe("suites are found", () => {
  test("with files of e2e that run once more, against the launcher of another runtime", async () => {
    await withFolder((folder) => {
      for (const file of ["e2e/bodies.test.ts", "e2e/commands.test.ts", "deno/twins.test.ts"]) {
        mkdirSync(dirname(join(folder, "test", file)), { recursive: true });
        writeFileSync(join(folder, "test", file), "");
      }
      const e2e = { name: "e2e", files: ["test/e2e/bodies.test.ts", "test/e2e/commands.test.ts"] };
      const deno = {
        name: "deno",
        files: ["test/deno/twins.test.ts", "test/e2e/bodies.test.ts"],
        variables: { SIMPLELOGS_TEST_EXECUTABLE: "./test/deno/simplelogs", ROUNDS: "2" },
      };
      expect(findSuites(folder, [])).toEqual([e2e, deno]);
      expect(findSuites(folder, ["deno"])).toEqual([deno]);
      expect(findSuites(folder, ["e2e/bodies"])).toEqual([{ ...e2e, files: ["test/e2e/bodies.test.ts"] }]);
    });
  });

  test("and every file of e2e that Deno runs is there", () => {
    const [suite] = findSuites(join(import.meta.dir, "../../../.."), ["deno"]);
    expect(suite?.files.filter((file) => file.startsWith("test/e2e/"))).toHaveLength(DENO_E2E_FILES.length);
  });

  test("whose variables are set for their tests, as paths", async () => {
    const text = `import { expect, test } from "bun:test";
test("sees", () => expect(process.env["SIMPLELOGS_TEST_EXECUTABLE"]).toBe(process.cwd() + "/test/deno/simplelogs"));\n`;
    const files = { "test/deno/a.test.ts": text, "test/e2e/bodies.test.ts": text };
    await withFolder((folder) => {
      for (const [file, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), content);
      }
      const counts = findSuites(folder, []).map((suite) =>
        runSuite({
          root: folder,
          suite,
          options: [],
          environment: { ...process.env, SIMPLELOGS_TEST_EXECUTABLE: "" },
          reportFile: join(folder, "report.xml"),
          output: "ignore",
        }),
      );
      expect(counts).toMatchObject([
        { passed: 0, failed: 1 },
        { passed: 2, failed: 0 },
      ]);
    });
  });

  test("by folder, in the order in which they are run, and by what is in their files' paths", async () => {
    await withFolder((folder) => {
      for (const file of [
        "rules.test.ts",
        "e2e/a.test.ts",
        "unit/b/c.test.ts",
        "unit/a.test.ts",
        "later/a.test.tsx",
        "support/a.ts",
      ]) {
        mkdirSync(dirname(join(folder, "test", file)), { recursive: true });
        writeFileSync(join(folder, "test", file), "");
      }
      expect(findSuites(folder, [])).toEqual([
        { name: "rules", files: ["test/rules.test.ts"] },
        { name: "unit", files: ["test/unit/a.test.ts", "test/unit/b/c.test.ts"] },
        { name: "e2e", files: ["test/e2e/a.test.ts"] },
        { name: "later", files: ["test/later/a.test.tsx"] },
      ]);
      expect(findSuites(folder, ["unit/b", "later"])).toEqual([
        { name: "unit", files: ["test/unit/b/c.test.ts"] },
        { name: "later", files: ["test/later/a.test.tsx"] },
      ]);
      expect(findSuites(folder, ["nothing"])).toEqual([]);
    });
  });
});

describe("a suite counts as passed", () => {
  test("test by test", async () => {
    expect(await runFiles({ "test/unit/a.test.ts": PASSING, "test/unit/b.test.ts": PASSING })).toMatchObject({
      passed: 2,
      failed: 0,
    });
  });

  test("without the tests that an option left out", async () => {
    expect(await runFiles({ "test/unit/a.test.ts": MIXED }, ["--test-name-pattern=passes"])).toMatchObject({
      passed: 1,
      failed: 0,
    });
  });
});

describe("a suite counts as failed", () => {
  test("for each test that fails or is skipped", async () => {
    expect(await runFiles({ "test/unit/a.test.ts": MIXED })).toMatchObject({ passed: 1, failed: 2 });
  });

  test("for each file that cannot be loaded or has no test", async () => {
    const files = {
      "test/unit/a.test.ts": PASSING,
      "test/unit/b.test.ts": BROKEN,
      "test/unit/c.test.ts": "export {};\n",
    };
    expect(await runFiles(files)).toMatchObject({ passed: 1, failed: 2 });
  });

  test("when its process ends in the middle, with exit code 0 too", async () => {
    expect(await runFiles({ "test/unit/a.test.ts": DYING })).toMatchObject({ passed: 0, failed: 1 });
  });

  test("when every test passed and the process failed all the same", () => {
    const suite: Suite = { name: "unit", files: ["test/unit/a.test.ts"] };
    const report =
      '<testsuites tests="3" failures="0" skipped="0"><testsuite file="test/unit/a.test.ts" /></testsuites>';
    expect(countResults(suite, report, 1, false)).toMatchObject({ passed: 3, failed: 1 });
    expect(countResults(suite, report, 0, false)).toMatchObject({ passed: 3, failed: 0 });
  });
});

describe("what failed is named", () => {
  const files = {
    "test/unit/a.test.ts": `import { describe, expect, test } from "bun:test";
describe('less < "more"', () => {
  test("is & equal", () => expect(["<&>"]).toEqual([]));
  test("is thrown", () => { throw new Error("boom"); });
});
test("is slow", async () => { await Bun.sleep(1_000); }, 10);
test.skip("is left out", () => {});
test("passes", () => {});
`,
    "test/unit/b.test.ts": BROKEN,
  };

  test("with its file, its name and its error, or why it did not run", async () => {
    const { failed, failures } = await runFiles(files);
    expect(failed).toBe(5);
    expect(failures.map((failure) => failure.split("\n")[0])).toEqual([
      'test/unit/a.test.ts: less < "more" > is & equal',
      'test/unit/a.test.ts: less < "more" > is thrown',
      "test/unit/a.test.ts: is slow",
      "test/unit/a.test.ts: is left out",
      "test/unit/b.test.ts: none of its tests ran",
    ]);
    expect(failures[0]).toContain('"<&>"');
    expect(failures[1]).toContain("Error: boom");
    expect(failures[2]).toContain("timed out");
    expect(failures[3]).toContain("was skipped");
  });

  test("without what an option left out", async () => {
    const file = { "test/unit/a.test.ts": files["test/unit/a.test.ts"] };
    expect(await runFiles(file, ["--test-name-pattern=passes"])).toEqual({ passed: 1, failed: 0, failures: [] });
  });

  test("as a whole, where its process ended in the middle or failed after its tests", async () => {
    expect((await runFiles({ "test/unit/a.test.ts": DYING })).failures).toEqual([
      "unit tests ended in the middle, with exit code 0",
    ]);
    const report = '<testsuites tests="1"><testsuite file="test/unit/a.test.ts" /></testsuites>';
    expect(countResults({ name: "unit", files: ["test/unit/a.test.ts"] }, report, 1, false).failures).toEqual([
      "unit tests passed, but ended with exit code 1",
    ]);
  });
});
