// The programs of the README and of the pages on sending run as they stand, but for address and key.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { hasNode, InstalledPackage } from "../support/client_package.ts";
import { withFolder } from "../support/folder.ts";
import { type RunResult, run } from "../support/run.ts";
import { configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";
import { parseMarkdown } from "../unit/docs/markdown.ts";

const ROOT = join(import.meta.dir, "../..");
const PYTHON = process.env["SIMPLELOGS_TEST_PYTHON"] ?? "python3";
const NODE = hasNode() ? "node" : process.execPath;

/** The one block of a page that has all of these texts, for the server at `url`. */
function program(page: string, url: string, ...texts: string[]): string {
  const { blocks } = parseMarkdown(readFileSync(join(ROOT, page), "utf8"));
  const found = blocks.filter(({ text }) => texts.every((one) => text.includes(one)));
  const [block, ...others] = found;
  if (block === undefined || others.length > 0)
    throw new Error(`${found.length} blocks of ${page} have ${texts.join()}`);
  return block.text.replaceAll("http://localhost:7070", url).replaceAll("sk_your_server_key", SERVER_KEY);
}

function environment(): Record<string, string> {
  return { ...(process.env as Record<string, string>), SIMPLELOGS_SERVER_KEY: SERVER_KEY, NO_PROXY: "*" };
}

function expectDone({ exitCode, stderr }: RunResult): void {
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
}

/** What a proxy does to the requests that come, one after the other. */
type Turn = "refuses" | "loses the answer" | "passes on";

/** Runs `work` with a proxy in front of the server that takes its turns, and then passes everything on. */
async function withProxy(server: TestServer, turns: Turn[], work: (url: string) => Promise<void>): Promise<void> {
  const answer = async (request: IncomingMessage, body: string, response: ServerResponse): Promise<void> => {
    const turn = turns.shift() ?? "passes on";
    if (turn === "refuses") {
      response.writeHead(503, { "retry-after": "1" }).end('{"message":"Ingestion queue is temporarily unavailable"}');
      return;
    }
    const name = request.headers["idempotency-key"];
    const headers = typeof name === "string" ? { "idempotency-key": name } : {};
    const answered = await fetch(`${server.url}${request.url}`, { method: "POST", headers, body });
    const text = await answered.text();
    if (turn === "loses the answer") request.socket.destroy();
    else response.writeHead(answered.status).end(text);
  };
  const proxy = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => void answer(request, body, response));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  try {
    await work(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  } finally {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  }
}

const installed = new InstalledPackage();
beforeAll(() => installed.install(), 180_000);
afterAll(() => installed.remove());

describe("the documented program for sending stores its entry once in spite of a 503 and a lost answer:", () => {
  const runPython = (text: string) => run(PYTHON, ["-"], { input: text, environment: environment() });
  const runJavaScript = (text: string, folder: string) => {
    writeFileSync(join(folder, "send.mjs"), text);
    return run(NODE, ["send.mjs"], { cwd: folder, environment: environment() });
  };
  const programs = [
    { language: "Python", page: "docs/sending.md", mark: "import urllib.request", execute: runPython },
    { language: "JavaScript", page: "docs/sending.md", mark: "AbortSignal.timeout", execute: runJavaScript },
    { language: "JavaScript", page: "README.md", mark: "async function send", execute: runJavaScript },
  ];
  test.each(programs)("$language in $page", ({ page, mark, execute }) =>
    withServer(configText(), (server) =>
      withFolder((folder) =>
        withProxy(server, ["refuses", "loses the answer"], async (url) => {
          expectDone(await execute(program(page, url, mark), folder));
          expect((await server.export()).map(({ touchpoint, message }) => [touchpoint, message])).toEqual([
            ["api/orders/submit", "Order placed"],
          ]);
        }),
      ),
    ),
  );

  test.each(programs)("$language in $page prints the reason when the entry is refused", ({ page, mark, execute }) =>
    withServer(configText(), (server) =>
      withFolder(async (folder) => {
        const text = program(page, server.url, mark);
        const wrong = text
          .replace(SERVER_KEY, "sk_0000000000000000000000")
          .replace("process.env.SIMPLELOGS_SERVER_KEY", '"sk_1"');
        const { exitCode, stderr } = await execute(wrong, folder);
        expect([exitCode, stderr]).toEqual([1, expect.stringContaining("unknown or revoked")]);
      }),
    ),
  );
});

describe("the documented programs that use the client library", () => {
  const modules = [
    [
      "docs/client_library.md",
      ["serverLogger.child", "flushServer"],
      ["api/orders/submit", "db/query/products", "jobs/nightly"],
    ],
    ["src/client/README.md", ["configureSDK"], ["api/orders/submit"]],
  ] as const;
  test.each(modules)("of %s store their entries", (page, marks, touchpoints) =>
    withServer(configText(), (server) =>
      installed.withCopy(async (folder) => {
        writeFileSync(join(folder, "program.mjs"), program(page, server.url, ...marks));
        const result = await run(NODE, ["program.mjs"], { cwd: folder, environment: environment() });
        expect({ stderr: result.stderr, exitCode: result.exitCode }).toEqual({ stderr: "", exitCode: 0 });
        expect((await server.export()).map(({ touchpoint }) => touchpoint ?? "")).toEqual([...touchpoints]);
      }),
    ),
  );

  test("in Python store their entries with the server's module", () =>
    withServer(configText(), (server) =>
      withFolder(async (folder) => {
        const setup = program("docs/client_library.md", server.url, "curl", "simplelogs.py");
        expectDone(await run("bash", ["-c", setup], { cwd: folder }));
        writeFileSync(join(folder, "program.py"), program("docs/client_library.md", server.url, "import simplelogs"));
        expectDone(await run(PYTHON, ["program.py"], { cwd: folder, environment: environment() }));
        expect((await server.export()).map(({ touchpoint, level, metadata }) => [touchpoint, level, metadata])).toEqual(
          [
            ["shop/stock", "warn", expect.objectContaining({ article: 17 })],
            ["db/query/products", undefined, expect.objectContaining({ rows: 128 })],
          ],
        );
      }),
    ));

  test("are installed from the server's address", () =>
    withServer(configText(), (server) =>
      withFolder(async (folder) => {
        writeFileSync(join(folder, "package.json"), '{"private": true}');
        const line = program("docs/client_library.md", server.url, "npm install").trim();
        const [command = "", ...words] = (
          hasNode() ? line : line.replace("npm install", `${process.execPath} add`)
        ).split(" ");
        expectDone(await run(command, words, { cwd: folder }));
        const { exitCode, stdout } = await run(
          NODE,
          ["--eval", 'import("simplelogs").then((m) => console.log(typeof m.serverLogger.log))'],
          {
            cwd: folder,
          },
        );
        expect([exitCode, stdout.trim()]).toEqual([0, "function"]);
      }),
    ));
});
