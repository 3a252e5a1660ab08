// Reads the JUnit report of one run of `bun test`: how many tests passed, and what failed, by name. What did not run to its end never
// counts as passed.

export interface Count {
  readonly passed: number;
  readonly failed: number;
  /** What failed, each with the reason below it; as many as `failed`. */
  readonly failures: readonly string[];
}

/** So many lines of a test's error are repeated at the end of the run. */
const REASON_LINES_MAX = 16;

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function plain(escaped: string): string {
  return escaped.replaceAll(/&(?:#(\d+)|(\w+));/g, (whole, code: string | undefined, name: string | undefined) =>
    code === undefined ? (ENTITIES[name ?? ""] ?? whole) : String.fromCodePoint(Number(code)),
  );
}

function attribute(tag: string, name: string): string {
  return plain(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

function count(tag: string, name: string): number {
  const value = Number(attribute(tag, name));
  return Number.isInteger(value) ? value : 0;
}

function indented(text: string): string {
  const lines = text.trim().split("\n").slice(0, REASON_LINES_MAX);
  return lines.map((line) => `\n    ${line}`).join("");
}

/** The name of each test that failed (and, where none may be, was skipped), with its error. */
function failedTests(report: string, countsSkipped: boolean): string[] {
  const failures: string[] = [];
  for (const [, tag = "", content = ""] of report.matchAll(
    /<testcase\b((?:[^">]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const name = `${attribute(tag, "file")}: ${[attribute(tag, "classname"), attribute(tag, "name")].filter((part) => part !== "").join(" > ")}`;
    const broken = /<(?:failure|error)\b((?:[^">]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/.exec(content);
    if (broken !== null) {
      const [, how = "", stack = ""] = broken;
      failures.push(`${name}${indented(plain(stack) || attribute(how, "message"))}`);
    } else if (countsSkipped && content.includes("<skipped")) {
      failures.push(`${name}\n    was skipped`);
    }
  }
  return failures;
}

/**
 * Counts one run of `bun test`.
 * @param files the suite's, as they were given to it.
 * @param report its JUnit report; undefined when it wrote none.
 * @param isSelective options narrowed the tests inside files, so that tests and whole files may rightly be skipped.
 */
export function countResults(
  suite: { readonly name: string; readonly files: readonly string[] },
  report: string | undefined,
  exitCode: number,
  isSelective: boolean,
): Count {
  const root = report === undefined ? undefined : /<testsuites\b[^>]*>/.exec(report)?.[0];
  // A crash, or a kill: whatever ran before is not known.
  if (report === undefined || root === undefined) {
    return { passed: 0, failed: 1, failures: [`${suite.name} tests ended in the middle, with exit code ${exitCode}`] };
  }
  const tests = count(root, "tests");
  const skipped = count(root, "skipped");
  const broken = count(root, "failures") + count(root, "errors");
  // A file that could not be loaded, or that has no test, is not in the report at all.
  const absent = isSelective ? [] : suite.files.filter((file) => !report.includes(`file="${file}"`));
  const failures = [...failedTests(report, !isSelective), ...absent.map((file) => `${file}: none of its tests ran`)];
  const failed = broken + absent.length + (isSelective ? 0 : skipped);
  const passed = Math.max(0, tests - broken - skipped);
  if (failed === 0 && exitCode !== 0) {
    return { passed, failed: 1, failures: [`${suite.name} tests passed, but ended with exit code ${exitCode}`] };
  }
  return { passed, failed, failures };
}
