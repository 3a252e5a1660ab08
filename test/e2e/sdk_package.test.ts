// The npm package: installed from its tarball alone, imported by Node, Bun and Deno, bundled for browsers, and
// understood by TypeScript.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { hasNode, InstalledPackage } from "../support/client_package.ts";
import { run } from "../support/run.ts";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";

const ROOT = join(import.meta.dir, "../..");
const DENO = process.env["SIMPLELOGS_TEST_DENO"] ?? "deno";
const NAMES = [
  "configureSDK",
  "SimpleLogs",
  "clientLogger",
  "serverLogger",
  "flushServer",
  "withTrace",
  "currentTraceIds",
];

/** Sends an entry, and says which names the module has. */
const program = (module: string, url: string, runtime: string) => `
import * as library from ${JSON.stringify(module)};
const { configureSDK, flushServer, serverLogger } = library;
configureSDK({ serverKey: ${JSON.stringify(SERVER_KEY)}, apiEndpoint: ${JSON.stringify(`${url}/api/v1`)} });
serverLogger.log({ touchpoint: ${JSON.stringify(runtime)}, message: "sent" });
console.log(JSON.stringify([await flushServer(), Object.keys(library)]));
`;

const RUNTIMES: readonly (readonly [name: string, program: string, commandLine: readonly string[]])[] = [
  ["Node", hasNode() ? "node" : process.execPath, []],
  ["Bun", process.execPath, []],
  [
    "Deno",
    DENO,
    [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-remote",
      "--node-modules-dir=manual",
      "--allow-net",
      "--allow-env",
      "--allow-read",
    ],
  ],
];

const installed = new InstalledPackage();
beforeAll(() => installed.install(), 180_000);
afterAll(() => installed.remove());

