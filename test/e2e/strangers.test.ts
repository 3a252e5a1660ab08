// Strangers at the door of the executable: other hosts' names, guesses, a stolen cookie; and sessions over restarts.

import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { SignInResponse } from "../../src/core/session.ts";
import { untilTrue } from "../support/condition.ts";
import { eventually } from "../support/eventually.ts";
import {
  ADMIN_TOKEN,
  configText,
  ENQUEUE_PATH,
  SERVER_KEY,
  type TestServer,
  withServer,
  withStoppedServer,
} from "../support/server.ts";

const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };

/** Status of a request written by hand, with just these header lines. */
function raw(server: TestServer, requestLine: string, lines: readonly string[], body = ""): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const text = [requestLine, ...lines, "Connection: close", `Content-Length: ${body.length}`, "", body].join("\r\n");
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on("data", (data: Buffer) => {
      received += data.toString("latin1");
    });
    socket.on("close", () => resolve(Number(received.split(" ")[1])));
    socket.on("error", reject);
  });
}

async function signIn(server: TestServer): Promise<Record<string, string>> {
  const response = await fetch(`${server.url}/api/v1/session`, {
    method: "POST",
    headers: SAME_ORIGIN,
    body: JSON.stringify({ token: ADMIN_TOKEN }),
  });
  expect(response.status).toBe(200);
  const { secret } = (await response.json()) as SignInResponse;
  return {
    ...SAME_ORIGIN,
    cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "",
    "simplelogs-session": secret,
  };
}

async function read(server: TestServer, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${server.url}/api/v1/usage`, { headers });
  await response.text();
  return response.status;
}

describe("a host name that points at the server but is not in hosts", () => {
  const BATCH = JSON.stringify({ key: SERVER_KEY, source: "server", entries: [{ message: "x" }] });

  test("is refused on every route until hosts lists it, without a restart", () =>
    withServer(configText({ settings: "metrics_open = true" }), async (server) => {
      const paths = ["/", "/readyz", "/healthz", "/openapi.json", "/metrics", "/api/v1/entries", "/nowhere"];
      for (const path of paths) {
        expect([path, await raw(server, `GET ${path} HTTP/1.1`, ["Host: evil.example"])]).toEqual([path, 421]);
        expect(await raw(server, `GET ${path} HTTP/1.1`, ["Host: localhost"])).not.toBe(421);
      }
      const post = (lines: readonly string[], version = "1.1") =>
        raw(server, `POST ${ENQUEUE_PATH} HTTP/${version}`, lines, BATCH);
      expect(await post(["Host: evil.example"])).toBe(421);
      for (const lines of [
        ["Host: localhost", "Host: evil.example"],
        ["Host: a"],
        ["Host: a b"],
        ["Host: evil.example:80/x"],
      ]) {
        expect([lines, await post(lines)]).toEqual([lines, 421]);
        expect([lines, await raw(server, "GET /readyz HTTP/1.1", lines)]).toEqual([lines, 421]);
      }
      expect(await post(["Host: 127.0.0.1:1"])).toBe(202);
      expect(await post([], "1.0")).toBe(202);
      expect(server.stderr).toContain("evil.example");
      server.writeConfig(configText({ settings: 'hosts = ["logs.example.com"]' }));
      await eventually("the list is in force", async () => (await post(["Host: logs.example.com:443"])) === 202);
      expect(await post(["Host: evil.example"])).toBe(421);
      expect(await post(["Host: localhost"])).toBe(202);
    }));
});

describe("a client that guesses the admin token", () => {
  test("has 20 attempts, then gets 429, and is logged", () =>
    withServer(configText(), async (server) => {
      const owner = await signIn(server);
      const statuses: number[] = [];
      for (let guess = 0; guess < 200; guess++)
        statuses.push(await read(server, { authorization: `Bearer guess-${guess}` }));
      expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(150);
      expect(await read(server, owner)).toBe(200);
      expect(server.logLines.filter(({ message }) => message.startsWith("requests to read were refused"))).not.toEqual(
        [],
      );
      expect(server.stderr).not.toContain("guess-");
    }));
});

describe("a session", () => {
  test("survives a kill and a restart, and ends for good at sign-out or with another token", () =>
    withStoppedServer(configText(), async (server) => {
      await server.start();
      const [one, other] = [await signIn(server), await signIn(server)];
      await server.kill();
      await server.start();
      expect([await read(server, one), await read(server, other)]).toEqual([200, 200]);
      const { cookie = "" } = one;
      expect(await read(server, { ...SAME_ORIGIN, cookie })).toBe(401);
      const out = await fetch(`${server.url}/api/v1/session`, { method: "DELETE", headers: one });
      expect(out.status).toBe(204);
      await server.kill();
      await server.start();
      expect([await read(server, one), await read(server, other)]).toEqual([401, 200]);
      const reloads = () => server.logLines.filter(({ message }) => message === "configuration reloaded").length;
      server.writeConfig(configText().replace(ADMIN_TOKEN, "another-admin-token-for-tests"));
      await untilTrue("another token is in force", () => reloads() === 1);
      expect(await read(server, other)).toBe(401);
      server.writeConfig(configText());
      await untilTrue("the first token is in force again", () => reloads() === 2);
      expect(await read(server, await signIn(server))).toBe(200);
      expect(await read(server, other)).toBe(401);
      expect(await server.stop()).toBe(0);
    }));
});

describe("the documentation's example keys", () => {
  test.each(["serve", "check"])("are refused by %s, with advice", (command) =>
    withStoppedServer(
      'port = 0\nadmin_token = "replace-this-with-your-own"\n[[keys]]\nname = "web"\nserver = "sk_replace_this_with_your_own"\n',
      async (server) => {
        const { exitCode, stderr } = await server.command(command);
        expect(exitCode).toBe(2);
        expect(stderr).toContain("simplelogs.toml:2: admin_token");
        expect(stderr).toContain("simplelogs.toml:5: keys.server");
        expect(stderr).toContain("`simplelogs keys create NAME` makes one");
        expect(stderr).not.toContain("replace");
      },
    ),
  );
});
