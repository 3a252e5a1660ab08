import { describe, expect, test } from "bun:test";
import { COMPARE_EXPECTED } from "../../../../src/core/compare.ts";
import { INSTANT_EXPECTED } from "../../../../src/core/instant.ts";
import type { QueryRefusalCode } from "../../../../src/core/queries.ts";
import { createFixture, type Fixture, outcome } from "../fixture.ts";
import { ANSWERS } from "../readers.ts";

const NO_SCOPE = { project: undefined, q: "", from: undefined, to: undefined };
const NOW = createFixture().now;
/** Every parameter of a scope, as it is sent and as it is asked. */
const FULL = "project=shop&q=level%3Aerror+%22a+b%22&from=24h&to=2023-11-14T22:13:20.500Z";
const spanAgo = (from: number, to: number) => ({ from: NOW - from, to: NOW - to });
const FULL_SCOPE = { project: "shop", q: 'level:error "a b"', from: NOW - 86_400_000, to: 1_700_000_000_500 };
const FULL_MS = FULL_SCOPE.to - FULL_SCOPE.from;
const BEFORE = { from: FULL_SCOPE.from - FULL_MS, to: FULL_SCOPE.from };
const WEEK_BEFORE = { from: FULL_SCOPE.from - 604_800_000, to: FULL_SCOPE.to - 604_800_000 };

/** The message of a 400, with what else is in it. */
async function problem(fixture: Fixture, path: string): Promise<string> {
  const [status, body] = await outcome(await fixture.read("GET", path));
  expect(status).toBe(400);
  expect(fixture.readers.asked).toEqual([]);
  return (body as { message: string }).message;
}

