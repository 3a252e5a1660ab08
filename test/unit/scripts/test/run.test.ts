// Suites run as scripts/test runs them: which tests count as passed and as failed, what is said of a failure, and what
// suites that run at the same time share.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withFolder } from "../../../support/folder.ts";
import { runCheckout } from "./checkout.ts";

const PASSING = 'import { expect, test } from "bun:test";\ntest("passes", () => expect(1).toBe(1));\n';
const MIXED = `${PASSING}test("fails", () => expect(1).toBe(2));\ntest.skip("is skipped", () => {});\n`;
const BROKEN = 'import { test } from "bun:test";\nimport "./missing.ts";\ntest("never runs", () => {});\n';
const DYING = `${PASSING}test("dies", () => process.exit(0));\n`;

/** Waits until the other file's process has come as far: both run at the same time, or each fails. */
function meeting(own: string, other: string): string {
  return `import { test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
test("meets ${other}", async () => {
  for (let line = 0; line < 200; line++) console.log("${own} says " + line);
  writeFileSync("${own}.here", "");
  while (!existsSync("${other}.here")) await Bun.sleep(5);
}, 20_000);\n`;
}

describe("a suite counts as passed", () => {
  test("test by test", async () => {
    const files = { "test/unit/a.test.ts": PASSING, "test/unit/b.test.ts": PASSING };
    expect(await runCheckout({ files })).toMatchObject({ passed: 2, failed: 0, failures: [] });
  });

  test("without the tests and files that an option left out", async () => {
    const files = { "test/unit/a.test.ts": MIXED, "test/e2e/a.test.ts": PASSING.replace('"passes"', '"is other"') };
    const options = ["--test-name-pattern=passes"];
    expect(await runCheckout({ files, options })).toMatchObject({ passed: 1, failed: 0, failures: [] });
  });

  test("with variables of its own, as paths in the checkout", async () => {
    const text = `import { expect, test } from "bun:test";
test("sees", () => expect(process.env["SIMPLELOGS_TEST_EXECUTABLE"]).toBe(process.cwd() + "/test/deno/simplelogs"));\n`;
    const files = { "test/deno/a.test.ts": text, "test/e2e/bodies.test.ts": text };
    const { passed, failures } = await runCheckout({ files });
    expect(passed).toBe(2);
    expect(failures.map(({ text }) => text.split("\n")[0])).toEqual(["e2e: test/e2e/bodies.test.ts: sees"]);
  });
});

describe("a suite counts as failed", () => {
  test("for each test that fails or is skipped", async () => {
    expect(await runCheckout({ files: { "test/unit/a.test.ts": MIXED } })).toMatchObject({ passed: 1, failed: 2 });
  });

  test("for each file that cannot be loaded or has no test", async () => {
    const files = {
      "test/unit/a.test.ts": PASSING,
      "test/unit/b.test.ts": BROKEN,
      "test/unit/c.test.ts": "export {};\n",
    };
    expect(await runCheckout({ files })).toMatchObject({ passed: 1, failed: 2 });
  });

  test("when its process ends in the middle, with exit code 0 too", async () => {
    const { passed, failures } = await runCheckout({ files: { "test/unit/a.test.ts": DYING } });
    expect([passed, failures]).toEqual([0, [{ text: "unit: unit tests ended in the middle, with exit code 0" }]]);
  });

  test("when it hangs: it is killed, and what it has started with it", () =>
    withFolder(async (folder) => {
      const pidFile = join(folder, "pid");
      const hanging = `import { test } from "bun:test";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
test("hangs", () => {
  process.on("SIGTERM", () => {});
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
  for (;;) {}
});\n`;
      const { passed, failures } = await runCheckout({ files: { "test/unit/a.test.ts": hanging }, suiteMsMax: 4_000 });
      expect([passed, failures]).toEqual([0, [{ text: "unit: unit tests ended in the middle, with SIGKILL" }]]);
      expect(isRunning(Number(readFileSync(pidFile, "utf8")))).toBe(false);
    }));

  test("when no test ran at all", async () => {
    const files = { "test/unit/a.test.ts": PASSING };
    const options = ["--test-name-pattern=nowhere"];
    expect(await runCheckout({ files, options })).toMatchObject({
      passed: 0,
      failed: 1,
      failures: [{ text: "no test ran: --test-name-pattern=nowhere selects none" }],
    });
  });
});

