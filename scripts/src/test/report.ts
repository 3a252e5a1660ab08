// Counts what one run of `bun test` did, from its JUnit report: how many tests passed, and what failed, by name. A test
// that did not run to its end never counts as passed.

export interface Count {
  readonly passed: number;
  readonly failed: number;
  /** As many as `failed`. */
  readonly failures: readonly Failure[];
  /** What failed, and passed when its file ran once more. It counts as passed. */
  readonly unstable?: readonly Failure[];
}

export interface Failure {
  /** The test file whose test failed; absent: not a single test failed. */
  readonly file?: string;
  /** The name, and the reason on the lines after it. */
  readonly text: string;
}

/**
 * So many lines of a reason are repeated at the end of the run: enough for the message and a few lines of a difference.
 */
const REASON_LINES_MAX = 16;

/** What failed, and the first lines of the reason. */
export function failureText(name: string, reason: string): string {
  const lines = reason.trim().split("\n").slice(0, REASON_LINES_MAX);
  return [name, ...lines.map((line) => `    ${line}`)].join("\n");
}

export function sumOf(counts: readonly Count[]): Count {
  const failures = counts.flatMap((count) => count.failures);
  const unstable = counts.flatMap((count) => count.unstable ?? []);
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  return { passed, failed: failures.length, failures, ...(unstable.length > 0 && { unstable }) };
}

/**
 * Counts one run of `bun test`.
 * @param suite its files as they were given to it.
 * @param report its JUnit report; "" where it wrote none.
 * @param end "" where it exited with 0, otherwise its exit code or signal.
 * @param isSelective options narrowed the tests inside files, so that tests and whole files may rightly be skipped.
 */
export function countResults(
  suite: { readonly name: string; readonly files: readonly string[] },
  report: string,
  end: string,
  isSelective: boolean,
): Count {
  const failedAs = (passed: number, text: string) => ({ passed, failed: 1, failures: [{ text }] });
  const tests = testsOf(report);
  // A crash, or a kill: whatever ran before is not known.
  if (tests === undefined) return failedAs(0, `${suite.name} tests ended in the middle, with ${end || "exit code 0"}`);
  const passed = tests.filter(({ failure }) => failure === undefined).length;
  const failures: Failure[] = tests
    .filter(({ failure, isSkipped }) => failure !== undefined && !(isSkipped && isSelective))
    .map(({ file, name, failure = "" }) => ({ file, text: failureText(name, failure) }));
  // A file that could not be loaded, or that has no test, is not in the report at all.
  const absent = suite.files.filter((file) => !tests.some((test) => test.file === file));
  if (!isSelective) failures.push(...absent.map((file) => ({ text: `${file}: none of its tests ran` })));
  const selectsNothing = isSelective && passed === 0 && absent.length === 0;
  if (failures.length > 0 || end === "" || selectsNothing) return { passed, failed: failures.length, failures };
  return failedAs(passed, `${suite.name} tests passed, but ended with ${end}`);
}

interface TestResult {
  readonly file: string;
  /** With its file and the names of the groups around it. */
  readonly name: string;
  /** Why it did not pass. */
  readonly failure?: string;
  readonly isSkipped: boolean;
}

type Element = Bun.XML.Element;

/** Every test of a report; undefined where the report is not whole. */
function testsOf(report: string): TestResult[] | undefined {
  try {
    const { testsuites } = Bun.XML.parse(report);
    // The outermost groups are the files.
    return elementsOf(testsuites, "testsuite").flatMap((file) => testsIn(file, `${file["@name"] as string}: `));
  } catch {
    return undefined;
  }
}

function testsIn(group: Element, prefix: string): TestResult[] {
  const own = elementsOf(group, "testcase").map((test): TestResult => {
    const result = {
      file: test["@file"] as string,
      name: prefix + (test["@name"] as string),
      isSkipped: "skipped" in test,
    };
    const [broken] = [...elementsOf(test, "failure"), ...elementsOf(test, "error")];
    if (broken !== undefined) return { ...result, failure: (broken["#text"] ?? broken["@message"] ?? "") as string };
    return result.isSkipped ? { ...result, failure: "was skipped" } : result;
  });
  const groups = elementsOf(group, "testsuite");
  return [...own, ...groups.flatMap((inner) => testsIn(inner, `${prefix}${inner["@name"] as string} > `))];
}

/**
 * The children of this name: Bun gives one by itself and several as an array, and those with nothing in them as texts.
 */
function elementsOf(parent: Bun.XML.Value | undefined, name: string): Element[] {
  const children = typeof parent === "object" ? (parent[name] ?? []) : [];
  return (Array.isArray(children) ? children : [children]).map((one) => (typeof one === "string" ? {} : one));
}
