// Two running servers with the same records: one has them all in its data file, the other has some in its data file
// alone, some in ClickHouse alone, and some in both. The second received them; the first has a copy of its data file,
// from before anything was removed there. So both show the same records, received at the same times, with ids that
// differ by the number of the node.

import { Database } from "bun:sqlite";
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { RECORDS } from "../../src/clickhouse/schema.ts";
import { readRemovedRecords, withRemoved, writeRemovedRecords } from "../../src/commit/removed_records.ts";
import { readShippingState } from "../../src/commit/shipping_state.ts";
import type { Kind, ShownRecord, StoredRecord } from "../../src/core/record.ts";
import { IDS_PER_NODE } from "../../src/query/scan/ids.ts";
import { CHUNKS_MAX } from "../../src/store/schema.ts";
import { eventually } from "../support/eventually.ts";
import { pick, type Random } from "../support/random.ts";
import { read } from "../support/read_api.ts";
import { ADMIN_TOKEN, configText, type TestServer, withStoppedServer } from "../support/server.ts";
import type { HostileRecord } from "./hostile_records.ts";
import { entryBatches, keyTables, PROJECTS } from "./http_entries.ts";
import { DATABASE, isInsert } from "./sender.ts";
import type { ClickHouseServer, SeenRequest } from "./server.ts";

export const READER_TOKEN = "a-reader-token-for-tests";

/** Two servers that answer the same. */
export interface TwoServers {
  /** It has every record in its data file. */
  readonly alone: TestServer;
  /** It has ClickHouse behind it. */
  readonly node: TestServer;
  /** The records, with the ids that the node shows. */
  readonly records: readonly HostileRecord[];
  /** A text with ids of the node, as the other one writes it. */
  readonly asAlone: (text: string) => string;
  /** Everything is shipped when it resolves. */
  readonly shipTheRest: () => Promise<void>;
}

/** More records than a test sends. */
const IDS_MAX = 1_000_000;

function tablesOf(retention: string): string {
  const projects = PROJECTS.map((name) => {
    return `[projects.${JSON.stringify(name)}]\nretention = "${name === "blog ß" ? retention : "3650d"}"\n`;
  });
  return `${keyTables()}
${projects.join("")}
[[readers]]
name = "some reader"
token = "${READER_TOKEN}"
projects = ["shop", "Shop"]
[markers]
q = "level:error OR metadata.a:*"
label = "message"
[timings]
timeout = "1d"
orphan_grace = "1d"
max_open = 60
`;
}

/** What a node asks or sends to ship records. */
function isShipping(request: SeenRequest): boolean {
  return isInsert(request) || /groupArray(\(|%28)id(\)|%29)/.test(request.body.toString() + request.search.toString());
}

/** Gives two servers to `work`, and ends them afterwards. @param now Unix ms: records are older, or a day newer at most */
export async function withTwoServers(
  random: Random,
  engine: ClickHouseServer,
  { now, count }: { readonly now: number; readonly count: number },
  work: (servers: TwoServers) => Promise<void>,
): Promise<void> {
  engine.comeBack();
  await engine.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
  await engine.ask(`CREATE DATABASE ${DATABASE}`);
  const number = pick(random, [1, 3, 8_191]);
  const cluster = `[clickhouse]\nurl = ["${engine.url}"]\ndatabase = "${DATABASE}"\nnode = ${number}\n`;
  const first = number * IDS_PER_NODE;
  const asAlone = (text: string) =>
    text.replaceAll(/(?<!\d|\d\.)\d{13,16}/g, (digits) => {
      const id = Number(digits) - first;
      return id > 0 && id < IDS_MAX ? String(id) : digits;
    });
  // Of one project the retention becomes shorter, so that some of its records are hidden and still there.
  const configOf = (retention: string, tables = "") => configText({ tables: `${tablesOf(retention)}${tables}` });
  await withStoppedServer(configOf("30d", cluster), (node) =>
    withStoppedServer(configOf("2d"), async (alone) => {
      await node.start();
      await sendAll(node, random, now, count);
      await untilShipped(engine, node, first);
      // From now on nothing is shipped; sometimes the node does not know that its last batch was.
      if (random() < 0.5) engine.fail("answer_lost", 1, isInsert);
      engine.fail("unavailable", Number.POSITIVE_INFINITY, isShipping);
      await sendAll(node, random, now, Math.ceil(count / 2));
      await node.stop();
      for (const name of readdirSync(node.folder)) {
        if (/^simplelogs\.db(-wal)?$/.test(name)) copyFileSync(join(node.folder, name), join(alone.folder, name));
      }
      removeShipped(node.dataFile, random);
      node.writeConfig(configOf("2d", cluster));
      await Promise.all([node.start(), alone.start()]);
      const shipTheRest = async () => {
        await node.stop();
        engine.comeBack();
        await node.start();
        await untilShipped(engine, node, first);
      };
      await work({ alone, node, records: (await exported(node)).map(placedRecord), asAlone, shipTheRest });
    }),
  );
}

