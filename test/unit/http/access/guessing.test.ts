// Guessing what lets read: slowed down, counted, logged; and never in the way of whoever has it.

import { describe, expect, test } from "bun:test";
import { ADMIN, ADMIN_TOKEN, createFixture, type Fixture } from "../fixture.ts";

const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };
const BURST = 20;

type Attempt = (fixture: Fixture, guess: number) => Promise<Response>;

function request(fixture: Fixture, method: string, path: string, headers: Record<string, string>, body?: unknown) {
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return fixture.fetch(new Request(`http://localhost:7070${path}`, init));
}

const bearer: Attempt = (fixture, guess) =>
  request(fixture, "GET", "/api/v1/usage", { authorization: `Bearer wrong-token-number-${guess}` });
const signIn: Attempt = (fixture, guess) =>
  request(fixture, "POST", "/api/v1/session", SAME_ORIGIN, { token: `wrong-token-number-${guess}` });
const metrics: Attempt = (fixture, guess) =>
  request(fixture, "GET", "/metrics", { authorization: `Bearer wrong-token-number-${guess}` });
const cookie: Attempt = (fixture, guess) =>
  request(fixture, "GET", "/api/v1/usage", { ...SAME_ORIGIN, cookie: `simplelogs_session=${guess}` });
const secret: Attempt = (fixture, guess) =>
  request(fixture, "GET", "/api/v1/usage", {
    ...SAME_ORIGIN,
    cookie: `simplelogs_session=${guess}`,
    "simplelogs-session": `${guess}`,
  });
const ticket: Attempt = (fixture, guess) => request(fixture, "GET", `/api/v1/export?ticket=${guess}`, {});

async function guess(fixture: Fixture, attempt: Attempt, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let count = 0; count < times; count++) statuses.push((await attempt(fixture, count)).status);
  return statuses;
}

async function readRight(fixture: Fixture, headers: Record<string, string> = ADMIN): Promise<number> {
  return (await request(fixture, "GET", "/api/v1/usage", headers)).status;
}

describe("guessing", () => {
  test.each([
    ["the token of the read API", bearer, BURST],
    ["the token in the app", signIn, BURST],
    ["the token of /metrics", metrics, BURST],
    ["a cookie", cookie, 100],
    ["both halves of a session", secret, 100],
    ["a ticket", ticket, 100],
  ] as const)("%s is answered 429 with Retry-After after a burst", async (_, attempt, burst) => {
    const fixture = createFixture();
    const statuses = await guess(fixture, attempt, burst + 5);
    expect(statuses).toEqual([...Array(burst).fill(401), ...Array(5).fill(429)]);
    const response = await attempt(fixture, 1_000);
    expect(response.headers.get("retry-after")).toMatch(/^[1-3]$/);
    expect(await response.json()).toEqual({ message: expect.stringContaining("Too many wrong tokens") });
  });

  test("the same wrong token again and again counts too", async () => {
    const fixture = createFixture();
    const same: Attempt = (it) => bearer(it, 7);
    expect(new Set((await guess(fixture, same, 100)).slice(BURST))).toEqual(new Set([429]));
  });

  test("does not look at the right token meanwhile, and does a few seconds later", async () => {
    const fixture = createFixture();
    await guess(fixture, bearer, 1_000);
    expect(await readRight(fixture)).toBe(429);
    fixture.now += 3_000;
    expect(await readRight(fixture)).toBe(200);
  });

  test("at full speed for an hour gets some 1200 tokens looked at", async () => {
    const fixture = createFixture();
    let looked = 0;
    for (let second = 0; second < 3_600; second++) {
      looked += (await guess(fixture, bearer, 2)).filter((status) => status === 401).length;
      fixture.now += 1_000;
    }
    expect(looked).toBeLessThan(1_300);
  });

  test("is in the metrics, and in the log a few times with address and count", async () => {
    const fixture = createFixture();
    await guess(fixture, bearer, 1_500);
    expect(fixture.logged.filter((line) => line.startsWith("warn requests to read were refused"))).toHaveLength(4);
    fixture.now += 60_000;
    await guess(fixture, bearer, 1);
    expect(fixture.logged).toHaveLength(5);
    const text = await (await request(fixture, "GET", "/metrics", { ...ADMIN, "user-agent": "x" })).text();
    expect(text).toContain('simplelogs_read_refusals_total{reason="token"} 21\n');
    expect(text).toContain('simplelogs_read_refusals_total{reason="limited"} 1480\n');
  });
});

describe("a reader with the right token", () => {
  test("is let in from another address, however many guess from however many", async () => {
    const fixture = createFixture();
    for (let host = 0; host < 300; host++) {
      fixture.peer = `10.0.${host >> 8}.${host & 255}`;
      await guess(fixture, bearer, 2);
    }
    fixture.peer = "198.51.100.7";
    expect(await readRight(fixture)).toBe(200);
  });

  test("and was let in before is let in from the very address of the guesser: a proxy that is not trusted", async () => {
    const fixture = createFixture();
    const owner = { ...ADMIN, "x-forwarded-for": "198.51.100.7", "user-agent": "Prometheus/3" };
    expect(await readRight(fixture, owner)).toBe(200);
    await guess(fixture, bearer, 1_000);
    expect(await readRight(fixture, owner)).toBe(200);
    expect(await readRight(fixture)).toBe(429);
  });

  test("is another address behind a trusted proxy", async () => {
    const fixture = createFixture();
    fixture.access = { ...fixture.access, trustedProxies: ["192.0.2.1"] };
    const guesser: Attempt = (it, count) =>
      request(it, "GET", "/api/v1/usage", { authorization: `Bearer wrong-${count}`, "x-forwarded-for": "203.0.113.9" });
    expect((await guess(fixture, guesser, 30)).at(-1)).toBe(429);
    expect(await readRight(fixture, { ...ADMIN, "x-forwarded-for": "198.51.100.7" })).toBe(200);
    // What stands left of the proxy's own entry is the sender's word.
    const forged = { ...ADMIN, "x-forwarded-for": "198.51.100.8, 203.0.113.9" };
    expect(await readRight(fixture, forged)).toBe(429);
  });

  test("reads on while somebody guesses at the app's sign-in, and signs in while somebody guesses otherwise", async () => {
    const [one, other] = [createFixture(), createFixture()];
    await guess(one, signIn, 100);
    expect(await readRight(one)).toBe(200);
    await guess(other, bearer, 100);
    const response = await request(other, "POST", "/api/v1/session", SAME_ORIGIN, { token: ADMIN_TOKEN });
    expect(response.status).toBe(200);
  });

  test("of a session never waits", async () => {
    const fixture = createFixture();
    const response = await request(fixture, "POST", "/api/v1/session", SAME_ORIGIN, { token: ADMIN_TOKEN });
    const { secret: half } = (await response.json()) as { secret: string };
    const cookieHalf = response.headers.get("set-cookie")?.split(";")[0] ?? "";
    await guess(fixture, bearer, 100);
    await guess(fixture, secret, 300);
    const headers = { ...SAME_ORIGIN, cookie: cookieHalf, "simplelogs-session": half };
    expect(await readRight(fixture, headers)).toBe(200);
  });

  test("signs in after the sessions of many open pages have ended", async () => {
    const fixture = createFixture();
    await guess(fixture, secret, 300);
    const response = await request(fixture, "POST", "/api/v1/session", SAME_ORIGIN, { token: ADMIN_TOKEN });
    expect(response.status).toBe(200);
  });
});
