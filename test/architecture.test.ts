// The house rules hold over the whole of src/ and test/, and each rule is shown to see what it forbids.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkSources, checkTests, needlessExemptions } from "./architecture/check.ts";
import { OWNERS } from "./architecture/rules.ts";
import { importsOf, packageOf, parseSource, readSources, type Sources } from "./architecture/sources.ts";

const ROOT = join(import.meta.dir, "..");

function sourcesOf(files: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(files).map(([path, text]) => [path, parseSource(path, text)]));
}

/** What the rules say about these files. */
function problems(files: Readonly<Record<string, string>>): string[] {
  return checkSources(sourcesOf(files));
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;

describe("this house", () => {
  test("keeps every rule", () => {
    const sources = readSources(ROOT, "src");
    expect(sources.size).toBeGreaterThan(10);
    expect(checkSources(sources)).toEqual([]);
  });

  test("exempts no room from the rule on circles that has none", () => {
    expect(needlessExemptions(readSources(ROOT, "src"))).toEqual([]);
  });

  test("has no test that is left out", () => {
    expect(checkTests(readSources(ROOT, "test"))).toEqual([]);
  });

  test("uses every dependency it has, each in the room that owns it", () => {
    const packages = [...readSources(ROOT, "src").values()].flatMap((source) =>
      importsOf(source).map((one) => packageOf(one.specifier)),
    );
    const used = new Set(packages.filter((name) => OWNERS[name] !== undefined && !/^(bun|node):/.test(name)));
    expect([...used].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  });

  test("pins every dependency exactly", () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("has a lock file that names no registry", () => {
    expect(readFileSync(join(ROOT, "bun.lock"), "utf8").match(/\w+:\/\/[^"]*/g)).toBeNull();
  });
});

describe("the rules accept", () => {
  test("a stage that imports core and the package it owns", () => {
    const files = {
      "src/http/app.ts":
        'import { Elysia } from "elysia";\nimport { a } from "../core/a.ts";\nexport const make = () => new Elysia({ name: a });\n',
      "src/core/a.ts": 'export const a = "a";\n',
    };
    expect(problems(files)).toEqual([]);
  });

  test("twins, each with its own runtime's names, imported by their alias", () => {
    const files = {
      "src/runtime/bun/a.ts": "export const a = () => Bun.nanoseconds();\n",
      "src/runtime/deno/a.ts": "export function a() {\n  return Deno.pid;\n}\n",
      "src/store/a.ts": 'import { a } from "#runtime/a.ts";\nexport const b = () => a();\n',
    };
    expect(problems(files)).toEqual([]);
  });

  test("constants that are computed without touching the world", () => {
    const files = {
      "src/core/a.ts": [
        'import { Type } from "@sinclair/typebox";',
        "const text = (most: number) => Type.String({ maxLength: most });",
        "export const Schema = Type.Object({ name: text(80) });",
        'export const NAMES: ReadonlySet<string> = new Set(["a", "b"].map((name) => name.toUpperCase()));',
        "export const now = () => Date.now();",
        "declare const VERSION: string | undefined;",
        "export const shown = () => VERSION;",
      ].join("\n"),
    };
    expect(problems(files)).toEqual([]);
  });

  test("a constant that is computed by a pure function of a package", () => {
    const text = 'import { isIP } from "node:net";\nexport const KIND = isIP("::1");\n';
    expect(problems({ "src/config/a.ts": text })).toEqual([]);
  });

  test("an app that shows text as text, and links through its one file", () => {
    const files = {
      "src/web/a.tsx":
        'import { Link } from "./components/link.tsx";\nexport const A = ({ text }: { text: string }) => <Link q={text}><form onSubmit={() => {}}>{text}</form></Link>;\n',
      "src/web/components/link.tsx":
        "export const Link = ({ q }: { q: string }) => <a href={`/?q=${encodeURIComponent(q)}`} />;\n",
    };
    expect(problems(files)).toEqual([]);
  });

  test("folders whose imports lead one way", () => {
    const files = {
      "src/queue/a.ts":
        'import { b } from "./ring/b.ts";\nimport { c } from "./shared_ring/c.ts";\nexport const a = b + c;\n',
      "src/queue/ring/b.ts": 'import { c } from "../shared_ring/c.ts";\nexport const b = c;\n',
      "src/queue/shared_ring/c.ts": 'import type { D } from "../../core/d.ts";\nexport const c: D = 1;\n',
      "src/core/d.ts": "export type D = number;\n",
    };
    expect(problems(files)).toEqual([]);
  });

  test("entry points that work when they are loaded", () => {
    expect(problems({ "src/main.ts": "await Promise.resolve();\n" })).toEqual([]);
  });
});

describe("the rules refuse", () => {
  const cases: readonly (readonly [fact: string, files: Readonly<Record<string, string>>, says: RegExp])[] = [
    [
      "a stage that imports a stage",
      { "src/http/a.ts": 'import { b } from "../queue/b.ts";' },
      /^src\/http\/a\.ts:1: http may not import queue/,
    ],
    [
      "a type from another stage",
      { "src/queue/a.ts": 'import type { B } from "../store/b.ts";' },
      /queue may not import store/,
    ],
    [
      "an import inside a type",
      { "src/queue/a.ts": 'export type B = import("../store/b.ts").B;' },
      /queue may not import store/,
    ],
    [
      "a dynamic import",
      { "src/queue/a.ts": 'export const b = () => import("../store/b.ts");' },
      /queue may not import store/,
    ],
    [
      "core that imports a stage",
      { "src/core/a.ts": 'export type { B } from "../http/b.ts";\nexport type A = 1;' },
      /core may not import http/,
    ],
    ["cli imported by another room", { "src/app.ts": 'import { b } from "./cli/b.ts";' }, /app\.ts may not import cli/],
    [
      "a package outside its room",
      { "src/config/a.ts": 'import { Command } from "commander";' },
      /commander belongs to cli/,
    ],
    [
      "a package's subpath outside its room",
      { "src/cli/a.ts": 'import { Value } from "@sinclair/typebox/value";' },
      /typebox belongs to core/,
    ],
    ["a package without an owner", { "src/http/a.ts": 'import lodash from "lodash";' }, /lodash has no owner/],
    [
      "a driver of SQLite outside runtime",
      { "src/store/a.ts": 'import { Database } from "bun:sqlite";' },
      /bun:sqlite belongs to runtime/,
    ],
    [
      "another module of Bun outside runtime",
      { "src/store/a.ts": 'import { dlopen } from "bun:ffi";' },
      /only runtime may import bun:ffi/,
    ],
    [
      "core that imports the standard library",
      { "src/core/a.ts": 'import { join } from "node:path";' },
      /core may not import node:path/,
    ],
    ["an import without its extension", { "src/core/a.ts": 'import { b } from "./b";' }, /write the file's extension/],
    ["an import from outside src", { "src/core/a.ts": 'import { b } from "../../test/b.ts";' }, /nothing outside src/],
    [
      "the Bun global outside runtime",
      { "src/http/a.ts": "export const a = () => Bun.nanoseconds();" },
      /src\/http\/a\.ts:1 names Bun/,
    ],
    [
      "the Bun global in what both runtimes share",
      { "src/runtime/a.ts": "export const a = () => Bun.nanoseconds();" },
      /src\/runtime\/a\.ts:1 names Bun/,
    ],
    [
      "a runtime without a twin",
      { "src/runtime/bun/a.ts": "export const a = 1;" },
      /^src\/runtime\/bun\/a\.ts has no twin src\/runtime\/deno\/a\.ts/,
    ],
    [
      "twins that are not alike",
      {
        "src/runtime/bun/a.ts": "export const a = 1;\nexport function b() {}",
        "src/runtime/deno/a.ts": "export const a = 2;",
      },
      /^src\/runtime\/deno\/a\.ts does not export b/,
    ],
    [
      "a twin imported by its own path",
      { "src/store/a.ts": 'import { a } from "../runtime/deno/a.ts";' },
      /write #runtime\/a\.ts/,
    ],
    [
      "a twin imported by a room that may not import runtime",
      { "src/web/a.ts": 'import { a } from "#runtime/a.ts";' },
      /web may not import runtime/,
    ],
    ["Bun's types outside runtime", { "src/http/a.ts": "export type A = Bun.Server<undefined>;" }, /names Bun/],
    [
      "a barrel",
      { "src/core/a.ts": 'export { b } from "./b.ts";\nexport * from "./c.ts";' },
      /only exports what others declare/,
    ],
    [
      "a folder and its subfolder that import each other",
      {
        "src/queue/a.ts": 'import { b } from "./ring/b.ts";\nexport const a = () => b;',
        "src/queue/ring/b.ts": 'import type { C } from "../c.ts";\nexport const b: C = 1;',
        "src/queue/c.ts": "export type C = number;",
      },
      /^folders form a circle: src\/queue → src\/queue\/ring → src\/queue \(src\/queue\/a\.ts:1 imports src\/queue\/ring\/b\.ts, src\/queue\/ring\/b\.ts:1 imports src\/queue\/c\.ts\): move what both need/,
    ],
    [
      "a circle of three folders that is closed by a type",
      {
        "src/queue/one/a.ts": 'import { b } from "../two/b.ts";\nexport const a = () => b;\nexport type A = 1;',
        "src/queue/two/b.ts": 'import { c } from "../three/c.ts";\nexport const b = () => c;',
        "src/queue/three/c.ts": 'export const c = (one: import("../one/a.ts").A) => one;',
      },
      /^folders form a circle: src\/queue\/one → src\/queue\/two → src\/queue\/three → src\/queue\/one /,
    ],
    ["a file named utils", { "src/core/utils.ts": "export const a = 1;" }, /"utils" says nothing/],
    [
      "markup from text",
      { "src/web/a.tsx": "export const A = ({ text }) => <p dangerouslySetInnerHTML={{ __html: text }} />;" },
      /names dangerouslySetInnerHTML: show text as text/,
    ],
    [
      "markup written into an element",
      { "src/web/a.ts": "export const write = (element, text) => {\n  element.innerHTML = text;\n};" },
      /src\/web\/a\.ts:2 names innerHTML/,
    ],
    [
      "a link outside of the one file that makes them",
      { "src/web/a.tsx": "export const A = ({ children }) => <a>{children}</a>;" },
      /makes <a>: use what src\/web\/components\/link\.tsx exports/,
    ],
    [
      "an address in an attribute",
      { "src/web/a.tsx": "export const A = ({ text }) => <button formaction={text} />;" },
      /sets formaction/,
    ],
    [
      "a signal at the top of a module",
      { "src/web/a.ts": 'import { signal } from "@preact/signals";\nexport const count = signal(0);' },
      /works on import \(@preact\/signals\)/,
    ],
    [
      "the app that imports another room",
      { "src/web/a.ts": 'import type { B } from "../query/b.ts";' },
      /web may not import query/,
    ],
    ["a file named utils.tsx", { "src/web/utils.tsx": "export const a = 1;" }, /"utils" says nothing/],
    ["an unknown room", { "src/services/a.ts": "export const a = 1;" }, /src\/services\/a\.ts is in no room/],
    [
      "a long file",
      { "src/core/a.ts": "export const a = 1;\n".replace("1", "[\n".repeat(501) + "]".repeat(501)) },
      /has 502 lines, at most 500/,
    ],
    [
      "a statement that works on import",
      { "src/http/a.ts": "start();\nfunction start() {}" },
      /a\.ts:1 works on import: put the statement/,
    ],
    ["an import for its effect", { "src/http/a.ts": 'import "./b.ts";' }, /works on import/],
    [
      "state in a module",
      { "src/http/a.ts": "let count = 0;\nexport const next = () => ++count;" },
      /keeps state in the module/,
    ],
    [
      "a constant that reads the environment",
      { "src/http/a.ts": "const home = process.env;" },
      /works on import \(process\)/,
    ],
    [
      "a constant that reads a file",
      { "src/http/a.ts": 'import { readFileSync } from "node:fs";\nconst a = readFileSync("x");' },
      /\(node:fs\)/,
    ],
    ["a constant that waits", { "src/http/a.ts": "export const a = await Promise.resolve(1);" }, /\(await\)/],
    [
      "an effect behind functions of two files",
      {
        "src/http/a.ts": 'import { b } from "./b.ts";\nexport const a = [1].map(() => b());',
        "src/http/b.ts": "export function b() {\n  return c();\n}\nconst c = () => Date.now();",
      },
      /src\/http\/a\.ts:2 works on import \(Date\)/,
    ],
  ];

  test.each(cases)("%s", (_fact, files, says) => {
    expect(problems(files)).toEqual([expect.stringMatching(says)]);
  });

  test("tests that are left out or keep others out", () => {
    const text = 'test.skip("a", () => {});\ndescribe.only("b", () => {});\ntest("c", () => {});\nobject.skip();\n';
    expect(checkTests(sourcesOf({ "test/a.test.ts": text }))).toEqual([
      "test/a.test.ts:1 is test.skip: make it run, or remove it",
      "test/a.test.ts:2 is describe.only: make it run, or remove it",
    ]);
  });

  test("tests that look at a page once, or that accept one which does not show yet what it must not", () => {
    const text = [
      "const title = (page) => page.locator('h1').innerText();",
      "const outer = (page) => title(page);",
      "const rows = () => Promise.all(all.map(async (row) => await row.innerText()));",
      "test('a', async () => {",
      "  await expectSoon(() => title(page)).toBe('b');",
      "  await expectSoon(async () => [await row.count(), await cell.inputValue()]).toEqual([1, 'c']);",
      "  await eventually('d', async () => (await row.getAttribute('e')) !== null);",
      "  expect((await server.post({})).status).toBe(202);",
      "  expect(await row.isVisible()).toBe(true);",
      "  expect(await outer(other)).toBe('b');",
      "  expect(new URL(page.url()).search).toBe('');",
      "  const [first] = await row.allInnerTexts();",
      "  await expectSoon(() => row.count()).toBe(0);",
      "});",
    ].join("\n");
    const once = "expects what a page shows at that moment: await expectSoon(() => …) of the read";
    expect(checkTests(sourcesOf({ "test/browser/a.test.ts": text }))).toEqual([
      `test/browser/a.test.ts:9 ${once}`,
      "test/browser/a.test.ts:9 reads a page once: take what await expectSoon(() => …) gives, or read in a function for it",
      `test/browser/a.test.ts:10 ${once}`,
      `test/browser/a.test.ts:11 ${once}`,
      "test/browser/a.test.ts:12 reads a page once: take what await expectSoon(() => …) gives, or read in a function for it",
      "test/browser/a.test.ts:13 accepts a page that does not show it yet: await expectNone(locator)",
    ]);
    expect(checkTests(sourcesOf({ "test/senders/a.test.ts": text }))).toEqual([]);
  });
});
