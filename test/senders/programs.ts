// Programs of senders, as an application has them: a module on Node with the suite's packages beside it, and what the
// server stored of it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ShownRecord } from "../../src/core/record.ts";
import { eventually } from "../support/eventually.ts";
import { type RunResult, run } from "../support/run.ts";
import type { TestServer } from "../support/server.ts";
import { withPackages } from "../support/suite_packages.ts";

/** Node, which most of the senders are made for. */
export const NODE = process.env["SIMPLELOGS_TEST_NODE"] ?? "node";

/** Runs a module's text on Node to its end; `variables` are its environment beside PATH. */
export function runModule(text: string, variables: Readonly<Record<string, string>>): Promise<RunResult> {
  return withPackages("senders", async (folder) => {
    const file = join(folder, "program.mjs");
    writeFileSync(file, text);
    const environment = { PATH: process.env["PATH"] ?? "", ...variables };
    return await run(NODE, [file], { environment });
  });
}

/** A record without what differs from run to run. */
export type SentRecord = Omit<ShownRecord, "id" | "receivedAt">;

/** Waits until `count` records are stored, and gives them in the order of their ids, without id and time of receipt. */
export async function storedRecords(server: TestServer, count: number): Promise<SentRecord[]> {
  const stored = async () => (await server.metrics()).get("simplelogs_entries_stored_total") ?? 0;
  await eventually(`${count} entries are stored`, async () => (await stored()) >= count, 45_000);
  const records = await server.export();
  return records.map(withoutReceipt);
}

function withoutReceipt(record: ShownRecord): SentRecord {
  const sent: Partial<ShownRecord> = { ...record };
  delete sent.id;
  delete sent.receivedAt;
  return sent as SentRecord;
}
