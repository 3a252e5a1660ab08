import { describe, expect, test } from "bun:test";
import {
  BODY_BYTES_MAX,
  CLIENT_KEY,
  createFixture,
  ENTRIES_MAX,
  entries,
  type Fixture,
  ORIGIN,
  outcome,
  RATE,
  RATED_KEY,
  SERVER_KEY,
} from "../fixture.ts";

const BATCH = { key: SERVER_KEY, source: "server", entries: [{ message: "hi" }] };

async function statusOf(response: Promise<Response>): Promise<number> {
  return (await response).status;
}

describe("of several faults the first in the contract's order is answered", () => {
  /** Each fault leaves those behind it in place; taken away one by one, the next shows. */
  const large = " ".repeat(BODY_BYTES_MAX);

  test("from the size to the queue", async () => {
    const fixture = createFixture();
    const broken = { "content-encoding": "nope" };
    const tooMany = entries(ENTRIES_MAX + 1);
    const steps: [unknown, Record<string, string>, number][] = [
      [`{${large}`, broken, 413],
      ["{", broken, 415],
      ["{", {}, 400],
      ["[]", {}, 422],
      [{ source: "client", entries: 5 }, {}, 401],
      [{ key: "ck_nobody", source: "server", entries: 5 }, {}, 401],
      [{ key: CLIENT_KEY, source: "server", entries: 5 }, {}, 401],
      [{ key: CLIENT_KEY, source: "client", entries: 5 }, {}, 403],
      [{ key: CLIENT_KEY, source: "client", entries: 5 }, { origin: ORIGIN }, 422],
      [{ key: CLIENT_KEY, entries: tooMany }, {}, 403],
      [{ key: CLIENT_KEY, entries: tooMany }, { origin: ORIGIN }, 422],
      [{ key: CLIENT_KEY, source: "client", entries: tooMany }, { origin: ORIGIN }, 413],
    ];
    const statuses: number[] = [];
    for (const [body, headers] of steps) statuses.push(await statusOf(fixture.post(body, headers)));
    expect(statuses).toEqual(steps.map(([, , status]) => status));
    expect(fixture.pushed).toEqual([]);
  });

  test("a full queue comes before everything that is found out when the body is parsed, and after the body's size", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => ({ refused: "full", retryAfterSeconds: 1 });
    const statuses: number[] = [];
    for (const body of [`{${large}`, "{", { key: "ck_nobody", entries: 5 }, BATCH]) {
      statuses.push(await statusOf(fixture.post(body)));
    }
    expect(statuses).toEqual([413, 503, 503, 503]);
  });

  test("a used up rate comes before the schema and before max_entries, and for a key in debt before its source", async () => {
    const fixture = createFixture();
    const rated = { ...BATCH, key: RATED_KEY };
    expect(await statusOf(fixture.post({ ...rated, entries: entries(RATE * 10) }))).toBe(202);
    expect(await statusOf(fixture.post({ ...rated, entries: "none" }))).toBe(429);
    expect(await statusOf(fixture.post({ ...rated, entries: entries(ENTRIES_MAX + 1) }))).toBe(429);
    expect(await statusOf(fixture.post({ ...rated, source: "client", entries: "none" }))).toBe(429);
    // Whoever writes "key" twice may mean another one: then the body is parsed.
    const twice = `{"key":"${RATED_KEY}","key":"${SERVER_KEY}","source":"server","entries":[{"message":"a"}]}`;
    expect(await statusOf(fixture.post(twice))).toBe(202);
  });

  test("a key that is no string skips its checks, and the schema names it with the rest", async () => {
    const response = await createFixture().post({ key: { a: 1 }, source: "x", timestamp: "now" });
    expect(await outcome(response)).toEqual([
      422,
      {
        message: "Invalid enqueue payload",
        errors: {
          formErrors: [],
          fieldErrors: {
            key: ["Expected string, received object"],
            source: ["Invalid enum value. Expected 'server' | 'client', received 'x'"],
            timestamp: ["Expected number, received string"],
            entries: ["Required"],
          },
        },
      },
    ]);
  });
});

describe("a refused batch leaves nothing", () => {
  async function burstsLeft(fixture: Fixture): Promise<number> {
    fixture.pushAnswer = () => Promise.resolve("accepted");
    return statusOf(fixture.post({ ...BATCH, key: RATED_KEY, entries: entries(RATE * 10) }));
  }

  test.each([
    ["the schema", { entries: [{ message: 5 }] }, undefined],
    ["max_entries", { entries: entries(ENTRIES_MAX + 1) }, undefined],
    ["a full queue", {}, { refused: "full", retryAfterSeconds: 1 } as const],
  ])("its tokens are given back when %s refuses it", async (_name, change, refusal) => {
    const fixture = createFixture();
    if (refusal !== undefined) fixture.pushAnswer = () => refusal;
    expect(await statusOf(fixture.post({ ...BATCH, key: RATED_KEY, ...change }))).toBeGreaterThanOrEqual(413);
    expect(await burstsLeft(fixture)).toBe(202);
  });

  test("its tokens are given back when its commit fails", async () => {
    const fixture = createFixture();
    fixture.pushAnswer = () => Promise.resolve("unavailable");
    expect(await statusOf(fixture.post({ ...BATCH, key: RATED_KEY }))).toBe(503);
    expect(await burstsLeft(fixture)).toBe(202);
  });

  test("a key never comes back, wherever it was put", async () => {
    const key = "sk_mine0123456789ab";
    const places = [
      { ...BATCH, key },
      { ...BATCH, source: key },
      { ...BATCH, entries: [{ level: key }, { level: `Bearer ${CLIENT_KEY}` }] },
      { ...BATCH, key: [key] },
    ];
    for (const body of places) {
      const text = await (await createFixture().post(body)).text();
      expect(text).not.toContain("mine0123");
      expect(text).not.toContain("ck_0123");
    }
  });
});
