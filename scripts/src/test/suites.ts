// The table of test suites, and which of their files a run takes. A suite is a folder of test/; the files directly in
// test/ are one of their own, named "rules".

import { readdirSync } from "node:fs";
import { join } from "node:path";

/** How the suite of a folder runs. */
export interface Plan {
  readonly name: string;
  /**
   * So many processes share its files, each of which then gets a global object of its own. Absent: one process runs all
   * of them in order.
   */
  readonly workers?: number;
  /**
   * A file of it with a test that failed runs once more, alone. For suites of a browser: beside others on two cores,
   * what a page shows may come later than any test expects. Never for promises: data that is lost once in a while is
   * lost.
   */
  readonly runsAgain?: boolean;
  /** Environment variables of its own; one that begins with "./" is a path in the checkout. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Files of other folders that it runs as well. */
  readonly otherFiles?: readonly string[];
}

/**
 * Files of e2e that also run with a server that runs from source on Deno: those about what differs there. SQLite's
 * driver (backup, disk_full, durability), the listener and its streams (bodies, reading, tls), the JSON parser
 * (refused_json), signals, files and output of the process (export_output, first_run, overrides, process, reload).
 * Everything else is the same code on both.
 */
export const DENO_E2E_FILES: readonly string[] =
  "backup bodies disk_full durability export_output first_run overrides process reading refused_json reload tls"
    .split(" ")
    .map((name) => `test/e2e/${name}.test.ts`);

type Stages = readonly (readonly Plan[])[];

/**
 * The suites in the order in which they run. Those on one line run beside one another, so their tests must bear that
 * others use the processor and the disk. A suite that is not named here runs last, by itself.
 */
const STAGES: Stages = [
  // These compute. One process each: their modules are loaded once.
  [{ name: "rules" }, { name: "unit" }, { name: "integration" }, { name: "fuzz" }],
  // These wait half of their time, for servers, disks and clocks.
  [
    { name: "e2e", workers: 3 },
    {
      name: "deno",
      workers: 2,
      // Deno takes a second to start, so it is killed less often.
      variables: { SIMPLELOGS_TEST_EXECUTABLE: "./test/deno/simplelogs", ROUNDS: "2" },
      otherFiles: DENO_E2E_FILES,
    },
  ],
  [
    { name: "browser", workers: 2, runsAgain: true },
    { name: "client", workers: 2, runsAgain: true },
  ],
  // More at once than a machine's cores took as long, and made programs late for what tests wait for.
  [
    { name: "senders", workers: 1 },
    { name: "clickhouse", workers: 2 },
  ],
  // This measures, so nothing runs beside it.
  [{ name: "bench" }],
];

/** A suite and the files of it that are to run, relative to the checkout, with "/". */
export interface Suite extends Omit<Plan, "otherFiles"> {
  readonly files: readonly string[];
}

/**
 * The suites that have a test file whose path contains one of `filters` (none: every file), by stages. The name of a
 * suite stands for the files of other folders that it runs.
 */
export function findSuites(root: string, filters: readonly string[], stages: Stages = STAGES): Suite[][] {
  const all = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .filter((file) => /\.test\.tsx?$/.test(file))
    .sort();
  const isWanted = (file: string) => filters.length === 0 || filters.some((filter) => file.includes(filter));
  const planned = new Set(stages.flat().map(({ name }) => name));
  const others = [...new Set(all.map(suiteOf))].filter((name) => !planned.has(name));
  return [...stages, ...others.map((name): Plan[] => [{ name }])]
    .map((plans) =>
      plans.map(({ otherFiles = [], ...plan }): Suite => {
        const takesOthers = filters.length === 0 || filters.includes(plan.name);
        const own = all.filter((file) => suiteOf(file) === plan.name && isWanted(file));
        return { ...plan, files: [...own, ...all.filter((file) => takesOthers && otherFiles.includes(file))] };
      }),
    )
    .map((suites) => suites.filter(({ files }) => files.length > 0))
    .filter((suites) => suites.length > 0);
}

function suiteOf(file: string): string {
  const [, folder = "", ...rest] = file.split("/");
  return rest.length === 0 ? "rules" : folder;
}