describe("a query", () => {
  test.each([
    ["entries", { kind: "entries", scope: NO_SCOPE, limit: 100, cursor: undefined }],
    [`entries?${FULL}&limit=10000&cursor=abc`, { kind: "entries", scope: FULL_SCOPE, limit: 10_000, cursor: "abc" }],
    [
      "entries?order=asc&cursor=1700000000000:7",
      { kind: "entries", scope: NO_SCOPE, limit: 100, cursor: "1700000000000:7", order: "asc" },
    ],
    [`trace?key=req-1&${FULL}`, { kind: "trace", scope: FULL_SCOPE, key: "req-1", around: 8.64e15 }],
    ["trace?key=a%20b&around=24h", { kind: "trace", scope: NO_SCOPE, key: "a b", around: NOW - 86_400_000 }],
    ["histogram", { kind: "histogram", scope: NO_SCOPE, intervalMs: undefined }],
    [`histogram?${FULL}&interval=5m`, { kind: "histogram", scope: FULL_SCOPE, intervalMs: 300_000 }],
    ["timings", { kind: "timings", scope: NO_SCOPE }],
    [`timings?by=category&${FULL}`, { kind: "timings", scope: FULL_SCOPE, byCategory: true }],
    ["timings/series", { kind: "series", scope: NO_SCOPE, intervalMs: undefined, byTouchpoint: false }],
    [
      `timings/series?interval=1500&by=touchpoint&${FULL}`,
      { kind: "series", scope: FULL_SCOPE, intervalMs: 1500, byTouchpoint: true },
    ],
    [
      "timings/series?by=duration",
      { kind: "series", scope: NO_SCOPE, intervalMs: undefined, byTouchpoint: false, byDuration: true },
    ],
    [`timings/running?limit=1000&${FULL}`, { kind: "running", scope: FULL_SCOPE, limit: 1000 }],
    [`fields?${FULL}`, { kind: "fields", scope: FULL_SCOPE }],
    ["fields/metadata.a%2Fb%20c%3F/values", { kind: "values", scope: NO_SCOPE, field: "metadata.a/b c?", limit: 100 }],
    [`fields/level/values?limit=3&${FULL}`, { kind: "values", scope: FULL_SCOPE, field: "level", limit: 3 }],
    ["patterns", { kind: "patterns", scope: NO_SCOPE, limit: 100 }],
    [`patterns?compare=previous&limit=5&${FULL}`, { kind: "patterns", scope: FULL_SCOPE, limit: 5, compared: BEFORE }],
    [
      `histogram?compare=week&${FULL}`,
      { kind: "histogram", scope: FULL_SCOPE, intervalMs: undefined, compared: WEEK_BEFORE },
    ],
    [
      "histogram?compare=48h..24h",
      { kind: "histogram", scope: NO_SCOPE, intervalMs: undefined, compared: spanAgo(172_800_000, 86_400_000) },
    ],
    [
      "timings?compare=previous&from=1h&sort=worse&limit=20&by=category",
      {
        kind: "timings",
        scope: { ...NO_SCOPE, from: NOW - 3_600_000 },
        byCategory: true,
        sort: "worse",
        limit: 20,
        compared: spanAgo(7_200_000, 3_600_000),
      },
    ],
    ["timings?sort=total", { kind: "timings", scope: NO_SCOPE, sort: "total" }],
    [
      "timings/series?compare=2023-11-01..2023-11-02&timeZone=Europe/Berlin",
      {
        kind: "series",
        scope: { ...NO_SCOPE, timeZone: "Europe/Berlin" },
        intervalMs: undefined,
        byTouchpoint: false,
        compared: { from: Date.UTC(2023, 9, 31, 23), to: Date.UTC(2023, 10, 2, 23) },
      },
    ],
    ["markers?project=shop&from=24h", { kind: "markers", scope: { ...NO_SCOPE, project: "shop", from: NOW - 864e5 } }],
    [`breakdown?limit=5&${FULL}`, { kind: "breakdown", scope: FULL_SCOPE, limit: 5 }],
    ["breakdown?among=level:warn", { kind: "breakdown", scope: NO_SCOPE, limit: 100, among: "level:warn" }],
    ["touchpoints", { kind: "touchpoints", project: undefined }],
    ["touchpoints?project=a%26b", { kind: "touchpoints", project: "a&b" }],
    ["views", { kind: "views", project: undefined }],
    ["views?project=shop", { kind: "views", project: "shop" }],
    ["usage", { kind: "usage" }],
    ["rejections", { kind: "rejections", project: undefined, limit: 100 }],
    ["rejections?project=shop&limit=1000", { kind: "rejections", project: "shop", limit: 1000 }],
  ] as const)("%s is asked with checked values, and the answer passed on as it is", async (path, asked) => {
    const fixture = createFixture();
    const response = await fixture.read("GET", `/api/v1/${path}`);
    expect([response.status, await response.text()]).toEqual([200, JSON.stringify(ANSWERS[asked.kind])]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(fixture.readers.asked).toEqual([asked]);
  });

  test("takes an instant whose plus sign was not escaped", async () => {
    const fixture = createFixture();
    await fixture.read("GET", "/api/v1/fields?from=2023-11-14T10:30:00+02:00&q=a+02:00");
    expect(fixture.readers.asked).toEqual([
      { kind: "fields", scope: { ...NO_SCOPE, q: "a 02:00", from: Date.UTC(2023, 10, 14, 8, 30) } },
    ]);
  });

  test("may have one bound only, in the future too", async () => {
    const fixture = createFixture();
    await fixture.read("GET", `/api/v1/fields?from=${NOW + 1e9}`);
    await fixture.read("GET", "/api/v1/fields?to=1718900000000.5");
    expect(fixture.readers.asked).toEqual([
      { kind: "fields", scope: { ...NO_SCOPE, from: NOW + 1e9 } },
      { kind: "fields", scope: { ...NO_SCOPE, to: 1_718_900_000_000.5 } },
    ]);
  });

  test("is answered to HEAD without the body", async () => {
    const response = await createFixture().read("HEAD", "/api/v1/entries");
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test("about keys joins the configuration with their use, and shows no secret", async () => {
    const fixture = createFixture();
    expect(await outcome(await fixture.read("GET", "/api/v1/keys"))).toEqual([
      200,
      {
        keys: [
          {
            name: "web shop",
            project: "shop",
            server: { masked: "sk_0123…", created: 1, lastUsed: 2 },
            client: { masked: "ck_0123…", created: 1, lastUsed: null },
            origins: ["https://shop.example.com"],
            rate: null,
            revoked: false,
          },
          {
            name: "old",
            project: "default",
            server: { masked: "sk_old0…", created: null, lastUsed: null },
            client: null,
            origins: [],
            rate: 5,
            revoked: true,
          },
        ],
        obstacle: null,
      },
    ]);
    expect(fixture.readers.asked).toEqual([{ kind: "keys" }]);
  });
});

describe("times without an offset", () => {
  const asked = async (parameters: string) => {
    const fixture = createFixture();
    const response = await fixture.read("GET", `/api/v1/fields?${parameters}`);
    expect(response.status).toBe(200);
    const [question] = fixture.readers.asked;
    if (question === undefined || !("scope" in question)) throw new Error("nothing was asked");
    return question.scope;
  };

  test("are in the time zone, which the search uses as well", async () => {
    expect(
      await asked("from=2026-11-29T12:00&to=2026-11-29+17:49:48.123&timeZone=Asia/Kolkata&q=time:2026-11-29"),
    ).toEqual({
      project: undefined,
      q: "time:2026-11-29",
      timeZone: "Asia/Kolkata",
      from: Date.UTC(2026, 10, 29, 6, 30),
      to: Date.UTC(2026, 10, 29, 12, 19, 48, 123),
    });
  });

  test("are UTC where no time zone is named", async () => {
    expect(await asked("from=2026-11-29&to=2026-11-29")).toMatchObject({
      from: Date.UTC(2026, 10, 29),
      to: Date.UTC(2026, 10, 30),
    });
  });

  test("a date is its whole day, be it of 23 or 25 hours", async () => {
    expect(await asked("from=2026-03-29&to=2026-03-29&timeZone=Europe/Berlin")).toMatchObject({
      from: Date.UTC(2026, 2, 28, 23),
      to: Date.UTC(2026, 2, 29, 22),
    });
    expect(await asked("from=2026-10-25&to=2026-10-25&timeZone=Europe/Berlin")).toMatchObject({
      from: Date.UTC(2026, 9, 24, 22),
      to: Date.UTC(2026, 9, 25, 23),
    });
  });

  test("a plus sign that was not escaped is one", async () => {
    const bounds = "from=2026-10-25+02:30:00.000++02:00&to=2026-10-25T02:30:00+01:00&timeZone=Etc/GMT+5";
    expect(await asked(bounds)).toMatchObject({
      from: Date.UTC(2026, 9, 25, 0, 30),
      to: Date.UTC(2026, 9, 25, 1, 30),
      timeZone: "Etc/GMT+5",
    });
  });
});

describe("a query is refused", () => {
  test.each([
    ["entries?limit=0", 'limit: expected a whole number from 1 to 10000, got "0"'],
    ["entries?limit=10001", 'limit: expected a whole number from 1 to 10000, got "10001"'],
    ["entries?limit=1e3", 'limit: expected a whole number from 1 to 10000, got "1e3"'],
    ["entries?limit=", 'limit: expected a whole number from 1 to 10000, got ""'],
    ["entries?cursor=", 'cursor: expected the nextCursor of the page before, got ""'],
    ["rejections?limit=1001", 'limit: expected a whole number from 1 to 1000, got "1001"'],
    ["entries?project=", 'project: expected 1 to 80 characters, got ""'],
    ["timings/series?by=key", 'by: expected "touchpoint" or "duration", got "key"'],
    ["export?format=xml", 'format: expected "ndjson" or "csv", got "xml"'],
    ...["patterns", "timings", "timings/series", "histogram"].flatMap((path) =>
      [
        ["previous", ": previous needs a from: the range has no beginning"],
        ["week&to=1h", ": week needs a from: the range has no beginning"],
        ["month&from=1h", ""],
        ["24h..48h", ": its beginning must be before its end"],
        ["1h..", ""],
        ["2026-02-30..2026-03-01", ": there is no such day"],
      ].map(([text = "", hint = ""]) => [
        `${path}?compare=${text}`,
        `compare: expected ${COMPARE_EXPECTED}, got "${text.replace(/&.*/, "")}"${hint}`,
      ]),
    ),
    ["timings?sort=worse&from=1h", 'sort: "worse" needs compare'],
    ["timings?sort=p50", 'sort: expected "name", "count", "p95", "total", "worse", got "p50"'],
    ["timings?limit=10001", 'limit: expected a whole number from 1 to 10000, got "10001"'],
    ["markers?q=a", 'unknown parameter "q"; there are: project, from, to, timeZone'],
    ["breakdown?limit=101", 'limit: expected a whole number from 1 to 100, got "101"'],
    ["trace", "key: is missing"],
    ["trace?key=", 'key: expected 1 to 4096 characters, got ""'],
    ["trace?key=a&around=soon", `around: expected ${INSTANT_EXPECTED}, got "soon"`],
    ["entries?order=oldest", 'order: expected "desc" or "asc", got "oldest"'],
    ["entries?form=24h", 'unknown parameter "form"; there are: project, q, from, to, timeZone, limit, cursor, order'],
    ["usage?project=shop", 'unknown parameter "project"; there are none here'],
    [
      "entries?__proto__=1",
      'unknown parameter "__proto__"; there are: project, q, from, to, timeZone, limit, cursor, order',
    ],
    ["entries?q=a&q=a", "q: given more than once"],
    ["fields?from=yesterday&to=2026-13-01", `from: expected ${INSTANT_EXPECTED}, got "yesterday"`],
    ["fields?to=2026-13-01", `to: expected ${INSTANT_EXPECTED}, got "2026-13-01": there is no such day`],
    ["fields?from=2e3", `from: expected ${INSTANT_EXPECTED}, got "2e3"`],
    [
      "fields?from=2026",
      `from: expected ${INSTANT_EXPECTED}, got "2026": that would be in 1970: a year? write 2026-01-01`,
    ],
    [
      "fields?to=1718900000",
      `to: expected ${INSTANT_EXPECTED}, got "1718900000": that would be in 1970: seconds? write 1718900000000`,
    ],
    [
      "fields?timeZone=Nope/Zone",
      'timeZone: expected the name of an IANA time zone ("Europe/Berlin", "UTC"), got "Nope/Zone"',
    ],
    ["tail?timeZone=Nope", 'timeZone: expected the name of an IANA time zone ("Europe/Berlin", "UTC"), got "Nope"'],
    [
      "fields?timeZone=%2B02:00",
      'timeZone: expected the name of an IANA time zone ("Europe/Berlin", "UTC"), got "+02:00"',
    ],
    [
      "fields?from=2026-11-29&to=2026-11-28",
      `from must be before to: ${Date.UTC(2026, 10, 29)} is not before ${Date.UTC(2026, 10, 29)}`,
    ],
    [
      "histogram?interval=0s",
      'interval: expected a length of time above 0 ("30s", "5m", "1h", "1d"), or whole milliseconds, got "0s"',
    ],
    [
      "histogram?interval=1.5h",
      'interval: expected a length of time above 0 ("30s", "5m", "1h", "1d"), or whole milliseconds, got "1.5h"',
    ],
    [
      "histogram?interval=99999999999999d",
      'interval: expected a length of time above 0 ("30s", "5m", "1h", "1d"), or whole milliseconds, got "99999999999999d"',
    ],
    ["fields/%zz/values", "name: expected a field's name, URL-encoded, of at most 1024 characters"],
    [`fields/${"x".repeat(1025)}/values`, "name: expected a field's name, URL-encoded, of at most 1024 characters"],
    ["tail?lastEventId=-1", 'lastEventId: expected the id of a record, got "-1"'],
    ["tail?lastEventId=99999999999999999999", 'lastEventId: expected the id of a record, got "99999999999999999999"'],
  ])("%s", async (path, message) => {
    const fixture = createFixture();
    const said = await problem(fixture, `/api/v1/${path}`);
    if (path.includes("yesterday")) expect(said.startsWith(message)).toBe(true);
    else expect(said).toBe(message);
  });

  test("with every problem named, up to five", async () => {
    const fixture = createFixture();
    expect(await problem(fixture, "/api/v1/usage?a=1&b=2&limit=3&limit=3&c=4&d=5&e=6")).toBe(
      `${["a", "b", "limit", "limit", "c"].map((name) => `unknown parameter "${name}"; there are none here`).join("; ")}; and 2 more`,
    );
  });

  test("without an echo of what looks like a key, or of a long text", async () => {
    const fixture = createFixture();
    const said = await problem(fixture, `/api/v1/entries?limit=sk_0123456789abcdef&cursor=${"z".repeat(2000)}`);
    expect(said).not.toContain("0123456789abcdef");
    expect(said).toContain('got "sk_…"');
    expect(said.length).toBeLessThan(400);
  });

  const codes: Record<QueryRefusalCode, number> = {
    bad_query: 400,
    bad_cursor: 400,
    bad_range: 400,
    unknown_project: 404,
    unknown_field: 404,
    forbidden: 403,
    busy: 503,
    unavailable: 503,
    history_unavailable: 503,
    cancelled: 499,
  };
  test.each(Object.entries(codes) as [QueryRefusalCode, number][])("by the readers: %s is %d", async (code, status) => {
    for (const path of ["entries", "keys", "tail", "export"]) {
      const fixture = createFixture();
      fixture.readers.refusal = { code, message: "why" };
      const response = await fixture.read("GET", `/api/v1/${path}`);
      const seconds = code === "history_unavailable" ? "15" : "2";
      expect(response.headers.get("retry-after")).toBe(status === 503 ? seconds : null);
      expect(await outcome(response)).toEqual([status, { message: "why" }]);
    }
  });

  test("without a key that stood where none belongs", async () => {
    const fixture = createFixture();
    const message = 'there is no project "sk_0123456789abcdef"; there are: shop';
    fixture.readers.refusal = { code: "unknown_project", message };
    for (const path of ["entries", "rejections", "tail", "export"]) {
      expect(await outcome(await fixture.read("GET", `/api/v1/${path}?project=sk_0123456789abcdef`))).toEqual([
        404,
        { message: 'there is no project "sk_…"; there are: shop' },
      ]);
    }
  });

  test("with where in the search it is wrong", async () => {
    const fixture = createFixture();
    fixture.readers.refusal = { code: "bad_query", message: "a parenthesis is not closed", at: 0, length: 1 };
    for (const path of ["entries", "histogram", "tail", "export", "timings/running", "fields/level/values"]) {
      expect(await outcome(await fixture.read("GET", `/api/v1/${path}?q=(a`))).toEqual([
        400,
        { message: "a parenthesis is not closed", at: 0, length: 1 },
      ]);
    }
  });

  test("with 500 and no text when the readers fail in an unforeseen way", async () => {
    const fixture = createFixture();
    fixture.readers.askAnswer = () => Promise.reject(new Error("secret"));
    expect(await outcome(await fixture.read("GET", "/api/v1/entries"))).toEqual([500, { message: "Internal error" }]);
    expect(fixture.logged).toEqual(["error a request could not be handled"]);
  });
});