async function sendAll(server: TestServer, random: Random, now: number, count: number): Promise<void> {
  for (const { body, headers, alone } of entryBatches(random, now, count)) {
    const answer = await server.post(body, headers);
    await answer.arrayBuffer();
    if (answer.status === 202) continue;
    if (answer.status !== 422) throw new Error(`expected 202 or 422, got ${answer.status}`);
    // Some of its entries are refused with the whole batch.
    for (const single of alone()) await (await server.post(single, headers)).arrayBuffer();
  }
}

async function exported(server: TestServer): Promise<ShownRecord[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const answer = await fetch(`${server.url}/api/v1/export`, { headers });
  const lines = (await answer.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as ShownRecord);
}

async function untilShipped(engine: ClickHouseServer, node: TestServer, first: number): Promise<void> {
  const ids = (await exported(node)).map(({ id }) => id);
  const last = ids.reduce((most, id) => Math.max(most, id), first) - first;
  await eventually("everything is shipped", async () => {
    const { shipping } = await read<{ shipping: { shippedBelow: number; backlogRecords: number } }>(node, "status");
    return shipping.shippedBelow > last && shipping.backlogRecords === 0;
  });
  const stored = Number(await engine.ask(`SELECT count() FROM ${DATABASE}.${RECORDS}`));
  if (stored < ids.length) throw new Error(`${stored} of ${ids.length} are in ClickHouse`);
}

/** Some blocks that are shipped, as `keep_local` removes them. */
function removeShipped(file: string, random: Random): void {
  const database = new Database(file);
  const meta = (name: string) =>
    (database.query("SELECT value FROM meta WHERE name = ?").get(name) as { value: unknown } | null)?.value;
  const shippedBelow = readShippingState(meta("shipping"))?.shippedBelow ?? 0;
  let removed = readRemovedRecords(meta("removed"));
  const share = pick(random, [0.3, 0.7, 1]);
  const blocks = database.query("SELECT id, id_max AS idMax, received_max AS receivedUpTo FROM blocks").all();
  for (const { id, idMax, receivedUpTo } of blocks as { id: number; idMax: number; receivedUpTo: number }[]) {
    if (idMax >= shippedBelow || random() > share) continue;
    removed = withRemoved(removed, { below: idMax + 1, receivedUpTo });
    database.run("DELETE FROM blocks WHERE id = ?", [id]);
    database.run("DELETE FROM pieces WHERE key >= ? AND key < ?", [id * CHUNKS_MAX, (id + 1) * CHUNKS_MAX]);
  }
  database.run("INSERT OR REPLACE INTO meta VALUES ('removed', ?)", [writeRemovedRecords(removed)]);
  database.close();
}

function placedRecord({ project, kind, status, ...record }: ShownRecord): HostileRecord {
  const whole = { ...record, kind: (kind === "log" ? kind : status) as Kind };
  return { project, record: whole as unknown as StoredRecord };
}
