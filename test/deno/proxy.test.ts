// The admin token for this machine's own server is shown to no proxy of the environment, on either runtime.

import { describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type RunResult, run } from "../support/run.ts";

const MAIN = join(import.meta.dir, "../../src/main.ts");
const RUNTIMES = {
  bun: { launcher: process.execPath, first: [MAIN] },
  deno: { launcher: join(import.meta.dir, "simplelogs"), first: [] },
} as const;
const ANSWER = JSON.stringify({
  entries: [],
  nextCursor: null,
  interval: 1,
  buckets: [],
  erased: { records: 0, blocks: 0, rejections: 0, waiting: 0 },
});

async function listening(server: Server, host = "127.0.0.1"): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** A server and a proxy that writes down what reaches it. */
async function withProxy(
  host: string,
  work: (port: number, environment: Record<string, string>, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`);
    response.writeHead(502).end();
  });
  proxy.on("connect", (request, socket) => {
    seen.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  const server = createServer((_, response) => response.end(ANSWER));
  try {
    const address = `http://127.0.0.1:${await listening(proxy)}`;
    const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    const proxies = Object.fromEntries(names.map((name) => [name, address]));
    const environment = { ...(process.env as Record<string, string>), ...proxies, NO_PROXY: "", no_proxy: "" };
    await work(await listening(server, host), environment, seen);
  } finally {
    for (const one of [proxy, server]) {
      one.closeAllConnections();
      one.close();
    }
  }
}

/** Runs simplelogs on one of them. */
function runOn(
  runtime: keyof typeof RUNTIMES,
  line: readonly string[],
  environment: Record<string, string>,
): Promise<RunResult> {
  const { launcher, first } = RUNTIMES[runtime];
  return run(launcher, [...first, ...line], { environment });
}

describe.each(["bun", "deno"] as const)("on %s, the token", (runtime) => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.1", "localhost"],
    ["::1", "[::1]"],
  ])("for a server at %s, asked as %s, is shown to no proxy", async (host, name) => {
    await withProxy(host, async (port, environment, seen) => {
      const remote = ["--url", `http://${name}:${port}`, "--token", "a-token-of-mine"];
      for (const line of [
        ["query", ...remote],
        ["erase", "--project", "p", "--yes", ...remote],
      ]) {
        const { exitCode, stderr } = await runOn(runtime, line, environment);
        expect([exitCode, stderr.includes("cannot reach")]).toEqual([0, false]);
      }
      expect(seen).toEqual([]);
    });
  });
});

describe("the token for another machine", () => {
  // Not on Deno: its permissions in these tests let nobody reach one.
  test("goes through the configured proxy", async () => {
    await withProxy("127.0.0.1", async (_, environment, seen) => {
      await runOn("bun", ["query", "--url", "http://logs.example.com", "--token", "a-token-of-mine"], environment);
      expect(seen).toEqual([expect.stringMatching(/^GET http:\/\/logs\.example\.com\/.* Bearer a-token-of-mine$/)]);
    });
  });
});
