// Changes of key pairs over HTTP: what is asked of the configuration, and what is answered.

import { describe, expect, test } from "bun:test";
import type { KeyRefusalCode } from "../../../../src/core/key_changes.ts";
import { KeyLookup } from "../../../../src/http/access/keys.ts";
import { createFixture, knownKey, outcome, SERVER_KEY } from "../fixture.ts";

const KEYS = "/api/v1/keys";
const PAIR = {
  name: "web shop",
  project: "shop",
  server: { masked: "sk_0123…", created: 1, lastUsed: 2 },
  client: { masked: "ck_0123…", created: 1, lastUsed: null },
  origins: ["https://shop.example.com"],
  rate: null,
  revoked: false,
};

describe("a change of keys", () => {
  test("that creates a pair asks for it with normalised origins, and shows the keys once", async () => {
    const fixture = createFixture();
    fixture.keyChanges.outcome = { ok: true, isChanged: true, created: { server: SERVER_KEY, client: undefined } };
    const body = { name: "web shop", origins: ["HTTPS://a.example.com:443", "https://a.example.com"], rate: 5 };
    const response = await fixture.read("POST", KEYS, body);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await outcome(response)).toEqual([201, { pair: PAIR, server: SERVER_KEY, client: null }]);
    expect(fixture.keyChanges.changed).toEqual([
      {
        kind: "create",
        name: "web shop",
        project: undefined,
        part: "both",
        origins: ["https://a.example.com"],
        rate: 5,
        isHashed: false,
      },
    ]);
    expect(fixture.logged.join("\n")).toContain("info a pair of keys was changed over HTTP: create");
    expect(fixture.logged.join("\n")).not.toContain(SERVER_KEY);
  });

  test("that edits or revokes answers the pair as it is in force", async () => {
    const fixture = createFixture();
    expect(await outcome(await fixture.read("PATCH", KEYS, { name: "web shop", rate: null }))).toEqual([200, PAIR]);
    expect(await outcome(await fixture.read("DELETE", `${KEYS}?name=web+shop&key=client`))).toEqual([200, PAIR]);
    expect(fixture.keyChanges.changed).toEqual([
      { kind: "edit", name: "web shop", origins: undefined, rate: null },
      { kind: "revoke", name: "web shop", part: "client" },
    ]);
  });

  test.each<[KeyRefusalCode, number]>([
    ["not_found", 404],
    ["already_there", 409],
    ["invalid", 409],
    ["conflict", 409],
    ["unwritable", 409],
    ["not_applied", 409],
  ])("that is refused as %s answers %d with what the server says, keys masked", async (code, status) => {
    const fixture = createFixture();
    fixture.keyChanges.outcome = { ok: false, code, message: `simplelogs.toml:3: ${SERVER_KEY} is wrong` };
    for (const [method, path, body] of [
      ["POST", KEYS, { name: "web shop" }],
      ["PATCH", KEYS, { name: "web shop", rate: 1 }],
      ["DELETE", `${KEYS}?name=web+shop`, undefined],
    ] as const) {
      const refused = await outcome(await fixture.read(method, path, body));
      expect(refused).toEqual([status, { message: "simplelogs.toml:3: sk_… is wrong" }]);
    }
  });

  test.each([
    ["POST", KEYS, { name: "x" }, 422],
    ["POST", KEYS, { name: "a\nb" }, 422],
    ["POST", KEYS, { name: "ab", origins: ["nothing"] }, 422],
    ["POST", KEYS, { name: "ab", key: "server", origins: ["https://a.example.com"] }, 422],
    ["POST", KEYS, { name: "ab", rate: 0 }, 422],
    ["POST", KEYS, { name: "ab", server: SERVER_KEY }, 422],
    ["PATCH", KEYS, { name: "ab" }, 422],
    ["PATCH", KEYS, { name: "ab", origins: Array.from({ length: 51 }, (_, at) => `https://a${at}.example.com`) }, 422],
    ["DELETE", KEYS, undefined, 400],
    ["DELETE", `${KEYS}?name=ab&key=neither`, undefined, 400],
  ] as const)("%s %s %j is not asked of the file", async (method, path, body, status) => {
    const fixture = createFixture();
    const response = await fixture.read(method, path, body);
    expect(response.status).toBe(status);
    expect(await response.text()).not.toContain(SERVER_KEY);
    expect(fixture.keyChanges.changed).toEqual([]);
  });

  test("of a file that cannot be written is known before", async () => {
    const fixture = createFixture();
    expect((await outcome(await fixture.read("GET", KEYS)))[1]).toMatchObject({ obstacle: null });
    fixture.keyChanges.why = "cannot write x: it is on a read-only file system";
    expect((await outcome(await fixture.read("GET", KEYS)))[1]).toMatchObject({ obstacle: fixture.keyChanges.why });
  });

  test("needs a session's both halves of this origin, as every change", async () => {
    const fixture = createFixture();
    const send = (headers: Record<string, string>) =>
      fixture.fetch(new Request(`http://localhost:7070${KEYS}?name=web+shop`, { method: "DELETE", headers }));
    expect((await send({ cookie: "simplelogs_session=x", "sec-fetch-site": "cross-site" })).status).toBe(401);
    expect((await send({})).status).toBe(401);
    expect(fixture.keyChanges.changed).toEqual([]);
  });
});

describe("a key that was revoked", () => {
  const old = knownKey("sk_old0123456789abcdef", "server", "web shop");
  const gone = knownKey("ck_gone0123456789abcd", "client", "web shop");

  test.each([
    ["in the configuration", new KeyLookup([], [old, gone])],
    ["by its line, since the server started", new KeyLookup([], [], new KeyLookup([], [], new KeyLookup([old, gone])))],
  ])("%s is told by name and kind where it is still tried", async (_, keys) => {
    const fixture = createFixture();
    fixture.access = { ...fixture.access, keys, pairs: [] };
    for (const key of ["sk_old0123456789abcdef", "ck_gone0123456789abcd", "ck_gone0123456789abcd"]) {
      expect((await fixture.post({ key, entries: [{ message: "hi" }] })).status).toBe(401);
    }
    const [, answer] = await outcome(await fixture.read("GET", "/api/v1/refusals"));
    expect(answer).toMatchObject({
      refusals: [
        { apiKey: "web shop", keyType: "client", isRevoked: true, project: "shop", count: 2 },
        { apiKey: "web shop", keyType: "server", isRevoked: true, project: "shop", count: 1 },
      ],
    });
  });

  test("is no more a revoked one once it is back", () => {
    const keys = new KeyLookup([old], [], new KeyLookup([], [old]));
    expect(keys.find("sk_old0123456789abcdef")).toBe(old.apiKey);
    expect(keys.unknown("sk_old0123456789abcdef")).toEqual({ masked: "sk_old0…" });
  });
});
