// A small checkout whose suites a test runs as scripts/test does.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Count } from "../../../../scripts/src/test/report.ts";
import type { SuitesRun } from "../../../../scripts/src/test/run.ts";
import { findSuites, type Plan } from "../../../../scripts/src/test/suites.ts";
import { withFolder } from "../../../support/folder.ts";
import { run } from "../../../support/run.ts";

const RUNNER = join(import.meta.dir, "../../../../scripts/src/test/run.ts");

/** Writes texts to files, by their paths in `folder`. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

interface Checkout {
  readonly files: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly stages?: readonly (readonly Plan[])[];
  readonly suiteMsMax?: number;
}

/** Runs every suite of these test files in a process of its own: what it counts, and what it prints. */
export function runCheckout(checkout: Checkout): Promise<Count & { readonly output: string }> {
  return withFolder(async (root) => {
    writeFiles(root, checkout.files);
    const suitesRun: SuitesRun = {
      root,
      stages: findSuites(root, [], checkout.stages),
      options: checkout.options ?? [],
      environment: { ...process.env, SIMPLELOGS_TEST_EXECUTABLE: "" },
      folder: root,
      suiteMsMax: checkout.suiteMsMax ?? 60_000,
    };
    const code = `import { writeFileSync } from "node:fs";
import { runSuites } from ${JSON.stringify(RUNNER)};
writeFileSync("count.json", JSON.stringify(await runSuites(${JSON.stringify(suitesRun)})));`;
    writeFileSync(join(root, "program.ts"), code);
    const { stdout, stderr } = await run(process.execPath, ["program.ts"], { cwd: root, timeoutMs: 55_000 });
    const count = (await Bun.file(join(root, "count.json")).json()) as Count;
    return { ...count, output: stdout + stderr };
  });
}
