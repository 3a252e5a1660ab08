import { describe, expect, test } from "bun:test";
import type { ChangeRefusalCode, ChangeRequest } from "../../../../src/core/changes.ts";
import { PAGE_PATHS } from "../../../../src/core/pages.ts";
import { VIEW_ADDRESS_EXPECTED, VIEW_NAME_EXPECTED } from "../../../../src/core/views.ts";
import { createFixture, type Fixture } from "../fixture.ts";

const VIEWS = "/api/v1/views";
const ROW = { id: 7, name: "Errors", project: null, address: "/logs?q=level:error", changedAt: 5 };

/** Status and body, and what was changed. */
async function change(fixture: Fixture, method: string, path: string, body?: unknown) {
  const response = await fixture.read(method, path, body);
  const text = await response.text();
  return [response.status, text === "" ? "" : (JSON.parse(text) as unknown), fixture.readers.changed] as const;
}

function fieldErrors(errors: Record<string, string[]>, formErrors: string[] = []) {
  return { message: "Invalid payload", errors: { fieldErrors: errors, formErrors } };
}

describe("a view", () => {
  const address = "/logs?q=level:error";
  const cases: [string, string, unknown, number, ChangeRequest][] = [
    ["POST", "", { name: "Errors", address }, 201, { kind: "save_view", name: "Errors", project: null, address }],
    [
      "POST",
      "",
      { name: "Über \u202e 漢字", project: "shop", address: "/" },
      201,
      { kind: "save_view", name: "Über \u202e 漢字", project: "shop", address: "/" },
    ],
    [
      "POST",
      "",
      { name: "x".repeat(80), project: null, address: `/timings?q=${"a".repeat(7_989)}` },
      201,
      { kind: "save_view", name: "x".repeat(80), project: null, address: `/timings?q=${"a".repeat(7_989)}` },
    ],
    ["PATCH", "/7", { name: "New" }, 200, { kind: "change_view", id: 7, name: "New" }],
    ["PATCH", "/1764500000000", { project: null }, 200, { kind: "change_view", id: 1_764_500_000_000, project: null }],
    ["PATCH", "/7", { address: "/usage" }, 200, { kind: "change_view", id: 7, address: "/usage" }],
  ];
  test.each(cases)("%s %s %j is %d", async (method, path, body, status, changed) => {
    const fixture = createFixture();
    fixture.readers.changeOutcome = { ok: true, view: ROW };
    expect(await change(fixture, method, VIEWS + path, body)).toEqual([status, ROW, [changed]]);
  });

  test("opens every page of the app", async () => {
    for (const path of Object.values(PAGE_PATHS)) {
      const fixture = createFixture();
      fixture.readers.changeOutcome = { ok: true, view: ROW };
      expect((await change(fixture, "POST", VIEWS, { name: "a", address: `${path}?from=1h` }))[0]).toBe(201);
    }
  });

  test("is deleted by its number", async () => {
    expect(await change(createFixture(), "DELETE", `${VIEWS}/7`)).toEqual([204, "", [{ kind: "delete_view", id: 7 }]]);
  });
});

describe("a change of views is refused", () => {
  const name = [`Expected ${VIEW_NAME_EXPECTED}`];
  const address = [`Expected ${VIEW_ADDRESS_EXPECTED}`];
  const good = { name: "a", address: "/logs" };
  test.each([
    ["POST", "", {}, fieldErrors({ name: ["Required"], address: ["Required"] })],
    ["POST", "", { ...good, name: "" }, fieldErrors({ name })],
    ["POST", "", { ...good, name: " a" }, fieldErrors({ name })],
    ["POST", "", { ...good, name: "a\u00a0" }, fieldErrors({ name })],
    ["POST", "", { ...good, name: "a\nb" }, fieldErrors({ name })],
    ["POST", "", { ...good, name: "a\u0007b" }, fieldErrors({ name })],
    ["POST", "", { ...good, name: "x".repeat(81) }, fieldErrors({ name })],
    ["POST", "", { ...good, name: 5 }, fieldErrors({ name: ["Expected string, received number"] })],
    ["POST", "", { ...good, address: "" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "https://example.com/logs" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "//example.com/logs" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "/logs/../api" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "javascript:alert(1)" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "/api/v1/keys" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "/logs?q=a b" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "/logs?q=é" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: "/logs#x" }, fieldErrors({ address })],
    ["POST", "", { ...good, address: `/logs?q=${"a".repeat(8_000)}` }, fieldErrors({ address })],
    ["POST", "", { ...good, project: "" }, fieldErrors({ project: ["Expected 1 to 80 characters, or null"] })],
    ["POST", "", { ...good, owner: "me" }, fieldErrors({}, ['Unrecognized key in object: "owner"'])],
    ["PATCH", "/7", {}, fieldErrors({}, ["Expected a name, a project or an address"])],
    ["PATCH", "/7", { address: "/elsewhere" }, fieldErrors({ address })],
  ])("%s %s %j", async (method, path, body, refusal) => {
    const fixture = createFixture();
    expect(await change(fixture, method, VIEWS + path, body)).toEqual([422, refusal, []]);
  });

  test.each(["0", "-1", "x", "1e3", "99999999999999999", "7%20"])("for the number %s", async (id) => {
    for (const method of ["PATCH", "DELETE"]) {
      const fixture = createFixture();
      const [status, , changed] = await change(
        fixture,
        method,
        `${VIEWS}/${id}`,
        method === "PATCH" ? good : undefined,
      );
      expect([status, changed]).toEqual([400, []]);
    }
  });

  test.each<[ChangeRefusalCode, number]>([
    ["not_found", 404],
    ["unknown_project", 404],
    ["already_there", 409],
    ["limit", 409],
    ["unavailable", 503],
  ])("for the reason %s with %d and the message", async (code, status) => {
    for (const [method, path, body] of [
      ["POST", "", good],
      ["PATCH", "/7", { name: "b" }],
      ["DELETE", "/7", undefined],
    ] as const) {
      const fixture = createFixture();
      fixture.readers.changeOutcome = { ok: false, refusal: { code, message: "so it is" } };
      expect((await change(fixture, method, VIEWS + path, body)).slice(0, 2)).toEqual([
        status,
        { message: "so it is" },
      ]);
    }
  });

  test("without the token", async () => {
    const fixture = createFixture();
    for (const [method, path] of [
      ["GET", ""],
      ["POST", ""],
      ["PATCH", "/7"],
      ["DELETE", "/7"],
    ] as const) {
      const response = await fixture.fetch(new Request(`http://localhost${VIEWS}${path}`, { method }));
      expect(response.status).toBe(401);
    }
    expect(fixture.readers.changed).toEqual([]);
  });
});
