// The files of dist/client as they are handed out: within their limits, each with the hash of the file that it loads,
// and typed.

import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { OUTPUTS, sizeOf } from "../../../../scripts/src/build/client.ts";

const FOLDER = join(import.meta.dir, "../../../../dist/client");
const textOf = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const limited = OUTPUTS.flatMap(({ file, bytesMax }) => (bytesMax === undefined ? [] : [{ file, bytesMax }]));
const loading = OUTPUTS.flatMap(({ file, integrity }) =>
  integrity === undefined ? [] : [{ file, loaded: integrity.of }],
);

test("the script tag and the web vitals have the limits that are promised", () => {
  const limits = new Map(limited.map(({ file, bytesMax }) => [file, bytesMax]));
  expect([limits.get("simplelogs.js"), limits.get("vitals.js"), limits.get("node.mjs")]).toEqual([4096, 3686, 6144]);
});

describe("compressed with brotli", () => {
  test.each(limited.filter(({ file }) => file !== "node.mjs"))(
    "$file has at most $bytesMax bytes",
    ({ file, bytesMax }) => {
      expect(sizeOf(file, textOf(file)).brotli).toBeLessThanOrEqual(bytesMax);
    },
  );
});

test.each(loading)("$file carries the hash of $loaded", ({ file, loaded }) => {
  const digest = createHash("sha256").update(textOf(loaded)).digest("base64");
  expect(textOf(file)).toContain(`sha256-${digest}`);
});

test("nothing of the scripts is evaluated or written into the page, so that strict policies let them in", () => {
  for (const file of ["simplelogs.js", "deferred.js", "vitals.js"]) {
    expect(textOf(file)).not.toMatch(/\beval\b|new Function|innerHTML|document\.write/);
  }
});

test("the module's types say what it exports, and refuse what it does not take", () => {
  const lines = [
    `import { SimpleLogs, clientLogger, configureSDK, currentTraceIds, flushServer, routePattern, serverLogger, withTrace, type Options } from ${JSON.stringify(join(FOLDER, "simplelogs.mjs"))};`,
    'const options: Options = { clientKey: "ck", apiEndpoint: "http://localhost/api/v1", sampleRate: 1, redact: ["a", /b/] };',
    "configureSDK(options);",
    'const done: Promise<number> = SimpleLogs.time("t", async () => 1);',
    'const key: string = clientLogger.child({ requestId: "r" }).start({ touchpoint: "t" });',
    "serverLogger.end({ key, metadata: { a: 1n } });",
    "const settled: Promise<boolean> = flushServer();",
    'const id: string | undefined = withTrace(() => currentTraceIds()?.traceId, { carrier: { traceparent: "" } });',
    "export const all = [done, settled, id, routePattern('/a')];",
    'SimpleLogs.log({ level: "loud" });',
  ];
  const file = "/sample.mts";
  const host = ts.createCompilerHost({});
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, lines.join("\n"), ts.ScriptTarget.ESNext) : read(name, ...rest);
  const options = {
    strict: true,
    noEmit: true,
    // The declaration files themselves are checked where the package is.
    skipLibCheck: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    types: [],
  };
  const program = ts.createProgram([file], options, host);
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ file: source, start = 0 }) => [
      source?.fileName,
      source === undefined ? -1 : source.getLineAndCharacterOfPosition(start).line,
    ]);
  expect(problems).toEqual([[file, lines.length - 1]]);
});