/** Whether the process is there and has not ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // One that nobody waits for has ended all the same.
  const { stdout } = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)]);
  return !/^(Z|$)/.test(stdout.toString().trim());
}

describe("suites of one stage", () => {
  const stages = [[{ name: "one" }, { name: "two" }]];

  test("run at the same time, each with its output kept apart, and count together", async () => {
    const files = { "test/one/a.test.ts": meeting("one", "two"), "test/two/a.test.ts": meeting("two", "one") };
    const { passed, failed, output } = await runCheckout({ files, stages });
    expect([passed, failed]).toEqual([2, 0]);
    const said = [...output.matchAll(/^(one|two) says (\d+)$/gm)];
    const [first, second] = [said.slice(0, 200), said.slice(200)];
    for (const half of [first, second]) {
      expect(half.map(([, , line]) => Number(line))).toEqual(Array.from({ length: 200 }, (_, line) => line));
      expect(new Set(half.map(([, name]) => name)).size).toBe(1);
    }
    expect(output.match(/^== (?:one|two) tests: 1 of 1 passed$/gm)).toHaveLength(2);
  });

  test("do not hide one another's failures", async () => {
    const files = { "test/one/a.test.ts": MIXED, "test/two/a.test.ts": DYING };
    const { passed, failures } = await runCheckout({ files, stages });
    expect(passed).toBe(1);
    expect(failures.map(({ text }) => text.split("\n")[0])).toEqual([
      "one: test/one/a.test.ts: fails",
      "one: test/one/a.test.ts: is skipped",
      "two: two tests ended in the middle, with exit code 0",
    ]);
  });
});

describe("a suite with several workers", () => {
  const stages = [[{ name: "one", workers: 2 }]];

  test("runs its files at the same time, and counts all of them", async () => {
    const files = { "test/one/a.test.ts": meeting("a", "b"), "test/one/b.test.ts": meeting("b", "a") };
    expect(await runCheckout({ files, stages })).toMatchObject({ passed: 2, failed: 0 });
  });

  test("fails for a file whose process ended in the middle, and for one that cannot be loaded", async () => {
    const files = {
      "test/one/a.test.ts": DYING,
      "test/one/b.test.ts": MIXED,
      "test/one/c.test.ts": BROKEN,
      "test/one/d.test.ts": PASSING,
    };
    const { passed, failures } = await runCheckout({ files, stages });
    expect(passed).toBe(3);
    expect(failures.map(({ text }) => text.split("\n")[0])).toEqual([
      "one: test/one/a.test.ts: (worker crashed)",
      "one: test/one/b.test.ts: fails",
      "one: test/one/b.test.ts: is skipped",
      "one: test/one/c.test.ts: none of its tests ran",
    ]);
  });
});

describe("a file with a failed test", () => {
  /** Fails at its first attempt. */
  const ONCE = `import { expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
test("is slow once", () => {
  const isSecond = existsSync("attempted");
  writeFileSync("attempted", "");
  expect(isSecond).toBe(true);
});
test("is fine", () => {});\n`;
  const stages = [[{ name: "one", workers: 2, runsAgain: true }, { name: "two" }]];

  test("runs once more where the suite permits it; what passes then counts as passed, and is named", async () => {
    const files = { "test/one/a.test.ts": ONCE, "test/one/b.test.ts": MIXED };
    const { passed, failures, unstable = [] } = await runCheckout({ files, stages });
    expect(passed).toBe(3);
    expect(failures.map(({ text }) => text.split("\n")[0])).toEqual([
      "one: test/one/b.test.ts: fails",
      "one: test/one/b.test.ts: is skipped",
    ]);
    expect(unstable.map(({ text }) => text.split("\n")[0])).toEqual(["one: test/one/a.test.ts: is slow once"]);
  });

  test("has failed in every other suite", async () => {
    expect(await runCheckout({ files: { "test/two/a.test.ts": ONCE }, stages })).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  test("has failed beside five others, and where a file could not be loaded", async () => {
    const many = Object.fromEntries("abcde".split("").map((name) => [`test/one/${name}.test.ts`, MIXED]));
    for (const files of [many, { "test/one/b.test.ts": BROKEN }]) {
      const { failed, output } = await runCheckout({ files: { ...files, "test/one/once.test.ts": ONCE }, stages });
      expect(failed).toBe(Object.keys(files).length * (files === many ? 2 : 1) + 1);
      expect(output.match(/^== one tests: \d+ of/gm)).toHaveLength(1);
    }
  });
});

describe("what failed is named", () => {
  const files = {
    "test/unit/a.test.ts": `import { describe, expect, test } from "bun:test";
describe('less < "more"', () => {
  describe("inner", () => test("is & equal", () => expect(["<&>"]).toEqual([])));
  test("is thrown", () => { throw new Error("boom"); });
});
test("is slow", async () => { await Bun.sleep(1_000); }, 10);
test.skip("is left out", () => {});
test("passes", () => {});
`,
    "test/unit/b.test.ts": BROKEN,
  };

  test("with its file, its name and its error, or why it did not run", async () => {
    const { failed, failures } = await runCheckout({ files });
    expect(failed).toBe(5);
    const reasons = new Map(failures.map(({ text }) => [text.split("\n")[0], text.split("\n").slice(1).join("\n")]));
    const name = (test: string) => `unit: test/unit/a.test.ts: ${test}`;
    expect(reasons).toEqual(
      new Map([
        [name('less < "more" > inner > is & equal'), expect.stringContaining('"<&>"')],
        [name('less < "more" > is thrown'), expect.stringContaining("Error: boom")],
        [name("is slow"), expect.stringContaining("timed out")],
        [name("is left out"), expect.stringContaining("was skipped")],
        ["unit: test/unit/b.test.ts: none of its tests ran", ""],
      ]),
    );
  });

  test("without what an option left out", async () => {
    const file = { "test/unit/a.test.ts": files["test/unit/a.test.ts"] };
    const options = ["--test-name-pattern=passes"];
    expect(await runCheckout({ files: file, options })).toMatchObject({ passed: 1, failed: 0, failures: [] });
  });
});
