// What tests of the compiled server in front of an engine share: a sender of numbered entries, and what became of them.

import { RECORDS } from "../../src/clickhouse/schema.ts";
import { ADMIN_TOKEN, SERVER_KEY, type TestServer } from "../support/server.ts";
import type { ClickHouseServer, SeenRequest } from "./server.ts";

export const DATABASE = "logs";

export const isInsert = ({ search }: Pick<SeenRequest, "search">) =>
  search.get("query")?.startsWith(`INSERT INTO \`${RECORDS}\``) === true;

/** Numbers of the table; `numbers` counts different numbers of entries. */
export async function stored(engine: ClickHouseServer): Promise<{ count: number; distinct: number; numbers: number }> {
  const sql = `SELECT count(), uniqExact(node, id), uniqExact(metadata['n']) FROM ${DATABASE}.${RECORDS}`;
  const [count = Number.NaN, distinct = Number.NaN, numbers = Number.NaN] = (await engine.ask(sql))
    .split("\t")
    .map(Number);
  return { count, distinct, numbers };
}

/** Each of so many entries once. */
export const all = (count: number) => ({ count, distinct: count, numbers: count });

/** Sends numbered entries; a batch that is not answered 202 is sent again under its key, as a sender does. */
export class Sender {
  sent = 0;

  async send(server: TestServer, count: number): Promise<void> {
    const entries = Array.from({ length: count }, (_, at) => ({
      message: `entry ${this.sent + at}`,
      metadata: { n: this.sent + at },
    }));
    const key = `batch-${this.sent}`;
    for (;;) {
      const answer = await server
        .post({ key: SERVER_KEY, source: "server", entries }, { "Idempotency-Key": key })
        .catch(() => undefined);
      if (answer?.status === 202) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.sent += count;
  }
}

/** A part of the status. */
export interface ShippingStatus {
  readonly backlogRecords: number;
  readonly lagMs: number;
  readonly problem: string | null;
}

export async function statusOf(server: TestServer): Promise<ShippingStatus> {
  const answer = await fetch(`${server.url}/api/v1/status`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  return ((await answer.json()) as { shipping: ShippingStatus }).shipping;
}

export async function untilStored(engine: ClickHouseServer, count: number): Promise<void> {
  let found = -1;
  const giveUpAt = Date.now() + 120_000;
  while (found < count) {
    if (Date.now() > giveUpAt) throw new Error(`${found} of ${count} are stored`);
    found = (await stored(engine).catch(() => ({ count: -1 }))).count;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
