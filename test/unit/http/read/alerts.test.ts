// The routes of alerts.

import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import {
  AlertPreviewSchema,
  AlertsSchema,
  type RuleRefusalCode,
  ShownRuleSchema,
} from "../../../../src/core/alert_responses.ts";
import { createFixture } from "../fixture.ts";

const answerOf = async (response: Response | Promise<Response>) => {
  const answered = await response;
  return [answered.status, await answered.json()] as const;
};

describe("alerts over HTTP", () => {
  test("are listed as described, with their destinations", async () => {
    const [status, body] = await answerOf(createFixture().read("GET", "/api/v1/alerts"));
    expect(status).toBe(200);
    expect([...Value.Errors(AlertsSchema, body)]).toEqual([]);
    expect(body).toMatchObject({ rules: [{ name: "errors" }, { name: "all" }], destinations: [{ name: "chat" }] });
  });

  test("have no history before the first change", async () => {
    const fixture = createFixture();
    fixture.readers.refusal = { code: "unknown_project", message: "there is none" };
    const history = await answerOf(fixture.read("GET", "/api/v1/alerts/history"));
    expect(history).toEqual([200, { entries: [], nextCursor: null }]);
  });

  test("have a history of a range: what began before its end, and was told after its beginning", async () => {
    const fixture = createFixture();
    const asked = async (range: string) => {
      await answerOf(fixture.read("GET", `/api/v1/alerts/history?limit=5${range}`));
      return fixture.readers.asked.at(-1);
    };
    const all = { project: "simplelogs", q: "touchpoint:alerts/*", from: undefined, to: undefined };
    const entries = { kind: "entries", limit: 5 };
    expect(await asked("")).toMatchObject({ ...entries, scope: all });
    const hour = { ...all, from: fixture.now - 3_600_000 };
    expect(await asked("&from=1h")).toMatchObject({ ...entries, scope: hour });
    expect(await asked("&from=1718900000000&to=1718900060000")).toMatchObject({
      ...entries,
      scope: { ...all, from: 1_718_900_000_000, q: "touchpoint:alerts/* metadata.since:<1718900060000" },
    });
    const backwards = await answerOf(fixture.read("GET", "/api/v1/alerts/history?from=2026-02-01&to=2026-01-01"));
    expect(backwards).toMatchObject([400, { message: expect.stringMatching(/^from must be before to/) }]);
  });

  test("are tested by their names", async () => {
    const fixture = createFixture();
    expect(await answerOf(fixture.read("POST", "/api/v1/alerts/test", { name: "errors" }))).toEqual([
      200,
      { destinations: [{ name: "chat", problem: "answered 404" }] },
    ]);
    expect(await answerOf(fixture.read("POST", "/api/v1/alerts/test", { name: "eror" }))).toEqual([
      404,
      { message: 'there is no rule "eror"' },
    ]);
  });

  test("are muted for a time, and not for ever", async () => {
    const fixture = createFixture();
    const mute = (body: object) => answerOf(fixture.read("POST", "/api/v1/alerts/mute", body));
    const until = fixture.now + 7_200_000;
    expect(await mute({ name: "errors", forMs: 7_200_000 })).toEqual([200, { mutedUntil: until }]);
    expect(fixture.alerts.muted).toEqual([["errors", until]]);
    expect(await mute({ name: "errors", forMs: 0 })).toEqual([200, { mutedUntil: null }]);
    expect((await mute({ name: "other", forMs: 1 }))[0]).toBe(404);
    for (const forMs of [-1, 1e11, "2h"]) expect((await mute({ name: "errors", forMs }))[0]).toBe(422);
    fixture.alerts.canWrite = false;
    expect((await mute({ name: "errors", forMs: 1 }))[0]).toBe(503);
  });

  test("are made, replaced and deleted by their names", async () => {
    const fixture = createFixture();
    const rule = { name: "mine", above: 1 };
    const [made, body] = await answerOf(fixture.read("POST", "/api/v1/alerts", { rule }));
    expect([made, [...Value.Errors(ShownRuleSchema, body)]]).toEqual([201, []]);
    expect((await answerOf(fixture.read("PATCH", "/api/v1/alerts", { name: "mine", rule })))[0]).toBe(200);
    const deleted = await fixture.read("DELETE", "/api/v1/alerts?name=mine%20%26%20yours");
    expect([deleted.status, await deleted.text()]).toEqual([204, ""]);
    expect(fixture.alerts.changed).toEqual([
      { kind: "create", rule },
      { kind: "replace", name: "mine", rule },
      { kind: "delete", name: "mine & yours" },
    ]);
  });

  const refusals: readonly (readonly [code: RuleRefusalCode, status: number])[] = [
    ["invalid", 422],
    ["not_found", 404],
    ["already_there", 409],
    ["limit", 409],
    ["configured", 409],
    ["unavailable", 503],
  ];
  test.each(refusals)("that are not changed, %s, say why and where", async (code, status) => {
    const fixture = createFixture();
    fixture.alerts.changeOutcome = { ok: false, code, problem: { message: "at character 3: why", member: "q", at: 2 } };
    const answer = await answerOf(fixture.read("POST", "/api/v1/alerts", { rule: { name: "a" } }));
    const where = code === "unavailable" ? {} : { member: "q", at: 2 };
    expect(answer).toEqual([status, { message: "at character 3: why", ...where }]);
  });

  test("are previewed over a range, and the last week is left to whoever computes it", async () => {
    const fixture = createFixture();
    const rule = { name: "mine", above: 1 };
    const preview = (body: object) => answerOf(fixture.read("POST", "/api/v1/alerts/preview", body));
    const [status, body] = await preview({ rule });
    expect([status, [...Value.Errors(AlertPreviewSchema, body)]]).toEqual([200, []]);
    await preview({ rule, from: 1, to: 2 });
    await preview({ name: "errors" });
    expect(fixture.alerts.previewed).toEqual([
      { rule, from: undefined, to: undefined },
      { rule, from: 1, to: 2 },
      { rule: "errors", from: undefined, to: undefined },
    ]);
    for (const wrong of [
      { rule: 1 },
      {},
      { rule, name: "errors" },
      { rule, from: 2, to: 1 },
      { rule, from: "24h" },
      { rule, more: 1 },
    ]) {
      expect((await preview(wrong))[0]).toBe(422);
    }
    fixture.alerts.previewOutcome = { ok: false, problem: { message: "why", member: "above" } };
    expect(await preview({ rule })).toEqual([422, { message: "why", member: "above" }]);
    fixture.alerts.previewOutcome = { ok: false, problem: undefined };
    expect(await preview({ name: "eror" })).toEqual([404, { message: 'there is no rule "eror"' }]);
    fixture.alerts.previewOutcome = { ok: false, refusal: { code: "busy", message: "later" } };
    expect((await preview({ rule }))[0]).toBe(503);
  });
});
