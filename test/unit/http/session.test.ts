import { describe, expect, test } from "bun:test";
import { Sessions } from "../../../src/http/session.ts";
import { ADMIN, ADMIN_TOKEN, createFixture, type Fixture, outcome, sha256 } from "./fixture.ts";

const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };
const TWELVE_HOURS_MS = 12 * 3_600_000;
const WRONG = "Admin token is missing or wrong: send it as Authorization: Bearer";

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly base?: string;
}

function request(fixture: Fixture, method: string, path: string, { headers = {}, body, base }: Sent = {}) {
  const url = `${base ?? "http://localhost:7070"}${path}`;
  return fixture.fetch(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
}

function signIn(fixture: Fixture, sent: Sent = {}): Promise<Response> {
  return request(fixture, "POST", "/api/v1/session", {
    body: JSON.stringify({ token: ADMIN_TOKEN }),
    ...sent,
    headers: { ...SAME_ORIGIN, ...sent.headers },
  });
}

/** "simplelogs_session=…" of a sign-in. */
async function cookieOf(fixture: Fixture): Promise<string> {
  const response = await signIn(fixture);
  expect(response.status).toBe(204);
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** Status of a question asked with these headers. */
async function ask(fixture: Fixture, headers: Record<string, string>): Promise<number> {
  return (await request(fixture, "GET", "/api/v1/usage", { headers })).status;
}

describe("signing in", () => {
  test("sets a cookie that scripts cannot read and other sites cannot send", async () => {
    const response = await signIn(createFixture(), { headers: { "content-type": "text/plain" } });
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("set-cookie")).toMatch(
      /^simplelogs_session=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/,
    );
  });

  test("over https, behind a proxy too, sets a Secure one", async () => {
    const fixture = createFixture();
    const direct = await signIn(fixture, { base: "https://localhost:7070" });
    expect(direct.headers.get("set-cookie")).toEndWith("; Max-Age=43200; Secure");
    const proxied = await signIn(fixture, { headers: { origin: "https://logs.example.com" } });
    expect(proxied.headers.get("set-cookie")).toEndWith("; Max-Age=43200; Secure");
    const plain = await signIn(fixture, { headers: { origin: "http://localhost:7070" } });
    expect(plain.headers.get("set-cookie")).not.toContain("Secure");
  });

  test("gives another id each time, each of which may read", async () => {
    const fixture = createFixture();
    const cookies = [await cookieOf(fixture), await cookieOf(fixture)];
    expect(new Set(cookies).size).toBe(2);
    for (const cookie of cookies) expect(await ask(fixture, { ...SAME_ORIGIN, cookie })).toBe(200);
  });

  test("is found among other cookies, and behind one of another path with the same name", async () => {
    const fixture = createFixture();
    const cookie = `theme=dark; simplelogs_session=stale; ${await cookieOf(fixture)};other=1`;
    expect(await ask(fixture, { ...SAME_ORIGIN, cookie })).toBe(200);
  });
});

describe("signing in is refused", () => {
  test.each([
    ["a wrong token", { token: `${ADMIN_TOKEN}x` }, 401, { message: "Admin token is wrong" }],
    ["an empty token", { token: "" }, 401, { message: "Admin token is wrong" }],
    [
      "no token",
      {},
      422,
      { message: "Invalid payload", errors: { fieldErrors: { token: ["Required"] }, formErrors: [] } },
    ],
    [
      "a token of another type, and more",
      { token: 5, user: "x" },
      422,
      {
        message: "Invalid payload",
        errors: {
          fieldErrors: { token: ["Expected string, received number"] },
          formErrors: ['Unrecognized key in object: "user"'],
        },
      },
    ],
    [
      "no object",
      ["x"],
      422,
      { message: "Invalid payload", errors: { fieldErrors: {}, formErrors: ["Expected object, received array"] } },
    ],
  ] as const)("for %s", async (_, body, status, answer) => {
    const response = await signIn(createFixture(), { body: JSON.stringify(body) });
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(await outcome(response)).toEqual([status, answer]);
  });

  test("for what is no JSON, too large, or unknown parameters", async () => {
    const fixture = createFixture();
    expect((await signIn(fixture, { body: "{" })).status).toBe(400);
    expect((await signIn(fixture, { body: JSON.stringify({ token: "x".repeat(70_000) }) })).status).toBe(413);
    expect((await signIn(fixture, { headers: { "content-encoding": "pack200" } })).status).toBe(415);
    const response = await request(fixture, "POST", "/api/v1/session?next=/", { headers: SAME_ORIGIN, body: "{}" });
    expect(await outcome(response)).toEqual([400, { message: 'unknown parameter "next"; there are none here' }]);
  });

  test.each(["same-site", "cross-site", "none", ""])("for a page that is %p", async (site) => {
    const response = await signIn(createFixture(), { headers: { "sec-fetch-site": site } });
    expect(response.status).toBe(403);
    expect(response.headers.has("set-cookie")).toBe(false);
  });

  test("while no token is configured, saying what to set", async () => {
    const fixture = createFixture();
    fixture.access = { ...fixture.access, adminTokenSha256: undefined };
    expect(await outcome(await signIn(fixture))).toEqual([
      401,
      { message: "Reading is off: set admin_token or admin_token_sha256 in the configuration" },
    ]);
  });
});

describe("a session", () => {
  test("is believed only where the browser says that the same origin asks", async () => {
    const fixture = createFixture();
    const cookie = await cookieOf(fixture);
    expect(await ask(fixture, { cookie, ...SAME_ORIGIN })).toBe(200);
    for (const site of ["same-site", "cross-site", "none"]) {
      expect(await ask(fixture, { cookie, "sec-fetch-site": site })).toBe(401);
    }
    expect(await ask(fixture, { cookie })).toBe(401);
  });

  test("lets change what the token lets change", async () => {
    const fixture = createFixture();
    const headers = { cookie: await cookieOf(fixture), ...SAME_ORIGIN };
    const path = "/api/v1/touchpoints?name=x";
    expect((await request(fixture, "DELETE", path, { headers })).status).toBe(204);
    expect((await request(fixture, "DELETE", path, { headers: { cookie: headers.cookie } })).status).toBe(401);
    expect(fixture.readers.changed).toHaveLength(1);
  });

  test("ends after twelve hours", async () => {
    const fixture = createFixture();
    const headers = { cookie: await cookieOf(fixture), ...SAME_ORIGIN };
    fixture.now += TWELVE_HOURS_MS - 1;
    expect(await ask(fixture, headers)).toBe(200);
    fixture.now += 1;
    expect(await ask(fixture, headers)).toBe(401);
  });

  test("ends with the token that it was opened with", async () => {
    const fixture = createFixture();
    const headers = { cookie: await cookieOf(fixture), ...SAME_ORIGIN };
    const before = fixture.access;
    fixture.access = { ...before, adminTokenSha256: sha256("another token of ours") };
    expect(await ask(fixture, headers)).toBe(401);
    fixture.access = { ...before, adminTokenSha256: undefined };
    expect(await ask(fixture, headers)).toBe(401);
  });

  test("ends by signing out, this one only, and the browser forgets it", async () => {
    const fixture = createFixture();
    const [cookie, other] = [await cookieOf(fixture), await cookieOf(fixture)];
    const response = await request(fixture, "DELETE", "/api/v1/session", { headers: { cookie, ...SAME_ORIGIN } });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([
      204,
      "simplelogs_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0",
    ]);
    expect(await ask(fixture, { cookie, ...SAME_ORIGIN })).toBe(401);
    expect(await ask(fixture, { cookie: other, ...SAME_ORIGIN })).toBe(200);
  });

  test("is not ended by a page of another site", async () => {
    const fixture = createFixture();
    const cookie = await cookieOf(fixture);
    const headers = { cookie, "sec-fetch-site": "cross-site" };
    expect((await request(fixture, "DELETE", "/api/v1/session", { headers })).status).toBe(401);
    expect(await ask(fixture, { cookie, ...SAME_ORIGIN })).toBe(200);
  });

  test("of a thousand others ends the oldest", () => {
    let now = 0;
    const sessions = new Sessions(() => now++);
    const ids = Array.from({ length: 1001 }, () => sessions.open("token"));
    const admitted = ids.map((id) =>
      sessions.admits(
        new Request("http://localhost/", { headers: { cookie: `simplelogs_session=${id}`, ...SAME_ORIGIN } }),
        "token",
      ),
    );
    expect(admitted).toEqual([false, ...Array.from({ length: 1000 }, () => true)]);
  });
});

describe("reading", () => {
  const routes = [
    "GET entries",
    "GET histogram",
    "GET timings",
    "GET timings/series",
    "GET timings/running",
    "GET fields",
    "GET fields/level/values",
    "GET touchpoints",
    "POST touchpoints",
    "PATCH touchpoints",
    "DELETE touchpoints",
    "GET usage",
    "GET rejections",
    "GET keys",
    "GET tail",
    "GET export",
    "POST erase",
    "DELETE session",
    "HEAD entries",
    "HEAD tail",
  ].map((route) => route.split(" ") as [string, string]);

  test.each(routes)("%s %s is kept from whoever has no token, and nothing is asked", async (method, path) => {
    const fixture = createFixture();
    const wrong: Record<string, string>[] = [
      {},
      { authorization: "Bearer wrong-token-of-some-length" },
      { authorization: `Basic ${ADMIN_TOKEN}` },
      { ...SAME_ORIGIN, cookie: "simplelogs_session=guessed" },
      { ...SAME_ORIGIN, cookie: "simplelogs_session=" },
    ];
    for (const headers of wrong) {
      const response = await request(fixture, method, `/api/v1/${path}`, { headers });
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(response.headers.get("cache-control")).toBe("no-store");
      expect([response.status, await response.text()]).toEqual([
        401,
        method === "HEAD" ? "" : JSON.stringify({ message: WRONG }),
      ]);
    }
    expect([fixture.readers.asked, fixture.readers.changed]).toEqual([[], []]);
  });

  test.each(routes)("%s %s is off while no token is configured", async (method, path) => {
    const fixture = createFixture();
    fixture.access = { ...fixture.access, adminTokenSha256: undefined };
    const response = await request(fixture, method, `/api/v1/${path}`, { headers: ADMIN });
    const message = "Reading is off: set admin_token or admin_token_sha256 in the configuration";
    expect([response.status, await response.text()]).toEqual([
      401,
      method === "HEAD" ? "" : JSON.stringify({ message }),
    ]);
  });

  test.each([
    ["/api/v1/entries", "GET, HEAD"],
    ["/api/v1/fields/level/values", "GET, HEAD"],
    ["/api/v1/touchpoints", "GET, HEAD, POST, PATCH, DELETE"],
    ["/api/v1/session", "POST, DELETE"],
    ["/api/v1/erase", "POST"],
    ["/openapi.json", "GET, HEAD"],
  ])("%s answers other methods 405 with Allow, and no CORS header", async (path, allow) => {
    for (const method of ["PUT", "OPTIONS"]) {
      const headers = { ...ADMIN, origin: "https://shop.example.com" };
      const response = await request(createFixture(), method, path, { headers });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
      expect(response.headers.has("access-control-allow-origin")).toBe(false);
    }
  });
});
