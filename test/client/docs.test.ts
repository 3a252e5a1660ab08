// The page's middleware and transports run as they stand, with the frameworks and libraries from npm and the package
// that the build made.

import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TARBALL } from "../support/client_package.ts";
import { run } from "../support/run.ts";
import { configText, SERVER_KEY, withServer } from "../support/server.ts";
import { withPackages } from "../support/suite_packages.ts";
import { parseMarkdown } from "../unit/docs/markdown.ts";

const PAGE = parseMarkdown(readFileSync(join(import.meta.dir, "../../docs/client_library.md"), "utf8"));

/** The block with this text, without its types. */
function block(text: string): string {
  const found = PAGE.blocks.filter((one) => one.text.includes(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks have ${text}`);
  return new Bun.Transpiler({ loader: "ts", deadCodeElimination: false }).transformSync(found[0]?.text ?? "");
}

/** Runs a program of the page, and then `rest`, in Node with the package beside it. */
async function runWith(text: string, rest: string, url: string): Promise<void> {
  await withPackages("client", async (folder) => {
    const home = join(folder, "node_modules/simplelogs");
    mkdirSync(home, { recursive: true });
    const unpacked = await run("tar", ["xzf", TARBALL, "--strip-components=1"], { cwd: home });
    expect(unpacked.exitCode).toBe(0);
    const end = 'import { flushServer } from "simplelogs";\nif (!(await flushServer())) throw new Error("not sent");\n';
    writeFileSync(join(folder, "program.mjs"), `${block(text)}\n${rest}\n${end}`);
    const environment = {
      ...(process.env as Record<string, string>),
      SIMPLELOGS_SERVER_KEY: SERVER_KEY,
      SIMPLELOGS_API_ENDPOINT: `${url}/api/v1`,
    };
    const { exitCode, stderr } = await run("node", ["program.mjs"], { cwd: folder, environment });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });
}

const ASK = "http://localhost/orders/42";
const frameworks: readonly (readonly [name: string, text: string, rest: string])[] = [
  [
    "Express",
    'import express from "express"',
    `const listener = app.listen(0, "127.0.0.1");
await new Promise((resolve) => listener.once("listening", resolve));
await (await fetch(\`http://127.0.0.1:\${listener.address().port}/orders/42\`)).text();
listener.close();
listener.closeAllConnections();`,
  ],
  ["Hono", 'import { Hono } from "hono"', `await (await app.request("${ASK}")).text();`],
  ["Elysia", 'import { Elysia } from "elysia"', `await (await app.handle(new Request("${ASK}"))).text();`],
  [
    "Next",
    "simpleLogs.next(",
    `await (await GET(new Request("${ASK}"), { params: Promise.resolve({ id: "42" }) })).text();`,
  ],
];

describe("the page's middleware records a request by its route", () => {
  test.each(frameworks)("in %s", (_, text, rest) =>
    withServer(configText(), async (server) => {
      await runWith(text, rest, server.url);
      const records = await server.export();
      expect(records.map(({ kind, touchpoint, metadata }) => [kind, touchpoint, metadata?.["status"]])).toEqual([
        ["timing", "orders/[id]", 200],
      ]);
    }),
  );
});

describe("the page's transports store what is logged", () => {
  const libraries = [
    // The transport has a thread of its own, which sends what waits when the logger ends.
    ["pino", 'import pino from "pino"', "await new Promise((resolve) => logger.flush(resolve));"],
    ["winston", 'import winston from "winston"', ""],
  ] as const;
  test.each(libraries)("by %s", (_, text, rest) =>
    withServer(configText(), async (server) => {
      await runWith(text, rest, server.url);
      const records = await server.export();
      expect(
        records.map(({ level, touchpoint, message, metadata }) => [level, touchpoint, message, metadata?.["article"]]),
      ).toEqual([["warn", "shop/stock", "Stock is low", 17]]);
    }),
  );
});
