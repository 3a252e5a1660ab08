import { describe, expect, test } from "bun:test";
import { KeyLookup } from "../../../../src/http/access/keys.ts";
import { authenticate } from "../../../../src/http/access/request_key.ts";
import { CLIENT_KEY, KNOWN_KEYS, ORIGIN, OTHER_ORIGIN, SERVER_KEY } from "../fixture.ts";

const KEYS = new KeyLookup(KNOWN_KEYS);
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The type of the key that was found, or the status of the refusal. */
function found(headers: Readonly<Record<string, string>>, query = "", ownKey?: string): string | number {
  const request = new Request(`http://localhost:7070/v1/logs${query}`, { method: "POST", headers });
  const outcome = authenticate(request, KEYS, ownKey);
  return "status" in outcome ? outcome.status : outcome.type;
}

describe("a key is found", () => {
  test.each([
    ["Authorization, as a bearer token", { authorization: `Bearer ${SERVER_KEY}` }],
    ["Authorization, as a bearer token in lower case", { authorization: `bearer  ${SERVER_KEY} ` }],
    ["Authorization, as a token", { authorization: `Token ${SERVER_KEY}` }],
    ["Authorization, alone", { authorization: SERVER_KEY }],
    ["Authorization, as a password", { authorization: `Basic ${base64(`anyone:${SERVER_KEY}`)}` }],
    ["Authorization, as a user without a password", { authorization: `Basic ${base64(`${SERVER_KEY}:`)}` }],
    ["Authorization, as a user without a colon", { authorization: `Basic ${base64(SERVER_KEY)}` }],
    ["Authorization, as a user beside another password", { authorization: `Basic ${base64(`${SERVER_KEY}:x`)}` }],
    ["Authorization, as an API key", { authorization: `ApiKey ${SERVER_KEY}` }],
    ["Authorization, as the secret of an API key", { authorization: `ApiKey ${base64(`id:${SERVER_KEY}`)}` }],
    ["X-API-Key", { "x-api-key": SERVER_KEY }],
  ])("in %s", (_, headers) => {
    expect(found(headers)).toBe("server");
  });

  test("in the query, escaped or not", () => {
    expect([found({}, `?key=${SERVER_KEY}`), found({}, `?a=1&key=${SERVER_KEY.replace("_", "%5F")}`)]).toEqual([
      "server",
      "server",
    ]);
  });

  test("at the protocol's own place before all others", () => {
    expect(found({ authorization: "Bearer sk_unknown_0123456789" }, "", SERVER_KEY)).toBe("server");
  });
});

describe("a request is refused", () => {
  test.each([
    ["no key", {}],
    ["an empty header", { authorization: " " }],
    ["an unknown key", { authorization: "Bearer sk_unknown_0123456789" }],
    ["a scheme without a key", { authorization: "Bearer" }],
    ["another scheme", { authorization: `Digest ${SERVER_KEY}` }],
    ["a password that is no base64", { authorization: "Basic %%%" }],
    ["a very long header", { authorization: `Bearer ${SERVER_KEY}${"x".repeat(5_000)}` }],
    ["an unknown key in a header before a known one in another", { authorization: "x", "x-api-key": SERVER_KEY }],
  ] as [string, Record<string, string>][])("with 401 for %s", (_, headers) => {
    expect(found(headers)).toBe(401);
  });

  test("with 403 for a client key without an Origin, or from another one", () => {
    const headers = { authorization: `Bearer ${CLIENT_KEY}` };
    expect([
      found(headers),
      found({ ...headers, origin: OTHER_ORIGIN }),
      found({ ...headers, origin: "null" }),
      found({ ...headers, origin: ORIGIN }),
    ]).toEqual([403, 403, 403, "client"]);
  });
});