describe("the package", () => {
  test("contains every file that it names, a licence and a README, and no installation script", () =>
    installed.withCopy(async (folder) => {
      const home = join(folder, "node_modules/simplelogs");
      const files = readdirSync(home);
      const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as Record<string, unknown>;
      const named = [...JSON.stringify(manifest).matchAll(/"\.\/([^"]+\.\w+)"/g)].map(([, name]) => name as string);
      expect(named.length).toBeGreaterThan(4);
      expect(named.filter((name) => !files.includes(name))).toEqual([]);
      expect(files.filter((name) => name.startsWith("LICENSE")).toSorted()).toEqual(["LICENSE", "LICENSE.web-vitals"]);
      expect(readFileSync(join(home, "README.md"), "utf8")).toContain("simplelogs");
      expect([manifest["scripts"], manifest["dependencies"], manifest["bin"]]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["simplelogs"]);
    }));

  const modules = RUNTIMES.flatMap(([name, runtime, line]) =>
    ["simplelogs", "simplelogs/node"].map((module) => [name, module, runtime, line] as const),
  );
  test.each(modules)("sends from %s, imported as %s", (name, module, runtime, commandLine) =>
    withServer(configText(), (server) =>
      installed.withCopy(async (folder) => {
        writeFileSync(join(folder, "first.mjs"), program(module, server.url, name));
        const environment = { ...process.env, DENO_DIR: join(ROOT, "node_modules/.cache/deno"), NO_PROXY: "*" };
        const { exitCode, stdout, stderr } = await run(runtime, [...commandLine, "first.mjs"], {
          cwd: folder,
          environment,
        });
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
        const [isSent, names] = JSON.parse(stdout) as [boolean, string[]];
        expect([isSent, NAMES.filter((one) => !names.includes(one))]).toEqual([true, []]);
        expect((await server.export()).map(({ touchpoint, message }) => [touchpoint, message])).toEqual([
          [name, "sent"],
        ]);
      }),
    ),
  );

  test("is bundled for browsers without code of Node", () =>
    installed.withCopy(async (folder) => {
      writeFileSync(join(folder, "page.js"), 'import { SimpleLogs } from "simplelogs";\nSimpleLogs.log("opened");\n');
      const line = ["build", "--target=browser", "--minify", "--outfile=bundle.js", "page.js"];
      const { exitCode, stderr } = await run(process.execPath, line, { cwd: folder });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const bundle = readFileSync(join(folder, "bundle.js"), "utf8");
      expect(bundle.length).toBeGreaterThan(100);
      expect(bundle).not.toMatch(/["']node:|async_hooks|AsyncLocalStorage/);
    }));
});

/** A program with the types of everything that the page on the library shows. */
const TYPED = `
import { configureSDK, flushServer, routePattern, serverLogger, SimpleLogs, withTrace } from "simplelogs";
import type { EntryFields, Logger, Options } from "simplelogs";

const seen: string[] = [];
const options: Options = {
  clientKey: "ck_",
  sampleRate: 0.5,
  redact: ["password", /token/i],
  onError: ({ message, status }) => seen.push(message + status.toFixed()),
};
configureSDK(options);
SimpleLogs.init(options);
const key: string = SimpleLogs.start("a");
SimpleLogs.end({ key, touchpoint: "a" });
const sum: number = serverLogger.time("a", () => 1);
const later: Promise<string> = serverLogger.time("a", async () => "b");
const child: Logger = serverLogger.child({ touchpoint: "a", orderId: 1 });
const sent: Promise<boolean> = flushServer();
const fields: EntryFields = { message: new Error("a"), level: "warn", timestamp: new Date() };
child.log(fields);
const traced: number = withTrace(() => 2, { carrier: { traceparent: "" } });
const pattern: string = routePattern("/a/1");
export { later, pattern, sent, sum, traced };
// @ts-expect-error there is no such level
SimpleLogs.log({ level: "fatal" });
// @ts-expect-error there is no such option
configureSDK({ clientkey: "ck_" });
`;

/** What servers have besides. */
const TYPED_NODE = `
import { createServer } from "node:http";
import pinoTransport, { flushSimpleLogs, serverLogger as same, simpleLogs, simpleLogsErrorHandler, winstonTransport } from "simplelogs/node";

const record = simpleLogs({ ignore: ["/healthz", /^\\/assets/] });
createServer((request, response) => record(request, response, () => response.end()));
export const logger: Logger = same;
export const flushed: Promise<boolean> = flushSimpleLogs();
export const GET = simpleLogs.next(async (request: Request) => Response.json(request.url));
export const streams: NodeJS.WritableStream[] = [pinoTransport(), winstonTransport({ level: "warn" })];
export const onError: (error: unknown, request: object, response: unknown, next: (error?: unknown) => void) => void = simpleLogsErrorHandler();
// @ts-expect-error there is no such option
simpleLogs({ ignored: [] });
`;

/**
 * What the compiler says of `files` in `folder`, and of the package's declaration files that they import; not of its
 * own libraries and Node's types, which would take most of the time.
 */
function typeErrors(folder: string, compilerOptions: object, files: readonly string[]): string[] {
  const home = realpathSync(folder);
  const { options, errors } = ts.convertCompilerOptionsFromJson(compilerOptions, home);
  const program = ts.createProgram(
    files.map((file) => join(home, file)),
    options,
  );
  const checked = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(home));
  expect(checked.length).toBeGreaterThanOrEqual(files.length);
  const found = checked.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  return [...errors, ...program.getOptionsDiagnostics(), ...program.getGlobalDiagnostics(), ...found].map(
    ({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
  );
}

describe("its types", () => {
  const settings = [
    ["bundler", "ESNext", "a browser's"],
    ["bundler", "ESNext", "Node's"],
    ["nodenext", "NodeNext", "Node's"],
    ["node16", "Node16", "Node's"],
  ] as const;
  test.each(settings)(
    "are resolved and strict under moduleResolution %s, module %s, with %s names",
    (moduleResolution, module, names) =>
      installed.withCopy(async (folder) => {
        const isBrowser = names === "a browser's";
        writeFileSync(join(folder, "typed.ts"), isBrowser ? TYPED : TYPED + TYPED_NODE);
        const shared = { target: "ES2022", module, moduleResolution, strict: true, noEmit: true };
        const ofBrowsers = { lib: ["ES2022", "DOM"], types: [], skipLibCheck: false };
        const typeRoots = [join(ROOT, "node_modules/@types")];
        const ofNode = { lib: ["ES2022"], types: ["node"], typeRoots, skipLibCheck: true };
        const compilerOptions = { ...shared, exactOptionalPropertyTypes: true, ...(isBrowser ? ofBrowsers : ofNode) };
        expect(typeErrors(folder, compilerOptions, ["typed.ts"])).toEqual([]);
      }),
  );

  test("depend only on the package's own declarations and on Node's types", () =>
    installed.withCopy(async (folder) => {
      const home = join(folder, "node_modules/simplelogs");
      const files = readdirSync(home).filter((name) => /\.d\.m?ts$/.test(name));
      expect(files.length).toBeGreaterThan(3);
      const shared = { target: "ES2022", module: "NodeNext", moduleResolution: "nodenext", strict: true, noEmit: true };
      const typeRoots = [join(ROOT, "node_modules/@types")];
      const names = { lib: ["ES2022", "DOM"], types: ["node"], typeRoots, skipLibCheck: false };
      const compilerOptions = { ...shared, ...names };
      const paths = files.map((name) => join(home, name));
      expect(
        typeErrors(
          folder,
          compilerOptions,
          files.map((name) => `node_modules/simplelogs/${name}`),
        ),
      ).toEqual([]);
      for (const path of paths) {
        const texts = readFileSync(path, "utf8").matchAll(/(?:from |import\()"([^"]+)"/g);
        const foreign = Array.from(texts, ([, specifier = ""]) => specifier).filter(
          (one) => !/^node:|^\.\/[\w.]+$/.test(one),
        );
        expect([path, foreign]).toEqual([path, []]);
      }
    }));
});
