// The handler that the server is measured against: Elysia, JSON.parse and the same TypeBox check; it stores nothing. It
// is a process of its own, as the server is, prints where it listens and runs until it is killed.

import { Elysia } from "elysia";
import { isJsonObject } from "../../../src/core/json.ts";
import { BatchSchemaCheck } from "../../../src/ingest/batch_schema.ts";

const schema = new BatchSchemaCheck();
const app = new Elysia().post(
  "/api/v1/enqueue",
  async ({ request, set }) => {
    const value: unknown = JSON.parse(await request.text());
    if (isJsonObject(value) && schema.isBatch(value)) set.status = 202;
    else set.status = 422;
    return { queued: set.status === 202 };
  },
  { parse: "none" },
);
app.listen({ hostname: "127.0.0.1", port: 0 }, ({ url }) => console.error(`listening on ${url.origin}`));
