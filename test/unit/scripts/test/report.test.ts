import { describe, expect, test } from "bun:test";
import { countResults, failureText, sumOf } from "../../../../scripts/src/test/report.ts";

const SUITE = { name: "unit", files: ["test/unit/a.test.ts"] };

/** A report of one file with these tests. */
function reportOf(...tests: readonly string[]): string {
  return `<?xml version="1.0"?>
<testsuites><testsuite name="test/unit/a.test.ts" file="test/unit/a.test.ts">${tests.join("")}</testsuite></testsuites>`;
}

const PASSED = '<testcase name="a" file="test/unit/a.test.ts" />';
const SKIPPED = '<testcase name="b" file="test/unit/a.test.ts"><skipped /></testcase>';

describe("a report counts", () => {
  test("every test, of groups in groups too", () => {
    const inner = `<testsuite name="outer">${PASSED}<testsuite name="inner">${PASSED}${PASSED}</testsuite></testsuite>`;
    expect(countResults(SUITE, reportOf(PASSED, inner), "", false)).toEqual({ passed: 4, failed: 0, failures: [] });
  });

  test("as a failure when every test passed and the process failed all the same", () => {
    const failures = [{ text: "unit tests passed, but ended with exit code 1" }];
    expect(countResults(SUITE, reportOf(PASSED), "exit code 1", false)).toEqual({ passed: 1, failed: 1, failures });
    const selected = countResults(SUITE, reportOf(PASSED, SKIPPED), "exit code 1", true);
    expect(selected).toEqual({ passed: 1, failed: 1, failures });
  });

  test("as nothing when options select none of its tests, unless a file could not be loaded", () => {
    expect(countResults(SUITE, reportOf(SKIPPED), "exit code 1", true)).toEqual({ passed: 0, failed: 0, failures: [] });
    const more = { ...SUITE, files: [...SUITE.files, "test/unit/b.test.ts"] };
    expect(countResults(more, reportOf(SKIPPED), "exit code 1", true).failed).toBe(1);
  });

  test("as one failure when it is cut short, or is none", () => {
    for (const report of ["", "<testsuites", reportOf(PASSED).slice(0, -20)]) {
      expect(countResults(SUITE, report, "SIGKILL", false)).toEqual({
        passed: 0,
        failed: 1,
        failures: [{ text: "unit tests ended in the middle, with SIGKILL" }],
      });
    }
  });
});

test("of a failure, the first sixteen lines are repeated", () => {
  const lines = Array.from({ length: 20 }, (_, line) => `line ${line}`);
  expect(failureText("a", lines.join("\n")).split("\n")).toEqual([
    "a",
    ...lines.slice(0, 16).map((line) => `    ${line}`),
  ]);
});

test("counts are summed, their failures in order", () => {
  const counts = [1, 2].map((passed) => ({ passed, failed: 1, failures: [{ text: `failure ${passed}` }] }));
  expect(sumOf(counts)).toEqual({ passed: 3, failed: 2, failures: [{ text: "failure 1" }, { text: "failure 2" }] });
  expect(sumOf([])).toEqual({ passed: 0, failed: 0, failures: [] });
});
