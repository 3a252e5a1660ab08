// Where no cluster is configured, nothing of ClickHouse is loaded.

import { expect, test } from "bun:test";
import { join } from "node:path";
import ts from "typescript";
import { importsOf, isOwnFile, place, readSources, resolveImport } from "../../architecture/sources.ts";

const ROOT = join(import.meta.dir, "../../..");
/** The thread that ships begins here, and there is one only with a cluster. */
const OWN = /^src\/(?:clickhouse|threads\/shipper)\//;

test("the rooms import only types of ClickHouse, or wait with the import until it is needed", () => {
  const loading: string[] = [];
  const waiting: string[] = [];
  for (const source of readSources(ROOT, "src").values()) {
    if (OWN.test(source.path)) continue;
    for (const { specifier, node } of importsOf(source)) {
      if (!isOwnFile(specifier) || !OWN.test(resolveImport(source, specifier))) continue;
      if (ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true) continue;
      (ts.isCallExpression(node) ? waiting : loading).push(place(source, node));
    }
  }
  expect(loading).toEqual([]);
  expect(waiting.length).toBeGreaterThan(2);
});
