// The routes of alerts.

import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { AlertsSchema } from "../../../../src/core/alert_responses.ts";
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
});
