import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { type StatusResponse, StatusSchema } from "../../../../src/core/account_responses.ts";
import { ADMIN, createFixture, SNAPSHOT } from "../fixture.ts";

const URL_OF_STATUS = "http://localhost:7070/api/v1/status";

describe("GET /api/v1/status", () => {
  test("says how the server is, from the latest snapshot, as it is described", async () => {
    const answer = await createFixture().fetch(new Request(URL_OF_STATUS, { headers: ADMIN }));
    const status = (await answer.json()) as StatusResponse;
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(Value.Check(StatusSchema, status)).toBe(true);
    const { received, stored, open, dropped, records, blocks, bytesOnDisk } = SNAPSHOT;
    expect(status).toMatchObject({
      ready: true,
      reason: null,
      durability: "sync",
      entries: { received, stored, open, queued: 0, dropped },
      storage: { records, blocks, bytesOnDisk, bytesMax: 1e9 },
    });
  });

  test("is for readers only", async () => {
    expect((await createFixture().fetch(new Request(URL_OF_STATUS))).status).toBe(401);
  });
});
