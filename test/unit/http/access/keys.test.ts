import { describe, expect, test } from "bun:test";
import { KeyLookup } from "../../../../src/http/access/keys.ts";
import { CLIENT_KEY, knownKey, ORIGIN, SERVER_KEY, sha256 } from "../fixture.ts";

const server = knownKey(SERVER_KEY, "server", "web shop");
const client = knownKey(CLIENT_KEY, "client", "web shop", ["https://*.example.com"]);

describe("a key is found", () => {
  test("by its text, and only by its whole text", () => {
    const keys = new KeyLookup([server, client]);
    expect(keys.find(SERVER_KEY)).toBe(server.apiKey);
    expect(keys.find(CLIENT_KEY)).toBe(client.apiKey);
    for (const text of [
      SERVER_KEY.slice(0, -1),
      `${SERVER_KEY} `,
      SERVER_KEY.toUpperCase(),
      sha256(SERVER_KEY),
      "\u{1F600}",
      "",
    ]) {
      expect(keys.find(text)).toBeUndefined();
    }
  });

  test("by a digest in upper case as well", () => {
    expect(new KeyLookup([{ ...server, sha256: server.sha256.toUpperCase() }]).find(SERVER_KEY)).toBe(server.apiKey);
  });
});

describe("an origin is allowed", () => {
  test("when some client key's patterns match it, asked again or not", () => {
    const keys = new KeyLookup([server, client]);
    expect([keys.allowsOrigin(ORIGIN), keys.allowsOrigin(ORIGIN), keys.allowsOrigin("https://example.com")]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("however many made-up ones were asked about before", () => {
    const keys = new KeyLookup([client]);
    for (let index = 0; index < 3000; index++) expect(keys.allowsOrigin(`https://x${index}.example.org`)).toBe(false);
    expect(keys.allowsOrigin(ORIGIN)).toBe(true);
  });
});

test("an origin of a server key allows nobody", () => {
  const misplaced = knownKey(SERVER_KEY, "server", "web shop", [ORIGIN]);
  expect(new KeyLookup([misplaced]).allowsOrigin(ORIGIN)).toBe(false);
});
