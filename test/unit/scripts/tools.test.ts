import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "../../../scripts/src/command.ts";
import { findSuites } from "../../../scripts/src/test/suites.ts";
import { toolsOf } from "../../../scripts/src/tools.ts";

const importsOf = (file: string) =>
  new Bun.Transpiler({ loader: file.endsWith("x") ? "tsx" : "ts" }).scanImports(readFileSync(join(ROOT, file), "utf8"));

/** The file, and what it imports of test/. */
function reached(file: string, all = new Set<string>()): Set<string> {
  if (all.has(file)) return all;
  all.add(file);
  for (const { path } of importsOf(file)) {
    const imported = relative(ROOT, join(ROOT, dirname(file), path));
    if (path.startsWith(".") && imported.startsWith("test/") && /\.tsx?$/.test(imported)) reached(imported, all);
  }
  return all;
}

test("a suite that runs alone has every tool whose variable its tests read", () => {
  const every = toolsOf(findSuites(ROOT, []).flatMap((suites) => suites.map(({ name }) => name)));
  for (const { name, files } of findSuites(ROOT, []).flat()) {
    const texts = [...new Set(files.flatMap((file) => [...reached(file)]))].map((file) =>
      readFileSync(join(ROOT, file), "utf8"),
    );
    const read = every
      .map(({ variable }) => variable)
      .filter((variable) => texts.some((text) => text.includes(`"${variable}"`)));
    const provided = toolsOf([name]).map(({ variable }) => variable);
    expect({ name, missing: read.filter((variable) => !provided.includes(variable)) }).toEqual({ name, missing: [] });
  }
});
