// What the client makes of servers that are none of ClickHouse: nothing that they answer is taken for stored or for rows,
// and what it says has neither the query's parameters nor advice to programmers.

import { afterEach, describe, expect, test } from "bun:test";
import { createServer as createTcpServer } from "node:net";
import { ClickHouseClient } from "../../../src/clickhouse/client.ts";
import type { ClickHouseError } from "../../../src/clickhouse/errors.ts";
import { inspectServers } from "../../../src/clickhouse/inspect.ts";

let stop: () => unknown = () => undefined;
afterEach(() => stop());

function serve(answer: () => Response): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  stop = () => server.stop(true);
  return `http://127.0.0.1:${server.port}`;
}

async function serveText(text: string): Promise<string> {
  const server = createTcpServer((socket) => socket.end(text)).listen(0, "127.0.0.1");
  stop = () => server.close();
  await new Promise<void>((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const addressOf = (url: string) => ({ urls: [url], database: "logs", user: "x", password: "hunter2", cluster: "" });

async function failuresOf(url: string): Promise<{ insert: ClickHouseError; query: ClickHouseError; check: string }> {
  const client = new ClickHouseClient(addressOf(url));
  const failure = (work: Promise<unknown>) =>
    work.then(
      () => Promise.reject(new Error("it did not fail")),
      (error: ClickHouseError) => error,
    );
  const body = new Uint8Array(10);
  const [inspected] = await inspectServers(addressOf(url));
  return {
    insert: await failure(client.insert({ table: "t", columns: ["a"], body, format: "RowBinary", token: "one" })),
    query: await failure(client.query("SELECT {secret:String}", { secret: "a search" })),
    check: inspected?.problem ?? "",
  };
}

const PAGES: Readonly<Record<string, () => Response>> = {
  "a page": () => new Response("<html><body>Welcome to nginx!</body></html>"),
  nothing: () => new Response(""),
  "rows of another program": () => new Response('[1]\n["a"]\n'),
};

describe("of a server that answers 200 with", () => {
  test.each(Object.keys(PAGES))("%s nothing counts", async (name) => {
    const { insert, query, check } = await failuresOf(serve(PAGES[name] as () => Response));
    expect([insert.kind, query.kind]).toEqual(["uncertain", "unreachable"]);
    for (const text of [insert.message, query.message, check]) expect(text).toContain("but not as ClickHouse does");
  });
});

describe("it is said in words why no answer came", () => {
  test.each([
    ["a redirect", () => serve(() => Response.redirect("https://login.example.com/")), "redirect"],
    ["another protocol", () => serveText("SSH-2.0-OpenSSH_9.6\r\n"), "does not speak HTTP"],
    ["http in place of https", () => serve(() => new Response("")).replace("http:", "https:"), "TLS"],
    ["a port where nothing is", () => "http://127.0.0.1:1", "the connection was refused"],
    ["a name that nobody has", () => "http://no-such-host.invalid:8123", "there is no such host name"],
  ])("of %s", async (_name, url, expected) => {
    const { insert, query, check } = await failuresOf(await url());
    for (const text of [insert.message, query.message, check]) {
      expect(text).toContain(expected);
      expect(text).not.toMatch(/hunter2|a\+search|param_|fetch|query_id/);
    }
  });
});
