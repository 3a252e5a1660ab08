import { describe, expect, test } from "bun:test";
import type { ChangeRefusalCode, ChangeRequest } from "../../../../src/core/changes.ts";
import { INSTANT_EXPECTED } from "../../../../src/core/instant.ts";
import { createFixture, type Fixture } from "../fixture.ts";

const TOUCHPOINTS = "/api/v1/touchpoints";
const ERASE = "/api/v1/erase";
const ROW = { project: "default", name: "api/x", registered: true, firstSeen: 5 };
const REPORT = { records: 3, blocks: 2, rejections: 1, waiting: 0 };

/** Status and body, and what was changed. */
async function change(fixture: Fixture, method: string, path: string, body?: unknown) {
  const response = await fixture.read(method, path, body);
  const text = await response.text();
  return [response.status, text === "" ? "" : (JSON.parse(text) as unknown), fixture.readers.changed] as const;
}

function fieldErrors(errors: Record<string, string[]>, formErrors: string[] = []) {
  return { message: "Invalid payload", errors: { fieldErrors: errors, formErrors } };
}

describe("a touchpoint", () => {
  const cases: [string, string, unknown, number, ChangeRequest][] = [
    ["POST", "", { name: "api/x" }, 201, { kind: "register_touchpoint", project: "default", name: "api/x" }],
    [
      "POST",
      "",
      { project: "shop", name: " \t api/x\n" },
      201,
      { kind: "register_touchpoint", project: "shop", name: " \t api/x\n" },
    ],
    ["POST", "", { name: "  " }, 201, { kind: "register_touchpoint", project: "default", name: "  " }],
    [
      "POST",
      "",
      { name: "a\u0000\u0085b" },
      201,
      { kind: "register_touchpoint", project: "default", name: "a\u0000\u0085b" },
    ],
    [
      "POST",
      "",
      { name: "é".repeat(512) },
      201,
      { kind: "register_touchpoint", project: "default", name: "é".repeat(512) },
    ],
    [
      "POST",
      "",
      { name: "half \ud800" },
      201,
      { kind: "register_touchpoint", project: "default", name: "half \ufffd" },
    ],
    [
      "PATCH",
      "",
      { name: " odd\u0007 ", to: " api/x " },
      200,
      { kind: "rename_touchpoint", project: "default", name: " odd\u0007 ", to: " api/x " },
    ],
  ];
  test.each(cases)("%s%s %j is %d", async (method, query, body, status, changed) => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: true, touchpoint: ROW };
    expect(await change(fixture, method, TOUCHPOINTS + query, body)).toEqual([status, ROW, [changed]]);
  });

  test("is registered with all others that were seen, of every project or of one, by one request", async () => {
    const seen = { registered: 3, left: 0 };
    for (const [body, project, contains] of [
      [{}, undefined, ""],
      [{ project: "shop", contains: "api/" }, "shop", "api/"],
    ] as const) {
      const fixture = createFixture();
      fixture.readers.changeOutcome = { ok: true, seen };
      expect(await change(fixture, "POST", `${TOUCHPOINTS}/seen`, body)).toEqual([
        200,
        seen,
        [{ kind: "register_seen", project, contains }],
      ]);
    }
    const [status, , changed] = await change(createFixture(), "POST", `${TOUCHPOINTS}/seen`, { contains: 5 });
    expect([status, changed]).toEqual([422, []]);
  });

  test("is deleted by its name in the query", async () => {
    const fixture = createFixture();
    expect(await change(fixture, "DELETE", `${TOUCHPOINTS}?name=api%2Fx%20y`)).toEqual([
      204,
      "",
      [{ kind: "delete_touchpoint", project: "default", name: "api/x y" }],
    ]);
    expect((await change(fixture, "DELETE", `${TOUCHPOINTS}?name=x&project=shop`))[2][1]).toEqual({
      kind: "delete_touchpoint",
      project: "shop",
      name: "x",
    });
  });
});

