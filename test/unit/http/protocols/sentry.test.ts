import { describe, expect, test } from "bun:test";
import { sentryKeyOf, sentryRoutes } from "../../../../src/http/protocols/sentry.ts";

const KEY = "sk_0123456789abcdef";

function request(headers: Record<string, string>, query = ""): Request {
  return new Request(`http://localhost:7070/api/1/envelope/${query}`, { method: "POST", headers });
}

describe("the key is found", () => {
  test.each([
    ["in X-Sentry-Auth", { "x-sentry-auth": `Sentry sentry_version=7, sentry_key=${KEY}, sentry_client=x/1` }, ""],
    ["in X-Sentry-Auth without spaces", { "x-sentry-auth": `Sentry sentry_client=x/1,sentry_key=${KEY}` }, ""],
    ["in X-Sentry-Auth, in quotes", { "x-sentry-auth": `Sentry sentry_key="${KEY}", sentry_version=7` }, ""],
    ["in X-Sentry-Auth of any case", { "X-SENTRY-AUTH": `sentry Sentry_Key = ${KEY}` }, ""],
    ["in Authorization", { authorization: `Sentry sentry_key=${KEY}, sentry_version=7` }, ""],
    ["in the query", {}, `?sentry_version=7&sentry_key=${KEY}&sentry_client=x%2F1`],
    ["in the query beside a header without one", { "x-sentry-auth": "Sentry sentry_version=7" }, `?sentry_key=${KEY}`],
  ])("%s", (_, headers, query) => {
    expect(sentryKeyOf(request(headers, query))).toBe(KEY);
  });

  test("in the header first, where the query has another", () => {
    expect(sentryKeyOf(request({ "x-sentry-auth": `Sentry sentry_key=${KEY}` }, "?sentry_key=other"))).toBe(KEY);
  });
});

describe("no key is found", () => {
  test.each([
    ["where there is none", {}, ""],
    ["in another scheme's Authorization", { authorization: `Bearer sentry_key=${KEY}` }, ""],
    ["in a member of another name", { "x-sentry-auth": `Sentry my_sentry_key=${KEY}, sentry_secret=${KEY}` }, ""],
    ["in an empty member", { "x-sentry-auth": "Sentry sentry_key=, sentry_version=7" }, "?sentry_key="],
  ])("%s", (_, headers, query) => {
    expect(sentryKeyOf(request(headers as Record<string, string>, query))).toBeUndefined();
  });
});

describe("an answer", () => {
  const [route] = sentryRoutes;
  test("names the event, where the envelope has one", () => {
    const id = "a67b55c182ca44a4b62fb237bea6624d";
    expect([
      route?.accepted({ dropped: [], operations: id }, request({})),
      route?.accepted({ dropped: [] }, request({})),
    ]).toEqual([
      { status: 200, body: `{"id":"${id}"}`, contentType: "application/json" },
      { status: 200, body: "{}", contentType: "application/json" },
    ]);
  });

  test("says why an envelope was refused under the name that SDKs log", () => {
    expect(route?.refused({ status: 401, message: "API key not found" }, request({}))).toEqual({
      status: 401,
      body: '{"detail":"API key not found","message":"API key not found"}',
      contentType: "application/json",
    });
  });

  test("takes any content type as bytes, since attachments may be any bytes", () => {
    const types = ["application/x-sentry-envelope", "text/plain;charset=UTF-8", "application/octet-stream"];
    expect(types.map((type) => route?.formOf(new Headers({ "content-type": type })))).toEqual(types.map(() => "bytes"));
  });
});
