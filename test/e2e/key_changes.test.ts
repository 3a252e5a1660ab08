// Keys that are changed over HTTP: the file, its form, and what the running server does, at once.

import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ADMIN_TOKEN, CLIENT_KEY, configText, SERVER_KEY, type TestServer, withServer } from "../support/server.ts";

const KEYS = "/api/v1/keys";

function change(server: TestServer, method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  return fetch(`${server.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function statusOf(server: TestServer, key: string, headers: Record<string, string> = {}): Promise<number> {
  return (
    await server.post(
      { key, source: key.startsWith("sk_") ? "server" : "client", entries: [{ message: "x" }] },
      headers,
    )
  ).status;
}

const textOf = ({ configFile }: TestServer) => readFileSync(configFile, "utf8");

describe("a change over HTTP", () => {
  test("is in force when it is answered, and leaves the rest of the file alone", () =>
    withServer(`# mine\n${configText()}# the end\n`, async (server) => {
      const before = textOf(server);
      chmodSync(server.configFile, 0o640);
      const created = await change(server, "POST", KEYS, {
        name: "web shop",
        project: "shop",
        origins: ["https://a.example.com"],
      });
      expect(created.status).toBe(201);
      const { server: key, client } = (await created.json()) as { server: string; client: string };
      expect(await statusOf(server, key)).toBe(202);
      expect(await statusOf(server, client, { origin: "https://b.example.com" })).toBe(403);
      const wanted = { name: "web shop", origins: ["https://a.example.com", "https://b.example.com"], rate: 100 };
      expect((await change(server, "PATCH", KEYS, wanted)).status).toBe(200);
      expect(await statusOf(server, client, { origin: "https://b.example.com" })).toBe(202);
      const halved = await change(server, "DELETE", `${KEYS}?name=web+shop&key=client`);
      expect(await halved.json()).toMatchObject({ name: "web shop", client: null, revoked: false });
      expect([
        await statusOf(server, client, { origin: "https://a.example.com" }),
        await statusOf(server, key),
      ]).toEqual([401, 202]);
      const revoked = await change(server, "DELETE", `${KEYS}?name=web+shop`);
      expect(await revoked.json()).toMatchObject({ name: "web shop", revoked: true });
      expect([await statusOf(server, key), await statusOf(server, SERVER_KEY)]).toEqual([401, 202]);
      const after = textOf(server).split("\n");
      expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
      expect(statSync(server.configFile).mode & 0o777).toBe(0o640);
      expect([server.stderr.includes(key), server.stderr.includes(client)]).toEqual([false, false]);
      const refusals = await (await change(server, "GET", "/api/v1/refusals")).json();
      expect(refusals).toMatchObject({
        refusals: expect.arrayContaining([
          expect.objectContaining({ apiKey: "web shop", keyType: "server", isRevoked: true }),
          expect.objectContaining({ apiKey: "web shop", keyType: "client", isRevoked: true }),
        ]),
      });
    }));

  test("goes through a symbolic link, and leaves no other file", () =>
    withServer(configText(), async (server) => {
      const target = join(dirname(server.configFile), "real.toml");
      renameSync(server.configFile, target);
      symlinkSync(target, server.configFile);
      expect((await change(server, "PATCH", KEYS, { name: "test", rate: 7 })).status).toBe(200);
      expect(lstatSync(server.configFile).isSymbolicLink()).toBe(true);
      expect(readFileSync(target, "utf8")).toContain("rate = 7");
      expect(readdirSync(dirname(target)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    }));

  test("and twenty others at once are all made, in the file and in force", () =>
    withServer(configText(), async (server) => {
      const names = Array.from({ length: 20 }, (_, index) => `pair ${index}`);
      const answers = await Promise.all(names.map((name) => change(server, "POST", KEYS, { name, key: "server" })));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
      for (const answer of answers)
        expect(await statusOf(server, ((await answer.json()) as { server: string }).server)).toBe(202);
      expect(names.filter((name) => !textOf(server).includes(`name = "${name}"`))).toEqual([]);
      const again = await change(server, "POST", KEYS, { name: "pair 3" });
      expect([again.status, await again.json()]).toEqual([409, { message: expect.stringContaining("already") }]);
    }));

  test("keeps what somebody else changed on disk meanwhile", () =>
    withServer(configText(), async (server) => {
      writeFileSync(server.configFile, textOf(server).replace(CLIENT_KEY, "ck_changed0123456789ab"));
      expect((await change(server, "PATCH", KEYS, { name: "test", rate: 9 })).status).toBe(200);
      expect(textOf(server)).toContain("ck_changed0123456789ab");
      expect(await statusOf(server, "ck_changed0123456789ab", { origin: "http://localhost:3000" })).toBe(202);
    }));

  test("of a file that does not load, or of no such pair, is refused, and the file stays", () =>
    withServer(configText(), async (server) => {
      const unknown = await change(server, "DELETE", `${KEYS}?name=tset`);
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        { message: 'there is no pair named "tset": did you mean "test"?' },
      ]);
      writeFileSync(server.configFile, `${textOf(server)}\nnothing = 1\n`);
      const broken = textOf(server);
      const refused = await change(server, "DELETE", `${KEYS}?name=test`);
      expect([refused.status, await refused.json()]).toEqual([
        409,
        { message: expect.stringMatching(/simplelogs\.toml:\d+: .*unknown name/) },
      ]);
      expect([textOf(server) === broken, await statusOf(server, SERVER_KEY)]).toEqual([true, 202]);
    }));

  test("is refused without the admin token, and from another site's page", () =>
    withServer(configText(), async (server) => {
      const url = `${server.url}${KEYS}?name=test`;
      const headers = {
        cookie: "simplelogs_session=x",
        "sec-fetch-site": "cross-site",
        origin: "https://evil.example.com",
      };
      expect((await fetch(url, { method: "DELETE" })).status).toBe(401);
      expect((await fetch(url, { method: "DELETE", headers })).status).toBe(401);
      const preflight = await fetch(url, {
        method: "OPTIONS",
        headers: { ...headers, "access-control-request-method": "DELETE" },
      });
      expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
      expect(await statusOf(server, SERVER_KEY)).toBe(202);
    }));
});

test("keys edit, and revoke of one key, by the command line", () =>
  withServer(configText(), async (server) => {
    const edited = await server.command("keys", "edit", "test", "--rate", "30", "--origin", "https://a.example.com");
    expect([edited.exitCode, edited.stderr]).toEqual([0, ""]);
    expect(textOf(server)).toContain("rate = 30");
    expect((await server.command("keys", "edit", "test", "--rate", "none", "--no-origins")).exitCode).toBe(0);
    expect(textOf(server)).not.toContain("rate = 30");
    expect((await server.command("keys", "edit", "test")).exitCode).toBe(2);
    expect((await server.command("keys", "revoke", "test", "--client-only")).stdout).toContain(
      "Revoked the client key of",
    );
    expect(textOf(server)).not.toContain(CLIENT_KEY);
    expect((await server.command("keys", "revoke", "test", "--client-only")).stdout).toContain("Already revoked");
  }));