describe("a change of touchpoints is refused", () => {
  const nameExpected = "Expected 1 to 512 characters";
  test.each([
    ["POST", {}, fieldErrors({ name: ["Required"] })],
    ["POST", { name: null }, fieldErrors({ name: ["Expected string, received null"] })],
    ["POST", { name: "" }, fieldErrors({ name: [nameExpected] })],
    ["POST", { name: "x".repeat(513) }, fieldErrors({ name: [nameExpected] })],
    ["POST", { name: "x", project: "" }, fieldErrors({ project: ["Expected 1 to 80 characters"] })],
    ["POST", { name: "x", to: "y" }, fieldErrors({}, ['Unrecognized key in object: "to"'])],
    ["POST", "x", fieldErrors({}, ["Expected object, received string"])],
    ["PATCH", { name: "x" }, fieldErrors({ to: ["Required"] })],
    ["PATCH", { name: "", to: "" }, fieldErrors({ name: ["Expected a touchpoint's name"], to: [nameExpected] })],
  ])("%s %j: 422", async (method, body, answer) => {
    expect(await change(createFixture(), method, TOUCHPOINTS, JSON.stringify(body))).toEqual([422, answer, []]);
  });

  test("with 400 without the name of what is to go, and for an unknown parameter", async () => {
    expect(await change(createFixture(), "DELETE", TOUCHPOINTS)).toEqual([400, { message: "name: is missing" }, []]);
    expect(await change(createFixture(), "DELETE", `${TOUCHPOINTS}?name=x&force=1`)).toEqual([
      400,
      { message: 'unknown parameter "force"; there are: project, name' },
      [],
    ]);
  });

  const codes: Record<ChangeRefusalCode, number> = {
    not_found: 404,
    unknown_project: 404,
    already_there: 409,
    limit: 409,
    bad_query: 400,
    unavailable: 503,
  };
  test.each(Object.entries(codes) as [ChangeRefusalCode, number][])("by the writer: %s is %d", async (code, status) => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: false, refusal: { code, message: "why" } };
    expect((await change(fixture, "POST", TOUCHPOINTS, { name: "x" })).slice(0, 2)).toEqual([
      status,
      { message: "why" },
    ]);
    expect((await change(fixture, "PATCH", TOUCHPOINTS, { name: "x", to: "y" }))[0]).toBe(status);
    expect((await change(fixture, "DELETE", `${TOUCHPOINTS}?name=x`))[0]).toBe(status);
    expect((await change(fixture, "POST", ERASE, { project: "shop" }))[0]).toBe(status);
  });
});

describe("erasing", () => {
  test("says what was removed", async () => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: true, erased: REPORT };
    const body = { project: "shop", q: "metadata.user:42", from: 1_618_900_000_000, to: "24h" };
    expect(await change(fixture, "POST", ERASE, body)).toEqual([
      200,
      { erased: REPORT },
      [
        {
          kind: "erase",
          scope: { project: "shop", q: "metadata.user:42", from: 1_618_900_000_000, to: fixture.now - 86_400_000 },
        },
      ],
    ]);
  });

  test("takes a project alone, and fractions of milliseconds", async () => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: true, erased: REPORT };
    await change(fixture, "POST", ERASE, { project: "shop" });
    await change(fixture, "POST", ERASE, { project: "shop", from: 1_718_900_000_000.5 });
    expect(fixture.readers.changed).toEqual([
      { kind: "erase", scope: { project: "shop", q: "", from: undefined, to: undefined } },
      { kind: "erase", scope: { project: "shop", q: "", from: 1_718_900_000_000.5, to: undefined } },
    ]);
  });

  test("says where a search is wrong", async () => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: false, refusal: { code: "bad_query", message: "why", at: 3 } };
    expect((await change(fixture, "POST", ERASE, { project: "shop", q: "(a" })).slice(0, 2)).toEqual([
      400,
      { message: "why", at: 3 },
    ]);
  });
});

describe("an erasure that takes long", () => {
  test("keeps its connection, and no other change does", async () => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: true, erased: REPORT };
    const exempt: string[] = [];
    fixture.connections.attach({
      address: () => undefined,
      isClosed: () => false,
      exemptFromIdleTimeout: (request) => exempt.push(request.url),
    });
    await change(fixture, "POST", ERASE, { project: "shop" });
    await change(fixture, "DELETE", `${TOUCHPOINTS}?name=x`);
    expect(exempt).toEqual([`http://localhost:7070${ERASE}`]);
  });

  test("is answered 503 when the server stops", async () => {
    const fixture = createFixture();
    fixture.readers.change = () => new Promise(() => {});
    const answer = change(fixture, "POST", ERASE, { project: "shop" });
    fixture.stopping.abort();
    const message = "The server stops before everything was erased: erase again";
    expect((await answer).slice(0, 2)).toEqual([503, { message }]);
  });
});

describe("erasing is refused", () => {
  const instant = `Expected ${INSTANT_EXPECTED}`;
  test.each([
    ["without a project", {}, fieldErrors({ project: ["Required"] })],
    [
      "for a mistyped bound, which would erase more",
      { project: "shop", form: 5 },
      fieldErrors({}, ['Unrecognized key in object: "form"']),
    ],
    [
      "for a search that is empty, which would erase everything",
      { project: "shop", q: " " },
      fieldErrors({ q: ["Expected a search; leave q out to remove everything"] }),
    ],
    [
      "for what is no instant",
      { project: "shop", from: "soon", to: true },
      fieldErrors({ from: [instant], to: [instant] }),
    ],
    [
      "for bounds in the wrong order",
      { project: "shop", from: 1_718_900_000_000, to: "1718900000000" },
      fieldErrors({}, ["from must be before to: 1718900000000 is not before 1718900000000"]),
    ],
    [
      "for a day that does not exist",
      { project: "shop", to: "2026-13-01" },
      fieldErrors({}, [`to: e${instant.slice(1)}, got "2026-13-01": there is no such day`]),
    ],
    [
      "for a number that is no time",
      { project: "shop", to: 1e300 },
      fieldErrors({}, [`to: e${instant.slice(1)}, got "1e+300": that is too far away: microseconds or nanoseconds?`]),
    ],
  ])("%s", async (_, body, answer) => {
    expect(await change(createFixture(), "POST", ERASE, body)).toEqual([422, answer, []]);
  });
});
