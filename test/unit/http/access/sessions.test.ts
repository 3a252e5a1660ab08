import { describe, expect, test } from "bun:test";
import type { SignInResponse } from "../../../../src/core/session.ts";
import { viewersOf } from "../../../../src/http/access/viewer.ts";
import { ADMIN, ADMIN_TOKEN, createFixture, type Fixture, outcome, sha256 } from "../fixture.ts";

const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };
const TWELVE_HOURS_MS = 12 * 3_600_000;
const WRONG = "Token is missing or wrong: send it as Authorization: Bearer";

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

interface Halves extends Record<string, string> {
  readonly cookie: string;
  readonly "simplelogs-session": string;
}

/** What a browser sends after a sign-in: the cookie, and the secret as the page's header. */
async function halvesOf(fixture: Fixture): Promise<Halves> {
  const response = await signIn(fixture);
  expect(response.status).toBe(200);
  const { secret } = (await response.json()) as SignInResponse;
  return { cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "", "simplelogs-session": secret };
}

/** Status of a question asked with these headers. */
async function ask(fixture: Fixture, headers: Record<string, string>): Promise<number> {
  return (await request(fixture, "GET", "/api/v1/usage", { headers })).status;
}

describe("signing in", () => {
  test("sets a cookie that scripts cannot read and other sites cannot send, and answers a secret for the page alone", async () => {
    const fixture = createFixture();
    const response = await signIn(fixture, { headers: { "content-type": "text/plain" } });
    expect(await outcome(response)).toEqual([
      200,
      { secret: expect.stringMatching(/^[\w-]{43}$/), expiresAt: fixture.now + TWELVE_HOURS_MS },
    ]);
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

  test("gives another id and secret each time, each of which may read", async () => {
    const fixture = createFixture();
    const halves = [await halvesOf(fixture), await halvesOf(fixture)];
    expect(new Set(halves.flatMap((both) => Object.values(both))).size).toBe(4);
    for (const both of halves) expect(await ask(fixture, { ...SAME_ORIGIN, ...both })).toBe(200);
  });

  test("is found among other cookies, and behind one of another path with the same name", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const cookie = `theme=dark; simplelogs_session=stale; ${halves.cookie};other=1`;
    expect(await ask(fixture, { ...SAME_ORIGIN, ...halves, cookie })).toBe(200);
  });
});

describe("signing in is refused", () => {
  test.each([
    ["a wrong token", { token: `${ADMIN_TOKEN}x` }, 401, { message: "The token is wrong" }],
    ["an empty token", { token: "" }, 401, { message: "The token is wrong" }],
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
      { message: "Reading is off: set admin_token, admin_token_sha256 or [[readers]] in the configuration" },
    ]);
  });
});

describe("a session", () => {
  test("is believed only where the browser says that the same origin asks", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    expect(await ask(fixture, { ...halves, ...SAME_ORIGIN })).toBe(200);
    for (const site of ["same-site", "cross-site", "none"]) {
      expect(await ask(fixture, { ...halves, "sec-fetch-site": site })).toBe(401);
    }
    expect(await ask(fixture, halves)).toBe(401);
  });

  test("is not believed for its cookie alone, which a server on another port of this host sees", async () => {
    const fixture = createFixture();
    const [{ cookie }, other] = [await halvesOf(fixture), await halvesOf(fixture)];
    const secrets = ["", "guessed", cookie.split("=")[1] ?? "", other["simplelogs-session"]];
    expect(await ask(fixture, { ...SAME_ORIGIN, cookie })).toBe(401);
    for (const secret of secrets) {
      expect(await ask(fixture, { ...SAME_ORIGIN, cookie, "simplelogs-session": secret })).toBe(401);
    }
  });

  test("is not believed for its secret alone", async () => {
    const fixture = createFixture();
    const { "simplelogs-session": secret } = await halvesOf(fixture);
    expect(await ask(fixture, { ...SAME_ORIGIN, "simplelogs-session": secret })).toBe(401);
    const cookie = `simplelogs_session=${secret}`;
    expect(await ask(fixture, { ...SAME_ORIGIN, cookie, "simplelogs-session": secret })).toBe(401);
  });

  test("lets change what the token lets change", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const path = "/api/v1/touchpoints?name=x";
    expect((await request(fixture, "DELETE", path, { headers: { ...halves, ...SAME_ORIGIN } })).status).toBe(204);
    expect((await request(fixture, "DELETE", path, { headers: halves })).status).toBe(401);
    expect(fixture.readers.changed).toHaveLength(1);
  });

  test("ends after twelve hours", async () => {
    const fixture = createFixture();
    const headers = { ...(await halvesOf(fixture)), ...SAME_ORIGIN };
    fixture.now += TWELVE_HOURS_MS - 1;
    expect(await ask(fixture, headers)).toBe(200);
    fixture.now += 1;
    expect(await ask(fixture, headers)).toBe(401);
  });

  test("of a clock that was days ahead is not believed when it is right again", async () => {
    const fixture = createFixture();
    fixture.now += 7 * 86_400_000;
    const headers = { ...(await halvesOf(fixture)), ...SAME_ORIGIN };
    fixture.now -= 7 * 86_400_000;
    expect(await ask(fixture, headers)).toBe(401);
  });

  test("ends with the token that it was opened with", async () => {
    const fixture = createFixture();
    const headers = { ...(await halvesOf(fixture)), ...SAME_ORIGIN };
    const before = fixture.access;
    fixture.access = { ...before, adminTokenSha256: sha256("another token of ours") };
    expect(await ask(fixture, headers)).toBe(401);
    fixture.access = { ...before, adminTokenSha256: undefined };
    expect(await ask(fixture, headers)).toBe(401);
    await fixture.sessions.endOthers(viewersOf(fixture.access));
    fixture.access = before;
    expect(await ask(fixture, headers)).toBe(401);
    expect(fixture.keptSessions).toEqual([]);
  });

  test("ends by signing out, this one only, and the browser forgets it", async () => {
    const fixture = createFixture();
    const [halves, other] = [await halvesOf(fixture), await halvesOf(fixture)];
    const response = await request(fixture, "DELETE", "/api/v1/session", { headers: { ...halves, ...SAME_ORIGIN } });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([
      204,
      "simplelogs_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0",
    ]);
    expect(await ask(fixture, { ...halves, ...SAME_ORIGIN })).toBe(401);
    expect(await ask(fixture, { ...other, ...SAME_ORIGIN })).toBe(200);
    expect(fixture.keptSessions).toHaveLength(1);
  });

  test("is not ended by a page of another site, nor by its cookie alone", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const wrong = [
      { ...halves, "sec-fetch-site": "cross-site" },
      { cookie: halves.cookie, ...SAME_ORIGIN },
    ];
    for (const headers of wrong) {
      expect((await request(fixture, "DELETE", "/api/v1/session", { headers })).status).toBe(401);
    }
    expect(await ask(fixture, { ...halves, ...SAME_ORIGIN })).toBe(200);
  });

  test("outlives a restart, from hashes that neither half nor the token can be found in", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const kept = JSON.stringify(fixture.keptSessions);
    for (const secret of [halves.cookie.split("=")[1] ?? "", halves["simplelogs-session"], sha256(ADMIN_TOKEN)]) {
      expect(kept).not.toContain(secret);
    }
    expect(fixture.keptSessions).toEqual([
      {
        id: expect.stringMatching(/^[\da-f]{64}$/),
        proof: expect.stringMatching(/^[\da-f]{64}$/),
        expiresAt: fixture.now + TWELVE_HOURS_MS,
      },
    ]);
    const restarted = createFixture(fixture.keptSessions);
    expect(await ask(restarted, { ...halves, ...SAME_ORIGIN })).toBe(200);
    expect(await ask(restarted, { cookie: halves.cookie, ...SAME_ORIGIN })).toBe(401);
    const withAnotherToken = createFixture(fixture.keptSessions);
    withAnotherToken.access = { ...withAnotherToken.access, adminTokenSha256: sha256("another token of ours") };
    expect(await ask(withAnotherToken, { ...halves, ...SAME_ORIGIN })).toBe(401);
  });

  test("of a thousand others ends the oldest", async () => {
    const fixture = createFixture();
    const all: Halves[] = [];
    for (let count = 0; count < 1001; count++) {
      fixture.now++;
      all.push(await halvesOf(fixture));
    }
    const statuses = await Promise.all(all.map((halves) => ask(fixture, { ...halves, ...SAME_ORIGIN })));
    expect(statuses).toEqual([401, ...Array.from({ length: 1000 }, () => 200)]);
    expect(fixture.keptSessions).toHaveLength(1000);
  });
});

describe("a ticket", () => {
  const EXPORT = "/api/v1/export?format=csv&q=level%3Aerror";

  async function ticketOf(fixture: Fixture, headers: Record<string, string>, target = EXPORT): Promise<string> {
    const body = JSON.stringify({ target });
    const response = await request(fixture, "POST", "/api/v1/tickets", {
      headers: { ...headers, ...SAME_ORIGIN },
      body,
    });
    expect(response.status).toBe(200);
    return ((await response.json()) as { ticket: string }).ticket;
  }
  const get = (fixture: Fixture, path: string, headers: Record<string, string> = {}) =>
    request(fixture, "GET", path, { headers }).then((response) => response.status);

  test("lets one download in, once", async () => {
    const fixture = createFixture();
    const ticket = await ticketOf(fixture, await halvesOf(fixture));
    expect(ticket).toMatch(/^[\w-]{43}$/);
    expect(await get(fixture, `${EXPORT}&ticket=${ticket}`, SAME_ORIGIN)).toBe(200);
    expect(await get(fixture, `${EXPORT}&ticket=${ticket}`, SAME_ORIGIN)).toBe(401);
    expect(fixture.readers.asked).toHaveLength(1);
  });

  test.each([
    ["another query", "/api/v1/export?format=csv&ticket="],
    ["another order of the query", "/api/v1/export?q=level%3Aerror&format=csv&ticket="],
    ["another path", "/api/v1/entries?format=csv&q=level%3Aerror&ticket="],
  ])("is not good for %s, and used up where it could have been", async (_, path) => {
    const fixture = createFixture();
    const ticket = await ticketOf(fixture, await halvesOf(fixture));
    expect(await get(fixture, path + ticket)).toBe(401);
    if (path.includes("/export")) expect(await get(fixture, `${EXPORT}&ticket=${ticket}`)).toBe(401);
    expect(fixture.readers.asked).toEqual([]);
  });

  test("is good for a minute", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const [early, late] = [await ticketOf(fixture, halves), await ticketOf(fixture, halves)];
    fixture.now += 59_999;
    expect(await get(fixture, `${EXPORT}&ticket=${early}`)).toBe(200);
    fixture.now += 1;
    expect(await get(fixture, `${EXPORT}&ticket=${late}`)).toBe(401);
  });

  test("ends with its session, by signing out and by another token", async () => {
    const fixture = createFixture();
    const halves = await halvesOf(fixture);
    const [one, other] = [await ticketOf(fixture, halves), await ticketOf(fixture, halves)];
    const { access } = fixture;
    fixture.access = { ...access, adminTokenSha256: sha256("another token of ours") };
    expect(await get(fixture, `${EXPORT}&ticket=${one}`)).toBe(401);
    fixture.access = access;
    await request(fixture, "DELETE", "/api/v1/session", { headers: { ...halves, ...SAME_ORIGIN } });
    expect(await get(fixture, `${EXPORT}&ticket=${other}`)).toBe(401);
  });

  test("is not good where the browser says that another site follows the link", async () => {
    const fixture = createFixture();
    const ticket = await ticketOf(fixture, await halvesOf(fixture));
    expect(await get(fixture, `${EXPORT}&ticket=${ticket}`, { "sec-fetch-site": "cross-site" })).toBe(401);
  });

  test("is for readers, and for paths", async () => {
    const fixture = createFixture();
    const halves = { ...(await halvesOf(fixture)), ...SAME_ORIGIN };
    const ask = (headers: Record<string, string>, target: string) =>
      request(fixture, "POST", "/api/v1/tickets", { headers, body: JSON.stringify({ target }) });
    expect((await ask({}, EXPORT)).status).toBe(401);
    expect((await ask({ cookie: halves.cookie, ...SAME_ORIGIN }, EXPORT)).status).toBe(401);
    const response = await ask({ authorization: `Bearer ${ADMIN_TOKEN}` }, EXPORT);
    const { ticket } = (await response.json()) as { ticket: string };
    expect(await get(fixture, `${EXPORT}&ticket=${ticket}`)).toBe(200);
    expect((await ask(halves, "https://elsewhere.example/")).status).toBe(400);
    expect((await ask(halves, `/${"x".repeat(17_000)}`)).status).toBe(422);
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
    "POST tickets",
    "DELETE session",
    "HEAD entries",
    "HEAD tail",
  ].map((route) => route.split(" ") as [string, string]);

  test.each(routes)("%s %s is refused without a token, and no query runs", async (method, path) => {
    const fixture = createFixture();
    const wrong: Record<string, string>[] = [
      {},
      { authorization: "Bearer wrong-token-of-some-length" },
      { authorization: `Basic ${ADMIN_TOKEN}` },
      { ...SAME_ORIGIN, cookie: "simplelogs_session=guessed" },
      { ...SAME_ORIGIN, cookie: "simplelogs_session=" },
      { ...SAME_ORIGIN, cookie: "simplelogs_session=guessed", "simplelogs-session": "guessed" },
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
    const message = "Reading is off: set admin_token, admin_token_sha256 or [[readers]] in the configuration";
    expect([response.status, await response.text()]).toEqual([
      401,
      method === "HEAD" ? "" : JSON.stringify({ message }),
    ]);
  });

  test.each([
    ["/api/v1/entries", "GET, HEAD"],
    ["/api/v1/fields/level/values", "GET, HEAD"],
    ["/api/v1/touchpoints", "GET, HEAD, POST, PATCH, DELETE"],
    ["/api/v1/session", "GET, HEAD, POST, DELETE"],
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
